"""Groups of questions put right by a person, whose word then counts more than likeness."""

from __future__ import annotations

from sqlalchemy import select

from bot.desk.jobs.grouping import group_some, settle_done
from bot.store import answers_learned, audit, conversations, desk_questions
from bot.store.engine import reading
from bot.store.models import TriageItem

from .conftest import Front, Person

DOGS = ["Can I bring my dog?", "is it ok if my dog comes with me", "dogs allowed in the clinic?"]
PARKING = "Where can I park?"


def ask(front: Front, *questions: str) -> None:
    for question in questions:
        front.item(front.chat(question), question=question)
    group_some(front.sessions)


def groups(front: Front) -> dict[str, set[str]]:
    """Group id -> the questions in it, of all open groups."""
    with reading(front.sessions) as session:
        found = [one.group.id for one in desk_questions.page(session)[0]]
        return {id_: {str(one.item.question) for one in desk_questions.members(session, id_)} for id_ in found}


def group_of(front: Front, question: str) -> str:
    return next(id_ for id_, questions in groups(front).items() if question in questions)


def item_of(front: Front, question: str) -> str:
    with reading(front.sessions) as session:
        members = desk_questions.members(session, group_of(front, question))
        return next(one.item.id for one in members if one.item.question == question)


def test_two_groups_joined_by_hand_are_one_that_counts_everybody(front: Front, anna: Person) -> None:
    ask(front, *DOGS, PARKING)
    kept, other = group_of(front, DOGS[0]), group_of(front, PARKING)
    assert PARKING in anna.get(f"/desk/questions/{kept}").text
    assert anna.post(f"/desk/questions/{kept}/join", other=other).status_code == 200
    assert list(groups(front).values()) == [{*DOGS, PARKING}]
    with reading(front.sessions) as session:
        assert [one.group.asked for one in desk_questions.page(session)[0]] == [4]
        assert [row.action for row in audit.history(session, f"group:{kept}")] == ["group.joined"]


def test_wordings_split_off_by_hand_stay_apart_when_more_are_asked(front: Front, anna: Person) -> None:
    ask(front, *DOGS)
    group = group_of(front, DOGS[0])
    stay = [item_of(front, question) for question in DOGS[:2]]
    assert anna.post(f"/desk/questions/{group}/split", items=stay).status_code == 200  # type: ignore[arg-type]
    assert sorted(map(len, groups(front).values())) == [1, 2]
    ask(front, "may i bring my dog along", "are dogs allowed at your clinic")
    apart = groups(front)
    assert group_of(front, DOGS[2]) != group_of(front, DOGS[0])
    assert sorted(map(len, apart.values()))[-1] >= 3, "new questions still join"


def test_a_split_that_would_leave_nothing_and_a_join_with_a_settled_group_are_refused(
    front: Front, anna: Person
) -> None:
    ask(front, DOGS[0], PARKING)
    dogs, parking = group_of(front, DOGS[0]), group_of(front, PARKING)
    assert anna.post(f"/desk/questions/{dogs}/split", items=item_of(front, DOGS[0])).status_code == 400
    assert anna.post(f"/desk/questions/{dogs}/split").status_code == 400
    assert anna.post(f"/desk/questions/{dogs}/join", other=dogs).status_code == 409
    anna.post(f"/desk/questions/{parking}/out-of-scope")
    assert anna.post(f"/desk/questions/{dogs}/join", other=parking).status_code == 409


def written(front: Front, person: Person, group: str, items: list[str]) -> str:
    """An answer written for a group, as a draft; its id."""
    data = {"title": "Parking", "text": "Behind the house.", "group": group, "items": items}
    made = person.post("/desk/answers/new", part=False, **data)  # type: ignore[arg-type]
    assert made.status_code == 303
    return str(made.headers["location"].rsplit("/", 1)[-1])


