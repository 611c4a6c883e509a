"""The widget for everybody, on a site whose styles are hostile: axe, targets, narrow, enlarged."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Frame, expect

from tests.web.access import SMALL, violations
from tests.web.browser import ARGUMENTS, ChatPage, chromium, frame, new_page
from tests.web.conftest import Surf
from tests.web.site import Site
from tests.web.stack import Stack, staff_says

pytestmark = pytest.mark.slow

WIDGET = "#mesoguide-widget"
GREETING = 'data-greeting="Questions about mesotherapy? Our assistant answers them, day and night."'
LOOKS = [("", "light"), ("", "dark"), ('data-language="ar" data-position="left"', "light")]


def inside(page: ChatPage) -> Frame:
    return next(one for one in page.page.frames if "/chat?" in one.url)


@pytest.mark.parametrize(("attributes", "scheme"), LOOKS)
def test_axe_finds_no_violation_in_the_button_its_note_its_badge_and_the_alarm(
    surf: Surf, stack: Stack, attributes: str, scheme: str
) -> None:
    page = surf(f"{attributes} {GREETING}", color_scheme=scheme, bypass_csp=True)
    launcher = page.page.locator(f"{WIDGET} .launcher")
    page.page.locator(f"{WIDGET} .greeting").wait_for()
    assert violations(page.page, WIDGET) == []
    assert page.page.evaluate(SMALL) == []
    launcher.click()
    frame(page).get_by_text("computer program").first.wait_for()
    for text, answer in (("I have a fever", "contact the clinic today"), ("I cannot breathe", "please call 112 now")):
        frame(page).locator("#text-input").fill(text)
        frame(page).locator("#text-input").press("Enter")
        frame(page).get_by_role("log").get_by_text(answer).last.wait_for()
        assert violations(page.page, WIDGET) == []
        page.page.keyboard.press("Escape")
        page.page.locator(f"{WIDGET} .alarm").wait_for()
        assert violations(page.page, WIDGET) == []
        launcher.click()
    page.page.keyboard.press("Escape")
    staff_says(stack, inside(page).evaluate("document.cookie.match(/mesoguide.token=([^;]+)/)[1]"), "A person is here.")
    page.page.locator(f"{WIDGET} .badge").wait_for()
    assert violations(page.page, WIDGET) == []
    assert page.page.evaluate(SMALL) == []


@pytest.mark.parametrize(("attributes", "scheme"), LOOKS)
def test_axe_finds_no_violation_in_the_words_for_a_chat_that_cannot_be_reached(
    surf: Surf, attributes: str, scheme: str
) -> None:
    page = surf(attributes, color_scheme=scheme, bypass_csp=True)
    page.page.clock.install()
    page.page.route("**/chat?*", lambda route: route.abort())
    page.page.locator(f"{WIDGET} .launcher").click()
    page.page.clock.run_for(11_000)
    page.page.locator(f"{WIDGET} .trouble a").first.wait_for()
    assert violations(page.page, WIDGET) == []
    assert page.page.evaluate(SMALL) == []


@pytest.mark.parametrize(("attributes", "scheme"), LOOKS)
def test_axe_finds_no_violation_in_the_chat_in_its_frame_with_logo_and_close(
    surf: Surf, attributes: str, scheme: str
) -> None:
    page = surf(f'{attributes} data-clinic="Lindenhof" data-logo="/logo.svg"', color_scheme=scheme, bypass_csp=True)
    page.page.locator(f"{WIDGET} .launcher").click()
    frame(page).get_by_text("computer program").first.wait_for()
    expect(frame(page).locator(".logo")).to_be_visible()
    expect(frame(page).locator(".close")).to_be_visible()
    assert violations(inside(page)) == []
    assert inside(page).evaluate(SMALL) == []


OUTSIDE = """() => [...document.querySelector('#mesoguide-widget').shadowRoot.querySelectorAll('.corner, .corner *')]
    .map(one => [one.className || one.tagName, one.getBoundingClientRect()])
    .filter(([, box]) => box.width)
    .filter(([, box]) => box.left < 0 || box.right > innerWidth || box.top < 0 || box.bottom > innerHeight)
    .map(([name, box]) => `${name}: ${box.left} to ${box.right}, ${box.top} to ${box.bottom}`)"""


@pytest.mark.parametrize("attributes", ["", 'data-language="de" data-label="Fragen Sie die Praxis"'])
def test_on_320_pixels_nothing_of_the_button_is_cut_off(surf: Surf, attributes: str) -> None:
    page = surf(f"{attributes} {GREETING}", viewport={"width": 320, "height": 640})
    page.page.locator(f"{WIDGET} .greeting").wait_for()
    assert page.page.evaluate(OUTSIDE) == []


def test_the_button_grows_with_the_readers_own_text_size_and_nothing_is_cut_off(
    browser: Browser, stack: Stack, site: Site
) -> None:
    enlarged = browser.browser_type.launch(
        executable_path=chromium(), args=[*ARGUMENTS, "--blink-settings=defaultFontSize=32"]
    )
    _, page = new_page(enlarged, viewport={"width": 640, "height": 800})
    site.chat, site.attributes = stack.address, GREETING
    page.page.goto(site.origin)
    page.page.locator(f"{WIDGET} .greeting").wait_for()
    size = page.page.locator(f"{WIDGET} .launcher").evaluate("one => getComputedStyle(one).fontSize")
    outside = page.page.evaluate(OUTSIDE)
    enlarged.close()
    assert size == "32px"
    assert outside == []
