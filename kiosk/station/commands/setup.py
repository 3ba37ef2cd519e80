"""`kiosk setup ...`: the steps of systemd/install.sh that speak with the installer."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import segno

from kiosk.common.answers import AnswersError, Hidden, Questions, Wrong, read_answers
from kiosk.common.i18n import Language, translator
from kiosk.common.terminal import escape
from kiosk.contract.enrolment import BadCode, parse_code
from kiosk.station.commands.station import config_option, load_settings
from kiosk.station.config import Config
from kiosk.station.health.sound import read_sink
from kiosk.station.host.places import environment
from kiosk.station.identity import Identity, IdentityError, identity_path, load_identity
from kiosk.station.installation.answers import StationAnswers
from kiosk.station.installation.findings import Seen, keep
from kiosk.station.installation.sticker import panel_addresses, write_sticker
from kiosk.station.installation.trial import Shown, Trial
from kiosk.station.journal.state_folder import Beside
from kiosk.station.link.enrol import EnrolmentFailed, enrol, find_town
from kiosk.station.panel import people, pin

Translate = Callable[[str], str]

CLOCK_S = 20.0
"""How long network time may take to come, in seconds, before the installer goes on without it."""

language_option = click.option("--language", type=click.Choice(["zh", "en"]), default="zh", help="Of the sentences.")
answers_option = click.option("--answers", type=click.Path(path_type=Path), help="A file with the answers (TOML).")


@click.group()
def setup() -> None:
    """Steps of systemd/install.sh; run that instead, it may be run again."""


@setup.command()
@answers_option
@language_option
@config_option
def ask(answers: Path | None, language: Language, settings: Path) -> None:
    """Ask for the town's address, the enrolment code and the PIN, as far as this PC does not have them."""
    config, _ = load_settings(settings), translator(language)
    state = Path(config.station.state)
    given = _read(answers)
    questions = Questions(given, str(answers))
    try:
        identity = _enrolled(state)
        if identity is None:
            if identity_path(state).exists():
                click.echo(_("What this PC knows of its town cannot be read; the town has to let it in anew."))
            address = questions.ask("town", _("Address of the town, such as https://town.example:"), _town(config, _))
            name = "code_file" if given and given.code_file else "code"
            text = _("Enrolment code from the town (type it, or scan it):")
            identity = questions.ask(name, text, _enrolment(address, state, config, _, from_file=name == "code_file"))
        place = _("This PC is the station {name} ({station}) of the town {town}.")
        click.echo(escape(place.format(name=identity.name, station=identity.station, town=identity.town)))
        if not people.is_set(state):
            twice = Hidden(_("Once more:"), _("These are two; begin again."))
            chosen = questions.ask("pin", _("New PIN of the administrator, 6 digits:"), _pin(_), twice)
            pin.save(state, chosen)
            click.echo(_("The PIN is set. Tell it to the administrators; kiosk panel-pin sets another."))
    except (AnswersError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _read(answers: Path | None) -> StationAnswers | None:
    try:
        return read_answers(answers, StationAnswers) if answers else None
    except AnswersError as error:
        raise click.ClickException(str(error)) from None


def _enrolled(state: Path) -> Identity | None:
    try:
        return load_identity(state)
    except IdentityError:
        return None


def _town(config: Config, _: Translate) -> Callable[[str], str]:
    def check(typed: str) -> str:
        if not typed:
            raise Wrong(_("Type the address that the town gave you."))
        try:
            return find_town(typed if "://" in typed else f"https://{typed}", config.town.ca_file)
        except EnrolmentFailed as error:
            raise Wrong(_("There is no town to be reached: {reason}").format(reason=error)) from None

    return check


def _enrolment(
    address: str, state: Path, config: Config, _: Translate, *, from_file: bool
) -> Callable[[str], Identity]:
    def check(typed: str) -> Identity:
        if from_file:
            try:
                typed = Path(typed).read_text(encoding="ascii").strip()
            except (OSError, ValueError) as error:
                raise Wrong(_("The code's file cannot be read: {reason}").format(reason=error)) from None
        try:
            parse_code(typed)
        except BadCode:
            raise Wrong(_("There is a slip in this code; type it again, or ask the town for a new one.")) from None
        try:
            return enrol(address, typed, state, config.town.ca_file)
        except EnrolmentFailed as error:
            raise Wrong(_("The town did not take this code: {reason}").format(reason=error)) from None

    return check


def _pin(_: Translate) -> Callable[[str], pin.Pin]:
    def check(typed: str) -> pin.Pin:
        try:
            return pin.choose(typed)
        except pin.BadPin:
            wrong = _("A PIN is 6 digits, and not a row such as 123456 or 111111; choose another.")
            raise Wrong(wrong) from None

    return check


# --- the test of screen and sound ---


@setup.command("try")
@answers_option
@language_option
@config_option
def try_room(answers: Path | None, language: Language, settings: Path) -> None:
    """Show a test picture and play a test sound in the room, and keep what was seen and heard."""
    config, _ = load_settings(settings), translator(language)
    given = _read(answers) or StationAnswers()
    trial = Trial(config.screen.display, language)
    click.echo(_("A test picture with a number is on the room's screen now, and some tones are heard."))
    try:
        shown = trial.show()
        picture = _judge_picture(trial, shown, given, _)
        sound = _judge_sound(trial, shown, given, _)
    finally:
        trial.close()
    keep(Path(config.station.state), picture, sound)
    if "failed" in (picture, sound):
        sys.exit(1)


def _judge_picture(trial: Trial, shown: Shown, given: StationAnswers, _: Translate) -> Seen:
    if shown.screen_trouble:
        trouble = _("No picture: {reason}. See: journalctl -u kiosk-x").format(reason=shown.screen_trouble)
        click.echo(escape(trouble), err=True)
        return "failed"
    click.echo(_("Size of the screen: {width}x{height}").format(width=shown.width, height=shown.height))
    if given.picture:
        return "unconfirmed"
    if _same(
        trial, _("Which number do you see on the screen? (Enter shows it again, - if there is none)"), trial.number
    ):
        return "confirmed"
    click.echo(_("Look whether the screen is on, and its input is the one that the cable is in; then run this again."))
    return "not noticed"


def _judge_sound(trial: Trial, shown: Shown, given: StationAnswers, _: Translate) -> Seen:
    if shown.sound_trouble or read_sink("pulse", {**os.environ, **environment()}) not in ("device", "muted"):
        reason = shown.sound_trouble or _("no sound card could be opened")
        click.echo(escape(_("No sound: {reason}. See: journalctl -u kiosk-sound").format(reason=reason)), err=True)
        return "failed"
    if given.sound:
        return "unconfirmed"
    if _same(trial, _("How many tones do you hear? (Enter plays them again, - if there are none)"), str(trial.tones)):
        return "confirmed"
    click.echo(
        _("Look at the screen's volume, the loudspeaker and its cable; [sound] device in the settings names another.")
    )
    return "not noticed"


def _same(trial: Trial, text: str, wanted: str) -> bool:
    """Whether the person types what is shown; every other answer shows it again, and "-" gives up."""
    while (typed := click.prompt(text, default="", show_default=False, prompt_suffix=" ").strip()) != wanted:
        if typed == "-":
            return False
        trial.show()
    return True


# --- what an installer needs at the end ---


@setup.command()
@language_option
@config_option
def summary(language: Language, settings: Path) -> None:
    """Say what an installer needs at the end: the clock, the town's answer, the panel's address, the sticker."""
    config, _ = load_settings(settings), translator(language)
    state = Path(config.station.state)
    identity = _enrolled(state)
    zone = Beside(state / "journal.db").zone()
    now = datetime.now(ZoneInfo(zone))
    by_network = _("set by network time") if _synchronised() else _("no network time yet; the town's clock is used")
    click.echo(_("Clock: {time} ({zone}), {state}").format(time=f"{now:%Y-%m-%d %H:%M}", zone=zone, state=by_network))
    if identity is not None:
        click.echo(escape(_town_line(identity, config, _)))
    addresses = panel_addresses(config.panel.port) if config.panel.enabled else []
    if not addresses:
        click.echo(_("This PC has no address on a network: no panel until it has one."))
        return
    click.echo(_("Panel of the administrators: {address}").format(address="  ".join(addresses)))
    segno.make(addresses[0]).terminal(compact=True)
    path = write_sticker(state, identity.name if identity else "", addresses[0], _)
    click.echo(_("Sticker to print and put on this PC: {path}").format(path=path))


def _synchronised() -> bool:
    command = ["timedatectl", "show", "--property", "NTPSynchronized", "--value"]
    deadline = time.monotonic() + CLOCK_S
    while True:
        try:
            if subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip() == "yes":
                return True
        except (OSError, subprocess.TimeoutExpired):
            return False
        if time.monotonic() > deadline:
            return False
        time.sleep(1)


def _town_line(identity: Identity, config: Config, _: Translate) -> str:
    try:
        find_town(identity.url, config.town.ca_file)
    except EnrolmentFailed as error:
        return _("Town: {reason}").format(reason=error)
    return _("Town: {address} answers.").format(address=identity.url)
