"""`kiosk town setup`: the questions of systemd/install.sh to whoever sets up a town."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import click
import msgspec

from kiosk.common.answers import AnswersError, Questions, Wrong, read_answers
from kiosk.common.files import write_whole
from kiosk.common.i18n import Language, translator
from kiosk.common.terminal import escape
from kiosk.contract.wire import Id
from kiosk.town.commands.accounts import set_up_first_officer
from kiosk.town.commands.common import Options, Translate
from kiosk.town.stations import registry
from kiosk.town.town import Town, TownError, found_town, open_town

FILE = "installation.json"
WEB_SERVERS = ("none", "nginx", "caddy")
EXAMPLES = Path(__file__).parents[3] / "systemd"


class NewStation(msgspec.Struct, frozen=True, kw_only=True):
    """A station that the town knows from the beginning; its code goes to the folder ``codes``."""

    id: Id
    name: str = ""
    group: str = "all"


class TownAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """The answers for a town; systemd/answers.example.toml explains each."""

    name: str = ""
    address: str = ""
    officer: str = ""
    password: str = ""
    web_server: Literal["none", "nginx", "caddy"] = "none"
    station: tuple[NewStation, ...] = ()


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """What the installer was told, kept in the town's folder."""

    address: str
    officer: str
    web_server: str


@click.command("setup")
@click.option("--answers", type=click.Path(path_type=Path), help="A file with the answers (TOML); - is standard input.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", help="Of the sentences.")
@click.pass_obj
def setup_command(options: Options, answers: Path | None, language: Language) -> None:
    """Ask for the town's name, its address and its first officer, as far as they are not known; for install.sh."""
    folder, _by = options
    _ = translator(language)
    try:
        given = read_answers(answers, TownAnswers) if answers else None
        _ask(folder, Questions(given, str(answers)), given, _)
    except AnswersError as error:
        raise click.ClickException(str(error)) from None


def _ask(folder: Path, questions: Questions, given: TownAnswers | None, _: Translate) -> None:
    installed = _installation(folder)
    if installed is None:
        name = questions.ask("name", _("Name of the town, as people say it:"), _text(_("Type a name."), 40))
        address = questions.ask("address", _("Address for the stations, such as https://town.example:"), _address(_))
        officer = questions.ask("officer", _("Name of the first officer:"), _text(_("Type a name."), 40))
        web_server = questions.ask(
            "web_server", _("Web server in front, with TLS: nginx, caddy, or none:"), _choice(WEB_SERVERS, _)
        )
        installed = Installation(address=address, officer=officer, web_server=web_server)
        try:
            found_town(folder, name, by=officer).close()
        except TownError as error:
            if not (folder / "public").exists():
                raise AnswersError(str(error)) from None  # a town made by hand before is taken as it is
        write_whole(folder / FILE, msgspec.json.encode(installed), 0o600)
    with closing(open_town(folder)) as town:
        click.echo(
            escape(
                _("The town is {name}; its stations reach it at {address}.").format(
                    name=town.name, address=installed.address
                )
            )
        )
        set_up_first_officer(town, installed.officer, given.password if given else None, questions, _)
        for station in given.station if given else ():
            _add(town, station, installed.officer, _)
    if installed.web_server != "none":
        _write_site(folder, installed, _)


def _add(town: Town, station: NewStation, officer: str, _: Translate) -> None:
    """Make a station known once; its code lies in a file of its own, since it is a secret."""
    path = town.folder / "codes" / station.id
    if not path.exists():
        code = registry.add_station(town, station.id, station.group, station.name, None, days=14, by=officer)
        write_whole(path, f"{code}\n".encode(), 0o600)
        click.echo(
            escape(
                _("Station {name}: its enrolment code is in {path}, good once and for 14 days.").format(
                    name=station.name or station.id, path=path
                )
            )
        )


def _installation(folder: Path) -> Installation | None:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Installation)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def _write_site(folder: Path, installed: Installation, _: Translate) -> None:
    """The web server's file, from the example, with this town's name in it; install.sh puts it in place."""
    parts = urlsplit(installed.address)
    text = (EXAMPLES / f"town.{installed.web_server}.example").read_text(encoding="utf-8")
    write_whole(folder / "site", text.replace("town.example", parts.hostname or "").encode())


def _text(wrong: str, most: int) -> Callable[[str], str]:
    def check(typed: str) -> str:
        if not typed or len(typed) > most or not typed.isprintable():
            raise Wrong(wrong)
        return typed

    return check


def _choice(known: tuple[str, ...], _: Translate) -> Callable[[str], str]:
    def check(typed: str) -> str:
        if (typed or known[0]) not in known:
            raise Wrong(_("Choose one of: {names}").format(names=", ".join(known)))
        return typed or known[0]

    return check


def _address(_: Translate) -> Callable[[str], str]:
    def check(typed: str) -> str:
        host, port = _host_of(typed)
        if not host:
            raise Wrong(_("This is no web address; write it like this: https://town.example"))
        try:
            socket.getaddrinfo(host, port)
        except OSError:
            unknown = _("The name {host} is not known yet; stations will not find it until it is.")
            click.echo(escape(unknown.format(host=host)), err=True)
        return typed.rstrip("/")

    return check


def _host_of(typed: str) -> tuple[str, int]:
    """Host and port of a web address; no host where it is none."""
    try:
        parts = urlsplit(typed)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", 0
    sound = parts.scheme in ("http", "https") and parts.path in ("", "/") and not (parts.query or parts.username)
    return (parts.hostname or "", port) if sound else ("", 0)
