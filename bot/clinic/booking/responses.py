"""Every response the interview may ask for, with the values it hands over. The wording is the domain's."""

from __future__ import annotations

from collections.abc import Mapping

from bot.clinic.booking.turns import FIELDS

_READ_BACK = ("treatment", "name", "contact", "when")
_TIMES: dict[str, tuple[str, ...]] = {
    "utter_booking_times_fitting": (),
    "utter_booking_none_fitting": (),
    "utter_booking_time_taken": ("wished",),
    "utter_booking_time_gone": ("wished",),
    "utter_booking_too_soon": ("first",),
    "utter_booking_too_far": ("last_day",),
    "utter_booking_past": (),
    "utter_booking_closed": (),
    "utter_booking_full": (),
    "utter_booking_which_date": ("one", "other"),
}
RESPONSES: Mapping[str, tuple[str, ...]] = {
    **{f"utter_ask_booking_{field}": () for field in FIELDS},
    **{f"utter_booking_explain_{field}": () for field in (*FIELDS, "confirm")},
    **{f"utter_booking_why_{field}": () for field in FIELDS},
    **{f"utter_booking_{field}_unclear": () for field in ("treatment", "name", "when", "note", "confirm")},
    **{f"utter_booking_contact_{reason}": () for reason in ("missing", "phone_wrong", "email_wrong")},
    **{f"utter_booking_{field}_needed": () for field in ("name", "contact")},
    **_TIMES,
    "utter_ask_booking_confirm": _READ_BACK,
    "utter_ask_booking_confirm_with_note": (*_READ_BACK, "note"),
    "utter_booking_change_what": (),
    "utter_booking_noted": (),
    "utter_booking_stopped": (),
}
