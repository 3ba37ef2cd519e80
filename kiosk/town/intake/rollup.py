"""What is counted as records come in: plays and minutes by day, station and programme, with clocks put right.

What comes out depends on which records there are, not on the order in which they came: a play may be reported before or
after the repair of its clock, and before or after the attendance that names it.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, and_, bindparam, func, insert, select, tuple_, update

from kiosk.contract.instants import to_utc
from kiosk.contract.records import Attendance, ClockRepair
from kiosk.contract.station import Opening
from kiosk.contract.wire import MAX_INSTANT
from kiosk.town.database import schema
from kiosk.town.database.store import columns_of, insert_or
from kiosk.town.intake.duplicates import Place, Row

MOST_RETIMED = 10_000
"""The most plays that a repair of the clock may time anew: a boot of months, and half a second of the database."""
MOST_REPAIRED = 100
"""The most repairs of one boot."""
PAGE = 500
"""Rows held in memory at once, and names in one question: SQLite takes 32,766 of them, whatever a station sends."""


class _Settings(msgspec.Struct):
    opening: Opening = Opening()


def too_much_to_repair(connection: Connection, station: str, boot_id: str) -> str:
    """Why one repair more of this boot would hold the database too long; empty where it would not."""
    for table, most, told in (
        (schema.play, MOST_RETIMED, "there are more than {} plays of this boot"),
        (schema.clock_repair, MOST_REPAIRED, "the clock of this boot has been repaired {} times"),
    ):
        some = select(table.c.seq).where(table.c.station == station, table.c.boot_id == boot_id).limit(most)
        if connection.execute(select(func.count()).select_from(some.subquery())).scalar_one() >= most:
            return told.format(most)
    return ""


class Tally:
    """Takes one report's records into the figures, inside the transaction that takes the report in."""

    def __init__(self, connection: Connection, station: Row) -> None:
        self._connection, self._station = connection, station.id
        self._zone = ZoneInfo(msgspec.json.decode(station.settings, type=_Settings).opening.time_zone)
        self._changes: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])

    def add(
        self,
        plays: Sequence[dict[str, Any]],
        repairs: Sequence[tuple[Place, ClockRepair]],
        attendances: Sequence[tuple[Place, Attendance]],
        received_ms: int,
    ) -> None:
        """Write what was truly new in a report: play rows as in ``schema.play``, repairs of clocks, attendance."""
        self._write_repairs(repairs, received_ms)
        named = self._write_attendance(attendances)
        if plays:
            self._add_plays(plays)
        self._apply_repairs(sorted({repair.boot_id for _, repair in repairs}))
        self._mark_attended(named)
        self._write_tallies()

    # --- new plays ---

    def _add_plays(self, plays: Sequence[dict[str, Any]]) -> None:
        repairs = self._repairs({play["boot_id"] for play in plays})
        attended = self._attended([play["id"] for play in plays])
        rows = []
        for play in plays:
            start_ms, end_ms = _repaired(play, repairs.get(play["boot_id"], ()))
            row = play | {
                "repaired_start_ms": start_ms,
                "repaired_end_ms": end_ms,
                "day": self._day(play, start_ms),
                "seen": _seen(play["screen_evidence"], play["id"] in attended),
            }
            rows.append(row)
            self._count(row, 1)
        self._connection.execute(insert(schema.play), rows)

    def _day(self, play: dict[str, Any], repaired_ms: int | None) -> str | None:
        """The local date that a play counts for."""
        if play["practice"]:
            return None
        start_ms = play["actual_start_ms"] if repaired_ms is None else repaired_ms
        return to_utc(start_ms).astimezone(self._zone).date().isoformat()

    def _count(self, play: dict[str, Any], sign: int) -> None:
        if play["day"] is not None:
            change = self._changes[play["day"], play["programme"], play["outcome"], play["seen"]]
            change[0] += sign
            change[1] += sign * play["played_ms"]

    # --- clocks put right ---

    def _write_repairs(self, repairs: Sequence[tuple[Place, ClockRepair]], received_ms: int) -> None:
        table = schema.clock_repair
        if rows := [place | columns_of(table, repair) | {"received_ms": received_ms} for place, repair in repairs]:
            self._connection.execute(insert(table), rows)

    def _repairs(self, boots: set[str]) -> dict[str, list[Row]]:
        """The repairs of these boots, the one that holds first."""
        table = schema.clock_repair
        rows = self._connection.execute(
            select(table)
            .where(table.c.station == self._station, table.c.boot_id.in_(boots))
            .order_by(table.c.chain.desc(), table.c.seq.desc())
        )
        found: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            found[row.boot_id].append(row)
        return found

    def _apply_repairs(self, boots: list[str]) -> None:
        """Correct the times of the plays of these boots, also of those reported long ago."""
        repairs = self._repairs(set(boots)) if boots else {}
        for page in itertools.chain.from_iterable(map(self._plays_of, boots)):
            changes = []
            for play in page:
                start_ms, end_ms = _repaired(play, repairs[play["boot_id"]])
                if (start_ms, end_ms) == (play["repaired_start_ms"], play["repaired_end_ms"]):
                    continue
                day = self._day(play, start_ms)
                self._count(play, -1)
                self._count(play | {"day": day}, 1)
                changes.append(_place_of(play) | {"repaired_start_ms": start_ms, "repaired_end_ms": end_ms, "day": day})
            self._update_plays(changes)

    def _plays_of(self, boot: str) -> Iterator[list[dict[str, Any]]]:
        """Page by page, along the key."""
        table, after = schema.play, (0, 0)
        while True:
            rows = self._connection.execute(
                select(table)
                .where(table.c.station == self._station, tuple_(table.c.chain, table.c.seq) > after)
                .where(table.c.boot_id == boot)
                .order_by(table.c.chain, table.c.seq)
                .limit(PAGE)
            )
            page = [dict(row) for row in rows.mappings()]
            if not page:
                return
            yield page
            after = page[-1]["chain"], page[-1]["seq"]

    # --- attendance ---

    def _write_attendance(self, attendances: Sequence[tuple[Place, Attendance]]) -> list[str]:
        """Write who was at which play; gives the plays at which somebody was."""
        named: dict[str, None] = {}
        for place, attendance in attendances:
            heads = max(attendance.present, len(attendance.members)) + attendance.others
            plays = list(dict.fromkeys(attendance.plays))
            for some in _pages(plays):
                rows = [place | {"play": play, "heads": heads} for play in some]
                self._connection.execute(insert(schema.attendance), rows)
            named |= dict.fromkeys(plays if heads else ())
        return list(named)

    def _attended(self, plays: Sequence[str]) -> set[str]:
        table = schema.attendance
        rows = self._connection.execute(
            select(table.c.play)
            .distinct()
            .where(table.c.station == self._station, table.c.play.in_(plays), table.c.heads > 0)
        )
        return set(rows.scalars())

    def _mark_attended(self, named: list[str]) -> None:
        """Count these plays as attended."""
        play, entry = schema.play, schema.entry
        place = and_(entry.c.station == play.c.station, entry.c.chain == play.c.chain, entry.c.seq == play.c.seq)
        for some in _pages(named):
            rows = self._connection.execute(
                select(play)
                .join(entry, place)
                .where(entry.c.station == self._station, entry.c.record_id.in_(some), play.c.seen != "attended")
            )
            changes = []
            for row in rows.mappings().all():
                self._count(dict(row), -1)
                self._count(dict(row) | {"seen": "attended"}, 1)
                changes.append(_place_of(row) | {"seen": "attended"})
            self._update_plays(changes)

    # --- writing ---

    def _update_plays(self, rows: list[dict[str, Any]]) -> None:
        """Update plays: each row holds the place of one, as :func:`_place_of` gives it, and its new values."""
        if rows:
            place = and_(*(schema.play.c[name] == bindparam(f"at_{name}") for name in ("station", "chain", "seq")))
            self._connection.execute(update(schema.play).where(place), rows)

    def _write_tallies(self) -> None:
        names = ("day", "programme", "outcome", "seen")
        rows = [
            dict(zip(names, key, strict=True)) | {"station": self._station, "plays": plays, "played_ms": played_ms}
            for key, (plays, played_ms) in sorted(self._changes.items())
            if plays or played_ms
        ]
        if not rows:
            return
        table = schema.tally
        new = insert_or(self._connection, table)
        added = {name: table.c[name] + new.excluded[name] for name in ("plays", "played_ms")}
        self._connection.execute(new.on_conflict_do_update(index_elements=table.primary_key, set_=added), rows)


def _repaired(play: Any, repairs: Sequence[Row]) -> tuple[int | None, int | None]:
    """Start and end of a play by the repair that holds for it; None twice where none does."""
    began = play["started_monotonic_ms"]
    if not began:  # never on the screen: there is no instant to be put right by
        return None, None
    for repair in repairs:
        if repair.from_monotonic_ms <= began and (repair.to_monotonic_ms is None or began < repair.to_monotonic_ms):
            start_ms, end_ms = play["actual_start_ms"] + repair.offset_ms, play["actual_end_ms"] + repair.offset_ms
            sane = min(start_ms, end_ms) >= 0 and max(start_ms, end_ms) <= MAX_INSTANT
            return (start_ms, end_ms) if sane else (None, None)
    return None, None


def _seen(evidence: str, attended: bool) -> str:
    """Minutes are not study: nobody was there as far as is known, or not even the screen speaks for itself."""
    return "attended" if attended else "unknown" if evidence == "none" else "unattended"


def _place_of(play: Any) -> dict[str, Any]:
    return {f"at_{name}": play[name] for name in ("station", "chain", "seq")}


def _pages(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[n : n + PAGE] for n in range(0, len(names), PAGE))
