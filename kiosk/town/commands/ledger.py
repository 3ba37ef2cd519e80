"""What the stations have reported, and what speaks against it: `kiosk town plays`, `stations`, `restarts` and so on."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import click

from kiosk.common.terminal import escape
from kiosk.town.commands.common import Options, opened, told
from kiosk.town.database.store import Store
from kiosk.town.ledger import queries

DAY_MS = 86_400_000

_json = click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")

Row = dict[str, Any]


@click.command()
@_json
@click.pass_obj
@told
def plays(options: Options, as_json: bool) -> None:
    """Every play that the stations have reported; times by the clock put right (~), where that is known."""

    def line(row: Row) -> str:
        start_ms, mark = row["actual_start_ms"], " "
        if row["repaired_start_ms"] is not None:
            start_ms, mark = row["repaired_start_ms"], "~"
        seconds = row["played_ms"] / 1000
        return f"{row['station']} {mark}{_shown(start_ms)}  {seconds:8.1f} s  {row['outcome']:11}  {row['title']}"

    _list(options, queries.plays, line, as_json=as_json)


@click.command()
@_json
@click.pass_obj
@told
def stations(options: Options, as_json: bool) -> None:
    """Every station: how far its record is countersigned, when it was heard last, what it still has to fetch and when
    it will be ready, and what is wrong with its record."""

    def line(row: Row) -> str:
        return f"{row['id']}  {row['name']}  {row['head_seq']} entries  {_state(row)}{_against(row)}"

    _list(options, queries.stations, line, as_json=as_json)


@click.command()
@click.argument("station", default="")
@_json
@click.pass_obj
@told
def restarts(options: Options, station: str, as_json: bool) -> None:
    """Every time that STATION, or any, began its record anew after damage, and what is missing before it."""

    def line(row: Row) -> str:
        lost = row["facts"].get("lost")
        missing = (
            f"entries {lost} are lost" if lost else "nothing is known to be lost" if row["facts"] else "not said why"
        )
        when = f"{row['station']}  begun anew {_shown(row['begun_ms'])}"
        return f"{when}  {missing}; the town has the record before it up to entry {row['held_seq']}"

    _list(options, lambda store: queries.restarts(store, station), line, as_json=as_json)


@click.command()
@click.argument("station", default="")
@_json
@click.pass_obj
@told
def refused(options: Options, station: str, as_json: bool) -> None:
    """Every record, of STATION or of all, that the town would not take, and why. The station keeps it and shows it."""

    def line(row: Row) -> str:
        return f"{row['station']}  {_shown(row['received_ms'])}  entry {row['seq']}  {row['reason']}"

    _list(options, lambda store: queries.refused(store, station), line, as_json=as_json)


@click.command()
@click.argument("station")
@_json
@click.pass_obj
@told
def forks(options: Options, station: str, as_json: bool) -> None:
    """The other story that STATION has told beside the one that the town countersigned: nothing of it is lost."""

    def line(row: Row) -> str:
        stands = row["stands"] or "none"
        return f"entry {row['seq']}, told {_shown(row['received_ms'])}; the town has {stands} there"

    def record(row: Row) -> str:
        return f"    {_text(row['record'])}"

    _list(options, lambda store: queries.forks(store, station), line, record, as_json=as_json)


@click.command()
@click.option("--days", type=click.FloatRange(0), default=2.0, show_default=True, help="So old, or older.")
@_json
@click.pass_obj
@told
def late(options: Options, days: float, as_json: bool) -> None:
    """The entries that were old already when the town first saw them."""

    def line(row: Row) -> str:
        age = row["age_ms"] / DAY_MS
        return f"{row['station']}  entry {row['seq']}  {row['kind']:12}  {age:6.1f} days  {row['record_id']}"

    _list(options, lambda store: queries.late(store, round(days * DAY_MS)), line, as_json=as_json)


def _list(
    options: Options, read: Callable[[Store], Iterator[Row]], *lines: Callable[[Row], str], as_json: bool
) -> None:
    """Print the rows as they are read: ``lines`` of each, or one JSON array. What stations wrote is escaped."""
    with opened(options[0]) as town:
        rows = read(town.store)
        if as_json:
            _array(rows)
            return
        for row in rows:
            for line in lines:
                click.echo(escape(line(row)))


def _state(row: Row) -> str:
    """What the station said last, in words."""
    if row["heard_ms"] is None:
        return "never heard"
    said = [f"heard {_shown(row['heard_ms'])}", f"week {row['playlist_version']}", f"clock {row['clock']}"]
    if row["programmes_missing"]:
        when = f"ready about {_shown(row['ready_ms'])}" if row["ready_ms"] else "ready at a time not known yet"
        megabytes, speed = row["bytes_missing"] / 1e6, row["bytes_per_s"] / 1000
        said.append(f"{row['programmes_missing']} files ({megabytes:.1f} MB) to fetch at {speed:.0f} kB/s, {when}")
    else:
        said.append("ready")
    return ", ".join([*said, *([f"{row['waiting']} records not yet here"] if row["waiting"] else [])])


def _against(row: Row) -> str:
    """What an auditor should look at, in words."""
    found = []
    if row["refused"]:
        found.append(f"{row['refused']} records refused: kiosk town refused")
    if row["restarts"]:
        found.append(f"record begun anew {row['restarts']} times: kiosk town restarts")
    if row["cloned_ms"] is not None:
        found.append(f"two PCs report as this station since {_shown(row['cloned_ms'])}")
    if row["forked_ms"] is not None:
        found.append(f"tells two stories since {_shown(row['forked_ms'])}, {row['forks']} entries set aside")
    if row["broken_ms"] is not None:
        found.append(f"a record that does not fit its hash came {_shown(row['broken_ms'])}")
    if row["retired_ms"] is not None:
        found.append("retired")
    return "".join(f"; {text}" for text in found)


def _shown(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant / 1000).astimezone():%Y-%m-%d %H:%M:%S}"


def _text(record: bytes) -> str:
    """A record as it came: it may be anything."""
    return record.decode(errors="replace")


def _array(rows: Iterable[Row]) -> None:
    """A JSON array, written row by row."""
    click.echo("[", nl=False)
    for number, row in enumerate(rows):
        text = escape(json.dumps(row, ensure_ascii=False, default=_text))
        click.echo(("," if number else "") + text, nl=False)
    click.echo("]")
