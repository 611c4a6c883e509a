"""The desk's pages, one module per thing that staff do."""

from bot.desk.pages import account, answers, assets, bookings, conversation, figures, people, questions, queue

ALL = tuple(
    module.pages for module in (assets, account, queue, conversation, questions, answers, bookings, figures, people)
)
