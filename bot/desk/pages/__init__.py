"""The desk's pages, one module per thing that staff do."""

from bot.desk.pages import (
    account,
    answers,
    assets,
    bookings,
    conversation,
    deliveries,
    figures,
    items,
    people,
    questions,
    queue,
    rights,
    screenings,
)

_MODULES = (
    assets,
    account,
    queue,
    items,
    conversation,
    questions,
    answers,
    bookings,
    deliveries,
    figures,
    people,
    rights,
    screenings,
)
ALL = tuple(module.pages for module in _MODULES)
