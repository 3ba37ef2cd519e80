"""`kiosk enrol`: makes this station known to its town."""

from pathlib import Path
from typing import TextIO

import click

from kiosk.common.terminal import escape
from kiosk.station.commands.station import config_option, load_settings
from kiosk.station.link.enrol import EnrolmentFailed, enrol


@click.command("enrol")
@click.option("--town", "url", required=True, help="The town's address, such as https://town.example")
@click.option("--code-file", type=click.File(), help="A file with the code, for scripts; - reads standard input.")
@config_option
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="The state folder, without settings.")
def enrol_command(url: str, code_file: TextIO | None, settings: Path, state: Path | None) -> None:
    """Make this station known to its town. Asks for the code that the town gave for it.

    The code is no argument: every user of this PC can read the arguments of a command that runs.
    """
    ca_file = ""
    if state is None:
        config = load_settings(settings)
        state, ca_file = Path(config.station.state), config.town.ca_file
    code = code_file.read(1000) if code_file else click.prompt("Enrolment code")
    try:
        identity = enrol(url, code, state, ca_file)
    except EnrolmentFailed as error:
        raise click.ClickException(str(error)) from None
    place = f"station {identity.station} ({identity.name}), group {identity.group}, town {identity.town}"
    click.echo(escape(f"This is now {place}."))
