"""What the widget costs a clinic's page and its patients: bytes before and after opening, the time until one can type.

    python -m benchmarks.widget [--runs 5] [--slow]

Runs the public app and the website's channel in this process (without Rasa's model) and a page on another host, in
Chromium with an empty cache. `--slow` is a phone: a quarter of the processor, 1.6 Mbit/s, 150 ms to the server. The
browser then keeps page and frame in one process, as on many a phone, so that what slows the page slows the chat, too.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Browser, Error, Page

from bot.settings import ROOT
from tests.web.browser import browsing, new_page
from tests.web.site import Site, serving_site
from tests.web.stack import running

STATIC = ROOT / "bot" / "web" / "static"
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
CLOCK = "performance.now()"
TOGETHER = ("--disable-site-isolation-trials", "--disable-features=IsolateOrigins,site-per-process")


def sizes() -> dict[str, int]:
    """Compressed bytes of each file the browser gets."""
    return {one.name: len(gzip.compress(one.read_bytes(), 9)) for one in sorted(STATIC.glob("*.[jc]s*"))}


def measured(browser: Browser, site: Site, slow: bool) -> Mapping[str, float]:
    """Milliseconds: the page loaded, the button there, and from the press until the text box takes words."""
    context, visitor = new_page(browser, phone=slow)
    page = visitor.page
    if slow:
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", SLOW)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(site.origin)
    launcher = page.get_by_role("button", name="Ask the clinic")
    launcher.wait_for()
    button = page.evaluate(CLOCK)
    load = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    before = page.evaluate(CLOCK)
    launcher.click()
    _ready(page)
    ready = page.evaluate(CLOCK) - before
    if slow:
        _assert_slowed(page)
    context.close()
    return {"page loaded": load, "button there": button, "press to typing": ready}


def _ready(page: Page) -> None:
    chat = page.frame_locator("#mesoguide-widget iframe")
    chat.get_by_role("log").get_by_text("computer program").first.wait_for()
    chat.locator("#text-input").press_sequentially("a")


def _assert_slowed(page: Page) -> None:
    """A frame in a process of its own would have run at full speed."""
    inside = next(one for one in page.frames if "/chat?" in one.url)
    with suppress(Error):  # there is no session for a frame in the page's own process
        page.context.new_cdp_session(inside)
        raise SystemExit("The chat's frame was not slowed: this Chromium keeps it in a process of its own.")


def main() -> None:
    """Print the sizes and the median times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slow", action="store_true")
    wanted = parser.parse_args()
    for name, size in sizes().items():
        print(f"{name:12} {size / 1000:6.1f} kB compressed")
    with (
        tempfile.TemporaryDirectory() as folder,
        serving_site() as site,
        browsing(*(TOGETHER if wanted.slow else ())) as browser,
        running(Path(folder), embed_origins=(site.origin,)) as stack,
    ):
        site.chat = stack.address
        runs = [measured(browser, site, wanted.slow) for _ in range(wanted.runs)]
    for name in runs[0]:
        times = [run[name] for run in runs]
        print(f"{name:16} median {statistics.median(times):6.0f} ms, largest {max(times):6.0f} ms")


if __name__ == "__main__":
    main()
