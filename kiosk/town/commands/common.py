"""What the town's commands share: the options of the group, the open town, errors as one line."""

import functools
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from kiosk.contract.instants import to_utc
from kiosk.contract.trust import Refused
from kiosk.town.accounts.errors import AccountError
from kiosk.town.database.store import StoreError
from kiosk.town.publishing.in_force import zone_in_force
from kiosk.town.publishing.source import SourceError
from kiosk.town.signing.keys import KeyTrouble, is_locked
from kiosk.town.town import Town, TownError, open_town

Translate = Callable[[str], str]
Options = tuple[Path, str]
"""``--folder`` and ``--by``: the town's folder, and who gives the command."""


class TownGroup(click.Group):
    """A group of commands of which an error that a person can mend becomes a line on stderr."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (TownError, StoreError, KeyTrouble, SourceError, Refused, AccountError) as error:
            raise click.ClickException(str(error)) from None


def with_town(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: it is called with the open town, and who gives the command, before its own arguments."""

    @click.pass_obj
    @functools.wraps(command)
    def wrapped(options: Options, *args: Any, **kwargs: Any) -> None:
        folder, by = options
        with closing(open_town(folder)) as town:
            command(town, by, *args, **kwargs)

    return wrapped


def unlocked(town: Town) -> Town:
    """The town with its targets key opened: the passphrase is asked for where the key is under one.

    It is typed, or is the first line of standard input where that is no terminal. Raises :class:`KeyTrouble`.
    """
    if not is_locked(town.keys_folder):
        return town
    return replace(town, signer=town.signer.opened(passphrase_typed("Passphrase of the publishing key")))


def passphrase_typed(prompt: str, *, twice: bool = False) -> str:
    """A passphrase from the terminal, unseen, or the next line of standard input where that is no terminal."""
    if sys.stdin.isatty():
        typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


@dataclass(frozen=True)
class LocalTimes:
    """Writes instants in the town's time zone."""

    zone: ZoneInfo

    def __call__(self, instant: int) -> str:
        """An instant (UTC ms) to the second."""
        return f"{to_utc(instant).astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    @property
    def heading(self) -> str:
        """Says once which zone it is."""
        return f"Times: {self.zone.key}"


def local_times(town: Town) -> LocalTimes:
    """By the zone of the week that was published last."""
    return LocalTimes(zone_in_force(town))
