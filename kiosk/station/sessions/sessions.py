"""A session as it is held: its phases, what fills the minutes before the meeting, the record that it becomes. Pure.

All instants are UTC milliseconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from kiosk.contract.instants import to_utc
from kiosk.contract.occasions import KINDS, Kind, kind_of
from kiosk.contract.playlist import Programme
from kiosk.contract.records import Session as SessionRecord
from kiosk.contract.wire import Id, Instant, Text
from kiosk.station.schedule.situation import Session
from kiosk.station.sessions.events import SessionPressed
from kiosk.station.sessions.fit import LONGEST_MS, fit

LEAD_MS = 3_000
"""From the press to the first picture: its player has to come up."""
LONGEST_SESSION_MS = 12 * 3_600_000
FURTHEST_MS = 62 * 86_400_000
"""A session begins no later than this from now."""
MOST_HELD = 20
"""Sessions that wait for their time."""
NOT_AGAIN_MS = 30 * 86_400_000
"""A short programme is not repeated within so long, if that can be."""

Phase = Literal["waiting", "before", "meeting", "over"]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One session, from the press to its end."""

    id: Id
    kind: Kind
    by: Text
    start_ms: Instant
    """From when on it has the screen."""
    first_ms: Instant
    """When the short programmes begin: the last one ends as the meeting begins."""
    meeting_ms: Instant | None
    end_ms: Instant
    title: Text = ""
    place: Text = ""
    programmes: tuple[Programme, ...] = ()
    main: tuple[Programme, ...] = ()
    asked: tuple[Id, ...] = ()
    """What ``main`` is to be, whether it is here or not."""
    practice: bool = False
    press: Text = ""
    """By which it was begun: the same press is no other session."""
    begun: bool = True
    """Whether the kiosk ran when it had the screen; its programmes were chosen then."""

    @property
    def begins_ms(self) -> int:
        """When its meeting begins; what may not overlap with another one begins here."""
        return self.start_ms if self.meeting_ms is None else self.meeting_ms

    def phase(self, at_ms: int) -> Phase:
        """How far it has come."""
        if at_ms >= self.end_ms:
            return "over"
        if at_ms < self.start_ms:
            return "waiting"
        return "before" if self.meeting_ms is not None and at_ms < self.meeting_ms else "meeting"


def refusal(press: SessionPressed, now_ms: int) -> str:
    """Why such a session cannot be held; empty where it can. A sentence for the log: the page offers no such thing."""
    begins, end_ms = now_ms if press.meeting_ms is None else press.meeting_ms, press.end_ms
    if kind_of(press.kind) is None:
        return f"there is no kind {press.kind!r}"
    if not now_ms - 60_000 <= begins <= now_ms + FURTHEST_MS:
        return "its meeting lies in the past, or too far ahead"
    if end_ms is not None and (not begins < end_ms <= begins + LONGEST_SESSION_MS or end_ms <= now_ms):
        return "its end lies before its meeting, or in the past, or too far ahead"
    return ""


def hold(
    press: SessionPressed,
    session: str,
    now_ms: int,
    programmes: Iterable[Programme],
    shown_ms: Mapping[str, int],
    practice: bool,
    session_ms: int,
) -> Held:
    """The session that somebody wants. ``programmes`` are those that can be shown, ``shown_ms`` says when each was
    shown last, ``session_ms`` how long the town wants a session to last."""
    meeting, kind = press.meeting_ms, kind_of(press.kind)
    assert kind is not None, "a session that was not refused"  # noqa: S101
    start = now_ms if meeting is None else min(meeting, max(now_ms, meeting - LONGEST_MS))
    held = Held(
        id=session, kind=kind, by=press.by, start_ms=start, first_ms=start, meeting_ms=meeting,
        end_ms=(start if meeting is None else meeting) + session_ms if press.end_ms is None else press.end_ms,
        title=press.title, place=press.place, asked=press.programmes, practice=practice, press=press.press, begun=False,
    )  # fmt: skip
    return fill(held, start, now_ms, programmes, shown_ms)


