"""`kiosk town ...`: make a town, add its stations, publish weeks and urgent notices, serve."""

import getpass
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import segno

from kiosk.common.log import log_to_stderr
from kiosk.common.messages import Message
from kiosk.common.terminal import escape
from kiosk.town.commands.accounts import add_officer
from kiosk.town.commands.common import Options, TownGroup, local_times, passphrase_typed, unlocked, with_town
from kiosk.town.commands.ledger import doubts, faults, forks, late, plays, refused, restarts
from kiosk.town.commands.ledger import stations as stations_command
from kiosk.town.commands.setup import setup_command
from kiosk.town.commands.sheet import draft, sheet
from kiosk.town.database.store import audit
from kiosk.town.publishing import publish as publishing
from kiosk.town.publishing import rotation
from kiosk.town.publishing.compose import Composition, stretches
from kiosk.town.publishing.issue import EXPIRES_DAYS, PublishTerms
from kiosk.town.publishing.source import UrgentSource, Wanted, read_source, read_week, wanted
from kiosk.town.signing import keys
from kiosk.town.signing.keys import ROLES
from kiosk.town.stations import registry, screenshots
from kiosk.town.town import Town, found_town

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return f"uid {os.getuid()}"


@click.group(cls=TownGroup)
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


def _progress(files: Iterable[Wanted]) -> Any:
    """A bar over the bytes that are measured and then copied; unseen where stderr is no terminal."""
    total = sum(file.path.stat().st_size for file in files if file.path.is_file())
    return click.progressbar(
        length=max(1, 2 * total), label="Measuring and copying", file=sys.stderr, item_show_func=lambda name: name
    )


@town.command()
@click.argument("name", default="Town")
@click.option("--id", "town_id", default="", help="The town's lasting id; made up if not given.")
@click.option("--root-keys", default=3, show_default=True, help="How many root keys there are.")
@click.option("--root-threshold", default=2, show_default=True, help="How many of them must sign a change of keys.")
@click.pass_obj
def init(options: Options, name: str, town_id: str, root_keys: int, root_threshold: int) -> None:
    """Make a town called NAME: its folder, database, keys and first root."""
    folder, by = options
    made = found_town(folder, name, town=town_id, root_keys=root_keys, threshold=root_threshold, by=by)
    made.close()
    click.echo(f"Town {name} ({made.id}) is in {folder}.")
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
@with_town
def add_station(town: Town, by: str, station: str, group: str, name: str, document: Path | None, days: int) -> None:
    """Make STATION known, or give a known one a new code. The last line is the enrolment code."""
    code = registry.add_station(town, station, group, name, document, days=days, by=by)
    click.echo(f"Station {station} is in group {group}. Its enrolment code, good once and for {days} days:")
    if sys.stdout.isatty():
        segno.make(str(code)).terminal(compact=True)  # for the scanner of the PC that is installed
    click.echo(str(code))


@town.command("station-document")
@click.argument("station")
@click.argument("document", type=_FILE)
@with_town
def station_document(town: Town, by: str, station: str, document: Path) -> None:
    """Replace what the town tells STATION (opening hours, equipment, people ...) by the JSON in DOCUMENT."""
    version = registry.set_document(town, station, document, by=by)
    click.echo(f"Station {station}: document version {version}.")


@town.command("retire-station")
@click.argument("station")
@with_town
def retire_station(town: Town, by: str, station: str) -> None:
    """Revoke the token of STATION for good. Its record stays."""
    registry.retire(town, station, by=by)
    click.echo(f"Station {station} is retired; its token is revoked.")


def _show_days(composition: Composition) -> None:
    """What a publication makes of what is in force, by days."""
    click.echo(f"Days added: {stretches(composition.added)}")
    click.echo(f"Days replaced: {stretches(composition.replaced)}")
    click.echo(f"Days kept: {stretches(composition.kept)}")
    click.echo(f"Days dropped as past: {stretches(composition.past)}")
    for name, other in composition.renamed:
        click.echo(f"Programme {name} is another file than {name} of the days kept: it is published as {other}.")


@town.command()
@click.argument("source", type=_FILE)
@_expires
@click.option("--yes", is_flag=True, help="Publish without being asked: dates, slots and group are meant as they are.")
@with_town
def publish(town: Town, by: str, source: Path, expires_days: int, yes: bool) -> None:
    """Measure, check, sign and put up the week that the JSON SOURCE describes.

    It replaces the days from its first to its last; other days from today on stay as they are in force.
    """

    def confirm(composition: Composition, questions: list[Message]) -> None:
        if sys.stderr.isatty():
            click.echo(err=True)  # the bar stands at half
        _show_days(composition)
        for question in questions:
            click.echo(escape(f"Is it meant? {question.render(str)}."), err=True)
        if questions and not yes:
            raise click.ClickException("nothing is published; mend the source, or give --yes if all of it is meant")

    files = wanted(source, read_week(source)[0].programmes)
    town = unlocked(town)
    with _progress(files) as bar:
        playlist = publishing.publish(town, source, PublishTerms(by, expires_days), bar.update, confirm).playlist
    click.echo(
        f"Version {playlist.version} for group {playlist.group}: {playlist.first_day} to {playlist.last_day}, "
        f"{len(playlist.slots)} slots, {len(playlist.programmes)} programmes."
    )


