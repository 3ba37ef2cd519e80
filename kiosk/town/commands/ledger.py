"""What the stations have reported, and what speaks against it: `kiosk town plays`, `stations`, `restarts` and so on."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import click

from kiosk.common.terminal import escape
from kiosk.town.commands.common import local_text, with_town
from kiosk.town.commands.readiness import readiness
from kiosk.town.database.store import Store
from kiosk.town.ledger import queries
from kiosk.town.stations.registry import require_station
from kiosk.town.town import Town

DAY_MS = 86_400_000

_json = click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")

Row = dict[str, Any]


@click.command()
@_json
@with_town
def plays(town: Town, _by: str, as_json: bool) -> None:
    """Every play that the stations have reported; times by the clock put right (~), where that is known."""

    def line(row: Row) -> str:
        start_ms, mark = row["actual_start_ms"], " "
        if row["repaired_start_ms"] is not None:
            start_ms, mark = row["repaired_start_ms"], "~"
        seconds = row["played_ms"] / 1000
        told = f"{row['station']} {mark}{local_text(start_ms)}  {seconds:8.1f} s  {row['outcome']:11}  {row['title']}"
        return told + (f"  (doubtful: {row['doubts']})" if row["doubts"] else "")

    _list(queries.plays(town.store), line, as_json=as_json)


@click.command()
@_json
@with_town
def stations(town: Town, _by: str, as_json: bool) -> None:
    """Every station: how far its record is countersigned, when it was heard last, what it still has to fetch and when
    it will be ready, and what is wrong with its record."""

    def line(row: Row) -> str:
        return f"{row['id']}  {row['name']}  {row['head_seq']} entries  {_state(row)}{_against(row)}"

    _list(queries.stations(town.store), line, as_json=as_json)


@click.command()
@click.argument("station", default="")
@_json
@with_town
def restarts(town: Town, _by: str, station: str, as_json: bool) -> None:
    """Every time that STATION, or any, began its record anew after damage, and what is missing before it."""

    def line(row: Row) -> str:
        lost = row["facts"].get("lost")
        missing = (
            f"entries {lost} are lost" if lost else "nothing is known to be lost" if row["facts"] else "not said why"
        )
        when = f"{row['station']}  begun anew {local_text(row['begun_ms'])}"
        return f"{when}  {missing}; the town has the record before it up to entry {row['held_seq']}"

    _list_of(town, station, queries.restarts, line, as_json=as_json)


@click.command()
@click.argument("station", default="")
@_json
@with_town
def refused(town: Town, _by: str, station: str, as_json: bool) -> None:
    """Every record, of STATION or of all, that the town would not take, and why. The station keeps it and shows it."""

    def line(row: Row) -> str:
        return f"{row['station']}  {local_text(row['received_ms'])}  entry {row['seq']}  {row['reason']}"

    _list_of(town, station, queries.refused, line, as_json=as_json)


@click.command()
@click.argument("station", default="")
@_json
@with_town
def doubts(town: Town, _by: str, station: str, as_json: bool) -> None:
    """The plays of STATION, or of any, that something speaks against. They stay and count; a person must judge."""

    def line(row: Row) -> str:
        start_ms = row["actual_start_ms"] if row["repaired_start_ms"] is None else row["repaired_start_ms"]
        return f"{row['station']}  {local_text(start_ms)}  {row['title']}  play {row['id']}: {row['detail']}"

    _list_of(town, station, queries.doubts, line, as_json=as_json)


@click.command()
@click.argument("station")
@_json
@with_town
def forks(town: Town, _by: str, station: str, as_json: bool) -> None:
    """The other story that STATION has told beside the one that the town countersigned: nothing of it is lost."""

    def line(row: Row) -> str:
        stands = row["stands"] or "none"
        return f"entry {row['seq']}, told {local_text(row['received_ms'])}; the town has {stands} there"

    def record(row: Row) -> str:
        return f"    {_text(row['record'])}"

    _list_of(town, station, queries.forks, line, record, as_json=as_json)


@click.command()
@click.option("--days", type=click.FloatRange(0), default=2.0, show_default=True, help="So old, or older.")
@_json
@with_town
def late(town: Town, _by: str, days: float, as_json: bool) -> None:
    """The entries that were old already when the town first saw them."""

    def line(row: Row) -> str:
        age = row["age_ms"] / DAY_MS
        return f"{row['station']}  entry {row['seq']}  {row['kind']:12}  {age:6.1f} days  {row['record_id']}"

    _list(queries.late(town.store, round(days * DAY_MS)), line, as_json=as_json)


def _list_of(
    town: Town,
    station: str,
    read: Callable[[Store, str], Iterator[Row]],
    *lines: Callable[[Row], str],
    as_json: bool,
) -> None:
    """Print the rows of one station, or of all where ``station`` is empty. Raises :class:`TownError` if not known."""
    if station:
        with town.store.read() as connection:
            require_station(connection, station)
    _list(read(town.store, station), *lines, as_json=as_json)


def _list(rows: Iterator[Row], *lines: Callable[[Row], str], as_json: bool) -> None:
    """Print the rows as they are read: ``lines`` of each, ``none`` where there are no rows, or one JSON array.

    What stations wrote is escaped.
    """
    if not as_json:
        texts = (escape(line(row)) for row in rows for line in lines)
        for text in itertools.chain([next(texts, "none")], texts):
            click.echo(text)
        return
    click.echo("[", nl=False)
    for number, row in enumerate(rows):
        text = escape(json.dumps(row, ensure_ascii=False, default=_text))
        click.echo(("," if number else "") + text, nl=False)
    click.echo("]")


def _state(row: Row) -> str:
    """What the station said last, in words."""
    if row["heard_ms"] is None:
        return "never heard"
    said = [f"heard {local_text(row['heard_ms'])}", f"week {row['playlist_version']}", f"clock {row['clock']}"]
    said.append(readiness(row))
    return ", ".join([*said, *([f"{row['waiting']} records not yet here"] if row["waiting"] else [])])


def _against(row: Row) -> str:
    """What an auditor should look at, in words."""
    found = []
    if row["refused"]:
        found.append(f"{row['refused']} records refused: kiosk town refused")
    if row["restarts"]:
        found.append(f"record begun anew {row['restarts']} times: kiosk town restarts")
    if row["cloned_ms"] is not None:
        since = local_text(row["cloned_ms"])
        found.append(f"two PCs report as this station since {since}, or one that was put back from a copy again")
    if row["forked_ms"] is not None:
        found.append(f"tells two stories since {local_text(row['forked_ms'])}, {row['forks']} entries set aside")
    if row["broken_ms"] is not None:
        found.append(f"a record that does not fit its hash came {local_text(row['broken_ms'])}")
    if row["doubts"]:
        found.append(f"{row['doubts']} doubts about its plays: kiosk town doubts {row['id']}")
    found += [
        f"refused {one['times']} times, last {local_text(one['last_ms'])}: {one['detail']}" for one in row["complaints"]
    ]
    if row["retired_ms"] is not None:
        found.append("retired")
    return "".join(f"; {text}" for text in found)


def _text(record: bytes) -> str:
    """A record as it came: it may be anything."""
    return record.decode(errors="replace")
