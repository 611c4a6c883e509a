"""The desk's pages, one module per thing that staff do."""

from bot.desk.pages import (
    account,
    answers,
    assets,
    bookings,
    conversation,
    figures,
    items,
    people,
    questions,
    queue,
    screenings,
)

ALL = tuple(
    module.pages
    for module in (
        assets,
        account,
        queue,
        items,
        conversation,
        questions,
        answers,
        bookings,
        figures,
        people,
        screenings,
    )
)
