"""`kiosk doctor`: what every check of this PC says, to be read out on the telephone."""

import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec

from kiosk.common.i18n import Language, translator
from kiosk.common.terminal import escape
from kiosk.contract.instants import to_utc
from kiosk.station.commands.circumstances import NotKnown, examine_stopped, told_by_daemon
from kiosk.station.commands.station import config_option, load_settings
from kiosk.station.config import Config
from kiosk.station.health.examination import Examination
from kiosk.station.identity import IdentityError
from kiosk.station.journal.state_folder import Beside
from kiosk.station.panel import doctor as words

FIRST_LOOK_S = 15.0
"""A daemon that has just begun reads its equipment within this."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option("--language", type=click.Choice(["zh", "en"]), help="Of the answer; else that of the settings.")
@config_option
def doctor(as_json: bool, language: Language | None, settings: Path) -> None:
    """Say what every check of this PC finds, numbered: right, wrong or not known, and what to do. The panel shows the
    same page.

    Where the kiosk does not run, it says so, and looks at what can be looked at without it. Exit code 1 where anything
    is wrong.
    """
    config = load_settings(settings)
    try:
        examination, now = _examination(config)
    except (IdentityError, NotKnown, ValueError) as error:
        raise click.ClickException(str(error)) from None
    language = language or config.station.language
    told = words.of(examination, language, now)
    if as_json:
        click.echo(escape(_json(examination, told)))
    else:
        for line in _lines(told, language):
            click.echo(escape(line))
    if examination.numbers("wrong"):
        sys.exit(1)


def _examination(config: Config) -> tuple[Examination, datetime]:
    """What the daemon found last, and what time it is by its clock; without a daemon, what is found now."""
    until = time.monotonic() + FIRST_LOOK_S
    while (told := told_by_daemon(config)) is not None and time.monotonic() < until:
        if told.examination is not None:
            zone = ZoneInfo(Beside(Path(config.station.state) / "journal.db").zone())
            return told.examination, told.now().astimezone(zone)
        time.sleep(0.2)
    if told is not None:
        raise NotKnown("the kiosk has just begun and is still looking at its equipment; try again in a minute")
    examination, zone = examine_stopped(config)
    return examination, to_utc(examination.at_ms).astimezone(zone)


def _json(examination: Examination, told: words.Doctor) -> str:
    items = (
        msgspec.to_builtins(item) | {"number": line.number, "name": line.name, "says": line.says}
        for item, line in zip(examination.items, told.lines, strict=True)
    )
    found = {
        "at_ms": examination.at_ms,
        "wrong": examination.numbers("wrong"),
        "unknown": examination.numbers("unknown"),
        "items": [{name: value for name, value in item.items() if name not in ("text", "remedy")} for item in items],
    }
    return msgspec.json.encode(found).decode()


def _lines(told: words.Doctor, language: Language) -> list[str]:
    _ = translator(language)
    found = [line for line in (told.as_of, told.head, told.unknown) if line]
    between = " " if language == "en" else ""
    for line in told.lines:
        head = _("{name}: {state}.").format(name=line.name, state=line.state)
        found.append(f"{line.number:2}. {between.join((head, *line.says))}")
    return found
