"""The keys of the running installation, so that the suite can read what it has stored."""

from __future__ import annotations

import pytest

from bot.store.crypto import configure_keys
from tests.installation import Installation


@pytest.fixture(autouse=True)
def keys(request: pytest.FixtureRequest) -> None:
    """Other tests of the same run may have used and forgotten keys of their own."""
    if "installation" in request.fixturenames:
        installation: Installation = request.getfixturevalue("installation")
        configure_keys([installation.env["MESOGUIDE_KEYS"]])
