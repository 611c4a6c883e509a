"""Contacts and names are found in what people type, brought to a standard form, or refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clinic.booking.contact import Contact, ContactProblem, find_contact, region_of, understand_contact
from bot.clinic.booking.names import find_name, understand_name


@pytest.mark.parametrize(
    ("text", "region", "value"),
    [
        ("202 555 0123", "US", "+12025550123"),
        ("you can reach me at (202) 555-0123 after five", "US", "+12025550123"),
        ("+1 202 555 0143", "DE", "+12025550143"),
        ("001 202 555 0143", "DE", "+12025550143"),
        ("my number is 030 901820, thanks", "DE", "+4930901820"),
        ("+49 (0)30 901820", "US", "+4930901820"),
        ("202.555.0123", "US", "+12025550123"),
        ("٢٠٢ ٥٥٥ ٠١٢٣", "US", "+12025550123"),
        ("Ana Example, 202 555 0123, facial, tuesday 10", "US", "+12025550123"),
        ("on 2026-12-03 call 202-555-0123", "US", "+12025550123"),
    ],
)
def test_a_phone_number_is_found_and_written_as_e164(text: str, region: str, value: str) -> None:
    found = understand_contact(text, region)
    assert isinstance(found, Contact)
    assert (found.kind, found.value) == ("phone", value)


def test_a_phone_number_is_read_back_in_its_international_form() -> None:
    assert understand_contact("2025550123", "US") == Contact("phone", "+12025550123", "+1 202-555-0123")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ana@example.org", "ana@example.org"),
        ("Ana.Example@Example.ORG", "ana.example@example.org"),
        ("mail me: <ana@example.org>.", "ana@example.org"),
        ("you can reach me at ana@example.org please", "ana@example.org"),
        ("ana+clinic@mail.example.org", "ana+clinic@mail.example.org"),
        ("ana @ example.org", "ana@example.org"),
        ("ana (at) example.org", "ana@example.org"),
        ("josé@example.org", "josé@example.org"),
        ("ana@example.org or 202 555 0123", "ana@example.org"),
    ],
)
def test_an_email_is_found_and_written_in_small_letters(text: str, value: str) -> None:
    assert understand_contact(text, "US") == Contact("email", value, value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing"),
        ("later", "missing"),
        ("tuesday at 10", "missing"),
        ("😀", "missing"),
        ("555 0123", "phone_wrong"),
        ("12345678901234567890", "phone_wrong"),
        ("202 555 01", "phone_wrong"),
        ("ana@example", "email_wrong"),
        ("ana@", "email_wrong"),
        ("ana@@example.org", "email_wrong"),
        ("<script>@alert</script>", "email_wrong"),
    ],
)
def test_what_is_no_contact_is_refused_with_the_reason(text: str, reason: str) -> None:
    assert understand_contact(text, "US") == ContactProblem(reason)


def test_the_text_around_a_contact_is_left_for_the_other_fields() -> None:
    found = find_contact("Ana, 202 555 0123, tuesday", "US")
    assert found is not None
    assert [part.strip() for part in found.rest.split(",") if part.strip()] == ["Ana", "tuesday"]


def test_the_region_is_that_of_the_clinics_own_number() -> None:
    assert [region_of("+1 202 555 0143"), region_of("+49 30 901820"), region_of("nonsense", "GB")] == ["US", "DE", "GB"]


@given(st.text(max_size=200))
def test_any_text_is_a_contact_or_a_problem(text: str) -> None:
    found = understand_contact(text, "US")
    assert isinstance(found, ContactProblem) or found.value == found.value.lower()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ana Example", "Ana Example"),
        ("ana example", "Ana Example"),
        ("My name is José Nguyễn", "José Nguyễn"),
        ("it's O'Neill", "O'Neill"),
        ("John A. Smith", "John A Smith"),
        ("Mary I Example", "Mary I Example"),
        ("Kim A", "Kim A"),
        ("It’s Mary-Jane O’Neill, thanks", "Mary-Jane O'Neill"),
        ("hi, I'm Björn", "Björn"),
        ("i am called 李 小龙", "李 小龙"),
        ("call me Ray please", "Ray"),
        ("Name: Ana de la Cruz", "Ana de la Cruz"),
        ("the name's Anna Sample.", "Anna Sample"),
        ("this is J. R. Sample speaking", "J R Sample"),
        ("my daughter's name is Zoë", "Zoë"),
        ("Dr. Sample", "Sample"),
        ("Will May", "Will May"),
        ("Do", "Do"),
        ("محمد علي", "محمد علي"),
        ("  Ana   Example  ", "Ana Example"),
        ("sorry, I meant Anna Sample", "Anna Sample"),
    ],
)
def test_a_name_is_found(text: str, name: str) -> None:
    assert understand_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "Ana2",
        "<b>Ana</b>",
        "{name}",
        "a" * 81,
        "a" * 10_000,
        "Ana\x00Example",
        "Ana\x1b[31m",
        "😀",
        "???",
        "why do you need that?",
        "no",
        "yes please",
        "i don't want to say",
        "i'm not telling you",
        "my name is wrong",
        "tomorrow",
        "it's for my mother",
        "one two three four five six seven",
        "ana@example.org",
        "/inform",
    ],
)
def test_what_cannot_be_a_name_is_refused(text: str) -> None:
    assert understand_name(text) is None


def test_only_an_announced_name_counts_where_no_name_was_asked_for() -> None:
    assert find_name("my name is Ana", sure=True) == "Ana"
    assert find_name("it's urgent", sure=True) is None
    assert find_name("Ana", sure=True) is None


@given(st.text(max_size=200))
def test_no_name_holds_marks_digits_or_control_characters(text: str) -> None:
    name = understand_name(text)
    assert name is None or (
        name == name.strip() and len(name) <= 80 and not set(name) & set("<>{}[]\\|@/\x00\n0123456789")
    )
