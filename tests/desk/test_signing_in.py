"""Who gets in, how long it lasts, and that changes come from our pages."""

from __future__ import annotations

import pyotp
import pytest
from sqlalchemy import select
from starlette.requests import Request

from bot.desk import routing
from bot.store import audit, staff
from bot.store.engine import reading, unit_of_work
from bot.store.models import StaffUser
from bot.store.passwords import WeakPassword

from .conftest import NOW, PASSWORD, Front, Person


def test_the_desk_is_shut_to_everybody_who_is_not_signed_in(front: Front) -> None:
    for method, path, _ in [(r.methods, r.path, r) for r in front.router.routes]:
        if "GET" not in method or any(open_ in path for open_ in ("/login", "/join", "/static")):
            continue
        answer = front.browser().get(path.replace("{", "").replace("}", ""), follow_redirects=False)
        assert (answer.status_code, answer.headers.get("location", "")[:11]) == (303, "/desk/login"), path


def test_the_right_password_opens_the_desk_and_signing_out_shuts_it(front: Front, anna: Person) -> None:
    assert anna.get("/desk").status_code == 200
    anna.post("/desk/logout", part=False)
    assert anna.get("/desk").status_code == 303


def test_a_stolen_cookie_is_worth_nothing_after_signing_out(front: Front, anna: Person) -> None:
    cookie = anna.client.cookies.get("desk")
    anna.post("/desk/logout", part=False)
    thief = front.browser()
    thief.cookies.set("desk", cookie or "", path="/desk")
    assert thief.get("/desk", follow_redirects=False).status_code == 303


def test_the_cookie_is_httponly_samesite_and_signed(front: Front, anna: Person) -> None:
    again = Person(front.browser())
    again.client.get("/desk/login")
    assert again.sign_in("anna@clinic.example") == 303
    jar = next(cookie for cookie in again.client.cookies.jar if cookie.name == "desk")
    assert jar.has_nonstandard_attr("HttpOnly")
    assert jar.get_nonstandard_attr("SameSite") == "lax"
    forged = front.browser()
    forged.cookies.set("desk", (jar.value or "")[:-3] + "abc", path="/desk")
    assert forged.get("/desk", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    ("hours", "used", "status"), [(1.9, False, 200), (2.1, False, 303), (11.9, True, 200), (12.1, True, 303)]
)
def test_a_session_ends_after_two_idle_hours_and_after_twelve_at_the_latest(
    front: Front, anna: Person, hours: float, used: bool, status: int
) -> None:
    passed = 0.0
    while used and passed + 1 < hours:
        passed += 1
        front.clock.move(hours=1)
        anna.get("/desk")
    front.clock.move(hours=hours - passed)
    assert anna.get("/desk").status_code == status


def test_five_wrong_passwords_shut_the_account_for_that_address_alone(front: Front, anna: Person) -> None:
    guesser, elsewhere = Person(front.browser("198.51.100.9")), Person(front.browser())
    assert [guesser.sign_in("anna@clinic.example", "wrong password") for _ in range(6)] == [401] * 5 + [429]
    assert guesser.sign_in("anna@clinic.example") == 429, "not even with the right one"
    assert guesser.sign_in("Anna@Clinic.example ") == 429
    assert elsewhere.sign_in("anna@clinic.example") == 303, "who guesses shuts out nobody else"


def test_an_account_that_does_not_exist_is_shut_like_one_that_does(front: Front) -> None:
    guesser = Person(front.browser())
    assert [guesser.sign_in("nobody@clinic.example", "wrong password") for _ in range(6)] == [401] * 5 + [429]


def test_the_right_password_lets_the_counting_begin_anew(front: Front, anna: Person) -> None:
    for _ in range(3):
        other = Person(front.browser())
        assert [other.sign_in("anna@clinic.example", "wrong password") for _ in range(4)] == [401] * 4
        assert other.sign_in("anna@clinic.example") == 303


