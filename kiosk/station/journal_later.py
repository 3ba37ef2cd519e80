"""What was found out about plays afterwards: who was there, what was corrected, by how much the clock was wrong.

A closed play never changes; what people read is the play as put right, with what it said before in its remarks.
"""

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from kiosk.contract.records import Attendance, ClockRepair, Correction, Play, Session
from kiosk.station.journal_finds import readable

R = TypeVar("R", Play, Attendance)
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
        self._repairs: dict[str, list[_Repair]] = {}
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
                    self._repairs.setdefault(record.boot_id, []).append(_repair(seq, record, bytes(data)))
                case Attendance() as record:
                    for play in record.plays:
                        self._attendance.setdefault(play, []).append(record)
                    of_sessions += [record] if record.session and not record.plays else []
                case Session() as record:
                    sessions[record.id] = record
        for name, session in sessions.items():
            self._sessions.append((session, [one for one in of_sessions if one.session == name]))

    def put_right(self, seq: int, play: Play) -> PutRight:
        """A play, entry ``seq``, with everything that was said of it later."""
        right, by_clock = self._clock(seq, play)
        right, by_people = _corrected(right, self._corrections.get(play.id, ()))
        there = self._attendance.get(play.id) or list(self._in_session(right))
        attendance = None
        if there:
            attendance, _ = _corrected(there[-1], self._corrections.get(there[-1].id, ()))
        return PutRight(seq, right, (*by_clock, *by_people), attendance)

    def _in_session(self, play: Play) -> Iterator[Attendance]:
        for session, there in self._sessions:
            if session.start_ms <= play.actual_start_ms < session.end_ms:
                yield from there

    def _clock(self, seq: int, play: Play) -> tuple[Play, tuple[Changed, ...]]:
        """The times of a play by the clock as it was put right: what was said of it last holds."""
        start = end = 0
        for repair in self._repairs.get(play.boot_id, ()):
            if repair.span is not None:
                if play.started_monotonic_ms in repair.span:
                    start = end = repair.offset_ms
            elif repair.seq > seq:
                start, end = start + repair.offset_ms, end + repair.offset_ms
            elif _set_during(play, repair.offset_ms):
                start += repair.offset_ms
        moved = {"actual_start_ms": max(0, play.actual_start_ms + start), "actual_end_ms": play.actual_end_ms + end}
        changes = tuple(
            Changed(field, getattr(play, field), value)
            for field, value in moved.items()
            if value != getattr(play, field)
        )
        return msgspec.structs.replace(play, **moved), changes


@dataclass(frozen=True)
class _Repair:
    seq: int
    offset_ms: int
    span: range | None
    """Which plays are meant, by ``started_monotonic_ms``; None for one that tells of a step of the clock: then the
    plays before it in the chain, and the start of one that was on air."""


def _repair(seq: int, record: ClockRepair, data: bytes) -> _Repair:
    """Read from the bytes: those of a step, of earlier versions, do not have the fields of a stretch."""
    told = json.loads(data)
    if "from_monotonic_ms" not in told:
        return _Repair(seq, record.offset_ms, None)
    end = told.get("to_monotonic_ms")
    return _Repair(seq, record.offset_ms, range(told["from_monotonic_ms"], sys.maxsize if end is None else end))


def _set_during(play: Play, offset_ms: int) -> bool:
    """Whether a step of the clock explains that the play seems to have lasted longer, or shorter, than it played."""
    lasted = play.actual_end_ms - play.actual_start_ms - play.played_ms
    return abs(lasted - offset_ms) < abs(lasted) and play.actual_start_ms + offset_ms > 0


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
