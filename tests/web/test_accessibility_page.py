"""The statement on accessibility: it is there, says whom to ask, and promises only what tests of the chat page show."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.clinic.content import Content, load_content
from bot.settings import BOT
from bot.web.notice import create_router


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(BOT / "content")


@pytest.fixture(scope="module")
def page(content: Content) -> str:
    app = FastAPI()
    app.include_router(create_router(content))
    answer = TestClient(app).get("/accessibility")
    assert answer.status_code == 200
    return answer.text


def test_it_says_what_works_what_is_not_known_and_whom_to_ask(page: str, content: Content) -> None:
    for text in (content.clinic.name, content.clinic.phone, content.clinic.email, "have not tried it for us yet"):
        assert text in page
    assert re.findall(r"\{\w+\}", page) == []


def test_it_can_be_found_from_the_page_on_data_and_leads_back_to_the_chat(page: str, content: Content) -> None:
    app = FastAPI()
    app.include_router(create_router(content))
    assert 'href="/accessibility"' in TestClient(app).get("/privacy").text
    assert 'href="/"' in page
    assert page.count("<h1>") == 1
    assert '<html lang="en">' in page
