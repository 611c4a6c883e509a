"""The privacy page says what the program does: each kind of data with the days that the retention job goes by."""

from __future__ import annotations

import re

from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.clinic.content import Content
from bot.store.retention import Days
from bot.web.notice import create_router, notice
from tests.trust.conftest import Edit


def test_every_kind_of_data_stands_there_with_its_days(content: Content) -> None:
    page, privacy = notice(content).replace("10 years", "3650 days"), content.clinic.privacy
    told = {name for name in dir(Days) if name.endswith("_days") and f"{getattr(privacy, name)} days" in page}
    assert told == {"chat_days", "no_consent_days", "booking_days", "visit_record_days"}, "work tells of nobody"
    assert f"Version {privacy.version}" in page


def test_the_days_are_those_of_the_clinic(edited: Edit) -> None:
    assert "61 days after your last message" in notice(edited("clinic.yml", "chat_days: 90", "chat_days: 61"))


def test_where_the_law_asks_for_nothing_nothing_is_kept_and_nothing_said(edited: Edit) -> None:
    page = notice(edited("clinic.yml", "visit_record_days: 3650", "visit_record_days: 0"))
    assert "The law makes clinics keep it" not in page


def test_no_placeholder_is_left_open(content: Content) -> None:
    assert re.findall(r"\{\w+\}", notice(content)) == []


def test_it_names_who_is_responsible_the_rights_and_the_grounds(content: Content) -> None:
    page = notice(content)
    for text in (content.clinic.name, content.clinic.email, "delete my data", "9, 2 a"):
        assert text in page
    assert page.count("data protection authority") == 1


def test_it_is_served_where_the_consent_question_links_to(content: Content) -> None:
    app = FastAPI()
    app.include_router(create_router(content))
    answer = TestClient(app).get(content.clinic.privacy.url)
    assert answer.status_code == 200
    assert content.clinic.name in answer.text
