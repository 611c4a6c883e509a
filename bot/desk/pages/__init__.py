"""The desk's pages, one module per thing that staff do."""

from bot.desk.pages import account, assets, conversation, queue

ALL = (assets.pages, account.pages, queue.pages, conversation.pages)
