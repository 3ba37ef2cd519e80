"""What the town's commands share: the options of the group, the open town, errors as one line."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kiosk.contract.trust import Refused
from kiosk.town.database.store import StoreError
from kiosk.town.publishing.source import SourceError
from kiosk.town.signing.keys import KeyTrouble
from kiosk.town.town import Town, TownError, open_town

Options = tuple[Path, str]
"""``--folder`` and ``--by``: the town's folder, and who gives the command."""


def told(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: an error that a person can mend becomes a line on stderr."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (TownError, StoreError, KeyTrouble, SourceError, Refused) as error:
            raise click.ClickException(str(error)) from None

    return wrapped


@contextmanager
def opened(folder: Path) -> Iterator[Town]:
    """The town in ``folder``, closed at the end of the block."""
    town = open_town(folder)
    try:
        yield town
    finally:
        town.close()
