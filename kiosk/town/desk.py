"""What the commands of the town's end share: the town opened, errors told in a line, rows and instants written."""

import functools
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kiosk.town.keys import KeyTrouble
from kiosk.town.office import Office, OfficeError, open_office
from kiosk.town.source import SourceError
from kiosk.town.store import StoreError


def told(command: Callable[..., None]) -> Callable[..., None]:
    """Turn the errors that a person can mend into a line on stderr."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (OfficeError, StoreError, KeyTrouble, SourceError) as error:
            raise click.ClickException(str(error)) from None

    return wrapped


@contextmanager
def opened(folder: Path) -> Iterator[Office]:
    """The town in ``folder``."""
    office = open_office(folder)
    try:
        yield office
    finally:
        office.close()


def shown(instant: int) -> str:
    """UTC milliseconds as this computer's local time."""
    return f"{datetime.fromtimestamp(instant / 1000).astimezone():%Y-%m-%d %H:%M:%S}"


def write_array(rows: Iterable[dict[str, Any]]) -> None:
    """A JSON array, row by row."""
    click.echo("[", nl=False)
    for number, row in enumerate(rows):
        click.echo(("," if number else "") + json.dumps(row, ensure_ascii=False), nl=False)
    click.echo("]")