def fill(held: Held, start_ms: int, now_ms: int, programmes: Iterable[Programme], shown_ms: Mapping[str, int]) -> Held:
    """The session from ``start_ms`` on, with what is shown in it chosen anew."""
    here = {programme.id: programme for programme in programmes}
    meeting, chosen = held.meeting_ms, tuple[Programme, ...]()
    if meeting is not None and held.kind != "other-source":
        recent = {name: at for name, at in shown_ms.items() if at > now_ms - NOT_AGAIN_MS}
        short = [programme for programme in here.values() if programme.short]
        chosen = fit(short, meeting - max(start_ms, now_ms + LEAD_MS), recent)
    first = start_ms if meeting is None else meeting - sum(one.duration_ms for one in chosen)
    return msgspec.structs.replace(
        held, start_ms=start_ms, first_ms=first, programmes=chosen, begun=held.begun or start_ms <= now_ms,
        main=tuple(here[name] for name in held.asked if name in here),
    )  # fmt: skip


def clash(begins_ms: int, end_ms: int, sessions: Iterable[Held], press: str = "") -> Held | None:
    """The first session, but the one of ``press``, that has the room in that time; the minutes before a meeting give
    way."""
    others = (one for one in sessions if not press or one.press != press)
    return next((one for one in others if begins_ms < one.end_ms and one.begins_ms < end_ms), None)


def in_order(
    sessions: Iterable[Held], now_ms: int, programmes: Sequence[Programme], shown_ms: Mapping[str, int]
) -> tuple[Held, ...]:
    """The sessions by their time. The minutes before a meeting begin an hour before it, and never before the session
    before it is over; what is shown in them is chosen for the next one only, and once more as they begin."""
    ordered: list[Held] = []
    for one in sorted(sessions, key=lambda held: held.begins_ms):
        free_ms = ordered[-1].end_ms if ordered else 0
        waits = one.phase(now_ms) == "waiting"
        start = max(one.start_ms, free_ms)
        if waits and one.meeting_ms is not None:
            start = max(one.meeting_ms - LONGEST_MS, free_ms, now_ms)
        start = min(start, one.begins_ms)
        due = not one.begun and start <= now_ms < one.end_ms
        if not ordered and (waits or due or start != one.start_ms):
            one = fill(one, start, now_ms, programmes, shown_ms)
        elif ordered:
            one = msgspec.structs.replace(one, start_ms=start, first_ms=start, programmes=(), begun=False)
        ordered.append(one)
    return tuple(ordered)


def only_signed(held: Held, programmes: Iterable[Programme]) -> Held:
    """The session without what the accepted week does not hold any more: nothing is shown that is not signed."""
    signed = {(one.id, one.sha256) for one in programmes}
    kept, main = (
        tuple(one for one in listed if (one.id, one.sha256) in signed) for listed in (held.programmes, held.main)
    )
    return msgspec.structs.replace(held, programmes=kept, main=main)


def as_session(held: Held) -> Session:
    """The session as the timetable takes it."""
    meeting_ms = held.start_ms + LEAD_MS if held.meeting_ms is None else held.meeting_ms
    return Session(
        held.id, KINDS[held.kind], to_utc(held.start_ms), to_utc(held.end_ms), held.programmes,
        to_utc(held.first_ms), to_utc(min(meeting_ms, held.end_ms)), held.main, held.practice,
    )  # fmt: skip


def record_of(held: Held, over_ms: int, other_source_ms: int = 0) -> SessionRecord:
    """What the record holds of a session that was over at ``over_ms``."""
    met = held.meeting_ms if held.meeting_ms is not None and held.meeting_ms <= over_ms else None
    return SessionRecord(
        id=held.id, session_kind=KINDS[held.kind], by=held.by, start_ms=held.start_ms, meeting_ms=met,
        end_ms=max(held.start_ms, over_ms), title=held.title, place=held.place, other_source_ms=other_source_ms,
        practice=held.practice,
    )  # fmt: skip
