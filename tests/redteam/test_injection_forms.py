"""What is typed into the desk's forms, search box and addresses is words; a link leads to us and nobody else."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pyotp
from sqlalchemy import select

from bot.desk.figures import as_tables, collect
from bot.store import answers_learned, bookings, feedback, staff
from bot.store.engine import reading, unit_of_work
from bot.store.models import Message, StaffUser
from tests.desk.conftest import (  # noqa: F401 - fixtures
    NOW,
    PASSWORD,
    Front,
    Person,
    adam,
    anna,
    clara,
    front,
)

MARKUP = "\"'><img src=x onerror=alert(1)>{{ 7 * 191 }}"
FORMULAS = ('=HYPERLINK("http://evil.example","x")', "+1+1", "-2+3", "@SUM(A1)", " =1+1", "\u00a0=1", "＝1+1", "\r=1")


def is_words(text: str) -> bool:
    return "<img src=x" not in text and "1337" not in text


def sign_in_form(front: Front, **fields: str) -> str:  # noqa: F811
    browser = front.browser()
    page = browser.get("/desk/login").text
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    return browser.post("/desk/login", data={"token": token[1], **fields}).text


def link(front: Front) -> str:  # noqa: F811
    with unit_of_work(front.sessions) as session:
        secret = staff.make_link(session, role="front_desk", actor="system", now=NOW)
        session.commit()
    return secret


def join(front: Front, name: str, email: str) -> tuple[int, str]:  # noqa: F811
    """(status, page) of a one-time link that is used with this name and email."""
    secret, browser = link(front), front.browser()
    browser.get(f"/desk/join/{secret}")
    token = browser.cookies.get("desk_sign_in") or ""
    data = {"token": token, "email": email, "name": name, "password": PASSWORD}
    answer = browser.post(f"/desk/join/{secret}", data=data, follow_redirects=False)
    return answer.status_code, answer.text


def test_what_is_typed_into_the_sign_in_form_comes_back_as_words(front: Front) -> None:  # noqa: F811
    for field in ("email", "password", "code", "next"):
        assert is_words(sign_in_form(front, **{"email": "x@y.example", "password": "p", field: MARKUP})), field
    assert is_words(front.browser().get("/desk/login", params={"next": MARKUP}).text)


def test_a_forged_sign_in_cookie_comes_back_as_words(front: Front) -> None:  # noqa: F811
    page = front.browser().get("/desk/login", headers={"Cookie": 'desk_sign_in="<img src=x>"'})
    assert "<img src=x" not in page.text


def test_a_refused_welcome_form_shows_what_was_typed_as_words(front: Front) -> None:  # noqa: F811
    status, page = join(front, MARKUP, MARKUP)
    assert status == 400
    assert is_words(page)
    assert is_words(front.browser().get(f"/desk/join/{'<img src=x>' * 3}").text)


def test_an_email_that_is_none_makes_no_user(front: Front) -> None:  # noqa: F811
    wrong = ("eva@clinic.example\r\nBcc: x@evil.example", "a@b.example,c@evil.example", "<x@y.example>", "eva", "@",
             "e" * 400 + "@clinic.example")  # fmt: skip
    assert [join(front, "Eva", email)[0] for email in wrong] == [400] * len(wrong)


def test_a_name_turns_no_text_around_and_has_no_second_line(front: Front) -> None:  # noqa: F811
    assert join(front, "Eva\r\n\u202eMe\u2066 \x1b[31mExample\u2029", "eva@clinic.example")[0] == 303
    with reading(front.sessions) as session:
        assert session.scalars(select(StaffUser.name)).one() == "Eva Me [31mExample"


def test_a_name_is_said_to_patients_as_it_is_written(front: Front) -> None:  # noqa: F811
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        name = "X{clinic_phone}" + MARKUP
        staff.create(session, email="x@y.example", name=name, role="admin", password=PASSWORD, actor="t", now=NOW)
        session.commit()
    person = Person(front.browser())
    assert person.sign_in("x@y.example") == 303
    person.post(f"/desk/c/{chat}/take-over")
    with reading(front.sessions) as session:
        said = session.scalars(select(Message).where(Message.sender != "patient").order_by(Message.position.desc()))
        text = next(one.text for one in said if "{clinic_phone}" in one.text)
    assert "7 * 191" in text
    assert "1337" not in text
    assert is_words(person.get(f"/desk/c/{chat}").text)
    assert is_words(person.get("/desk/account").text)


def test_the_forms_of_the_own_account_show_words(front: Front, anna: Person) -> None:  # noqa: F811
    for path, fields in {
        "/desk/account/code/confirm": {"secret": "JBSWY3DPEHPK3PXP", "code": MARKUP},
        "/desk/account/code/off": {"code": MARKUP},
    }.items():
        answer = anna.post(path, part=False, **fields)
        assert answer.status_code in (400, 409), path
        assert is_words(answer.text), path


def test_a_second_factor_s_key_of_any_kind_is_refused_in_words(front: Front, anna: Person) -> None:  # noqa: F811
    for secret in (MARKUP, "", "not base32!", "ä" * 20, "A" * 5000):
        answer = anna.post("/desk/account/code/confirm", part=False, secret=secret, code="123456")
        assert answer.status_code == 400, secret[:20]
        assert is_words(answer.text), secret[:20]


def test_the_search_box_and_every_filter_show_words(front: Front, adam: Person) -> None:  # noqa: F811
    front.item(front.chat())
    wishes = ("q", "kind", "show", "channel", "after", "status", "subject", "of", "group", "state", "item")
    heads: tuple[dict[str, str], ...] = ({}, {"HX-Request": "true", "HX-Target": "queue"})
    for path in ("", "/bookings", "/bookings/week", "/questions", "/answers", "/training", "/log"):
        for headers in heads:
            answer = adam.client.get(f"/desk{path}", params=dict.fromkeys(wishes, MARKUP), headers=headers)
            assert answer.status_code < 500, path
            assert is_words(answer.text), path


def test_a_search_for_signs_of_sql_finds_what_has_them_and_nothing_else(front: Front, anna: Person) -> None:  # noqa: F811
    with_signs = front.chat("100% _sure_")
    front.item(with_signs, question="100% _sure_")
    front.item(front.chat(), question="Can I bring my dog?")
    for words, found in (("%", 1), ("_", 1), ("' or 1=1 --", 0), ("*", 0)):
        page = anna.client.get("/desk", params={"q": words}).text
        assert page.count("Can I bring my dog?") == 0, words
        assert ("100% _sure_" in page) == bool(found), words


def test_a_character_that_a_database_does_not_take_is_refused(front: Front, anna: Person) -> None:  # noqa: F811
    reply = anna.post(f"/desk/c/{front.chat()}/reply", text="a\0b")
    for answer in (anna.get("/desk?channel=%00"), anna.get("/desk/c/%00"), reply):
        assert answer.status_code == 400
        assert "no keyboard types" in answer.text


def test_a_second_factor_that_is_on_is_not_replaced_by_whoever_has_the_session(front: Front, anna: Person) -> None:  # noqa: F811
    key = pyotp.random_base32()
    code = pyotp.TOTP(key).at(NOW)
    assert anna.post("/desk/account/code/confirm", part=False, secret=key, code=code).status_code == 303
    other = pyotp.random_base32()
    assert anna.post("/desk/account/code", part=False).status_code == 409
    taken = anna.post("/desk/account/code/confirm", part=False, secret=other, code=pyotp.TOTP(other).at(NOW))
    assert taken.status_code == 409
    with reading(front.sessions) as session:
        assert session.scalars(select(StaffUser.totp_secret)).one() == key


def test_a_number_or_a_day_in_an_address_may_be_any(front: Front, adam: Person) -> None:  # noqa: F811
    chat = front.chat()
    front.item(chat)
    numbers = ("/c/{chat}/older?before=", "/c/{chat}/news?after=", "/log?before=", "/bookings?start=",
               "/questions?start=", "/figures?weeks=", "/bookings/week?of=")  # fmt: skip
    paths = [path.format(chat=chat) + str(n) for path in numbers for n in (10**30, -(10**30), 2**63, -1)]
    paths += [f"?after={one}" for one in (f"{10**30}~2026-01-01~x", "1~2026-01-01~x", "1~0001-01-01T00:00:00+23:59~x")]
    paths += [f"/bookings/week?of={day}" for day in ("9999-12-31", "0001-01-01", "2026-W01-1", "20260101")]
    assert [path for path in paths if adam.get(f"/desk{path}").status_code >= 500] == []


def test_a_form_that_our_page_never_made_is_refused_in_words(front: Front, clara: Person) -> None:  # noqa: F811
    item = front.item(front.chat())
    with unit_of_work(front.sessions) as session:
        chat = front.chat()
        request = bookings.Request("Rosa", "rosa@patients.example", "email")
        visit = bookings.create(session, chat, request, NOW).id
        session.commit()
    forms: list[tuple[str, dict[str, str]]] = [
        (f"/desk/items/{item}/close", {"seen": MARKUP, "reason": "answered"}),
        (f"/desk/items/{item}/assign", {"seen": "0001-01-01T00:00:00+23:59"}),
        (f"/desk/bookings/{visit}/propose", {"version": "0", "at": "9999-12-31T23:59"}),
        (f"/desk/bookings/{visit}/propose", {"version": str(10**30), "at": "2026-03-05T10:00"}),
        (f"/desk/bookings/{visit}/{MARKUP}", {"version": "0"}),
        ("/desk/answers/new", {"title": "x" * 161, "text": "words", "extra": "what is it"}),
        ("/desk/answers/new", {"title": "x", "text": "words", "extra": "what is it", "review_by": MARKUP}),
        (f"/desk/answers/{10**30}/approve", {"revision": str(10**30)}),
        ("/desk/staff/x", {"role": MARKUP}),
    ]
    answers = [clara.post(path, **fields) for path, fields in forms]
    assert [one.status_code for one in answers if not 400 <= one.status_code < 500] == []
    assert all(is_words(one.text) for one in answers)


# --- tables and files


def test_no_cell_of_any_table_is_a_formula(front: Front, anna: Person, clara: Person) -> None:  # noqa: F811
    chat = front.chat(FORMULAS[0])
    author = clara.user
    assert author is not None
    with unit_of_work(front.sessions) as session:
        said = session.scalars(select(Message).where(Message.sender == "bot")).one()
        for number, text in enumerate(FORMULAS):
            feedback.give(session, chat, said.id, thumb="down", reason=text, now=NOW + timedelta(seconds=number))
            answers_learned.write(
                session, answers_learned.Draft(text, "words", ["F01"]), [], encoder="x", author=author, now=NOW
            )
        session.commit()
    names = list(as_tables(collect(front.router.desk, front.clock(), 12)))
    assert len(names) >= 9
    formula = re.compile(r"^[\s\u00a0]*[=+\-@＝＋－＠\t\r]")
    seen = 0
    for name in names:
        answer = anna.get(f"/desk/figures.csv?table={name}")
        assert answer.status_code == 200, name
        rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
        assert [cell for row in rows for cell in row if formula.match(cell)] == [], name
        seen += sum(cell.startswith("'") for row in rows for cell in row)
    assert seen > 0, "the formulas were to be seen in a table"


def test_a_downloaded_file_s_name_is_never_one_that_was_asked_for(front: Front, anna: Person) -> None:  # noqa: F811
    for name in ('weeks"; filename="x.exe', "weeks\r\nSet-Cookie: a=b", "../weeks", "wéeks"):
        answer = anna.client.get("/desk/figures.csv", params={"table": name})
        assert answer.status_code == 404, name
        assert not {"content-disposition", "set-cookie"} & set(answer.headers), name


# --- links


LINKS = (  # MESOGUIDE_PUBLIC_URL, MESOGUIDE_HOSTS, the host that the request names, how the link begins
    ("https://chat.clinic.example", (), "evil.example", "https://chat.clinic.example/desk/join/"),
    ("", ("desk.clinic.example",), "desk.clinic.example", "http://desk.clinic.example/desk/join/"),
    ("", ("*.clinic.example",), "desk.clinic.example", "http://desk.clinic.example/desk/join/"),
    ("", (), "127.0.0.1:8000", "http://127.0.0.1:8000/desk/join/"),
    ("", (), "localhost", "http://localhost/desk/join/"),
    ("", (), "evil.example", ""),
    ("", ("*.clinic.example",), "desk.clinic.example.evil.example", ""),
    ("", ("desk.clinic.example",), "evil.example", ""),
    ("", (), 'localhost/"><img src=x>', ""),
    ("", (), "localhost@evil.example", ""),
    ("", (), "localhost:80@evil.example", ""),
    ("", (), "", ""),
)


def test_an_invitation_leads_to_us_whatever_host_the_request_names(front: Front, adam: Person) -> None:  # noqa: F811
    desk = front.router.desk
    cookies = "; ".join(f"{name}={value}" for name, value in adam.client.cookies.items())
    for public, hosts, host, begins in LINKS:
        desk.settings = replace(desk.settings, public_url=public, hosts=hosts)
        headers = {"Host": host, "X-CSRF-Token": adam.csrf, "Cookie": cookies}
        answer = adam.client.post("/desk/staff/invite", data={"role": "front_desk"}, headers=headers)
        links = re.findall(r'<code class="quote">([^<]+)</code>', answer.text)
        assert [one.startswith(begins) for one in links] == ([True] if begins else []), host
        assert answer.status_code == (200 if begins else 400), host
        assert begins or "MESOGUIDE_PUBLIC_URL" in answer.text
