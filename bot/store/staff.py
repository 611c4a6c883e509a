"""Staff: who may open the desk, how they sign in, and the one-time links by which they choose a password."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from bot.clinic.desk.lockout import locked_until
from bot.store import audit, passwords
from bot.store.columns import new_id
from bot.store.desk_models import StaffLink, StaffSession
from bot.store.models import StaffUser
from bot.store.terms import Role

LINK_LIFE = timedelta(hours=48)
LONGEST_ADDRESS = 320  # characters, as the table has room for
_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


class StaffError(ValueError):
    """Something that cannot be done with this user; the message is for the person who tried."""


class Locked(StaffError):
    """The account is shut for a while after too many wrong codes."""

    def __init__(self, until: datetime) -> None:
        super().__init__("Too many wrong codes.")
        self.until = until


def create_admin(session: Session, email: str, name: str, password: str, now: datetime) -> StaffUser:
    """The first admin, from the command line; raises StaffError or WeakPassword."""
    return create(session, email=email, name=name, role="admin", password=password, actor="system", now=now)


def create(  # noqa: PLR0913 - a user has this many fields, all named at the call
    session: Session, *, email: str, name: str, role: Role, password: str, actor: str, now: datetime
) -> StaffUser:
    """Somebody new; raises StaffError when the email is taken or unusable, WeakPassword."""
    address, called = email.strip().lower(), _as_read(name)
    usable = _ADDRESS.fullmatch(address) and address.isprintable() and len(address) <= LONGEST_ADDRESS
    if not usable or not called:
        raise StaffError("A user needs an email address and a name.")
    if find(session, address) is not None:
        raise StaffError("There is a user with this email address already.")
    row = StaffUser(
        id=new_id(),
        email=address,
        name=called[:128],
        role=role,
        password_hash=passwords.hashed(password, email=address),
        created_at=now,
    )
    session.add(row)
    session.flush()
    audit.record(
        session, actor=actor, action="staff.created", subject=f"staff:{row.id}", now=now, details={"role": role}
    )
    return row


def _as_read(name: str) -> str:
    """A name as patients read it: in one line, and without signs that turn the direction of what follows."""
    shown = (one for one in name if unicodedata.bidirectional(one) not in _TURNING)
    return " ".join("".join(" " if unicodedata.category(one) == "Cc" else one for one in shown).split())


def find(session: Session, email: str) -> StaffUser | None:
    """The user with this email address."""
    return session.scalar(select(StaffUser).where(StaffUser.email == email.strip().lower()))


def everybody(session: Session) -> list[StaffUser]:
    """All users, by name."""
    return list(session.scalars(select(StaffUser).order_by(StaffUser.name)))


def names(session: Session) -> dict[str, str]:
    """Staff id -> name, for the pages."""
    return {row.id: row.name for row in session.execute(select(StaffUser.id, StaffUser.name))}


def anybody(session: Session) -> bool:
    """Whether the desk has an admin who can sign in."""
    wanted = select(StaffUser.id).where(StaffUser.role == "admin", StaffUser.active.is_(True))
    return session.scalar(wanted.limit(1)) is not None


def check_password(session: Session, email: str, password: str, now: datetime) -> StaffUser | None:
    """The user whose password this is, or None; raises Locked. Counting wrong ones is the caller's work."""
    row = find(session, email)
    if row is None or not row.active:
        passwords.matches(password, passwords.nobodys())
        return None
    if not passwords.matches(password, row.password_hash):
        return None
    if row.locked_until is not None and row.locked_until > now:
        raise Locked(row.locked_until)
    if passwords.is_outdated(row.password_hash):
        row.password_hash = passwords.hashed(password)
    return row


def note_guesses(session: Session, email: str, now: datetime) -> None:
    """Write down that somebody used up the wrong passwords that an address has for an account."""
    row = find(session, email)
    if row is not None:
        audit.record(session, actor="system", action="staff.guessed", subject=f"staff:{row.id}", now=now)


