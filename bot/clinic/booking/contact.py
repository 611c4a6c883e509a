"""Finds the phone number or email address in what a patient typed, and brings it into its standard form."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher

LONGEST = 1000  # characters that are looked at
_EMAIL = re.compile(r"[^\s<>()\[\],;:\"]{1,64}@[^\s<>()\[\],;:\"@]{1,255}")
_ONE_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]+@[^\s<>()\[\],;:\"@]+")
_NEAR_EMAIL = re.compile(r"\S*@\S*")
_SPACED_AT = re.compile(r"(?<=[\w.+-])\s*(?:[\[(]\s*at\s*[\])]|＠)\s*(?=\w)|(?<=\w) @ (?=\w)", re.IGNORECASE)
_DIGITS = re.compile(r"\+?\d(?:[\d\s()./-]*\d)?")
_PREFIX = re.compile(r"(?<![\d+])00(?=[1-9][\d\s()/-]{6,})")


@dataclass(frozen=True)
class Contact:
    """A way to reach the patient: `value` is E.164 or an email in lower case, `display` is for reading back."""

    kind: Literal["phone", "email"]
    value: str
    display: str


@dataclass(frozen=True)
class ContactProblem:
    """Why no contact was found: missing, phone_wrong or email_wrong."""

    reason: Literal["missing", "phone_wrong", "email_wrong"]


@dataclass(frozen=True)
class FoundContact:
    """A contact, and the text that is left without it."""

    contact: Contact
    rest: str


def understand_contact(text: str, region: str) -> Contact | ContactProblem:
    """The contact in the text; `region` (ISO 3166 code) is assumed for numbers without a country code."""
    found = find_contact(text, region)
    return found.contact if found else ContactProblem(_problem(_clean(text)))


def find_contact(text: str, region: str) -> FoundContact | None:
    """The first contact in the text with the words around it, or None."""
    cleaned = _clean(text)
    return _find_email(cleaned) or _find_phone(cleaned, region)


def is_one_address(text: str) -> bool:
    """Whether a stored text is one email address as it may stand in a header or a calendar, and nothing beside it."""
    return _ONE_ADDRESS.fullmatch(text) is not None and text.isprintable()


def region_of(phone: str, otherwise: str = "US") -> str:
    """The region of an international phone number; `otherwise` when it tells none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or otherwise
    except phonenumbers.NumberParseException:
        return otherwise


def _clean(text: str) -> str:
    shown = "".join(letter if unicodedata.category(letter)[0] != "C" else " " for letter in text[:LONGEST])
    return _SPACED_AT.sub("@", unicodedata.normalize("NFKC", shown)).strip()


def _find_email(text: str) -> FoundContact | None:
    for match in _EMAIL.finditer(text):
        typed = match[0].strip(".'!?*")
        try:
            valid = validate_email(typed, check_deliverability=False)
        except EmailNotValidError:
            continue
        value = valid.normalized.lower()
        return FoundContact(Contact("email", value, value), text[: match.start()] + " , " + text[match.end() :])
    return None


def _find_phone(text: str, region: str) -> FoundContact | None:
    dialled = _PREFIX.sub("+", text)
    for match in PhoneNumberMatcher(dialled, region, leniency=Leniency.POSSIBLE):
        if phonenumbers.is_valid_number(match.number):
            value = phonenumbers.format_number(match.number, PhoneNumberFormat.E164)
            display = phonenumbers.format_number(match.number, PhoneNumberFormat.INTERNATIONAL)
            return FoundContact(Contact("phone", value, display), dialled[: match.start] + " , " + dialled[match.end :])
    return None


def _problem(text: str) -> Literal["missing", "phone_wrong", "email_wrong"]:
    if _NEAR_EMAIL.search(text):
        return "email_wrong"
    digits = max((sum(map(str.isdigit, run)) for run in _DIGITS.findall(text)), default=0)
    return "phone_wrong" if digits >= 5 else "missing"
