"""`kiosk journal ...`: checks a station's record and exports it; both only read, whether or not the daemon runs."""

import contextlib
import itertools
import sqlite3
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import click

from kiosk.common.i18n import Language
from kiosk.common.terminal import escape, escape_lines
from kiosk.contract.wire import Malformed
from kiosk.station import config
from kiosk.station.commands.station import config_option
from kiosk.station.journal import DamagedJournal, JournalError
from kiosk.station.journal.database import connect_looking
from kiosk.station.journal.proof import check_code, read_code
from kiosk.station.journal.state_folder import Beside
from kiosk.station.journal.verify import verify
from kiosk.station.library.plans import Plans
from kiosk.station.record_book.play_record import Days, play_sheet, raw_entries

_journal_option = click.option(
    "--journal",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The journal.db to read, a copy perhaps; without it, the one of the station's settings.",
)


@click.group()
def journal() -> None:
    """The station's record: look through it, hand it out.

    The station may run meanwhile, or be stopped; a copy will do.
    """


@journal.command("verify")
@_journal_option
@config_option
@click.option("--code", help="The code that is printed with a month, as a scanner reads it: is this the same record?")
def verify_command(path: Path | None, settings: Path, code: str | None) -> None:
    """Walk the whole chain and say what is right, what is wrong, and where. Exit code 1 where anything is wrong.

    A copy is checked against the town's countersignature too if the state folder's identity.json and library/trust lie
    beside it.
    """
    path = path or _journal_of(settings)
    wrong = 0
    try:
        printed = check_code(path, read_code(code)) if code is not None else ()
        for remark in itertools.chain(verify(path, _show_progress), printed):
            _clear_progress()
            wrong += remark.wrong
            place = f"entry {remark.seq}: " if remark.seq and remark.wrong else ""
            click.echo(escape(f"{'WRONG  ' if remark.wrong else 'right  '}{place}{remark.text}"))
    except (JournalError, Malformed) as error:
        raise click.ClickException(str(error)) from None
    finally:
        _clear_progress()
    if wrong:
        click.echo(f"{path}: {wrong} things are wrong; keep this file, and tell the town")
        sys.exit(1)
    click.echo(f"{path}: in order")


NO_PLANS = "no accepted plans lie in {folder}, so what was planned and not shown is not in the table"
_DAY = click.DateTime(["%Y-%m-%d"])


@journal.command("export")
@_journal_option
@config_option
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--from", "first", type=_DAY, help="First day, local, as 2026-03-01.")
@click.option("--to", "last", type=_DAY, help="Last day, local, included.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write; else standard output.")
@click.option("--language", type=click.Choice(["zh", "en"]), help="Of the CSV; else that of the settings.")
@click.option("--zone", help="Time zone, as Asia/Shanghai; else that of the week or of the station document.")
def export_command(
    path: Path | None,
    settings: Path,
    form: str,
    first: datetime | None,
    last: datetime | None,
    out: Path | None,
    language: Language | None,
    zone: str | None,
) -> None:
    """Hand the record out: plays as CSV for Excel or WPS, or every entry as it stands in the chain, as JSON lines.

    The CSV shows plays as they were put right later, with what was recorded first in the remarks, and what was planned
    and not shown. The accepted plans lie in the folder library/plans beside the journal: copy it with the journal.
    """
    here = path or _journal_of(settings)
    days = (first.date() if first else None, last.date() if last else None)
    if first and last and first > last:
        raise click.UsageError(f"--from {days[0]} is after --to {days[1]}; name the earlier day with --from")
    try:
        with contextlib.closing(connect_looking(here)) as db:
            place = _zone(zone or Beside(here).zone())
            db.execute("BEGIN")
            plans = Plans(here.parent / "library").load()
            if form == "csv" and not plans:
                click.echo(NO_PLANS.format(folder=here.parent / "library" / "plans"), err=True)
            pieces = (
                play_sheet(db, place, days, language or _language(settings), plans)
                if form == "csv"
                else raw_entries(db, place, days)
            )
            rows = _write(pieces, out) - (form == "csv")
    except (JournalError, Malformed, sqlite3.DatabaseError) as error:
        hint = "; kiosk journal verify says what is wrong with it" if isinstance(error, DamagedJournal) else ""
        raise click.ClickException(f"{error}{hint}") from None
    except OSError as error:
        raise click.ClickException(f"{out}: cannot be written ({error.strerror}); choose another place") from None
    what = "rows" if form == "csv" else "entries"
    found = f"{rows} {what}" if rows else f"no {what}{_of_days(days)}"
    click.echo(f"{found}; times and days: {place.key}", err=True)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise click.ClickException(f"{name!r} is no time zone; name one, as --zone Asia/Shanghai") from None


def _of_days(days: Days) -> str:
    first, last = days
    return (f" from {first}" if first else "") + (f" to {last}" if last else "") or ": the record is empty"


def _write(pieces: Iterator[bytes], out: Path | None) -> int:
    """Write the pieces; returns how many."""
    number = 0
    with contextlib.ExitStack() as stack:
        file: IO[bytes] = sys.stdout.buffer if out is None else stack.enter_context(out.open("wb"))
        for number, piece in enumerate(pieces, 1):  # noqa: B007 - counted
            file.write(escape_lines(piece.decode("utf-8-sig")).encode() if file.isatty() else piece)
        file.flush()
    return number


def _journal_of(settings: Path) -> Path:
    try:
        return Path(config.load(settings).station.state) / "journal.db"
    except config.ConfigError as error:
        raise click.ClickException(f"{error}\nor name the file itself: --journal FILE") from None


def _language(settings: Path) -> Language:
    try:
        return config.load(settings).station.language
    except config.ConfigError:
        return "zh"


def _show_progress(done: int, total: int) -> None:
    """How far a long walk has come, on standard error if a person looks on."""
    if sys.stderr.isatty() and total:
        click.echo(f"\r{done} of {total} entries", nl=False, err=True)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        click.echo("\r" + " " * 40 + "\r", nl=False, err=True)
