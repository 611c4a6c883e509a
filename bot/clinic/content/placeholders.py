"""What {clinic_name}, {clinic_hours}, {price_list} … stand for, worked out from clinic.yml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from urllib.parse import urljoin

from bot.clinic.content.model import BookableTreatment, Clinic, ClinicPhrases, Opening

NAME = re.compile(r"\{(\w+)\}")
NAMES = frozenset(
    [
        "clinic_name",
        "clinic_phone",
        "clinic_email",
        "clinic_address",
        "clinic_url",
        "clinic_hours",
        "clinic_languages",
        "emergency_number",
        "doctors",
        "treatments",
        "price_list",
        "price_facial",
        "price_hair",
        "price_no_needle",
        "price_body",
        "reply_time",
        "booking_reply_time",
        "urgent_reply_time",
        "lead_time_hours",
        "chat_days",
        "booking_days",
        "no_consent_days",
        "visit_record_days",
        "visit_record_time",
        "privacy_page",
        "privacy_version",
        "privacy_url",
    ]
)


def placeholders(clinic: Clinic) -> dict[str, str]:
    """Placeholder name -> the text to put in its place."""
    phrases = clinic.phrases
    prices = {treatment.id: _price(clinic, treatment.price) for treatment in clinic.treatments}
    return {
        "clinic_name": clinic.name,
        "clinic_phone": clinic.phone,
        "clinic_email": clinic.email,
        "clinic_address": clinic.address,
        "clinic_url": clinic.url,
        "clinic_hours": _hours(clinic),
        "clinic_languages": listed(clinic.languages, phrases),
        "emergency_number": clinic.emergency_number,
        "doctors": listed((f"{doctor.name} ({doctor.role})" for doctor in clinic.doctors), phrases),
        "treatments": listed((treatment.title for treatment in clinic.treatments), phrases),
        "price_list": listed((_price_line(clinic, treatment) for treatment in clinic.treatments), phrases),
        **{f"price_{treatment}": price for treatment, price in prices.items()},
        "reply_time": clinic.reply_times.message,
        "booking_reply_time": clinic.reply_times.booking,
        "urgent_reply_time": clinic.reply_times.urgent,
        "lead_time_hours": str(clinic.booking.lead_time_hours),
        "chat_days": str(clinic.privacy.chat_days),
        "booking_days": str(clinic.privacy.booking_days),
        "no_consent_days": str(clinic.privacy.no_consent_days),
        "privacy_version": clinic.privacy.version,
        "visit_record_days": str(clinic.privacy.visit_record_days),
        "visit_record_time": _time(clinic.privacy.visit_record_days),
        "privacy_page": clinic.privacy.url,
        "privacy_url": urljoin(clinic.url, clinic.privacy.url),
    }


def _time(days: int) -> str:
    """Days as people say them: whole years from two on."""
    return f"{days // 365} years" if days % 365 == 0 and days >= 730 else f"{days} days"


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with every known {name} replaced; an unknown one stays, and the content check refuses it."""
    return NAME.sub(lambda found: values.get(found[1], found[0]), text)


def listed(items: Iterable[str], phrases: ClinicPhrases) -> str:
    """Items as a patient reads them: "a, b and c"."""
    *first, last = list(items) or [""]
    return phrases.separator.join(first) + phrases.last_separator + last if first else last


def _amount(clinic: Clinic, price: float) -> dict[str, str]:
    return {"amount": f"{price:g}" if price == int(price) else f"{price:.2f}", "currency": clinic.currency}


def _price(clinic: Clinic, price: float) -> str:
    return " ".join(_amount(clinic, price).values())


def _price_line(clinic: Clinic, treatment: BookableTreatment) -> str:
    return fill(clinic.phrases.price, {"title": treatment.title, **_amount(clinic, treatment.price)})


def _hours(clinic: Clinic) -> str:
    runs = [(opening, [day for day, _ in days]) for opening, days in groupby(clinic.hours.days, key=lambda day: day[1])]
    return listed((_run(clinic.phrases, opening, days) for opening, days in runs), clinic.phrases)


def _run(phrases: ClinicPhrases, opening: Opening | None, days: list[str]) -> str:
    names = [day.title() for day in days]
    in_a_row = fill(phrases.days_range, {"first": names[0], "last": names[-1]})
    when = in_a_row if len(days) > 2 else listed(names, phrases)
    if opening is None:
        return fill(phrases.closed, {"days": when})
    times = {"opens": f"{opening.opens:%H:%M}", "closes": f"{opening.closes:%H:%M}"}
    said = fill(phrases.open, {"days": when, **times})
    if opening.pause is None:
        return said
    pause = {"start": f"{opening.pause.start:%H:%M}", "end": f"{opening.pause.end:%H:%M}"}
    return fill(phrases.pause, {"open": said, **pause})
