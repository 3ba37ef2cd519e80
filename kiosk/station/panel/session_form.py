"""The forms of sessions: the times they offer, and what somebody has filled in, as events."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.common.stop_reasons import tidy_reason
from kiosk.contract.instants import to_ms
from kiosk.contract.occasions import Kind, kind_of
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.sessions.events import SessionPressed
from kiosk.station.sessions.sessions import FURTHEST_MS, clash

QUARTER = timedelta(minutes=15)
SOONEST = timedelta(minutes=2)
OFFERED = 8
MINUTES = (60, 90, 120, 180)
"""How long a session may last, as the form offers it, beside what the town wants."""
SOURCES = {
    "slides": mark("slides from a laptop"),
    "live-meeting": mark("the county's live meeting"),
    "set-top-box": mark("the set-top box"),
    "other": mark("something else"),
}
MOST_MINUTES = 24 * 60
FURTHEST = timedelta(milliseconds=FURTHEST_MS)

Problem = Literal["stale", "time", "day", "taken", "minutes"]
"""The time is past by now; no time was filled in, or none that can be; the day is past, or too far ahead; another
session has the room then; the minutes are no number."""


class NotOurs(ValueError):
    """Fields that no form of ours has."""


@dataclass(frozen=True)
class Choice:
    """One choice of a form."""

    value: str
    text: str
    chosen: bool = False


def read_kind(name: str) -> Kind:
    """A kind of session by its name in an address. Raises :class:`NotOurs`."""
    kind = kind_of(name)
    if kind is None:
        raise NotOurs(f"kind {name!r}")
    return kind


def times(now: datetime) -> tuple[Choice, ...]:
    """The next quarters of an hour, as one tap each; ``now`` has the room's zone."""
    first = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    while first < now + SOONEST:
        first += QUARTER
    offered = (first + n * QUARTER for n in range(OFFERED))
    return tuple(Choice(str(to_ms(at)), f"{at:%H:%M}") for at in offered)


def lengths(session_ms: int, language: Language) -> tuple[Choice, ...]:
    """How long it lasts; what the town wants of a session is chosen."""
    _, wanted = translator(language), session_ms // 60_000 or 120
    offered = sorted({*MINUTES, wanted})
    return tuple(Choice(str(n), _("{minutes} minutes").format(minutes=n), n == wanted) for n in offered)


def sources(language: Language) -> tuple[Choice, ...]:
    """What the screen can be lent to."""
    _ = translator(language)
    return tuple(Choice(name, _(text), name == "slides") for name, text in SOURCES.items())


def read_session(form: Mapping[str, str], snapshot: Snapshot, press: str) -> SessionPressed | Problem:
    """A session as it was filled in. Raises :class:`NotOurs`."""
    kind, now = read_kind(form.get("kind", "")), snapshot.now
    if not (minutes := _number(form.get("minutes", ""))):
        raise NotOurs("minutes")
    length = timedelta(minutes=min(minutes, 12 * 60))
    wanted = form.get("meeting", "")
    if wanted == "now":
        meeting = None
    elif wanted == "clock":
        meeting = _at_clock(form.get("clock", ""), now)
        if meeting is None:
            return "time"
        if day := form.get("day", "").strip():
            meeting = _on_day(day, meeting, now)
            if meeting is None:
                return "day"
    else:
        meeting = _instant(wanted, now)
        if meeting is None:
            return "stale"
    if clash(to_ms(meeting or now), to_ms((meeting or now) + length), snapshot.sessions.sessions, press):
        return "taken"
    known = {one.id for one in snapshot.sessions.programmes}
    shown = form.get("programme", "")
    return SessionPressed(
        by="panel", kind=kind, meeting_ms=None if meeting is None else to_ms(meeting),
        end_ms=to_ms((meeting or now) + length), title=tidy_reason(form.get("title", "")),
        place=tidy_reason(form.get("place", "")), programmes=(shown,) if shown in known else (), press=press,
    )  # fmt: skip


def read_loan(form: Mapping[str, str], snapshot: Snapshot, language: Language, press: str) -> SessionPressed | Problem:
    """The screen lent to another source, as it was filled in. Raises :class:`NotOurs`."""
    source, now = form.get("source", ""), snapshot.now
    if source not in SOURCES:
        raise NotOurs(f"source {source!r}")
    wanted = form.get("until", "")
    if wanted == "clock":
        end = _at_clock(form.get("clock", ""), now)
    elif (minutes := _number(wanted)) and minutes <= 12 * 60:
        end = now + timedelta(minutes=minutes)
    else:
        raise NotOurs(f"until {wanted!r}")
    if end is None:
        return "time"
    if clash(to_ms(now), to_ms(end), snapshot.sessions.sessions, press):
        return "taken"
    title = tidy_reason(form.get("words", "")) or translator(language)(SOURCES[source])
    return SessionPressed(by="panel", kind="other-source", meeting_ms=None, end_ms=to_ms(end), title=title, press=press)


def read_minutes(form: Mapping[str, str]) -> int | None | Problem:
    """For how long another source was shown, in ms; None where that is not told."""
    typed = form.get("minutes", "").strip()
    if not typed:
        return None
    minutes = _number(typed)
    return "minutes" if minutes is None or minutes > MOST_MINUTES else minutes * 60_000


def _number(typed: str) -> int | None:
    return int(typed) if re.fullmatch(r"[0-9]{1,6}", typed) else None


def _instant(wanted: str, now: datetime) -> datetime | None:
    """A time that the form has offered, while it is still to come."""
    if not re.fullmatch(r"[0-9]{1,15}", wanted):
        raise NotOurs(f"meeting {wanted!r}")
    at = datetime.fromtimestamp(int(wanted) / 1000, now.tzinfo)
    return at if now < at <= now + timedelta(days=1) else None


def _on_day(typed: str, at: datetime, now: datetime) -> datetime | None:
    """The time of day of ``at`` on the day that was typed (``YYYY-MM-DD``); None where no session can begin then."""
    try:
        day = date.fromisoformat(typed)
        moment = datetime.combine(day, at.timetz())
    except ValueError:
        return None
    return moment if now < moment <= now + FURTHEST else None


def _at_clock(typed: str, now: datetime) -> datetime | None:
    """The next instant at which the room's clock shows what was typed; None where that is no time."""
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])[:：.]([0-5][0-9])", typed.strip())
    if found is None:
        return None
    at = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)
