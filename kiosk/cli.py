"""The command ``kiosk``: each subcommand is imported only when it is called."""

import importlib
import logging
import sys
import time
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import click

import kiosk

if TYPE_CHECKING:
    from kiosk.station.events import Event

EX_CONFIG = 78
"""Exit code for settings that cannot be used (sysexits.h); the unit does not restart the daemon after it."""

ELSEWHERE = {
    "clock": (
        "kiosk.station.clock.declared:clock_command",
        "Tell this station what time it is, by an administrator's name.",
    ),
    "demo": ("kiosk.demo.show:demo_command", "Show the whole kiosk on this computer, with a town on loopback."),
    "enrol": ("kiosk.station.link.enrol:enrol_command", "Make this station known to its town."),
    "journal": ("kiosk.station.commands.journal:journal", "The station's record: verify it, export it."),
    "panel-pin": ("kiosk.station.panel.pin:pin_command", "Set the administrator's PIN."),
    "town": ("kiosk.town.commands.town:town", "The town's end: publish weeks, receive reports."),
}
"""Subcommands of other modules: where each lives, and its line in the help."""

JOURNAL_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class LazyGroup(click.Group):
    """A group that imports the commands in ``ELSEWHERE`` when they are called, not to list them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, none imported."""
        return sorted([*super().list_commands(ctx), *ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; ``None`` if there is none."""
        return _imported(cmd_name) if cmd_name in ELSEWHERE else super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from what is known without importing them."""
        rows = []
        for name in self.list_commands(ctx):
            here = self.commands.get(name)
            rows.append((name, here.get_short_help_str(100) if here else ELSEWHERE[name][1]))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _imported(name: str) -> click.Command:
    module, attribute = ELSEWHERE[name][0].split(":")
    try:
        command = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == kiosk.__name__:
            raise
        raise click.ClickException(
            f"kiosk {name} needs the Python package {error.name}, which is not installed; in the kiosk's checkout run: "
            f"{sys.executable} -m pip install --require-hashes -r systemd/town.lock"
        ) from None
    assert isinstance(command, click.Command)  # noqa: S101
    return command


@click.group(cls=LazyGroup)
@click.version_option(kiosk.__version__, prog_name="kiosk")
def main() -> None:
    """Playback controller for the education-room terminal of a village or community station."""


config_option = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path("/etc/kiosk/config.toml"),
    show_default=True,
    help="The station's settings.",
)


@main.command()
@config_option
def station(path: Path) -> None:
    """Run the daemon on the room's PC."""
    from kiosk.station import config

    try:
        settings = config.load(path)
    except config.ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(EX_CONFIG)
    log_to_stderr(settings.log.level)
    from kiosk.station.projector.stage import Stage

    inbox: SimpleQueue[Event] = SimpleQueue()
    stage = Stage(settings.screen.display, inbox.put)
    stage.tick(time.monotonic())  # its process gets ready while the rest is imported: that takes half a second
    from kiosk.station import app

    sys.exit(app.run(settings, inbox, stage))


@main.command()
@config_option
def status(path: Path) -> None:
    """Say how the station that runs on this PC is: on air, records, programmes on their way."""
    from kiosk.station import config
    from kiosk.station import status_file as running

    try:
        settings = config.load(path)
        click.echo(running.read(Path(settings.station.runtime)), nl=False)
    except (config.ConfigError, FileNotFoundError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)


@main.command("check-config")
@config_option
def check_config(path: Path) -> None:
    """Read the settings and list everything that is wrong with them."""
    from kiosk.station import config

    try:
        config.load(path)
    except config.ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(f"{path}: in order")


def log_to_stderr(level: str) -> None:
    """Log ``level`` and above; each line carries the priority prefix (sd-daemon(3)) that systemd's journal reads."""
    handler = logging.StreamHandler()
    handler.setFormatter(_JournalFormatter("%(name)s: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of every timer that is set


class _JournalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        prefix = f"<{JOURNAL_PRIORITY.get(record.levelno, 6)}>"
        return "\n".join(prefix + line for line in super().format(record).splitlines())