def note_wrong_code(session: Session, row: StaffUser, now: datetime) -> None:
    """Count a wrong code of somebody who knows the password, and shut the account when there were too many."""
    row.failed_attempts += 1
    row.locked_until = locked_until(row.failed_attempts, now)
    if row.locked_until is not None:
        audit.record(session, actor=row.id, action="staff.locked", subject=f"staff:{row.id}", now=now)


def change_user(  # noqa: PLR0913 - who becomes what, and who says so
    session: Session, staff_id: str, *, role: Role, active: bool, actor: str, now: datetime
) -> StaffUser:
    """Give somebody another role, or take their access; raises StaffError for the last admin."""
    row = session.get(StaffUser, staff_id)
    if row is None:
        raise StaffError("There is no such user.")
    others = select(func.count()).where(StaffUser.role == "admin", StaffUser.active.is_(True), StaffUser.id != staff_id)
    if (role != "admin" or not active) and row.role == "admin" and not session.scalar(others):
        raise StaffError("This is the only admin; make somebody else an admin first.")
    row.role, row.active = role, active
    if not active:
        end_sessions(session, staff_id, now)
    details = {"role": role, "active": active}
    audit.record(session, actor=actor, action="staff.changed", subject=f"staff:{staff_id}", now=now, details=details)
    return row


def end_sessions(session: Session, staff_id: str, now: datetime) -> None:
    """Sign somebody out everywhere."""
    mine = update(StaffSession).where(StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
    session.execute(mine.values(ended_at=now))


def make_link(session: Session, *, role: Role, actor: str, now: datetime, staff_id: str | None = None) -> str:
    """The secret of a one-time link: for somebody new with this role, or for `staff_id` to choose a new password."""
    token = secrets.token_urlsafe(32)
    row = StaffLink(token_hash=_hash(token), staff_id=staff_id, role=role, created_at=now, expires_at=now + LINK_LIFE)
    session.add(row)
    details = {"role": role, "for": staff_id}
    audit.record(session, actor=actor, action="staff.invited", subject="staff:new", now=now, details=details)
    return token


def find_link(session: Session, token: str, now: datetime) -> StaffLink | None:
    """The link with this secret, unless it was used or is too old."""
    row = session.get(StaffLink, _hash(token))
    return row if row is not None and row.used_at is None and row.expires_at > now else None


def use_link(  # noqa: PLR0913 - a user has this many fields, all named at the call
    session: Session, token: str, *, email: str, name: str, password: str, now: datetime
) -> StaffUser:
    """Turn a link into a user or a new password, once; raises StaffError or WeakPassword.

    A second factor goes with the old password: who has lost it gets in by an admin's link, and may set up a new one.
    """
    link = find_link(session, token, now)
    used = update(StaffLink).where(StaffLink.token_hash == _hash(token), StaffLink.used_at.is_(None))
    if link is None or session.execute(used.values(used_at=now)).rowcount == 0:  # type: ignore[attr-defined]
        raise StaffError("This link was used or is too old. Ask an admin for a new one.")
    if link.staff_id is None:
        return create(session, email=email, name=name, role=link.role, password=password, actor="link", now=now)
    row = session.get(StaffUser, link.staff_id)
    if row is None:
        raise StaffError("There is no such user.")
    row.password_hash = passwords.hashed(password, email=row.email)
    row.failed_attempts, row.locked_until = 0, None
    end_sessions(session, row.id, now)
    audit.record(session, actor=row.id, action="staff.password_set", subject=f"staff:{row.id}", now=now)
    if row.totp_secret:
        row.totp_secret, row.totp_step = None, None
        audit.record(session, actor=row.id, action="staff.code_reset", subject=f"staff:{row.id}", now=now)
    return row


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def use_code(session: Session, user: StaffUser, step: int) -> bool:
    """Accept the second factor's code of a step of time, once: False when it, or a later one, was used before."""
    fresh = or_(StaffUser.totp_step.is_(None), StaffUser.totp_step < step)
    mine = update(StaffUser).where(StaffUser.id == user.id, fresh)
    return bool(session.execute(mine.values(totp_step=step)).rowcount)  # type: ignore[attr-defined]