def test_one_address_does_not_try_many_accounts(front: Front, anna: Person) -> None:
    guesser = Person(front.browser("2001:db8::1"))
    tried = [guesser.sign_in(f"user{number}@clinic.example", "wrong password") for number in range(31)]
    assert tried == [401] * 30 + [429]
    neighbour = Person(front.browser("2001:db8::9:1"))
    assert neighbour.sign_in("anna@clinic.example") == 429, "another address of the same network counts as the same"
    assert Person(front.browser("2001:db8:1::1")).sign_in("anna@clinic.example") == 303


def test_wrong_codes_shut_the_account_for_everybody_who_knows_the_password(front: Front, anna: Person) -> None:
    secret = pyotp.random_base32()
    anna.post("/desk/account/code/confirm", secret=secret, code=pyotp.TOTP(secret).at(front.clock()))
    front.clock.move(seconds=30)
    guessers = [Person(front.browser(f"198.51.100.{number}")) for number in range(6)]
    statuses = [guesser.sign_in("anna@clinic.example", code="000000") for guesser in guessers]
    assert statuses == [401] * 5 + [429]
    assert guessers[0].sign_in("anna@clinic.example", code=pyotp.TOTP(secret).at(front.clock())) == 429
    front.clock.move(seconds=61)
    assert guessers[0].sign_in("anna@clinic.example", code=pyotp.TOTP(secret).at(front.clock())) == 303
    with reading(front.sessions) as session:
        assert [row.action for row in audit.history(session)].count("staff.locked") == 1


def test_an_unknown_email_and_a_wrong_password_read_the_same(front: Front, anna: Person) -> None:
    def words(email: str) -> str:
        person = Person(front.browser())
        person.client.get("/desk/login")
        token = person.client.cookies.get("desk_sign_in") or ""
        data = {"token": token, "email": email, "password": "wrong password"}
        return person.client.post("/desk/login", data=data).text.replace(email, "")

    def without_token(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if 'name="token"' not in line)

    assert without_token(words("anna@clinic.example")) == without_token(words("nobody@clinic.example"))


def test_a_change_without_the_pages_token_is_refused_and_changes_nothing(front: Front, anna: Person) -> None:
    item = front.item(front.chat())
    anna.csrf = "0" * 64
    assert anna.post(f"/desk/items/{item}/assign", seen=NOW.isoformat()).status_code == 403
    assert anna.client.post(f"/desk/items/{item}/assign", data={"seen": NOW.isoformat()}).status_code == 403


def test_a_change_from_another_site_is_refused_even_with_the_token(front: Front, anna: Person) -> None:
    item = front.item(front.chat())
    headers = {"X-CSRF-Token": anna.csrf, "Sec-Fetch-Site": "cross-site"}
    answer = anna.client.post(f"/desk/items/{item}/assign", data={"seen": NOW.isoformat()}, headers=headers)
    assert answer.status_code == 403


def test_a_one_time_link_makes_one_user_and_works_once(front: Front) -> None:
    with unit_of_work(front.sessions) as session:
        secret = staff.make_link(session, role="admin", actor="system", now=NOW)
        session.commit()
    browser = front.browser()
    browser.get(f"/desk/join/{secret}")
    token = browser.cookies.get("desk_sign_in") or ""
    data = {"token": token, "email": "eva@clinic.example", "name": "Eva", "password": PASSWORD}
    assert browser.post(f"/desk/join/{secret}", data=data, follow_redirects=False).status_code == 303
    assert browser.get(f"/desk/join/{secret}").status_code == 410
    assert Person(browser).sign_in("eva@clinic.example") == 303
    with reading(front.sessions) as session:
        assert [row.role for row in session.scalars(select(StaffUser))] == ["admin"]


def test_a_link_is_too_old_after_two_days(front: Front) -> None:
    with unit_of_work(front.sessions) as session:
        secret = staff.make_link(session, role="front_desk", actor="system", now=NOW)
        session.commit()
    front.clock.move(hours=49)
    assert front.browser().get(f"/desk/join/{secret}").status_code == 410