@town.command()
@click.argument("source", type=_FILE)
@_expires
@with_town
def urgent(town: Town, by: str, source: Path, expires_days: int) -> None:
    """Sign and put up the urgent notices of the JSON SOURCE: the whole set, what it leaves out is withdrawn."""
    notices = read_source(source, UrgentSource).notices
    files = (file for notice in notices for file in wanted(source, notice.programmes))
    town = unlocked(town)
    with _progress(files) as bar:
        version, _ = publishing.publish_urgent(town, source, PublishTerms(by, expires_days), bar.update)
    click.echo(f"Version {version} of the urgent notices: {len(notices)} in force.")


@town.command("rotate-key")
@click.argument("role", type=click.Choice(list(ROLES)))
@click.option(
    "--root-keys",
    type=_FOLDER,
    multiple=True,
    help="Where root keys are, once for each stick; the town's own keys folder if not given.",
)
@click.option("--forgotten", is_flag=True, help="The old publishing key's passphrase is lost: ask for a new one.")
@with_town
def rotate_key(town: Town, by: str, role: str, root_keys: tuple[Path, ...], forgotten: bool) -> None:
    """Replace the key of ROLE and revoke the old one.

    What the town had signed with it is signed anew and listed; anything else in the public folder is set aside. A
    publishing key under a passphrase is followed by one under the same, or under a new one where it is forgotten.
    """
    passphrase = ""
    if role == "targets" and forgotten:
        passphrase = passphrase_typed("New passphrase", twice=True)
        keys.require_long(passphrase)
    elif role == "targets" and keys.is_locked(town.keys_folder):
        passphrase = passphrase_typed("Passphrase of the publishing key")
        town.signer.opened(passphrase)
    done = rotation.rotate(town, role, root_keys or (town.keys_folder,), PublishTerms(by), passphrase)
    click.echo(f"Root {done.root_version}: the {role} key is new, the old one is revoked.")
    for line in done.signed:
        click.echo(f"Signed anew: {line}")
    for line in done.set_aside:
        click.echo(escape(f"Not signed, moved to {town.folder / 'set-aside'}: {line}; publish that anew"))


@town.command("protect-key")
@with_town
def protect_key(town: Town, by: str) -> None:
    """Put the publishing key under a passphrase, or under another one.

    They are typed; where standard input is no terminal its first line is the one so far (if there is one), the next
    the new one.
    """
    before = ""
    if keys.is_locked(town.keys_folder):
        before = passphrase_typed("Passphrase so far")
        town.signer.opened(before)
    keys.protect(town.keys_folder, town.public, passphrase_typed("New passphrase", twice=True), before)
    with town.store.write() as connection:
        audit(connection, by, "protect-key", "targets")
    click.echo("The publishing key is under a passphrase: it is asked for whenever something is published.")


@town.command()
@click.option("--listen", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="0 takes a free one.")
@click.option(
    "--heartbeat-s",
    type=click.IntRange(0, 3600),
    default=0,
    show_default=True,
    help="The least seconds between two heartbeats of a station; 0 leaves it to the stations.",
)
@click.pass_obj
def serve(options: Options, listen: str, port: int, heartbeat_s: int) -> None:
    """Answer the stations and the officers' browsers until stopped.

    Put a web server with TLS in front where they come over the internet.
    """
    from kiosk.town import app

    folder, _ = options
    app.serve(folder, listen, port, lambda line: click.echo(escape(line)), 1000 * heartbeat_s)


@town.command()
@with_town
def work(town: Town, _by: str) -> None:
    """Convert programmes and send messages until stopped; beside `kiosk town serve`."""
    from kiosk.town.work.loop import only_one, stop_by_signal
    from kiosk.town.work.loop import work as run
    from kiosk.town.work.workers import WORKERS

    log_to_stderr("info")
    stopping = stop_by_signal()
    with only_one(town.folder):
        click.echo(escape(f"Town {town.name} works: {', '.join(one.name for one in WORKERS) or 'nothing to do yet'}"))
        run(town, WORKERS, stopping)


@town.command()
@click.argument("station")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the newest one there, as JPEG.")
@click.option("--wait", type=click.IntRange(0, 3600), default=0, help="Seconds to wait for the one asked for.")
@with_town
def picture(town: Town, by: str, station: str, out: Path | None, wait: int) -> None:
    """Ask STATION for a picture of its screen, and tell of the newest that has come.

    It comes after the station's next heartbeat, within about a minute.
    """
    screenshots.request_picture(town, station, by=by)
    deadline = time.monotonic() + wait
    while (missing := screenshots.is_wanted(town, station)) and time.monotonic() < deadline:
        time.sleep(0.5)
    kept = screenshots.newest(town, station)
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
    where = f"is in {out}" if out else "is here; --out FILE writes it"
    local = local_times(town)
    click.echo(f"The picture of {local(kept.at_ms)} {local.zone.key} ({len(kept.jpeg)} bytes) {where}.")
    if missing:
        click.echo(asked)


for _command in (
    add_officer,
    plays,
    stations_command,
    faults,
    doubts,
    restarts,
    forks,
    late,
    refused,
    sheet,
    draft,
    setup_command,
):
    town.add_command(_command)
