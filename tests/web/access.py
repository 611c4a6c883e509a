"""What the tests for everybody look with: axe's rules, and the size of everything that can be pressed."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page

SMALL = """() => [...document.querySelectorAll('*')]
    .flatMap(one => [one, ...(one.shadowRoot?.querySelectorAll('*') ?? [])])
    .filter(one => one.matches('button, a, input, select, [role=textbox], .input-button') && one.checkVisibility())
    .map(one => [one.getAttribute('aria-label') || one.textContent.trim(), one.getBoundingClientRect(), one])
    .filter(([name, box, one]) => !one.closest('.message-bubble, .option, .skip'))
    .filter(([name, box]) => box.width < 24 || box.height < 24)
    .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)"""


def violations(page: Page | Frame, within: str | None = None) -> list[str]:
    """What axe finds in a page or a frame, not in the frames inside it; `within` selects a part."""
    found = Axe().run(page, within, {"resultTypes": ["violations"], "iframes": False})
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]
