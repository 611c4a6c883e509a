"""The databases of the store's tests, and a clinic whose diary is small enough to reason about."""

from __future__ import annotations

from tests.store.conftest import chat, engine, key, server, sessions  # noqa: F401 - fixtures for this folder
