"""`kiosk town ...`: make a town, add its stations, publish weeks and urgent notices, serve."""

import getpass
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kiosk.common.terminal import escape
from kiosk.town.commands.common import Options, opened, told
from kiosk.town.commands.ledger import forks, late, plays, refused, restarts
from kiosk.town.commands.ledger import stations as stations_command
from kiosk.town.publishing.issue import EXPIRES_DAYS, PublishTerms
from kiosk.town.publishing.measure import Tick
from kiosk.town.publishing.source import UrgentSource, Wanted, WeekSource, read_source, wanted
from kiosk.town.signing.keys import ROLES
from kiosk.town.town import found_town

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return f"uid {os.getuid()}"


@click.group()
@click.option("--folder", type=_FOLDER, default=Path("town"), envvar="KIOSK_TOWN", show_default=True, show_envvar=True)
@click.option("--by", default=_login, show_default="the login name", help="Who does it; noted in the audit.")
@click.pass_context
def town(context: click.Context, folder: Path, by: str) -> None:
    """The town's end: keys, stations, weeks, reports.

    The database is town.db in the folder, or the one that the URL in KIOSK_TOWN_DB names.
    """
    context.obj = (folder, by)


_expires = click.option(
    "--expires-days",
    type=click.IntRange(1, 3650),
    default=EXPIRES_DAYS,
    show_default=True,
    help="How long a station may still accept it, in days.",
)


def _shown(name: str | None) -> str | None:
    return name


@contextmanager
def _progress(files: Iterable[Wanted]) -> Iterator[Tick]:
    """A bar over the bytes that are measured and then copied; unseen where stderr is no terminal."""
    total = sum(file.path.stat().st_size for file in files if file.path.is_file())
    bar: Any = click.progressbar(
        length=max(1, 2 * total),
        label="Measuring and copying",
        file=sys.stderr,
        item_show_func=_shown,
    )
    with bar:
        yield bar.update


@town.command()
@click.argument("name", default="Town")
@click.option("--id", "town_id", default="", help="The town's lasting id; made up if not given.")
@click.option("--root-keys", default=3, show_default=True, help="How many root keys there are.")
@click.option("--root-threshold", default=2, show_default=True, help="How many of them must sign a change of keys.")
@click.pass_obj
@told
def init(options: Options, name: str, town_id: str, root_keys: int, root_threshold: int) -> None:
    """Make a town called NAME: its folder, database, keys and first root."""
    folder, by = options
    town = found_town(folder, name, town=town_id, root_keys=root_keys, threshold=root_threshold, by=by)
    town.close()
    click.echo(f"Town {name} ({town.id}) is in {folder}.")
    click.echo(
        f"Move {folder}/keys/root-*.pem to sticks in different drawers: "
        f"{root_threshold} of them are needed to change a key, none to publish."
    )


@town.command("add-station")
@click.argument("station")
@click.option("--group", default="all", show_default=True, help="The group whose weeks it plays.")
@click.option("--name", default="", help="What people call the station.")
@click.option("--document", type=_FILE, help="Opening hours, equipment, people and so on, as JSON.")
@click.option("--days", default=14, show_default=True, help="How long the code is good for.")
@click.pass_obj
@told
def add_station(options: Options, station: str, group: str, name: str, document: Path | None, days: int) -> None:
    """Make STATION known, or give a known one a new code. The last line is the enrolment code."""
    from kiosk.town.stations import registry

    folder, by = options
    with opened(folder) as town:
        code = registry.add_station(town, station, group, name, document, days=days, by=by)
    click.echo(f"Station {station} is in group {group}. Its enrolment code, good once and for {days} days:")
    click.echo(str(code))


@town.command("station-document")
@click.argument("station")
@click.argument("document", type=_FILE)
@click.pass_obj
@told
def station_document(options: Options, station: str, document: Path) -> None:
    """Replace what the town tells STATION (opening hours, equipment, people ...) by the JSON in DOCUMENT."""
    from kiosk.town.stations import registry

    folder, by = options
    with opened(folder) as town:
        version = registry.set_document(town, station, document, by=by)
    click.echo(f"Station {station}: document version {version}.")


@town.command("retire-station")
@click.argument("station")
@click.pass_obj
@told
def retire_station(options: Options, station: str) -> None:
    """Revoke the token of STATION for good. Its record stays."""
    from kiosk.town.stations import registry

    folder, by = options
    with opened(folder) as town:
        registry.retire(town, station, by=by)
    click.echo(f"Station {station} is retired; its token is revoked.")


