"""`kiosk maintenance`: somebody works on this PC or its devices, and faults are quiet meanwhile."""

from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from kiosk.contract.instants import to_ms
from kiosk.station.commands.circumstances import now_of_station
from kiosk.station.commands.station import config_option, load_settings
from kiosk.station.health.maintenance import MOST, leave
from kiosk.station.journal.state_folder import Beside

CLOCK, DAY_AND_CLOCK = "%H:%M", "%Y-%m-%d %H:%M"


@click.command()
@click.option("--until", "typed", metavar="TIME", default="", help='Such as "16:30", or "2026-03-05 16:30".')
@click.option("--over", is_flag=True, help="The work is done.")
@click.option("--by", required=True, help="Who works here; it goes into the record.")
@config_option
def maintenance(typed: str, over: bool, by: str, settings: Path) -> None:
    """Say that you work on this PC or its devices: until TIME no fault is reported, and the town is told so.

    TIME is that of the room's time zone, at most a week ahead; it ends by itself. Programmes go on meanwhile.
    """
    if over == bool(typed):
        raise click.UsageError("say --until and a time, or --over")
    if not by.strip() or len(by) > 400 or "\0" in by:
        raise click.ClickException("--by names who works on the PC; give a name")
    config = load_settings(settings)
    state = Path(config.station.state)
    now = now_of_station(config).astimezone(ZoneInfo(Beside(state / "journal.db").zone()))
    until = None if over else _until(typed, now)
    try:
        leave(state, by.strip(), None if until is None else to_ms(until))
    except OSError as error:
        raise click.ClickException(
            f"{state}: the word could not be left in the state folder ({error.strerror}); "
            "run this as the user of the service, or as root"
        ) from None
    if until is None:
        click.echo("Faults are reported again, as soon as the station has taken this up.")
    else:
        click.echo(f"No fault is reported until {until:%Y-%m-%d %H:%M} ({until.tzinfo}); see: kiosk status")


def _until(typed: str, now: datetime) -> datetime:
    """The time typed, as an instant after ``now`` in its zone. Raises :class:`click.ClickException`."""
    for pattern in (CLOCK, DAY_AND_CLOCK):
        try:
            found = datetime.strptime(typed.strip(), pattern).replace(tzinfo=now.tzinfo)
        except ValueError:
            continue
        if pattern == CLOCK:
            found = datetime.combine(now.date(), time(found.hour, found.minute), now.tzinfo)
            found = found if found > now else found + timedelta(days=1)
        if not now < found <= now + MOST:
            raise click.ClickException(
                f"{typed!r} does not lie within the coming {MOST.days} days; choose another time"
            )
        return found
    raise click.ClickException(f"{typed!r} is no time; write it like this: 16:30, or 2026-03-05 16:30")
