"""A session as it is held: its phases, what fills the minutes before the meeting, the record that it becomes. Pure.

All instants are UTC milliseconds.
"""

from collections.abc import Iterable, Mapping
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
FURTHEST_MS = 24 * 3_600_000
"""A session begins no later than this from now."""
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
    practice: bool = False

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
        return "its meeting lies in the past, or more than a day ahead"
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
    here = {programme.id: programme for programme in programmes}
    meeting, kind = press.meeting_ms, kind_of(press.kind)
    assert kind is not None, "a session that was not refused"  # noqa: S101
    start = now_ms if meeting is None else min(meeting, max(now_ms, meeting - LONGEST_MS))
    chosen: tuple[Programme, ...] = ()
    if meeting is not None and kind != "other-source":
        recent = {name: at for name, at in shown_ms.items() if at > now_ms - NOT_AGAIN_MS}
        short = [programme for programme in here.values() if programme.short]
        chosen = fit(short, meeting - max(start, now_ms + LEAD_MS), recent)
    first = start if meeting is None else meeting - sum(one.duration_ms for one in chosen)
    return Held(
        id=session, kind=kind, by=press.by, start_ms=start, first_ms=first, meeting_ms=meeting,
        end_ms=(start if meeting is None else meeting) + session_ms if press.end_ms is None else press.end_ms,
        title=press.title, place=press.place, programmes=chosen,
        main=tuple(here[name] for name in press.programmes if name in here), practice=practice,
    )  # fmt: skip


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