@town.command()
@click.argument("source", type=_FILE)
@_expires
@click.pass_obj
@told
def publish(options: Options, source: Path, expires_days: int) -> None:
    """Measure, check, sign and put up the week that the JSON SOURCE describes."""
    from kiosk.town.publishing import publish as publishing

    folder, by = options
    files = wanted(source, read_source(source, WeekSource).programmes)
    with opened(folder) as town, _progress(files) as tick:
        playlist = publishing.publish(town, source, PublishTerms(by, expires_days), tick)
    click.echo(
        f"Version {playlist.version} for group {escape(playlist.group)}: {playlist.first_day} to {playlist.last_day}, "
        f"{len(playlist.slots)} slots, {len(playlist.programmes)} programmes."
    )


@town.command()
@click.argument("source", type=_FILE)
@_expires
@click.pass_obj
@told
def urgent(options: Options, source: Path, expires_days: int) -> None:
    """Sign and put up the urgent notices of the JSON SOURCE: the whole set, what it leaves out is withdrawn."""
    from kiosk.town.publishing import publish as publishing

    folder, by = options
    notices = read_source(source, UrgentSource).notices
    files = (file for notice in notices for file in wanted(source, notice.programmes))
    with opened(folder) as town, _progress(files) as tick:
        version, _ = publishing.publish_urgent(town, source, PublishTerms(by, expires_days), tick)
    click.echo(f"Version {version} of the urgent notices: {len(notices)} in force.")


@town.command("rotate-key")
@click.argument("role", type=click.Choice(list(ROLES)))
@click.option("--root-keys", type=_FOLDER, help="Where the root keys are; the town's own keys folder if not given.")
@click.pass_obj
@told
def rotate_key(options: Options, role: str, root_keys: Path | None) -> None:
    """Replace the key of ROLE and revoke the old one; what it had signed is signed anew."""
    from kiosk.town.publishing import publish as publishing

    folder, by = options
    with opened(folder) as town:
        version = publishing.rotate(town, role, root_keys or town.keys_folder, PublishTerms(by))
    click.echo(f"Root {version}: the {role} key is new, the old one is revoked.")


@town.command()
@click.option("--listen", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option(
    "--heartbeat-s",
    type=click.IntRange(0, 3600),
    default=0,
    show_default=True,
    help="The least seconds between two heartbeats of a station; 0 leaves it to the stations.",
)
@click.pass_obj
@told
def serve(options: Options, listen: str, port: int, heartbeat_s: int) -> None:
    """Answer the stations until stopped. Put a web server with TLS in front where they come over the internet."""
    from kiosk.town import app

    folder, _ = options
    app.serve(folder, listen, port, lambda line: click.echo(escape(line)), 1000 * heartbeat_s)


@town.command()
@click.argument("station")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the newest one there, as JPEG.")
@click.option("--wait", type=click.IntRange(0, 3600), default=0, help="Seconds to wait for the one asked for.")
@click.pass_obj
@told
def picture(options: Options, station: str, out: Path | None, wait: int) -> None:
    """Ask STATION for a picture of its screen, and tell of the newest that has come.

    It comes after the station's next heartbeat, within about a minute.
    """
    from kiosk.town.stations import screenshots as pictures

    folder, by = options
    with opened(folder) as town:
        pictures.ask(town, station, by=by)
        deadline = time.monotonic() + wait
        while (missing := pictures.is_wanted(town, station)) and time.monotonic() < deadline:
            time.sleep(0.5)
        kept = pictures.newest(town, station)
    asked = f"Station {station} is asked for a picture; it comes after its next heartbeat."
    if kept is None or (wait and missing):
        if out or wait:
            raise click.ClickException(f"{asked} None has come yet; try again in a minute.")
        click.echo(asked)
        return
    if out is not None:
        try:
            out.write_bytes(kept.jpeg)
        except OSError as error:
            raise click.ClickException(f"write the picture to {out}: {error.strerror}; name another file") from None
    taken = datetime.fromtimestamp(kept.at_ms / 1000).astimezone()
    where = f"is in {out}" if out else "is here; --out FILE writes it"
    click.echo(f"The picture of {taken:%Y-%m-%d %H:%M:%S} ({len(kept.jpeg)} bytes) {where}.")
    if missing:
        click.echo(asked)


for _command in (plays, stations_command, restarts, forks, late, refused):
    town.add_command(_command)
