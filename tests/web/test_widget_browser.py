"""The widget on a clinic's own site: another host, a strict policy, its wishes, what its scripts cannot reach."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.web.browser import ChatPage, frame, new_page, open_chat
from tests.web.conftest import Surf
from tests.web.site import Site
from tests.web.stack import Stack, staff_says

pytestmark = pytest.mark.slow


def say(page: ChatPage, text: str, answer: str) -> None:
    frame(page).locator("#text-input").fill(text)
    frame(page).locator("#text-input").press("Enter")
    frame(page).get_by_role("log").get_by_text(answer).last.wait_for()


def token(page: ChatPage) -> str:
    inside = next(one for one in page.page.frames if "/chat?" in one.url)
    return str(inside.evaluate("document.cookie.match(/mesoguide.token=([^;]+)/)[1]"))


def colour(page: ChatPage, selector: str, what: str = "backgroundColor") -> str:
    return str(page.page.locator(selector).first.evaluate(f"one => getComputedStyle(one).{what}"))


def test_it_works_under_a_strict_policy_and_loads_the_chat_only_when_opened(surf: Surf, site: Site) -> None:
    page = surf()
    assert not any("/chat" in url or "chat.js" in url for url in page.requests), "before it is opened: one small file"
    open_chat(page)
    say(page, "hello", "You said: hello")
    assert {url.split("/")[2] for url in page.requests} == {one.split("//")[1] for one in (site.origin, site.chat)}


def test_the_sites_scripts_cannot_reach_the_token_or_the_chat(surf: Surf, stack: Stack) -> None:
    page = surf()
    open_chat(page)
    held = token(page)
    assert held
    tried = page.page.evaluate(
        """async () => {
            const frame = document.querySelector('#mesoguide-widget').shadowRoot.querySelector('iframe');
            const reach = (what) => { try { return String(what()); } catch (error) { return error.name; } };
            return [
                reach(() => frame.contentWindow.localStorage.getItem('mesoguide.token')),
                reach(() => frame.contentDocument && frame.contentDocument.body),
                JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie,
            ];
        }"""
    )
    assert tried == ["SecurityError", "null", '{"mesoguide.used":"1"}']
    assert held not in page.page.content()


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_a_foreign_page_gets_nothing_from_the_channel(browser: Browser, stack: Stack, site: Site, mode: str) -> None:
    context, page = new_page(browser, bypass_csp=True)  # the site's own policy would forbid the attempt by itself
    page.page.goto(site.origin)
    answers = []
    page.page.on("response", lambda answer: answers.append(answer.status))
    tried = page.page.evaluate(
        f"fetch('{stack.address}/webhooks/website/session', {{method: 'POST', mode: '{mode}'}})"
        ".then(a => `${a.type} ${a.status}`, e => e.name)"
    )
    context.close()
    assert tried in ("TypeError", "opaque 0"), "the page can read nothing"
    assert 201 not in answers, "and no chat is opened for it"


def test_a_site_that_is_not_named_cannot_show_the_chat(browser: Browser, stack: Stack, site: Site) -> None:
    context, page = new_page(browser)
    elsewhere = site.origin.replace("localhost", "127.0.0.1")  # the same server; another origin
    site.chat, site.attributes = stack.address, ""
    page.page.goto(elsewhere)
    page.page.get_by_role("button", name="Ask the clinic").click()
    page.page.wait_for_function("document.querySelector('#mesoguide-widget').shadowRoot.querySelector('iframe')")
    page.page.wait_for_timeout(500)
    assert any("frame-ancestors" in complaint for complaint in page.complaints)
    expect(frame(page).get_by_text("computer program")).to_have_count(0)
    context.close()


def test_the_conversation_goes_on_on_the_next_page_and_news_is_counted_on_the_button(surf: Surf, stack: Stack) -> None:
    page = surf()
    open_chat(page)
    say(page, "remember me", "You said: remember me")
    page.page.keyboard.press("Escape")
    launcher = page.page.get_by_role("button", name="Ask the clinic")
    expect(launcher).to_be_focused()
    held = token(page)
    staff_says(stack, held, "This is the front desk.")
    expect(page.page.get_by_role("button", name="Ask the clinic, 1 new")).to_be_visible()
    page.page.reload()
    expect(page.page.get_by_role("button", name="Ask the clinic, 1 new")).to_be_visible()
    staff_says(stack, held, "Are you still there?")
    expect(page.page.locator("#mesoguide-widget .badge")).to_have_text("2")
    page.page.get_by_role("button", name="Ask the clinic").click()
    frame(page).get_by_role("log").get_by_text("Are you still there?").wait_for()
    expect(page.page.locator("#mesoguide-widget .badge")).to_be_hidden()
    expect(frame(page).get_by_role("log").get_by_text("You said: remember me")).to_be_visible()


def test_the_emergency_number_stays_on_the_site_with_the_chat_closed(surf: Surf) -> None:
    page = surf()
    open_chat(page)
    say(page, "I cannot breathe", "please call 112 now")
    frame(page).get_by_role("button", name="Close the chat").click()
    link = page.page.get_by_role("link", name="Emergency? Call 112")
    expect(link).to_be_visible()
    page.page.reload()
    expect(link).to_be_visible()
    assert link.get_attribute("href") == "tel:112"


def test_the_wishes_of_the_site_are_worn_by_button_and_chat(surf: Surf, site: Site) -> None:
    page = surf(
        'data-clinic="Lindenhof" data-colour="#7a2e8e" data-logo="/logo.svg" data-position="left" data-theme="dark"'
        ' data-greeting="Questions? Ask us." data-label="Ask Lindenhof"'
    )
    box = page.page.locator("#mesoguide-widget .launcher").bounding_box()
    assert box is not None
    assert box["x"] < 100
    assert colour(page, "#mesoguide-widget .launcher") == "rgb(122, 46, 142)"
    page.page.get_by_role("button", name="Questions? Ask us.").click()
    inside = frame(page)
    inside.get_by_text("computer program").first.wait_for()
    expect(inside.get_by_text("Lindenhof · Automatic assistant")).to_be_visible()
    expect(inside.locator(".logo")).to_be_visible()
    assert inside.locator(".logo").evaluate("one => one.naturalWidth") > 0, "the policy lets the site's own logo in"
    say(page, "hello", "You said: hello")
    assert (
        inside.locator(".user-message").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(122, 46, 142)"
    )
    assert inside.locator("body main").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(18, 28, 28)"
    page.page.keyboard.press("Escape")
    page.page.reload()
    expect(page.page.get_by_role("button", name="Questions? Ask us.")).to_have_count(0)


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ('data-colour="#ffcc00" data-text-colour="#ffffff"', "1.51:1"),
        ('data-colour="#ffcc00"', "cannot be read as text in light mode"),
        ('data-colour="teal"', "is no colour"),
        ('data-theme="pink"', "is none of auto, light, dark"),
        ('data-language="xx"', "is none of en, ar, de"),
        ('data-logo="https://elsewhere.example/logo.png"', "is not on this site"),
    ],
    ids=["contrast", "as text", "colour", "theme", "language", "logo"],
)
def test_a_wish_that_cannot_be_granted_is_put_right_and_the_console_says_so(
    surf: Surf, attributes: str, said: str
) -> None:
    page = surf(attributes)
    page.page.get_by_role("button", name="Ask the clinic").wait_for()
    assert [one for one in page.complaints if said in one], page.complaints
    assert ratio(colour(page, ".launcher", "color"), colour(page, ".launcher")) >= 4.5


def ratio(one: str, other: str) -> float:
    """The contrast of two CSS colours, by WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(value) / 255 for value in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_sites_styles_change_nothing_of_the_button(surf: Surf) -> None:
    page = surf('data-greeting="Questions? Ask us."')
    launcher = page.page.locator("#mesoguide-widget .launcher")
    box = launcher.bounding_box()
    assert box is not None
    assert (box["x"] + box["width"], box["y"] + box["height"]) == (1280 - 16, 800 - 16), "in the corner, upright"
    assert box["height"] >= 50, "not as small as the site's own root font makes everything of the site"
    worn = {what: colour(page, "#mesoguide-widget .launcher", what) for what in OURS}
    assert worn == OURS
    assert "system-ui" in colour(page, "#mesoguide-widget .launcher", "fontFamily")
    host = {what: colour(page, "#mesoguide-widget", what) for what in ("opacity", "transform", "padding")}
    assert host == {"opacity": "1", "transform": "none", "padding": "0px"}


