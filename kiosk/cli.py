"""The command ``kiosk``: each subcommand is imported only when it is called."""

import importlib
import sys
from typing import Any

import click

import kiosk

COMMANDS = {
    "check-config": ("kiosk.station.commands.station:check_config", "Check the station's settings."),
    "clock": ("kiosk.station.commands.clock:clock", "Tell this station what time it is, by an administrator's name."),
    "demo": ("kiosk.demo.show:demo_command", "Show the whole kiosk on this computer, with a town on loopback."),
    "doctor": ("kiosk.station.commands.doctor:doctor", "What is wrong with the station on this PC, and what to do."),
    "enrol": ("kiosk.station.commands.enrol:enrol_command", "Make this station known to its town."),
    "journal": ("kiosk.station.commands.journal:journal", "The station's record: verify it, export it."),
    "maintenance": ("kiosk.station.commands.maintenance:maintenance", "Say that somebody works on this PC."),
    "panel-pin": ("kiosk.station.commands.pin:panel_pin", "Set the administrator's PIN."),
    "power-off": ("kiosk.station.commands.power_off:power_off", "Shut the PC down for the night, for its unit."),
    "serve-screen": ("kiosk.station.commands.host:serve_screen", "Run the X server of the room, for its unit."),
    "serve-sound": ("kiosk.station.commands.host:serve_sound", "Run the sound server of the room, for its unit."),
    "setup": ("kiosk.station.commands.setup:setup", "Steps of systemd/install.sh: its questions, its tests."),
    "station": ("kiosk.station.commands.station:station", "Run the daemon on the room's PC."),
    "status": ("kiosk.station.commands.station:status", "What the station on this PC is doing now."),
    "town": ("kiosk.town.commands.town:town", "The town's end: publish weeks, receive reports."),
    "why": ("kiosk.station.commands.why:why", "What is, or will be, on the screen, and why."),
}
"""Where each subcommand lives, and its line in the help."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and none to list them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] == kiosk.__name__:
                raise
            raise click.ClickException(
                f"kiosk {cmd_name} needs the Python package {error.name}, which is not installed; in the kiosk's "
                f"checkout run: {sys.executable} -m pip install --require-hashes -r systemd/town.lock"
            ) from None
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what its error quotes of a town or a file reaches no terminal raw."""
        try:
            return super().invoke(ctx)
        except click.UsageError:  # it quotes what was typed here, and nothing else
            raise
        except click.ClickException as error:
            from kiosk.common.terminal import escape_lines

            raise click.ClickException(escape_lines(error.message)) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup)
@click.version_option(kiosk.__version__, prog_name="kiosk")
def main() -> None:
    """Playback controller for the education-room terminal of a village or community station."""