def test_with_a_second_factor_the_password_alone_opens_nothing(front: Front, anna: Person) -> None:
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(front.clock())
    assert anna.post("/desk/account/code/confirm", secret=secret, code="000000").status_code == 400
    anna.post("/desk/account/code/confirm", secret=secret, code=code)
    other = Person(front.browser())
    assert other.sign_in("anna@clinic.example") == 401
    assert other.sign_in("anna@clinic.example", code=code) == 303
    thief = Person(front.browser())
    assert thief.sign_in("anna@clinic.example", code=code) == 401, "a code counts once"
    front.clock.move(seconds=30)
    assert thief.sign_in("anna@clinic.example", code=pyotp.TOTP(secret).at(front.clock())) == 303


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "eva@clinic.example"])
def test_a_password_that_is_easy_to_guess_is_refused(front: Front, password: str) -> None:
    with unit_of_work(front.sessions) as session, pytest.raises(WeakPassword):
        staff.create_admin(session, "eva@clinic.example", "Eva", password, NOW)


def test_the_last_admin_stays_an_admin(front: Front, adam: Person) -> None:
    assert adam.user is not None
    with unit_of_work(front.sessions) as session, pytest.raises(staff.StaffError, match="only admin"):
        staff.change_user(session, adam.user.id, role="front_desk", active=True, actor="test", now=NOW)


def test_signing_in_and_lock_outs_are_in_the_audit_log(front: Front, anna: Person) -> None:
    other = Person(front.browser())
    for _ in range(9):
        other.sign_in("anna@clinic.example", "wrong password")
    with reading(front.sessions) as session:
        actions = [row.action for row in audit.history(session)]
    assert actions.count("staff.signed_in") == 1
    assert actions.count("staff.guessed") == 1


def test_every_answer_carries_a_policy_that_allows_no_inline_script(front: Front, anna: Person) -> None:
    for answer in (anna.get("/desk"), anna.get("/desk/c/nothing"), front.browser().get("/desk/login")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "<script>" not in answer.text
        assert " style=" not in answer.text
        assert " onclick" not in answer.text


def test_an_address_the_desk_does_not_have_is_said_on_a_page(anna: Person) -> None:
    answer = anna.get("/desk/rules")
    assert (answer.status_code, "no page at this address" in answer.text) == (404, True)


@pytest.mark.parametrize("path", ["/desk/c/{chat}/news?after=0", "/desk?kind=danger"])
def test_what_an_open_page_asks_by_itself_keeps_nobody_signed_in(front: Front, anna: Person, path: str) -> None:
    chat = front.chat()
    anna.get(f"/desk/c/{chat}")
    for _ in range(3):
        front.clock.move(minutes=50)
        answer = anna.client.get(
            path.format(chat=chat), headers={"HX-Request": "true", "X-Desk-Live": "1"}, follow_redirects=False
        )
    assert answer.headers["hx-redirect"] == "/desk/login"
    assert anna.get("/desk").status_code == 303


def test_neither_the_feed_nor_news_count_as_use_whatever_the_page_says(front: Front) -> None:
    def is_use(path: str, *headers: tuple[bytes, bytes]) -> bool:
        scope = {"type": "http", "method": "GET", "path": path, "headers": list(headers), "query_string": b""}
        return not routing._is_background(Request({**scope, "server": ("desk.example", 80), "scheme": "http"}))

    assert [is_use(path) for path in ("/desk/events", "/desk/c/x/news", "/desk", "/desk/c/x")] == [
        False,
        False,
        True,
        True,
    ]
    assert not is_use("/desk", (b"x-desk-live", b"1"))


def test_an_admins_new_link_lets_somebody_in_who_lost_the_second_factor(
    front: Front, anna: Person, adam: Person
) -> None:
    assert anna.user is not None
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(front.clock())
    anna.post("/desk/account/code/confirm", secret=secret, code=code)
    with unit_of_work(front.sessions) as session:
        link = staff.make_link(session, role="front_desk", actor="adam", now=front.clock(), staff_id=anna.user.id)
        session.commit()
    browser = front.browser()
    browser.get(f"/desk/join/{link}")
    data = {"token": browser.cookies.get("desk_sign_in") or "", "password": "another horse battery staple"}
    assert browser.post(f"/desk/join/{link}", data=data, follow_redirects=False).status_code == 303
    assert Person(browser).sign_in("anna@clinic.example", "another horse battery staple") == 303
    with reading(front.sessions) as session:
        assert "staff.code_reset" in [row.action for row in audit.history(session, f"staff:{anna.user.id}")]
