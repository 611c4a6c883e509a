"""Sessions, migrations and what importing does."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.orm import Session

from bot.settings import SettingError
from bot.store.conversations import open_conversation
from bot.store.desk_models import AnswerRevision
from bot.store.engine import Sessions, make_engine, reading, unit_of_work
from bot.store.migrate import config, current_version, foreign_keys, migrate, newest_version
from bot.store.models import Conversation
from bot.store.schema import Base

from .conftest import NOW


def how_many(sessions: Sessions) -> int:
    with reading(sessions) as session:
        return session.scalar(select(func.count()).select_from(Conversation)) or 0


def test_leaving_a_unit_of_work_without_commit_rolls_back(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        open_conversation(session, channel="website", now=NOW)
    assert how_many(sessions) == 0


def test_an_error_in_a_unit_of_work_rolls_back_and_is_not_hidden(sessions: Sessions) -> None:
    def fail_half_way() -> None:
        with unit_of_work(sessions) as session:
            open_conversation(session, channel="website", now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert how_many(sessions) == 0


def test_a_commit_stays_and_its_rows_can_be_read_afterwards(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        row = open_conversation(session, channel="website", now=NOW)
        session.commit()
    assert row.channel == "website"
    assert row.created_at == NOW
    assert how_many(sessions) == 1


def test_a_reader_is_not_held_up_by_a_writer(sessions: Sessions) -> None:
    with unit_of_work(sessions) as writer:
        open_conversation(writer, channel="website", now=NOW)
        assert how_many(sessions) == 0
        writer.commit()
    assert how_many(sessions) == 1


def test_migrations_lead_to_exactly_the_models_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_version_of_an_answer_takes_over_the_name_topic_and_day_its_answer_had(engine: Engine) -> None:
    with engine.connect() as connection:
        foreign_keys(connection, enforced=False)
        with connection.begin():
            command.downgrade(config(connection), "0009")
            connection.execute(
                text(
                    "INSERT INTO learned_answer (id, title, topic, review_by, created_by, created_at)"
                    " VALUES ('a', 'Dogs', 'ask_clinic_info', '2026-09-01', 'anna', '2026-03-02 09:00:00')"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO answer_revision (id, answer_id, number, text, facts, status, author, author_name,"
                    " created_at, views) VALUES ('r', 'a', 1, 'No.', '[]', 'draft', 'anna', 'Anna',"
                    " '2026-03-02 09:00:00', 0)"
                )
            )
        foreign_keys(connection, enforced=True)
    migrate(engine)
    with Session(engine) as session:
        row = session.get_one(AnswerRevision, "r")
        assert (row.title, row.topic, str(row.review_by)) == ("Dogs", "ask_clinic_info", "2026-09-01")


def test_every_constraint_and_index_has_a_name(engine: Engine) -> None:
    inspector = inspect(engine)
    for table in Base.metadata.tables:
        found = inspector.get_unique_constraints(table) + inspector.get_check_constraints(table)
        assert all(one["name"] for one in found + inspector.get_foreign_keys(table) + inspector.get_indexes(table))
    assert {one["name"] for one in inspector.get_check_constraints("conversation")} == {"ck_conversation_owner"}


def test_migrating_a_current_database_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    assert current_version(engine) == newest_version()


@pytest.mark.parametrize("url", ["", "not an address", "mysql://localhost/clinic"])
def test_an_unusable_database_address_is_refused_in_words(url: str) -> None:
    with pytest.raises(SettingError, match="DATABASE_URL"):
        make_engine(url)


def test_importing_the_store_opens_nothing_and_loads_no_rasa() -> None:
    code = (
        "import sys, bot.store.opening, bot.store.bookings, bot.store.privacy, bot.store.rotation\n"
        "from bot.store import crypto\n"
        "assert not crypto.keys_are_configured()\n"
        "assert 'rasa' not in sys.modules and 'psycopg2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
