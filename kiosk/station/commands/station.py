"""`kiosk station`, `kiosk status` and `kiosk check-config`, and the settings that all commands of the station read."""

import logging
import sys
import time
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import click

from kiosk.common import systemd
from kiosk.common.log import log_to_stderr
from kiosk.common.terminal import escape_lines
from kiosk.station.config import Config, ConfigError, load

if TYPE_CHECKING:
    from kiosk.station.events import Event

EX_CONFIG = 78
"""Exit code for settings that cannot be used (sysexits.h); the unit does not restart the daemon after it."""

config_option = click.option(
    "--config",
    "settings",
    type=click.Path(path_type=Path),
    default=Path("/etc/kiosk/config.toml"),
    show_default=True,
    help="The station's settings.",
)


def load_settings(settings: Path) -> Config:
    """Read the settings for a command. Raises :class:`click.ClickException` with everything that is wrong."""
    try:
        return load(settings)
    except ConfigError as error:
        raise click.ClickException(str(error)) from None


@click.command()
@config_option
def station(settings: Path) -> None:
    """Run the daemon on the room's PC."""
    try:
        config = load(settings)
    except ConfigError as error:
        systemd.refuse(str(error))
        sys.exit(EX_CONFIG)
    log_to_stderr(config.log.level)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it logs every timer that is set
    from kiosk.station.projector.stage import Stage

    inbox: SimpleQueue[Event] = SimpleQueue()
    stage = Stage(config.screen.display, inbox.put)
    stage.tick(time.monotonic())  # its process gets ready while the rest is imported: that takes half a second
    from kiosk.station import app

    sys.exit(app.run(config, inbox, stage))


@click.command()
@config_option
def status(settings: Path) -> None:
    """Print what the station on this PC is doing: on air, records to deliver, programmes to fetch."""
    from kiosk.station import status_file

    try:
        click.echo(status_file.read(Path(load_settings(settings).station.runtime)), nl=False)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from None


@click.command()
@config_option
def check_config(settings: Path) -> None:
    """List everything that is wrong with the settings, and look whether display and sound server answer.

    Exit code 1 where anything is wrong. As root, they are asked as the user whose the state folder is.
    """
    config = load_settings(settings)
    click.echo(f"{settings}: in order")
    from kiosk.station.commands.answers import answers

    found = answers(config)
    for answer in found:
        click.echo(escape_lines(f"WRONG  {answer.text}" if answer.wrong else answer.text))
    if any(answer.wrong for answer in found):
        sys.exit(1)
