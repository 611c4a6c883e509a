"""Messenger as Meta requires it: a Rasa input channel, `bot.channels.messenger.MessengerChannel`."""

from bot.channels.messenger.channel import MessengerChannel
from bot.channels.messenger.profile import setup
from bot.channels.messenger.settings import MessengerSettings

__all__ = ["MessengerChannel", "MessengerSettings", "setup"]