OURS = {
    "letterSpacing": "normal",
    "textTransform": "none",
    "fontSize": "16px",
    "lineHeight": "22.4px",
    "backgroundColor": "rgb(20, 87, 90)",
    "color": "rgb(255, 255, 255)",
}


def test_a_chat_that_cannot_be_reached_leaves_the_phone_number(browser: Browser, stack: Stack, site: Site) -> None:
    context, page = new_page(browser)
    page.page.clock.install()
    page.page.route("**/chat?*", lambda route: route.abort())
    site.chat, site.attributes = stack.address, ""
    page.page.goto(site.origin)
    page.page.get_by_role("button", name="Ask the clinic").click()
    page.page.clock.run_for(11_000)
    expect(page.page.get_by_role("link", name="Call us: +1 202 555 0143")).to_be_visible()
    page.page.unroute("**/chat?*")
    page.page.clock.run_for(11_000)
    frame(page).get_by_text("computer program").first.wait_for()
    expect(page.page.get_by_role("link", name="Call us: +1 202 555 0143")).to_be_hidden()
    context.close()


def test_on_a_phone_the_chat_fills_the_screen_and_can_be_closed(surf: Surf) -> None:
    page = surf(phone=True)
    open_chat(page)
    box = page.page.locator("#mesoguide-widget .panel").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (390, 844)
    frame(page).get_by_role("button", name="Close the chat").click()
    expect(page.page.get_by_role("button", name="Ask the clinic")).to_be_visible()
