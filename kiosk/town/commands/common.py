"""What the commands of the town's end share: the town opened, and errors told in a line."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kiosk.town.database.store import StoreError
from kiosk.town.publishing.source import SourceError
from kiosk.town.signing.keys import KeyTrouble
from kiosk.town.town import Town, TownError, open_office


def told(command: Callable[..., None]) -> Callable[..., None]:
    """Turn the errors that a person can mend into a line on stderr."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (TownError, StoreError, KeyTrouble, SourceError) as error:
            raise click.ClickException(str(error)) from None

    return wrapped


@contextmanager
def opened(folder: Path) -> Iterator[Town]:
    """The town in ``folder``."""
    office = open_office(folder)
    try:
        yield office
    finally:
        office.close()
