"""What speaks against a play that a station has reported: flagged for people to judge, never dropped.

- ``overlap``: two plays of a room overlap by more than a second, both by a trusted clock. Each new play is held against
  those that begin next before, with and after it: one that overlaps any other overlaps one of these, or is found from
  there.
- ``future``: it ends after the town has received it, by more than the two clocks may differ.
- ``span``: more of the programme was shown than the time between its start and end holds.
- ``unpublished``: its file is none that this town has published.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, literal, select, tuple_
from sqlalchemy.sql.expression import FromClause

from kiosk.town.database import schema
from kiosk.town.database.store import insert_or

OVERLAP_MS = 1_000
SPAN_MS = 1_000
"""How much longer than its span a play may be: both ends are rounded, and a sound device has a clock of its own."""
AHEAD_MS = 60_000
"""How far a station's clock may be ahead of the town's: it comes from NTP, the town's own may not."""

IsPublished = Callable[[str], bool]
"""Whether the town has published a file of this SHA-256."""


def flag_plays(connection: Connection, plays: Sequence[dict[str, Any]], is_published: IsPublished, now_ms: int) -> None:
    """Write down what speaks against the plays of a report, rows as in ``schema.play``, which have been written."""
    if not plays:
        return
    found = [*_by_themselves(connection, plays, is_published, now_ms), *_overlaps(connection, plays)]
    if found:
        place = {"station": plays[0]["station"], "found_ms": now_ms}
        rows = [place | dict(zip(("chain", "seq", "cause", "detail"), one, strict=True)) for one in found]
        connection.execute(insert_or(connection, schema.doubt).on_conflict_do_nothing(), rows)


_Doubt = tuple[int, int, str, str]
"""Chain, seq, cause, detail."""


def _by_themselves(
    connection: Connection, plays: Sequence[dict[str, Any]], is_published: IsPublished, now_ms: int
) -> Iterator[_Doubt]:
    table = schema.programme
    files = {play["sha256"] for play in plays}
    known = set(connection.execute(select(table.c.sha256).where(table.c.sha256.in_(files))).scalars())
    strange = {sha256 for sha256 in files - known if not is_published(sha256)}
    for play in plays:
        place = play["chain"], play["seq"]
        if (ahead_ms := play["actual_end_ms"] - now_ms) > AHEAD_MS:
            yield *place, "future", f"it ends {ahead_ms / 1000:.0f} s after it was reported"
        span_ms = play["actual_end_ms"] - play["actual_start_ms"]
        if play["played_ms"] > span_ms + span_ms // 1000 + SPAN_MS:
            yield *place, "span", f"{play['played_ms'] / 1000:.1f} s are said to be played in {span_ms / 1000:.1f} s"
        if play["sha256"] in strange:
            yield *place, "unpublished", f"this town has not published its file {play['sha256']}"


def _overlaps(connection: Connection, plays: Sequence[dict[str, Any]]) -> Iterator[_Doubt]:
    """Both plays of each pair. New plays are the end of their chain."""
    play, station = schema.play, plays[0]["station"]
    columns = [play.c[name] for name in ("station", "chain", "seq", "id", "actual_start_ms", "actual_end_ms")]
    new = play.c.station == station, play.c.chain == plays[0]["chain"], play.c.seq >= plays[0]["seq"], _timed(play)
    rows = connection.execute(select(*columns, *_beside(play)).where(*new)).all()
    found = {(row.chain, row.seq): row for row in rows}
    pairs = [((row.chain, row.seq), place) for row in rows for place in (row[6:8], row[8:10], row[10:12]) if place[1]]
    if missing := sorted({tuple(place) for _, place in pairs} - found.keys()):
        held = select(*columns).where(play.c.station == station, tuple_(play.c.chain, play.c.seq).in_(missing))
        found |= {(row.chain, row.seq): row for row in connection.execute(held)}
    for place, beside in pairs:
        one, other = found[place], found[tuple(beside)]
        together_ms = min(one.actual_end_ms, other.actual_end_ms) - max(one.actual_start_ms, other.actual_start_ms)
        if together_ms > OVERLAP_MS:
            by = f"by {together_ms / 1000:.1f} s"
            yield *place, "overlap", f"it overlaps play {other.id} {by}"
            yield *beside, "overlap", f"it overlaps play {one.id} {by}"


def _beside(play: FromClause) -> Iterator[ColumnElement[int]]:
    """Chain and number of a play that begins last before ``play``, with it, and first after it: one step each in the
    index."""
    near = schema.play.alias()
    start, mine = near.c.actual_start_ms, play.c.actual_start_ms
    itself = and_(near.c.chain == play.c.chain, near.c.seq == play.c.seq)
    same = and_(start.between(mine, mine), ~itself)  # with `=` SQLite looks through all plays of the station
    for side, order in ((start < mine, start.desc()), (same, start), (start > mine, start)):
        found = select(near.c.chain).where(near.c.station == play.c.station, side, _timed(near))
        found = found.order_by(order).limit(1).correlate(play)
        yield found.scalar_subquery()
        yield found.with_only_columns(near.c.seq).scalar_subquery()


def _timed(play: FromClause) -> ColumnElement[bool]:
    """Whether a play can overlap: by a trusted clock, and longer than may be overlapped. As in the index: literals."""
    trusted, least = literal("trusted", literal_execute=True), literal(OVERLAP_MS, literal_execute=True)
    return and_(play.c.clock == trusted, play.c.actual_end_ms - play.c.actual_start_ms > least)
