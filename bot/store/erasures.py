"""The list of erased conversations beside the database, one id a line: a restore goes by it where the database is lost.

Ids alone, which lead to nobody once the conversation is gone.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

LIST = "erasures"  # in a session's `info`: the path of the list


def note_when_committed(session: Session, conversation_id: str) -> None:
    """Add a conversation to the list of this session's installation, if it keeps one, once its erasure is committed."""
    path = session.info.get(LIST)
    if path is not None:
        event.listen(session, "after_commit", lambda _: _add(path, conversation_id), once=True)


def read(path: Path) -> list[str]:
    """The ids on the list; none where there is no list."""
    return path.read_text(encoding="utf-8").split() if path.is_file() else []


def _add(path: Path, conversation_id: str) -> None:
    """What cannot be written down does not undo the erasure: the audit log has it too."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(f"{conversation_id}\n")
    except OSError as error:
        log.error("an erasure is not on the list beside the database: %s", type(error).__name__)