def approve(front: Front, clara: Person, answer: str) -> None:
    with reading(front.sessions) as session:
        draft = answers_learned.revisions(session, answer)[0].id
    assert clara.post(f"/desk/answers/{answer}/approve", revision=draft, tell="1").status_code == 200


def test_a_draft_goes_along_when_its_group_is_joined_to_another_and_tells_everybody_when_approved(
    front: Front, anna: Person, clara: Person
) -> None:
    ask(front, *DOGS, PARKING)
    kept, other = group_of(front, DOGS[0]), group_of(front, PARKING)
    answer = written(front, anna, other, [item_of(front, PARKING)])
    assert anna.post(f"/desk/questions/{kept}/join", other=other).status_code == 200
    approve(front, clara, answer)
    assert groups(front) == {}
    with reading(front.sessions) as session:
        rows = list(session.scalars(select(TriageItem)))
        assert [row.close_reason for row in rows] == ["answered"] * 4
        said = [conversations.transcript(session, row.conversation_id)[-1].text for row in rows]
    assert all("Behind the house." in text for text in said)


def test_a_group_shows_that_a_draft_is_there_and_takes_no_second_one(
    front: Front, anna: Person, ben: Person, clara: Person
) -> None:
    ask(front, PARKING)
    group, item = group_of(front, PARKING), item_of(front, PARKING)
    assert "Write an answer" in ben.get(f"/desk/questions/{group}").text
    answer = written(front, anna, group, [item])
    for page in (f"/desk/questions/{group}", "/desk/questions"):
        text = ben.get(page).text
        assert f"/desk/answers/{answer}" in text
        assert "Draft by Anna, Mon 2 Mar" in text
    assert "Write an answer" not in ben.get(f"/desk/questions/{group}").text
    assert ben.get(f"/desk/answers/new?group={group}").headers["location"] == f"/desk/answers/{answer}"
    second = ben.post("/desk/answers/new", title="P", text="In the street.", group=group, items=item)
    assert second.status_code == 409
    assert "In the street." in second.text
    assert f"/desk/answers/{answer}" in second.text
    with reading(front.sessions) as session:
        assert len(answers_learned.listed(session)) == 1
        draft = answers_learned.revisions(session, answer)[0].id
    clara.post(f"/desk/answers/{answer}/reject", revision=draft)
    assert written(front, ben, group, [item]) != answer


def test_questions_closed_one_by_one_leave_the_list_and_can_be_decided_about_until_then(
    front: Front, anna: Person, ben: Person
) -> None:
    ask(front, DOGS[0], PARKING, "is coffee served")
    dogs, parking, coffee = (group_of(front, one) for one in (DOGS[0], PARKING, "is coffee served"))
    for question in (DOGS[0], PARKING, "is coffee served"):
        item = item_of(front, question)
        assert anna.post(f"/desk/items/{item}/close", reason="answered", seen=front.clock().isoformat()).is_success
    assert anna.post(f"/desk/questions/{dogs}/out-of-scope").status_code == 200
    assert ben.post(f"/desk/questions/{dogs}/out-of-scope").status_code == 409
    item = item_of(front, PARKING)
    assert anna.post(f"/desk/questions/{parking}/topic", topic="ask_clinic_info", items=item).status_code == 200
    assert settle_done(front.sessions, front.clock()) == 1
    assert groups(front) == {}
    assert "is coffee served" in anna.get("/desk/questions?status=settled").text
    assert ben.post(f"/desk/questions/{coffee}/out-of-scope").status_code == 409


def test_a_group_whose_draft_waits_stays_when_its_questions_were_closed_one_by_one(front: Front, anna: Person) -> None:
    ask(front, PARKING)
    group, item = group_of(front, PARKING), item_of(front, PARKING)
    written(front, anna, group, [item])
    anna.post(f"/desk/items/{item}/close", reason="answered", seen=front.clock().isoformat())
    assert settle_done(front.sessions, front.clock()) == 0
    assert list(groups(front)) == [group]
