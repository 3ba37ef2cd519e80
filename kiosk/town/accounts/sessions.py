"""Sessions of the console, kept in the database: what the cookie holds is worth nothing once the session has ended."""

import secrets
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, delete, or_, select, update

from kiosk.town.accounts.schema import account, console_session

LONGEST_MS = 12 * 3_600_000
"""A session ends this long after the log-in."""
IDLE_MS = 2 * 3_600_000
"""And this long after the last page."""
NOTED_EVERY_MS = 60_000
"""How exactly the last page is noted."""


class OpenSession(NamedTuple):
    """A session that has not ended: whose, and when its last page was noted."""

    account: int
    seen_ms: int


def begin(connection: Connection, account_id: int, device: str, now: int) -> str:
    """Begin a session (``now`` in UTC ms); returns the token for the cookie. Sessions that have run out go."""
    old = or_(console_session.c.begun_ms < now - LONGEST_MS, console_session.c.seen_ms < now - IDLE_MS)
    connection.execute(delete(console_session).where(old))
    token = secrets.token_urlsafe(32)
    row = {"token_sha256": digest(token), "account": account_id, "device": device, "begun_ms": now, "seen_ms": now}
    connection.execute(console_session.insert().values(row))
    return token


def find(connection: Connection, token: str, device: str, now: int) -> OpenSession | None:
    """The open session of ``token``, if it was begun on this device."""
    row = connection.execute(
        select(console_session.c.account, console_session.c.seen_ms)
        .join(account)
        .where(
            console_session.c.token_sha256 == digest(token),
            console_session.c.device == device,
            console_session.c.begun_ms > now - LONGEST_MS,
            console_session.c.seen_ms > now - IDLE_MS,
            account.c.retired_ms.is_(None),
        )
    ).first()
    return None if row is None else OpenSession(row.account, row.seen_ms)


def note_seen(connection: Connection, token: str, now: int) -> None:
    """A page was asked for in this session."""
    connection.execute(
        update(console_session).where(console_session.c.token_sha256 == digest(token)).values(seen_ms=now)
    )


def end(connection: Connection, token: str) -> None:
    """End the session of ``token``, if there is one."""
    connection.execute(delete(console_session).where(console_session.c.token_sha256 == digest(token)))


def end_all(connection: Connection, account_id: int, keep: str = "") -> None:
    """End the account's sessions, but that of the token hash ``keep``."""
    connection.execute(
        delete(console_session).where(console_session.c.account == account_id, console_session.c.token_sha256 != keep)
    )


def digest(token: str) -> str:
    """What is kept of a token: it opens nothing."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
