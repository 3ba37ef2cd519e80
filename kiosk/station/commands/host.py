"""`kiosk serve-screen` and `kiosk serve-sound`: the X server and the sound server, for their units."""

import sys
from pathlib import Path

import click

from kiosk.common.log import log_to_stderr
from kiosk.station.commands.station import config_option, load_settings
from kiosk.station.host import places, sound_server, x_server
from kiosk.station.host.server import keep


@click.command("serve-screen")
@config_option
def serve_screen(settings: Path) -> None:
    """Run the X server of the room's screen, for kiosk-x.service."""
    config = load_settings(settings)
    log_to_stderr(config.log.level)
    display, folder = config.screen.display, places.own_folder(places.SCREEN)
    try:
        x_server.write_authority(folder / "authority")
        environment = {**places.environment(screen=folder), "DISPLAY": display}
        sys.exit(keep(x_server.command(display, folder), x_server.QUESTION, environment))
    except OSError as error:
        raise click.ClickException(f"the X server cannot be started: {error}; run systemd/install.sh again") from None


@click.command("serve-sound")
@config_option
def serve_sound(settings: Path) -> None:
    """Run the sound server of the room, for kiosk-sound.service."""
    config = load_settings(settings)
    log_to_stderr(config.log.level)
    folder = places.own_folder(places.SOUND)
    start = folder / "start.pa"
    try:
        sound_server.write_cookie(folder / "cookie")
        device, heard = (config.sound.device, True) if config.sound.device else sound_server.find_device()
        start.write_text(sound_server.script(device, folder))
        own = {"HOME": str(folder), "PULSE_RUNTIME_PATH": str(folder / "own"), "PULSE_STATE_PATH": str(folder / "own")}
        clients = {**places.environment(sound=folder), **own}

        def screen_came() -> bool:
            """A screen that takes sound was switched on since: nothing was on it."""
            return not heard and sound_server.find_device()[1]

        sys.exit(keep(sound_server.command(start), sound_server.QUESTION, clients, screen_came))
    except OSError as error:
        raise click.ClickException(
            f"the sound server cannot be started: {error}; run systemd/install.sh again"
        ) from None
