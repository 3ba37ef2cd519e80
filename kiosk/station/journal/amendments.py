"""Later findings about plays: who was there, what was corrected, by how much the clock was wrong.

A closed play never changes; what people read is the play as put right, with what it said before in its remarks.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from kiosk.contract.records import Attendance, ClockRepair, Correction, Play, Session
from kiosk.station.journal.plays import readable

R = TypeVar("R", Play, Attendance, Session)
_TIMES = ("actual_start_ms", "actual_end_ms")


@dataclass(frozen=True)
class Changed:
    """A field that is no longer what it was; ``reason`` is empty for the clock."""

    field: str
    was: Any
    now: Any
    by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class PutRight:
    """A play as it is known today."""

    seq: int
    play: Play
    changes: tuple[Changed, ...] = ()
    attendance: Attendance | None = None
    """Who was there, as it was said last."""


class Later:
    """All later findings of a journal: few beside its plays. Read when it is made."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._corrections: dict[str, list[Correction]] = {}
        self._repairs: dict[str, list[ClockRepair]] = {}
        self._attendance: dict[str, list[Attendance]] = {}
        self._sessions: list[tuple[Session, list[Attendance]]] = []
        sessions: dict[str, Session] = {}
        of_sessions: list[Attendance] = []
        kinds = ("attendance", "correction", "clock-repair", "session")
        sql = f"SELECT seq, record FROM entries WHERE kind IN {kinds} ORDER BY seq"  # noqa: S608 - these words
        for seq, data in db.execute(sql):
            match readable(bytes(data), seq):
                case Correction() as record:
                    self._corrections.setdefault(record.corrects, []).append(record)
                case ClockRepair() as record:
                    self._repairs.setdefault(record.boot_id, []).append(record)
                case Attendance(spot_check=None) as record:
                    for play in record.plays:
                        self._attendance.setdefault(play, []).append(record)
                    of_sessions += [record] if record.session and not record.plays else []
                case Session() as record:
                    sessions[record.id] = record
        for name, session in sessions.items():
            self._sessions.append((session, [one for one in of_sessions if one.session == name]))

    def put_right(self, seq: int, play: Play) -> PutRight:
        """A play, entry ``seq``, with everything that was said of it later."""
        right, by_clock = self._clock(play)
        right, by_people = _corrected(right, self._corrections.get(play.id, ()))
        there = self._attendance.get(play.id) or list(self._in_session(right))
        attendance = None
        if there:
            attendance, _ = _corrected(there[-1], self._corrections.get(there[-1].id, ()))
        return PutRight(seq, right, (*by_clock, *by_people), attendance)

    def corrected(self, record: R) -> R:
        """A record with what was said of it later."""
        return _corrected(record, self._corrections.get(record.id, ()))[0]

    def sessions(self) -> list[Session]:
        """Each as it is known today, in the order in which they were entered."""
        return [self.corrected(session) for session, _ in self._sessions]

    def _in_session(self, play: Play) -> Iterator[Attendance]:
        for session, there in self._sessions:
            if session.start_ms <= play.actual_start_ms < session.end_ms:
                yield from there

    def _clock(self, play: Play) -> tuple[Play, tuple[Changed, ...]]:
        """The times of a play by the clock as it was put right: what was said of it last holds, as at the town."""
        offset = 0
        for repair in self._repairs.get(play.boot_id, ()):
            if play.started_monotonic_ms and _is_about(repair, play.started_monotonic_ms):
                offset = repair.offset_ms
        moved = {field: max(0, getattr(play, field) + offset) for field in _TIMES}
        changes = tuple(
            Changed(field, getattr(play, field), value)
            for field, value in moved.items()
            if value != getattr(play, field)
        )
        return msgspec.structs.replace(play, **moved), changes


def _is_about(repair: ClockRepair, monotonic_ms: int) -> bool:
    end = repair.to_monotonic_ms
    return repair.from_monotonic_ms <= monotonic_ms and (end is None or monotonic_ms < end)


def _corrected(record: R, corrections: Iterable[Correction]) -> tuple[R, tuple[Changed, ...]]:
    """The record with each correction that fits its field; one that does not is told all the same."""
    changes = []
    for one in corrections:
        was = getattr(record, one.field, None)
        now: Any = one.value
        try:
            kind = next(field.type for field in msgspec.structs.fields(record) if field.name == one.field)
            now = msgspec.convert(one.value, kind, strict=False)
            record = msgspec.structs.replace(record, **{one.field: now})
        except (StopIteration, msgspec.ValidationError):
            pass
        changes.append(Changed(one.field, was, now, one.by, one.reason))
    return record, tuple(changes)
