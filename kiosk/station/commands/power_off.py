"""`kiosk power-off`: shuts the PC down for the night as the daemon asks, for kiosk-power-off.service."""

import time
from pathlib import Path

import click

from kiosk.station.host import power_off as host


@click.command()
@click.argument("request", type=click.Path(path_type=Path))
def power_off(request: Path) -> None:
    """Shut this PC down as the file REQUEST asks, once its clock is set to wake it. For root."""
    try:
        host.power_off(request, time.time())
    except host.Refused as error:
        raise click.ClickException(f"the PC stays on: {error}") from None
