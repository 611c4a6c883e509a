"""One browser and one running installation for the browser tests of this folder; a fresh patient for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.web.browser import ChatPage, browsing, new_page
from tests.web.site import Site, serving_site
from tests.web.stack import Stack, running

Visit = Callable[..., Any]
Surf = Callable[..., ChatPage]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """A clinic's own site on another host, with a strict policy."""
    with serving_site() as site:
        yield site


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[Stack]:
    """The public app with the website's channel; the site may show the chat."""
    folder = tmp_path_factory.mktemp("browser")
    with running(folder, embed_origins=(site.origin,), messenger_page="1234567") as stack:
        site.chat = stack.address
        yield stack


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """Open the chat as a new patient, with `new_page`'s wishes; scripts and policies have nothing to complain of."""
    with visiting(browser, stack) as open_page:
        yield open_page


@pytest.fixture
def chat(visit: Visit) -> ChatPage:
    """The clinic's page with the chat, on a desktop."""
    return visit()


@pytest.fixture
def surf(browser: Browser, stack: Stack, site: Site) -> Iterator[Surf]:
    """Open the clinic's site, its script tag with these attributes. Nothing but `said` may be complained of."""
    opened: list[ChatPage] = []

    def open_site(attributes: str = "", **wishes: Any) -> ChatPage:
        site.chat, site.attributes = stack.address, attributes
        _, page = new_page(browser, **wishes)
        opened.append(page)
        page.page.goto(site.origin)
        page.page.locator("#mesoguide-widget").wait_for(state="attached")
        return page

    yield open_site
    complaints = [one for page in opened for one in page.complaints if not one.startswith("Mesoguide widget:")]
    for page in opened:
        page.page.context.close()
    assert complaints == []


@contextmanager
def visiting(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """See `visit`."""
    opened = []

    def open_page(path: str = "/", **wishes: Any) -> ChatPage:
        context, chat = new_page(browser, **wishes)
        opened.append((context, chat))
        return chat.open(stack.address + path)

    yield open_page
    complaints = [complaint for _, chat in opened for complaint in chat.complaints]
    foreign = [url for _, chat in opened for url in chat.requests if not url.startswith(stack.address)]
    for context, _ in opened:
        context.close()
    assert complaints == []
    assert foreign == [], "no request leaves the clinic's origin"
