"""Why a screening ended as it did, as staff see it and as FHIR; and whose outcome other rules would change."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from sqlalchemy import select
from typer.testing import CliRunner

from bot.cli import app
from bot.clinic.content import content_files, content_version, load_content
from bot.clinic.screening import Heard, begin, hear, verdict
from bot.serving.content_live import note_live
from bot.serving.doctor import examine
from bot.settings import BOT
from bot.store import bookings, contents, screenings, triage
from bot.store.desk_models import Errand
from bot.store.engine import reading, unit_of_work
from bot.store.models import AuditEntry, Booking, TriageItem

from .conftest import Front, Person

CONTENT = load_content(BOT / "content")
YAML = (BOT / "content" / "screening.yml").read_text(encoding="utf-8")
ASK = bookings.Request("Rosa Lindner", "rosa@patients.example", "email")
SAYS = {
    "clear": [Heard("inform", {"none_of_these": "no"}, text="none of these")],
    "liver": [
        Heard("inform", {"liver_disease": "unsure"}, text="<b>maybe my liver</b>"),
        Heard("inform", {"none_of_these": "no"}, text="no to the rest"),
    ],
}


@dataclass(frozen=True)
class Screened:
    """A chat with a decided screening."""

    chat: str
    id: str
    item: str


def screened(front: Front, says: list[Heard], rules_version: str = "demo-1") -> Screened:
    chat = front.chat("can I have it?")
    turn = begin(CONTENT, Heard("check_eligibility", age=34, text="I am 34"), front.clock().date())
    for heard in says:
        turn = hear(turn.state, heard, CONTENT, front.clock().date())
    found = verdict(turn.state, CONTENT)
    kept = {key: turn.state.to_dict()[key] for key in ("answers", "amendments", "about", "person")}
    version = CONTENT.version if rules_version == CONTENT.screening.version else "c1"
    decision = screenings.Decision(kept, found.outcome, version, rules_version, found.reasons, found.open)
    with unit_of_work(front.sessions) as session:
        row = screenings.save(session, chat, decision, front.clock())
        session.commit()
        return Screened(chat, row.id, front.item(chat, "review", "") if found.outcome == "clinician_review" else "")


def test_the_explanation_is_reached_from_the_chat_and_the_review_and_shows_words_meaning_and_rule(
    front: Front, clara: Person
) -> None:
    amended = Heard("inform", {"diabetes": "past"}, text="sorry, I had sugar once")
    told = screened(front, [*SAYS["liver"], amended], CONTENT.screening.version)
    for page in (f"/desk/c/{told.chat}", f"/desk/c/{told.chat}?item={told.item}"):
        assert f'href="/desk/screenings/{told.id}"' in clara.get(page).text
    page = clara.get(f"/desk/screenings/{told.id}").text
    for shown in (
        "a clinician decides",
        "Diabetes, Liver disease",
        "&lt;b&gt;maybe my liver&lt;/b&gt;",
        "Not sure",
        "sorry, I had sugar once",
        "Before: ",
        "no to the rest",
        f"signed by {CONTENT.screening.signed_by}",
        "F24",
    ):
        assert shown in page, shown
    with reading(front.sessions) as session:
        seen = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == f"screening:{told.id}")).all()
    assert "screening.viewed" in seen


def outcome_of(made: dict[str, object]) -> dict[str, str]:
    """The extensions of a response that say how it ended, by name."""
    extensions: list[dict[str, str]] = made["extension"]  # type: ignore[assignment]
    named = {one["url"].rpartition("/")[2]: one for one in extensions}
    return {name: one.get("valueCode") or one.get("valueString", "") for name, one in named.items()}


def test_what_a_clinician_settled_leaves_as_they_settled_it_and_under_their_name(
    front: Front, clara: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = screened(front, SAYS["liver"])
    front.clock.move(minutes=5)
    clara.post(f"/desk/c/{told.chat}/review", outcome="not_suitable", screening=told.id, item=told.item)
    with reading(front.sessions) as session:
        (settled,) = screenings.current(session, told.chat)
        id = settled.id
    made = clara.get(f"/desk/screenings/{id}/fhir").json()
    QuestionnaireResponse.model_validate(made)
    assert made["status"] == "amended"
    assert outcome_of(made) == {"outcome": "not_suitable", "reason": "liver_disease", "settled-by": "Clara"}
    monkeypatch.setenv("DATABASE_URL", front.settings.database_url)
    monkeypatch.setenv("MESOGUIDE_KEYS", front.settings.keys[0])
    assert CliRunner().invoke(app, ["screening", "export", id, str(tmp_path / "out.json")]).exit_code == 0
    assert json.loads((tmp_path / "out.json").read_text()) == made


def test_a_screening_leaves_as_its_own_rules_decided_it_though_others_are_in_use(front: Front, anna: Person) -> None:
    older = YAML.replace('version: "demo-3"', 'version: "demo-2"')
    older = older.replace("question: Do you have cancer?", "question: Was a cancer found?")
    files = content_files(BOT / "content") | {"screening.yml": older.replace("title: Not sure", "title: I do not know")}
    told = screened(front, SAYS["liver"], "demo-2")
    with unit_of_work(front.sessions) as session:
        contents.note_live(session, "c1", files, front.clock())
        session.commit()
    made = anna.get(f"/desk/screenings/{told.id}/fhir").json()
    assert made["questionnaire"].endswith("|demo-2")
    items = {item["linkId"]: item for item in made["item"]}
    assert items["cancer"]["text"] == "Was a cancer found?"
    assert items["liver_disease"]["answer"][0]["valueCoding"]["display"] == "I do not know"
    page = anna.get(f"/desk/screenings/{told.id}").text
    assert "Was a cancer found?" in page
    assert f"version demo-2, signed by {CONTENT.screening.signed_by}" in page
    assert "not on record" not in page


def test_a_screening_whose_content_is_not_on_record_claims_no_other_version(front: Front, anna: Person) -> None:
    told = screened(front, SAYS["liver"], "demo-0")
    assert anna.get(f"/desk/screenings/{told.id}/fhir").json()["questionnaire"].endswith("|demo-0")
    page = anna.get(f"/desk/screenings/{told.id}").text
    assert "The content of that day is not on record" in page
    assert "signed by" not in page


def test_a_screening_leaves_as_fhir_against_the_questionnaire_of_the_rules(front: Front, anna: Person) -> None:
    told = screened(front, SAYS["liver"], CONTENT.screening.version)
    answer = anna.get(f"/desk/screenings/{told.id}/fhir")
    assert answer.headers["content-type"].startswith("application/fhir+json")
    made = QuestionnaireResponse.model_validate(answer.json())
    asked = Questionnaire.model_validate(anna.get("/desk/screenings/questionnaire").json())
    assert made.questionnaire == f"{asked.url}|{asked.version}"
    assert {item.linkId for item in made.item} <= {item.linkId for item in asked.item}


def test_rules_in_use_list_nobody_and_rules_on_trial_list_whose_outcome_would_differ(
    front: Front, anna: Person, clara: Person
) -> None:
    clear, liver = screened(front, SAYS["clear"]), screened(front, SAYS["liver"])
    assert "0 of 2 screenings" in anna.get("/desk/screenings/rules").text
    anew = YAML.replace("  - id: kidney_disease\n", "  - id: kidneys\n")  # the old question's answers count no more
    page = upload(clara, anew.replace('version: "demo-3"', 'version: "trial-3"'))
    assert page.status_code == 200
    assert "1 of 2 screenings ends differently by the rules on trial" in page.text
    assert "version trial-3" in page.text
    assert f"/desk/screenings/{clear.id}" in page.text
    assert f"/desk/screenings/{liver.id}" not in page.text, "was for a clinician, and still is"


def upload(person: Person, text: str) -> object:
    headers = {"X-CSRF-Token": person.csrf}
    return person.client.post("/desk/screenings/rules", files={"file": ("screening.yml", text)}, headers=headers)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("questions: [", "is not valid YAML"),
        (
            YAML.replace("question: Are you pregnant?", "quest: Are you pregnant?"),
            "questions/pregnant/question: is missing",
        ),
        ("\x00\xff", "screening.yml"),
    ],
    ids=["no YAML", "a wrong key", "no text"],
)
def test_rules_that_are_not_in_order_are_named_and_nothing_is_decided_by_them(
    front: Front, clara: Person, text: str, said: str
) -> None:
    page = upload(clara, text)
    assert page.status_code == 422
    assert said in page.text
    assert "Whose outcome" not in page.text


def test_who_may_not_change_rules_may_not_try_them_and_a_book_is_no_file_of_rules(anna: Person, clara: Person) -> None:
    assert upload(anna, YAML).status_code == 403
    assert upload(clara, "#" * 300_000).status_code == 413


def test_what_a_clinician_settled_is_no_difference_and_rasa_hears_of_it(front: Front, clara: Person) -> None:
    told = screened(front, SAYS["liver"])
    front.clock.move(minutes=5)
    clara.post(f"/desk/c/{told.chat}/review", outcome="not_suitable", screening=told.id, item=told.item)
    with reading(front.sessions) as session:
        settled = screenings.latest(session, told.chat)
        errands = session.scalars(select(Errand).where(Errand.kind == "tracker")).all()
        session.expunge_all()
    assert settled is not None
    assert clara.user is not None
    by = screenings.settled_by(settled.answers)
    assert (settled.outcome, settled.reasons, by) == ("not_suitable", ["liver_disease"], clara.user.id)
    assert [one.payload["value"] for one in errands if one.payload.get("name") == "screening_outcome"] == [
        "not_suitable"
    ]
    assert "0 of 1 screenings" in clara.get("/desk/screenings/rules").text
    page = clara.get(f"/desk/screenings/{settled.id}").text
    assert "by Clara, after the rules left it to a clinician" in page
    assert "By the rules of today" not in page


def test_reviews_of_two_people_are_settled_each_by_itself_and_each_visit_hears_of_its_own(
    front: Front, clara: Person
) -> None:
    told = screened(front, SAYS["liver"])
    with unit_of_work(front.sessions) as session:
        own = screenings.get(session, told.id)
        assert own is not None
        answers = {**own.answers, "about": "other", "person": "mother"}
        decision = screenings.Decision(answers, "clinician_review", "c1", "demo-1", open=["liver_disease"])
        hers = screenings.save(session, told.chat, decision, front.clock())
        for row in (own, hers):
            key = screenings.review_key(row)
            triage.add(
                session, kind="review", handoff_reason="review", conversation_id=told.chat, key=key, now=front.clock()
            )
        whose = {"own": None, "hers": "mother"}
        visits = {
            name: bookings.create(session, told.chat, replace(ASK, person=person), front.clock()).id
            for name, person in whose.items()
        }
        session.commit()
        mother = hers.id
    page = clara.get(f"/desk/c/{told.chat}").text
    assert page.count("Your decision; the patient is told.") == 2
    assert "<b>mother</b>" in page
    front.clock.move(minutes=5)
    assert clara.post(f"/desk/c/{told.chat}/review", outcome="not_suitable", screening=told.id).status_code < 400
    with reading(front.sessions) as session:
        now = {one.answers["about"]: one.outcome for one in screenings.current(session, told.chat)}
        waiting = session.scalars(select(TriageItem.key).where(TriageItem.closed_at.is_(None))).all()
        statuses = {name: session.get_one(Booking, id).screening_status for name, id in visits.items()}
    assert now == {"self": "not_suitable", "other": "clinician_review"}
    assert f"review:{mother}" in waiting
    assert f"review:{told.id}" not in waiting
    assert statuses == {"own": "not_suitable", "hers": "not_screened"}
    assert clara.post(f"/desk/c/{told.chat}/review", outcome="suitable", screening=mother).status_code < 400
    page = clara.get(f"/desk/c/{told.chat}").text
    assert "you may book a visit for your mother" in page
    page = clara.get(f"/desk/bookings/{visits['hers']}").text
    assert "somebody else (mother)" in page
    assert "Suitable" in page


def test_an_outcome_that_todays_rules_would_not_give_says_so(front: Front, anna: Person) -> None:
    told = screened(front, SAYS["clear"])
    with unit_of_work(front.sessions) as session:
        row = screenings.get(session, told.id)
        assert row is not None
        answers = {**row.answers, "answers": {k: v for k, v in row.answers["answers"].items() if k != "cancer"}}
        other = screenings.amend(session, row, screenings.Decision(answers, "suitable", "c0", "demo-0"), front.clock())
        session.commit()
        older = other.id
    page = anna.get(f"/desk/screenings/{older}").text
    assert "By the rules of today" in page
    assert "Not answered" in page


def test_a_start_with_other_rules_tells_the_desk_how_many_screenings_they_would_decide_otherwise(
    front: Front, anna: Person, tmp_path: Path
) -> None:
    folder = tmp_path / "content"
    shutil.copytree(BOT / "content", folder)
    screened(front, SAYS["clear"])
    screened(front, SAYS["liver"])
    note_live(front.sessions, folder, content_version(folder), front.clock())
    assert "by the rules in use" not in anna.get("/desk").text
    (folder / "screening.yml").write_text(YAML.replace("  - id: kidney_disease\n", "  - id: kidneys\n"))
    front.clock.move(minutes=5)
    for _ in range(2):
        note_live(front.sessions, folder, content_version(folder), front.clock())
    assert "1 screening would end otherwise by the rules in use" in anna.get("/desk").text
    with reading(front.sessions) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "screening.replayed")).all()
        assert [one.details for one in noted] == [{"differ": 1, "of": 2}]
    assert "0 of 2 screenings" in anna.get("/desk/screenings/rules").text, "this desk runs on the rules of before"
    assert "by the rules in use" not in anna.get("/desk").text


def test_the_doctor_warns_when_the_rules_in_use_would_decide_otherwise(front: Front, tmp_path: Path) -> None:
    def found() -> list[tuple[str, str]]:
        return [(one.level, one.what) for one in examine(settings, date(2026, 3, 2)) if one.check == "Screenings"]

    folder = tmp_path / "content"
    shutil.copytree(BOT / "content", folder)
    settings = replace(front.settings, content=folder)
    screened(front, SAYS["clear"])
    assert found() == [("ok", "0 of 1 would end differently by the rules in use (demo-3)")]
    (folder / "screening.yml").write_text(YAML.replace("  - id: kidney_disease\n", "  - id: kidneys\n"))
    assert found() == [("warning", "1 of 1 would end differently by the rules in use (demo-3)")]


def test_the_command_lists_and_exports_the_same(front: Front, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    liver = screened(front, SAYS["liver"])
    clear = screened(front, SAYS["clear"])
    monkeypatch.setenv("DATABASE_URL", front.settings.database_url)
    monkeypatch.setenv("MESOGUIDE_KEYS", front.settings.keys[0])
    trial = tmp_path / "screening.yml"
    trial.write_text(YAML.replace("  - id: kidney_disease\n", "  - id: kidneys\n"))
    run = CliRunner()
    listed = run.invoke(app, ["screening", "replay", str(trial)])
    assert f"{clear.id}  suitable -> clinician_review  kidney_disease  rules demo-1" in listed.stdout
    assert "0 of 2 would end differently" in run.invoke(app, ["screening", "replay"]).stdout
    out = tmp_path / "one.json"
    assert run.invoke(app, ["screening", "export", liver.id, str(out)]).exit_code == 0
    QuestionnaireResponse.model_validate_json(out.read_text())
    assert run.invoke(app, ["screening", "export", "nobody", str(out)]).exit_code == 1
    assert run.invoke(app, ["screening", "questionnaire", str(out)]).exit_code == 0
    Questionnaire.model_validate_json(out.read_text())
