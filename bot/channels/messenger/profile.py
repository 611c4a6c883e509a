"""`mesoguide messenger setup`: sets the page's profile and checks the configuration, saying what is wrong in words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from bot.channels.messenger import graph
from bot.channels.messenger.graph import Graph, GraphError
from bot.channels.messenger.settings import GRAPH_VERSION, MessengerSettings
from bot.channels.messenger.words import OPENING, Words, load_words
from bot.settings import Settings

FIELDS = (
    "messages",
    "messaging_postbacks",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "messaging_handovers",
    "standby",
)
TROUBLES: Mapping[str, str] = {
    "token": "Meta refuses MESSENGER_PAGE_TOKEN: it expired, was withdrawn, or is for another page. Make a new one.",
    "rate": "Meta allows ten changes of a profile in ten minutes. Wait, then run this again.",
    "temporary": "Meta cannot be reached, or has trouble. Check GRAPH_API_URL and the way out; try again later.",
    "permission": "The token lacks a permission: pages_messaging or pages_manage_metadata. Make a new one with both.",
    "refused": "Meta refuses the call. The token may lack pages_messaging or pages_manage_metadata.",
}


def setup(settings: Settings, messenger: MessengerSettings | None = None) -> list[str]:
    """Set greeting, Get Started, menu and ice breakers, subscribe the page, check the rest. Returns lines to read: what
    was done, and what is wrong with its cure (those start with "Problem:"). Raises SettingError and ContentError."""
    from bot.clinic.content import load_content

    messenger = messenger or MessengerSettings.from_env()
    if not messenger.is_configured:
        return [f"Problem: {name} is not set; docs/messenger.md says where to find it." for name in messenger.missing]
    words = load_words(settings.content, load_content(settings.content).placeholders())
    return asyncio.run(_setup(messenger, words))


def profile(words: Words) -> dict[str, Any]:
    """The page's Messenger profile, as Meta's Messenger Profile API wants it."""
    menu = [{"type": "postback", "title": item.title, "payload": item.payload} for item in words.menu]
    ice = [{"question": one.question, "payload": one.payload} for one in words.ice_breakers]
    return {
        "greeting": [{"locale": "default", "text": words.greeting}],
        "get_started": {"payload": OPENING},
        "persistent_menu": [{"locale": "default", "composer_input_disabled": False, "call_to_actions": menu}],
        "ice_breakers": [{"call_to_actions": ice, "locale": "default"}],
    }


async def _setup(settings: MessengerSettings, words: Words) -> list[str]:
    async with graph.client() as http:
        calls = Graph(settings, http)
        lines = [f"Graph API {GRAPH_VERSION} at {settings.graph_url}"]
        try:
            lines += await _check_page(calls)
            lines += await _set_profile(calls, words)
            lines += await _subscribe(calls)
        except GraphError as error:
            lines.append(f"Problem: {TROUBLES.get(error.trouble, TROUBLES['refused'])} ({error})")
        except httpx.InvalidURL:
            lines.append("Problem: GRAPH_API_URL is not an address.")
        return lines + _check_settings(settings)


async def _check_page(calls: Graph) -> list[str]:
    """Whose page the token is for."""
    page = await calls.call("GET", "me", fields="id,name")
    if str(page.get("id")) != calls.settings.page_id:
        return ["Problem: MESSENGER_PAGE_TOKEN is not for the page MESSENGER_PAGE_ID; every event would be ignored."]
    return [f"Page: {page.get('name', '?')} ({calls.settings.page_id})"]


async def _set_profile(calls: Graph, words: Words) -> list[str]:
    wanted = profile(words)
    await calls.call("POST", "me/messenger_profile", wanted)
    answer = await calls.call("GET", "me/messenger_profile", fields=",".join(wanted))
    found = {name for part in answer.get("data") or [] for name in part}
    missing = [name for name in wanted if name not in found]
    if missing:
        return [f"Problem: Meta did not keep {', '.join(missing)} of the profile. Run this again."]
    return [
        f"Profile: greeting, Get Started, menu ({len(words.menu)}) and ice breakers ({len(words.ice_breakers)}) set."
    ]


async def _subscribe(calls: Graph) -> list[str]:
    """Which of the page's events reach this app."""
    page_id = calls.settings.page_id
    await calls.call("POST", f"{page_id}/subscribed_apps", subscribed_fields=",".join(FIELDS))
    answer = await calls.call("GET", f"{page_id}/subscribed_apps")
    apps = {str(app.get("id")): set(app.get("subscribed_fields") or []) for app in answer.get("data") or []}
    app_id = calls.settings.app_id
    if app_id not in apps:
        return ["Problem: the token is not of the app MESSENGER_APP_ID; the bot's lines would look like a person's."]
    missing = [name for name in FIELDS if name not in apps[app_id]]
    if missing:
        return [f"Problem: the app gets no {', '.join(missing)}. Add these fields in the app's settings."]
    return ["Webhook: the page's events reach this app."]


def _check_settings(settings: MessengerSettings) -> list[str]:
    found = []
    if len(settings.verify_token) < 16:
        found.append("Problem: MESSENGER_VERIFY_TOKEN is short; use at least 16 random characters.")
    where = "at this desk" if settings.handover == "desk" else "in Meta's page inbox"
    return [*found, f"People answer {where} (MESSENGER_HANDOVER={settings.handover})."]
