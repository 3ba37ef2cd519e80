"""`kiosk panel-pin`: sets the administrator's PIN."""

import sys
from pathlib import Path

import click

from kiosk.station.commands.station import config_option, load_settings
from kiosk.station.panel.pin import BadPin, choose, save


@click.command()
@config_option
@click.option("--pin-stdin", is_flag=True, help="Read the PIN from standard input instead of asking for it.")
def panel_pin(settings: Path, pin_stdin: bool) -> None:
    """Set the PIN with which administrators are named in the panel, also after theirs are forgotten.

    Whoever has logged in with the one before must log in again; named administrators keep theirs.
    """
    state = Path(load_settings(settings).station.state)
    typed = (
        sys.stdin.readline().strip() if pin_stdin else click.prompt("PIN", hide_input=True, confirmation_prompt=True)
    )
    try:
        save(state, choose(typed))
    except BadPin as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"the PIN could not be kept in {state}: {error.strerror}; run this as the user of the service, or as root"
        ) from None
    click.echo("The PIN is set. The panel takes it from now on.")
