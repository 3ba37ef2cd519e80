"""`kiosk town sheet FILE`: what the kiosk understands of an officer's workbook."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import click

from kiosk.common.files import write_whole
from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.common.terminal import escape
from kiosk.town.sheets.confined import SheetTrouble, marked_sheet_file, read_sheet_file
from kiosk.town.sheets.draft import draft_workbook, moved
from kiosk.town.sheets.holidays import holiday
from kiosk.town.sheets.told import as_json, lines, sentence

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, path_type=Path)


def _month(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    found = re.fullmatch(r"(20[0-9]{2})-(0?[1-9]|1[0-2])", value)
    if not found:
        raise click.BadParameter(f"{value!r} is no month; write it as 2026-03")
    return date(int(found[1]), int(found[2]), 1)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--month", callback=_month, metavar="YYYY-MM", help="The month that the sheet is for.")
@click.option("--json", "as_data", is_flag=True, help="Print all of it as JSON.")
@click.option("--mark", "marked", type=_OUT, help="Write a copy there with the bad cells coloured and commented.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of the sentences.")
def sheet(file: Path, month: date | None, as_data: bool, marked: Path | None, language: Language) -> None:
    """Read the workbook FILE (.xlsx, .xls, .ods, .csv) and print what is understood of it.

    Nothing is published. Ends with 0 only where no cell needs a person.
    """
    translate = translator(language)
    try:
        reading = read_sheet_file(file, f"{month:%Y-%m}" if month else "")
        if marked is not None:
            write_whole(marked, marked_sheet_file(file, f"{month:%Y-%m}" if month else "", language), lasting=False)
    except SheetTrouble as trouble:
        raise click.ClickException(sentence(trouble.finding, translate)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or file}: {error.strerror}; check the name") from None
    if as_data:
        click.echo(json.dumps(as_json(reading, translate), ensure_ascii=False, indent=1))
    else:
        for line in lines(reading, translate):
            click.echo(escape(line))
        odd, problem = translate(mark("Odd: ")), translate(mark("Problem: "))
        for finding in reading.warnings:
            click.echo(escape(odd + sentence(finding, translate)), err=True)
        for finding in reading.problems:
            click.echo(escape(problem + sentence(finding, translate)), err=True)
    if reading.problems:
        raise SystemExit(1)


@click.command()
@click.argument("file", type=_FILE)
@click.argument("out", type=_OUT)
@click.option("--month", callback=_month, metavar="YYYY-MM", help="The month of the draft; the one after FILE's.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of the sentences.")
def draft(file: Path, out: Path, month: date | None, language: Language) -> None:
    """Write next month's draft to OUT: the rows of the workbook FILE on the same days of the week, holidays marked."""
    translate = translator(language)
    try:
        reading = read_sheet_file(file)
        rows = reading.rows
        if not rows:
            said = "".join("; " + sentence(problem, translate) for problem in reading.problems[:1])
            raise click.ClickException(f"{file.name} has no row that is understood{said}")
        last = date.fromisoformat(reading.months[-1] + "-01")
        to = month or (last + timedelta(days=31)).replace(day=1)
        write_whole(out, draft_workbook(rows, to, holiday, translate))
    except OSError as error:
        raise click.ClickException(f"{error.filename or file}: {error.strerror}; check the name") from None
    click.echo(f"{out}: {len(moved(rows, to))} rows for {to:%Y-%m}.")
    if reading.problems:
        click.echo(f"{len(reading.problems)} cells of {file.name} need a person; their rows are not in it.", err=True)
