"""The privacy notice, made from the clinic's own details and days, so that it says what the program does; and the
statement on how accessible the chat is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from ruamel.yaml import YAML

from bot.clinic.content import Content

HERE = Path(__file__).resolve().parent


def create_router(content: Content) -> APIRouter:
    """The pages at /privacy and /accessibility; they are made once, at the start."""
    page, statement = notice(content), accessibility(content)
    router = APIRouter()

    @router.get("/accessibility", response_class=HTMLResponse)
    async def accessible() -> HTMLResponse:
        """What works for whom, what is not known, and whom to ask."""
        return HTMLResponse(statement)

    @router.get("/privacy", response_class=HTMLResponse)
    async def privacy() -> HTMLResponse:
        """What is stored, why, how long, and what a person may ask for."""
        return HTMLResponse(page)

    return router


def notice(content: Content) -> str:
    """The privacy notice's HTML."""
    words = _words(content, "notice.yml")
    by_law = [words["by_law"]] if content.clinic.privacy.visit_record_days else []
    return _page("privacy.html", content, words=words, by_law=by_law)


def accessibility(content: Content) -> str:
    """The statement's HTML."""
    return _page("accessibility.html", content, words=_words(content, "accessibility.yml"))


def _page(template: str, content: Content, **values: Any) -> str:
    pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    return pages.get_template(template).render(clinic=content.clinic, **values)


def _words(content: Content, file: str) -> Any:
    return _filled(content, YAML(typ="safe").load(HERE / file))


def _filled(content: Content, words: Any) -> Any:
    if isinstance(words, dict):
        return {key: _filled(content, value) for key, value in words.items()}
    if isinstance(words, list):
        return [_filled(content, value) for value in words]
    return content.fill(words)
