"""The privacy notice: a page made from the clinic's own details and days, so that it says what the program does."""

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
    """The page at /privacy; it is made once, at the start."""
    page = notice(content)
    router = APIRouter()

    @router.get("/privacy", response_class=HTMLResponse)
    async def privacy() -> HTMLResponse:
        """What is stored, why, how long, and what a person may ask for."""
        return HTMLResponse(page)

    return router


def notice(content: Content) -> str:
    """The page's HTML."""
    pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
    words = _filled(content, YAML(typ="safe").load(HERE / "notice.yml"))
    by_law = [words["by_law"]] if content.clinic.privacy.visit_record_days else []
    return pages.get_template("privacy.html").render(words=words, clinic=content.clinic, by_law=by_law)


def _filled(content: Content, words: Any) -> Any:
    if isinstance(words, dict):
        return {key: _filled(content, value) for key, value in words.items()}
    if isinstance(words, list):
        return [_filled(content, value) for value in words]
    return content.fill(words)
