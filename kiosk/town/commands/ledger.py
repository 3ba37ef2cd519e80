"""What the stations have reported, and what speaks against it: `kiosk town plays`, `stations`, `restarts` and so on."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import click

from kiosk.common.terminal import escape
from kiosk.town.commands.common import LocalTimes, local_times, with_town
from kiosk.town.database.store import Store, now_ms
from kiosk.town.ledger import condition, queries
from kiosk.town.stations import registry
from kiosk.town.stations.registry import require_station
from kiosk.town.town import Town

DAY_MS = 86_400_000

_json = click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")

Row = dict[str, Any]
UNHEARD = {"none": "no sound", "null": "nobody could hear it"}


@click.command()
@_json
@with_town
def plays(town: Town, _by: str, as_json: bool) -> None:
    """Every play that the stations have reported; times by the clock put right (~), where that is known."""

    local = local_times(town)

    def line(row: Row) -> str:
        start_ms, mark = row["actual_start_ms"], " "
        if row["repaired_start_ms"] is not None:
            start_ms, mark = row["repaired_start_ms"], "~"
        seconds = row["played_ms"] / 1000
        said = f"{row['station']} {mark}{local(start_ms)}  {seconds:8.1f} s  {row['outcome']:11}  {row['title']}"
        unheard = "muted" if row["muted"] else UNHEARD.get(row["sound"], "")
        remarks = [unheard, f"doubtful: {row['doubts']}" if row["doubts"] else ""]
        return f"{said}  ({'; '.join(filter(None, remarks))})" if any(remarks) else said

    _list(queries.plays(town.store), line, as_json=as_json, local=local)


@click.command()
@click.option(
    "--silent-minutes",
    type=click.IntRange(1),
    envvar="KIOSK_TOWN_SILENT_MINUTES",
    show_envvar=True,
    help="A station that was not heard for so many minutes of its opening hours is silent; the town's own limit "
    "if not given.",
)
@_json
@with_town
def stations(town: Town, _by: str, silent_minutes: int | None, as_json: bool) -> None:
    """Every station: how far its record is countersigned, when it was heard last, whether it is ready, or stopped,
    silent, without screen or sound; what it still has to fetch, its open faults, and what is wrong with its record."""
    local, now = local_times(town), now_ms()

    def line(row: Row) -> str:
        state = ", ".join(condition.words(row, local))
        return f"{row['id']}  {row['name']}  {row['head_seq']} entries  {state}{_against(row, local)}"

    silent_ms = (silent_minutes or registry.silent_minutes(town)) * condition.MINUTE_MS
    rows = (condition.judged(row, now, silent_ms) for row in queries.stations(town.store))
    _list(rows, line, as_json=as_json, local=local)


@click.command()
@click.argument("station", default="")
@click.option("--all", "everything", is_flag=True, help="Those too that are over.")
@_json
@with_town
def faults(town: Town, _by: str, station: str, everything: bool, as_json: bool) -> None:
    """The open faults of STATION, or of all: since when, what it is, and what to do."""
    local = local_times(town)

    def line(row: Row) -> str:
        until = f" until {local(row['cleared_ms'])}" if row["cleared_ms"] is not None else ""
        gone = "; the station does not report it any more" if row["told"] is False and not until else ""
        what = f"{row['device']}  {row['cause']}  {_one_line(row['text'])}{gone}"
        return f"{row['station']}  since {local(row['found_ms'])}{until}  {what}"

    def remedy(row: Row) -> str:
        return f"    {_one_line(row['remedy'])}"

    def read(store: Store, name: str) -> Iterator[Row]:
        return queries.faults(store, name, cleared=everything)

    _list_of(town, station, read, line, remedy, as_json=as_json, local=local)


@click.command()
@click.argument("station", default="")
@_json
@with_town
def restarts(town: Town, _by: str, station: str, as_json: bool) -> None:
    """Every time that STATION, or any, began its record anew after damage, and what is missing before it."""

    local = local_times(town)

    def line(row: Row) -> str:
        lost = row["facts"].get("lost")
        missing = (
            f"entries {lost} are lost" if lost else "nothing is known to be lost" if row["facts"] else "not said why"
        )
        when = f"{row['station']}  begun anew {local(row['begun_ms'])}"
        return f"{when}  {missing}; the town has the record before it up to entry {row['held_seq']}"

    _list_of(town, station, queries.restarts, line, as_json=as_json, local=local)


@click.command()
@click.argument("station", default="")
@_json
@with_town
def refused(town: Town, _by: str, station: str, as_json: bool) -> None:
    """Every record, of STATION or of all, that the town would not take, and why. The station keeps it and shows it."""

    local = local_times(town)

    def line(row: Row) -> str:
        return f"{row['station']}  {local(row['received_ms'])}  entry {row['seq']}  {row['reason']}"

    _list_of(town, station, queries.refused, line, as_json=as_json, local=local)


@click.command()
@click.argument("station", default="")
@_json
@with_town
def doubts(town: Town, _by: str, station: str, as_json: bool) -> None:
    """The plays of STATION, or of any, that something speaks against. They stay and count; a person must judge."""
    local = local_times(town)

    def line(row: Row) -> str:
        start_ms = row["actual_start_ms"] if row["repaired_start_ms"] is None else row["repaired_start_ms"]
        return f"{row['station']}  {local(start_ms)}  {row['title']}  play {row['id']}: {row['detail']}"

    _list_of(town, station, queries.doubts, line, as_json=as_json, local=local)


@click.command()
@click.argument("station")
@_json
@with_town
def forks(town: Town, _by: str, station: str, as_json: bool) -> None:
    """The other story that STATION has told beside the one that the town countersigned: nothing of it is lost."""

    local = local_times(town)

    def line(row: Row) -> str:
        stands = row["stands"] or "none"
        return f"entry {row['seq']}, told {local(row['received_ms'])}; the town has {stands} there"

    def record(row: Row) -> str:
        return f"    {_text(row['record'])}"

    _list_of(town, station, queries.forks, line, record, as_json=as_json, local=local)


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
    local: LocalTimes,
) -> None:
    """Print the rows of one station, or of all where ``station`` is empty. Raises :class:`TownError` if not known."""
    if station:
        with town.store.read() as connection:
            require_station(connection, station)
    _list(read(town.store, station), *lines, as_json=as_json, local=local)


def _list(rows: Iterator[Row], *lines: Callable[[Row], str], as_json: bool, local: LocalTimes | None = None) -> None:
    """Print the rows as they are read: ``lines`` of each, ``none`` where there are no rows, or one JSON array.

    What stations wrote is escaped. ``local`` writes the times in the lines, where there are any: its zone heads them.
    """
    if not as_json:
        texts = (escape(line(row)) for row in rows for line in lines)
        first = next(texts, None)
        head = ["none"] if first is None else [first] if local is None else [local.heading, first]
        for text in itertools.chain(head, texts):
            click.echo(text)
        return
    click.echo("[", nl=False)
    for number, row in enumerate(rows):
        text = escape(json.dumps(row, ensure_ascii=False, default=_text))
        click.echo(("," if number else "") + text, nl=False)
    click.echo("]")


def _against(row: Row, local: LocalTimes) -> str:
    """What an auditor should look at, in words."""
    found = []
    if row["faults"]:
        found.append(f"{row['faults']} open faults: kiosk town faults {row['id']}")
    if row["refused"]:
        found.append(f"{row['refused']} records refused: kiosk town refused")
    if row["restarts"]:
        found.append(f"record begun anew {row['restarts']} times: kiosk town restarts")
    if row["cloned_ms"] is not None:
        since = local(row["cloned_ms"])
        found.append(f"two PCs report as this station since {since}, or one that was put back from a copy again")
    if row["forked_ms"] is not None:
        found.append(f"tells two stories since {local(row['forked_ms'])}, {row['forks']} entries set aside")
    if row["broken_ms"] is not None:
        found.append(f"a record that does not fit its hash came {local(row['broken_ms'])}")
    if row["doubts"]:
        found.append(f"{row['doubts']} doubts about its plays: kiosk town doubts {row['id']}")
    found += [
        f"refused {one['times']} times, last {local(one['last_ms'])}: {one['detail']}" for one in row["complaints"]
    ]
    if row["retired_ms"] is not None:
        found.append("retired")
    return "".join(f"; {text}" for text in found)


def _one_line(text: str) -> str:
    """A text of a fault: a line for each language."""
    return " / ".join(text.splitlines())


def _text(record: bytes) -> str:
    """A record as it came: it may be anything."""
    return record.decode(errors="replace")
