"""As-run rows: due, on the screen, check-pointed, closed.

Each function runs inside its caller's transaction.
"""

import logging
from dataclasses import dataclass, replace
from typing import Any

from sqlite_utils import Database

from kiosk.contract import wire
from kiosk.contract.playlist import Programme
from kiosk.contract.records import (
    ClockState,
    Entryable,
    Evidence,
    Origin,
    Outcome,
    Play,
    SoundWent,
    read_record,
)
from kiosk.contract.wire import Malformed
from kiosk.station.journal.chain import append, insert

log = logging.getLogger(__name__)

MAX_TEXT = 400
MAX_SPAN_MS = 366 * 86_400_000
ENDED = "the station ended unexpectedly"
PC_ENDED = "the station ended unexpectedly, and its PC started anew"

Sound = tuple[int, bool]
"""Volume in percent, and whether nothing was heard."""

_WEIGHT: dict[Evidence, int] = {"none": 0, "link": 1, "cec": 2, "person": 3}


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is known of a play before the cut. Instants are UTC milliseconds."""

    id: str
    playlist_version: int
    programme: Programme
    """Its id, title, hash, category and source are copied into the row: the playlist may be gone when they are read."""
    origin: Origin
    occasion: str = ""
    planned_start_ms: int
    planned_end_ms: int
    continues: str | None = None
    muted: bool = False
    volume: int | None = None
    clock: ClockState
    boot_id: str
    practice: bool = False


@dataclass(frozen=True)
class AsRun:
    """One row as it stands: due (nothing shown), on the screen, or closed (it has a ``seq``)."""

    id: str
    playlist_version: int
    programme: str
    title: str
    sha256: str
    category: str
    source: str
    origin: Origin
    occasion: str
    planned_start_ms: int
    planned_end_ms: int
    continues: str | None
    muted: int
    volume: int | None
    clock: ClockState
    boot_id: str
    practice: int
    shown_ms: int | None
    started_monotonic_ms: int | None
    late_ms: int | None
    gap_ms: int | None
    video_output: str | None
    last_ms: int | None
    """The newest check-point; before the first picture, when that is expected, if not as planned."""
    played_ms: int
    pictures_shown: int
    pictures_lost: int
    end_ms: int | None
    outcome: Outcome | None
    cause: str | None
    seq: int | None
    screen_evidence: Evidence | None = None
    """What speaks for a picture on the screen; None before the first picture, and in rows older than the column."""
    sound: SoundWent | None = None
    """Where its sound went; None: not known, or it has none."""


COLUMNS = tuple(AsRun.__dataclass_fields__)
"""Of the table of plays, in its order; the last two are younger than the others."""


def add_due(db: Database, due: Due) -> None:
    """Write the row that stands before the cut."""
    row = {name: getattr(due, name) for name in Due.__dataclass_fields__ if name != "programme"}
    copied = {name: getattr(due.programme, name) for name in ("title", "sha256", "category", "source")}
    row |= {"programme": due.programme.id, "muted": int(due.muted), "practice": int(due.practice)}
    insert(db, "plays", row | copied, "OR IGNORE ")


def mark_expected(db: Database, play: str, at_ms: int) -> None:
    """When its first picture is expected; a row left open before that picture is closed here."""
    db.execute("UPDATE plays SET last_ms = ? WHERE id = ? AND seq IS NULL AND shown_ms IS NULL", [at_ms, play])


def mark_shown(
    db: Database,
    play: str,
    at_ms: int,
    monotonic_ms: int,
    late_ms: int,
    gap_ms: int,
    video_output: str,
    sound: Sound | None = None,
    evidence: Evidence = "none",
) -> None:
    """The first picture was on the screen at ``at_ms``, with ``sound`` where that may differ from what was due."""
    heard = {} if sound is None else {"volume": sound[0], "muted": int(sound[1])}
    _change(
        db, play, "shown", shown_ms=at_ms, started_monotonic_ms=_span(monotonic_ms), late_ms=late_ms,
        gap_ms=_span(gap_ms), video_output=_text(video_output), last_ms=at_ms, screen_evidence=evidence,
        **heard,
    )  # fmt: skip


def mark_point(
    db: Database,
    play: str,
    at_ms: int,
    played_ms: int,
    pictures: int,
    lost: int,
    evidence: Evidence | None = None,
    went: SoundWent | None = None,
) -> None:
    """How far the play has come; a row left open is closed here."""
    lower_evidence(db, play, evidence)
    _change(
        db, play, "check-point", last_ms=at_ms, played_ms=_span(played_ms), pictures_shown=max(0, pictures),
        pictures_lost=max(0, lost), sound=went,
    )  # fmt: skip


def lower_evidence(db: Database, play: str, evidence: Evidence | None) -> None:
    """What speaks for a picture holds for the whole of a play: the least that there was of it counts."""
    row = None if evidence is None else one_play(db, play)
    if row is None or row.seq is not None or evidence is None or row.screen_evidence is None:
        return
    if _WEIGHT[evidence] < _WEIGHT[row.screen_evidence]:
        _change(db, play, "evidence", screen_evidence=evidence)


def close_play(
    db: Database,
    play: str,
    at_ms: int,
    played_ms: int,
    outcome: Outcome,
    cause: str,
    pictures: int,
    lost: int,
    evidence: Evidence | None = None,
    went: SoundWent | None = None,
) -> None:
    """Close the row at ``at_ms`` and append it to the chain; from now on it never changes."""
    lower_evidence(db, play, evidence)
    row = one_play(db, play)
    if row is None or row.seq is not None:
        log.error("journal: play %s cannot be closed: %s", play, "no such row" if row is None else "closed before")
        return
    end_ms = at_ms
    if row.shown_ms is not None and at_ms < row.shown_ms:
        end_ms = row.shown_ms + _span(played_ms)  # the clock was set back meanwhile: count on from the start instead
    row = replace(row, sound=went)
    record = as_play(row, end_ms, _span(played_ms), outcome, _text(cause), max(0, pictures), max(0, lost))
    seq = append(db, record)
    _change(
        db, play, "close", end_ms=end_ms, played_ms=record.played_ms, outcome=outcome, cause=record.cause,
        pictures_shown=record.pictures_shown, pictures_lost=record.pictures_lost, sound=went, seq=seq,
    )  # fmt: skip


def forget_play(db: Database, play: str) -> None:
    """Remove a due row whose cue was cancelled: it never was a play."""
    db.execute("DELETE FROM plays WHERE id = ? AND seq IS NULL AND shown_ms IS NULL", [play])


def close_left_open(db: Database, boot_id: str, now_ms: int) -> tuple[AsRun, ...]:
    """Close what an unexpected end left open, each row at its last check-point, and give the rows closed.

    A row whose cut has not come yet at ``now_ms`` (UTC) was only cued: it is removed.
    """
    closed = []
    for row in list(
        db.table("plays").rows_where("seq IS NULL", order_by="coalesce(shown_ms, planned_start_ms), rowid")
    ):
        left = AsRun(**row)
        at_ms = left.planned_start_ms if left.last_ms is None else left.last_ms
        if left.shown_ms is None and left.clock == "trusted" and at_ms > now_ms:
            forget_play(db, left.id)
            continue
        cause = ENDED if left.boot_id == boot_id else PC_ENDED
        close_play(
            db, left.id, at_ms, left.played_ms, "interrupted", cause, left.pictures_shown, left.pictures_lost,
            went=left.sound,
        )  # fmt: skip
        now = one_play(db, left.id)
        closed += [now] if now else []
    return tuple(closed)


def one_play(db: Database, play: str) -> AsRun | None:
    """The row of one play."""
    return next((AsRun(**row) for row in db.table("plays").rows_where("id = ?", [play])), None)


def as_play(row: AsRun, end_ms: int, played_ms: int, outcome: Outcome, cause: str, pictures: int, lost: int) -> Play:
    """The record that a row becomes when it closes."""
    return Play(
        id=row.id,
        playlist_version=row.playlist_version,
        programme=row.programme,
        title=row.title,
        sha256=row.sha256,
        category=row.category,
        source=row.source,
        origin=row.origin,
        occasion=row.occasion,
        planned_start_ms=row.planned_start_ms,
        planned_end_ms=row.planned_end_ms,
        actual_start_ms=end_ms if row.shown_ms is None else row.shown_ms,
        actual_end_ms=end_ms,
        played_ms=0 if row.shown_ms is None else played_ms,
        outcome=outcome,
        cause=cause,
        continues=row.continues,
        late_ms=row.late_ms or 0,
        gap_ms=row.gap_ms or 0,
        pictures_shown=pictures,
        pictures_lost=lost,
        screen_evidence=row.screen_evidence or "none",
        muted=bool(row.muted),
        volume=row.volume,
        video_output=row.video_output or "",
        practice=bool(row.practice),
        clock=row.clock,
        boot_id=row.boot_id,
        started_monotonic_ms=row.started_monotonic_ms or 0,
        sound=row.sound,
    )


def record_of(row: AsRun) -> Play:
    """The record that a closed row became. Raises :class:`Malformed` for a row that cannot be one."""
    if row.end_ms is None or row.outcome is None:
        raise Malformed(f"play {row.id}: closed without an end")
    counted = (row.pictures_shown, row.pictures_lost)
    play = as_play(row, row.end_ms, row.played_ms, row.outcome, row.cause or "", *counted)
    return wire.decode(wire.encode(play), Play, f"play {row.id}")


def row_of(play: Play, seq: int) -> AsRun:
    """The closed row of which ``play`` is the record."""
    shown = play.actual_start_ms < play.actual_end_ms or play.pictures_shown > 0
    copied = {name: getattr(play, name) for name in COLUMNS if name in Play.__struct_fields__}
    return AsRun(
        **copied | {"muted": int(play.muted), "practice": int(play.practice)},
        shown_ms=play.actual_start_ms if shown else None,
        last_ms=play.actual_end_ms if shown else None,
        end_ms=play.actual_end_ms,
        seq=seq,
    )


def readable(data: bytes, seq: int) -> Entryable | None:
    """The record that the bytes are; None where they are none any more."""
    try:
        return read_record(data, f"entry {seq}")
    except Malformed:
        return None


def _change(db: Database, play: str, what: str, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    sql = f"UPDATE plays SET {names} WHERE id = ? AND seq IS NULL"  # noqa: S608 - the names are this module's own
    if db.execute(sql, [*values.values(), play]).rowcount == 0:
        log.error("journal: %s of play %s dropped: there is no such open row", what, play)


def _span(value: int) -> int:
    return min(max(0, value), MAX_SPAN_MS)


def _text(value: str) -> str:
    return value.replace("\0", "")[:MAX_TEXT]
