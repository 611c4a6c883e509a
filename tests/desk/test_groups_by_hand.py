"""Groups of questions put right by a person, whose word then counts more than likeness."""

from __future__ import annotations

from bot.desk.jobs.grouping import group_some
from bot.store import audit, desk_questions
from bot.store.engine import reading

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
