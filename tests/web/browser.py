"""A real Chromium for tests: found on the machine, closed to the world, and watched for what a page does wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Locator, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """The path of a Chromium; skips the test, saying what to install, where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium here; install Chromium to run the browser tests")
    return found


@contextmanager
def browsing(*more: str) -> Iterator[Browser]:
    """A headless browser, with `more` arguments."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            browser.close()


FOCUSED = """(() => {
    let a = document.activeElement;
    while (a.shadowRoot?.activeElement) a = a.shadowRoot.activeElement;
    return a.getAttribute('aria-label') || a.textContent.trim();
})()"""


@dataclass
class ChatPage:
    """A page with the chat, as a patient uses it. `complaints` are errors of scripts and of the security policy."""

    page: Page
    scripts: bool = True
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._noted)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _noted(self, message: Any) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, address: str) -> ChatPage:
        """Load a page and wait for the bot's first words."""
        self.page.goto(address)
        if self.scripts:
            self.wait_for("computer program")
        return self

    def focused(self) -> str:
        """The name of what has the focus, in the shadow too."""
        return str(self.page.evaluate(FOCUSED))

    @property
    def box(self) -> Locator:
        return self.page.locator("#text-input")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def token(self) -> str:
        """The token this browser keeps."""
        return str(self.page.evaluate("localStorage.getItem('mesoguide.token')"))

    def choose(self, item: str) -> None:
        """Open the menu and take something from it."""
        self.page.get_by_role("button", name="More").click()
        self.page.get_by_role("button", name=item, exact=True).click()

    def say(self, text: str) -> None:
        """Type and send with the keyboard."""
        self.box.fill(text)
        self.box.press("Enter")

    def press(self, title: str) -> None:
        """Press a quick reply."""
        self.log.get_by_role("button", name=title, exact=True).click()

    def wait_for(self, text: str, timeout: float = 10_000) -> None:
        """Wait until a message with this text is shown."""
        self.log.get_by_text(text).last.wait_for(timeout=timeout)

    def texts(self) -> list[str]:
        """Every bubble's text, in order."""
        return [text.strip() for text in self.log.locator(".message-bubble.text-message").all_inner_texts()]


def new_page(
    browser: Browser, *, phone: bool = False, javascript: bool = True, **more: Any
) -> tuple[BrowserContext, ChatPage]:
    """A fresh visitor: nothing remembered, desktop or phone."""
    size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 800}
    more.setdefault("viewport", size)
    context = browser.new_context(
        has_touch=phone, is_mobile=phone, device_scale_factor=2 if phone else 1, java_script_enabled=javascript, **more
    )
    return context, ChatPage(context.new_page(), scripts=javascript)


def frame(page: ChatPage) -> FrameLocator:
    """The chat in the widget of a site."""
    return page.page.frame_locator("#mesoguide-widget iframe")


def open_chat(page: ChatPage, name: str = "Ask the clinic") -> FrameLocator:
    """Press the widget's button and wait for the bot's first words."""
    page.page.get_by_role("button", name=name).click()
    inside = frame(page)
    inside.get_by_text("computer program").first.wait_for()
    return inside
