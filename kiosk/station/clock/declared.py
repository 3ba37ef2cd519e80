"""A person's word on what time it is, for a room without a line: left by ``kiosk clock``, taken up by the daemon."""

import contextlib
import logging
import time
from datetime import datetime
from pathlib import Path

import click
import msgspec

from kiosk.common.files import write_whole
from kiosk.contract.instants import to_ms
from kiosk.contract.wire import Id, Instant, Span, Text
from kiosk.station import config
from kiosk.station.events import ClockDeclared
from kiosk.station.service.systemd import boot_id

log = logging.getLogger(__name__)

FILE = "clock-declared.json"


class _Left(msgspec.Struct):
    """It was ``wall_ms`` (UTC) at ``monotonic_ms`` of that boot, says ``by``."""

    by: Text
    wall_ms: Instant
    boot_id: Id
    monotonic_ms: Span


def leave(state: Path, by: str, wall_ms: int) -> None:
    """Leave ``by``'s word that it is ``wall_ms`` (UTC) now for the daemon. Raises OSError."""
    left = _Left(by, wall_ms, boot_id(), time.monotonic_ns() // 1_000_000)
    write_whole(state / FILE, msgspec.json.encode(left), 0o600)


def take(state: Path, boot: str) -> ClockDeclared | None:
    """The word that was left since the last call, if it is of this boot; it is taken once."""
    path = state / FILE
    try:
        left = msgspec.json.decode(path.read_bytes(), type=_Left)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("%s cannot be read (%s); say it again by: kiosk clock", path, error)
        left = None
    with contextlib.suppress(OSError):
        path.unlink()
    if left is None or left.boot_id != boot:  # what a person said before a power-off says nothing of now
        return None
    return ClockDeclared(left.by, left.wall_ms, left.monotonic_ms / 1000)


@click.command("clock")
@click.argument("local_time", metavar="TIME", default="")
@click.option("--by", required=True, help="The administrator who says so; it goes into the record.")
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path("/etc/kiosk/config.toml"),
    show_default=True,
    help="The station's settings.",
)
def clock_command(local_time: str, by: str, path: Path) -> None:
    """Tell this station what time it is, where it has no line to be told by.

    TIME is local, such as "2026-03-05 14:30"; without it, the PC's clock is said to be right as it is.
    """
    if not by.strip() or len(by) > 400 or "\0" in by:
        raise click.ClickException("--by names the administrator who looked at a clock; give a name")
    try:
        moment = datetime.fromisoformat(local_time).astimezone() if local_time else datetime.now().astimezone()
        wall_ms = msgspec.convert(to_ms(moment), Instant)
    except (ValueError, OverflowError, msgspec.ValidationError):
        raise click.ClickException(f"{local_time!r} is no time; write it like this: 2026-03-05 14:30") from None
    try:
        state = Path(config.load(path).station.state)
        leave(state, by.strip(), wall_ms)
    except config.ConfigError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"{path}: the time could not be left in the state folder ({error.strerror}); "
            "run this as the user of the service, or as root"
        ) from None
    click.echo(
        f"{by.strip()} says that it is {moment:%Y-%m-%d %H:%M:%S}. The station takes it up within ten seconds, unless "
        "the network or the town tells it the time."
    )
