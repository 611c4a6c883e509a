"""Which content patients are told: the clinic's folder as it is when the installation starts, and in production, while
nobody has approved a change of it, what they were told before."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.clinic.content import content_files, load_content, version_of, write_content
from bot.clinic.screening.replay import replay
from bot.settings import SettingError, Settings
from bot.store import audit, contents, screenings_stored
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.opening import open_store

APPROVE = "read it (mesoguide content report), and approve it: mesoguide content approve --by NAME"


class NotApproved(RuntimeError):
    """A production that would tell patients a version nobody stands behind; the message says what to do."""

    def __init__(self, version: str) -> None:
        super().__init__(f"Nobody has approved the content (version {version}): {APPROVE}")


@dataclass(frozen=True)
class Served:
    """What the installation speaks from until its next start: a folder nobody edits. `waiting` is the version of the
    clinic's folder while that waits for its approval, else empty."""

    folder: Path
    version: str
    waiting: str = ""


def to_serve(settings: Settings, in_order: bool = True) -> Served:
    """The content to start with, copied into `var`, so that a process that is started again meanwhile says the same.

    `in_order` is whether the clinic's folder passed its checks. Raises NotApproved where a production has nothing that
    it may say, and ContentError when this program no longer reads what was live.
    """
    files = content_files(settings.content)
    version = version_of(files)
    with reading(open_store(settings)) as session:
        former = contents.live(session)
        kept, live_version = (dict(former.files), former.version) if former else ({}, "")
        fit = in_order and _may_go_live(settings, version, live_version, contents.is_approved(session, version))
    if fit:
        return Served(_copy(settings.var, version, files), version)
    if not kept:
        raise NotApproved(version)
    folder = _copy(settings.var, live_version, kept)
    load_content(folder)
    return Served(folder, live_version, waiting=version)


def check(settings: Settings, sessions: Sessions, version: str) -> None:
    """Raise NotApproved where a production would begin to say what nobody has approved. For a part that is started
    without `mesoguide serve`, as in a container."""
    with reading(sessions) as session:
        former = contents.live(session)
        approved = contents.is_approved(session, version)
        fit = _may_go_live(settings, version, former.version if former else "", approved)
    if not fit:
        raise NotApproved(version)


def note_live(sessions: Sessions, folder: Path, version: str, now: datetime) -> None:
    """At the start of the installation: from now on it speaks from this content. The stored screenings are decided anew
    by its rules; how many would end otherwise is kept for the desk, and nobody's outcome changes by it."""
    with reading(sessions) as session:
        former = contents.live(session)
        if former is not None and former.version == version:
            return
    with unit_of_work(sessions) as session:
        contents.note_live(session, version, content_files(folder), now)
        session.commit()
    with suppress(SettingError), unit_of_work(sessions) as session:  # a key that is missing is the doctor's to say
        done = replay(screenings_stored.current(session), load_content(folder).screening)
        screenings_stored.note_differing(session, len(done.differences))
        if done.differences:
            details = {"differ": len(done.differences), "of": done.total}
            subject = f"content:{version}"
            audit.record(
                session, actor="system", action="screening.replayed", subject=subject, now=now, details=details
            )
        session.commit()


def _may_go_live(settings: Settings, version: str, live: str, approved: bool) -> bool:
    return approved or version == live or not settings.production


def _copy(var: Path, version: str, files: Mapping[str, str]) -> Path:
    """The files in a folder of their version. Those of other versions are removed, but the last: a second start beside
    a running installation ends at its ports, and takes nothing away from it."""
    folder = var / "content" / version
    if not folder.exists():
        part = folder.with_name(f"{version}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        write_content(files, part)
        part.rename(folder)
    others = [one for one in folder.parent.iterdir() if one != folder]
    for old in sorted(others, key=lambda one: one.stat().st_mtime)[:-1]:
        shutil.rmtree(old, ignore_errors=True)
    return folder
