"""`kiosk clock`: an administrator declares what time it is."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec

from kiosk.contract.instants import to_ms
from kiosk.contract.wire import Instant
from kiosk.station.clock.declared import declare
from kiosk.station.commands.station import config_option, load_settings
from kiosk.station.journal.state_folder import Beside


@click.command()
@click.argument("local_time", metavar="TIME", default="")
@click.option("--by", required=True, help="The administrator who says so; it goes into the record.")
@config_option
def clock(local_time: str, by: str, settings: Path) -> None:
    """Tell this station what time it is, where it has no line to be told by, or doubts what the network says.

    TIME is that of the room's time zone, such as "2026-03-05 14:30"; without it, the PC's clock is said to be right.
    """
    if not by.strip() or len(by) > 400 or "\0" in by:
        raise click.ClickException("--by names the administrator who looked at a clock; give a name")
    state = Path(load_settings(settings).station.state)
    zone = ZoneInfo(Beside(state / "journal.db").zone())
    try:
        told = datetime.fromisoformat(local_time) if local_time else datetime.now(zone)
        moment = told.astimezone(zone) if told.tzinfo else told.replace(tzinfo=zone)
        wall_ms = msgspec.convert(to_ms(moment), Instant)
    except (ValueError, OverflowError, msgspec.ValidationError):
        raise click.ClickException(f"{local_time!r} is no time; write it like this: 2026-03-05 14:30") from None
    try:
        declare(state, by.strip(), wall_ms)
    except OSError as error:
        raise click.ClickException(
            f"{state}: the time could not be left in the state folder ({error.strerror}); "
            "run this as the user of the service, or as root"
        ) from None
    click.echo(
        f"{by.strip()} says that it is {moment:%Y-%m-%d %H:%M:%S} {zone.key}. The station takes it up within ten "
        "seconds, unless the network or the town tells it the time."
    )
