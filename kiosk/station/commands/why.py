"""`kiosk why`: what is, or will be, on the screen, and why."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from unicodedata import normalize
from zoneinfo import ZoneInfo

import click

from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.terminal import escape
from kiosk.contract.instants import FAR
from kiosk.station.commands.circumstances import Circumstances, NotKnown, circumstances
from kiosk.station.commands.station import config_option, load_settings
from kiosk.station.identity import IdentityError
from kiosk.station.journal import JournalError
from kiosk.station.panel import why as words
from kiosk.station.schedule.timetable import Explanation, OnAir, explain


@click.command()
@click.option("--at", "moment", metavar="TIME", help="Another time, in the town's zone: 19:30, or 2026-03-05 19:30.")
@click.option("--language", type=click.Choice(["zh", "en"]), help="Of the answer; else that of the settings.")
@config_option
def why(moment: str | None, language: Language | None, settings: Path) -> None:
    """Say what is on the screen, or will be at another time, and why: every layer of the plan that was looked at.

    For another time, the answer is by the plan and the circumstances of now: whether Stop is pressed, which notices are
    urgent, which programmes are here.
    """
    config = load_settings(settings)
    try:
        found = circumstances(config)
    except (IdentityError, JournalError, NotKnown, ValueError) as error:
        raise click.ClickException(str(error)) from None
    at = found.now if moment is None else read_time(moment, found.now, found.zone)
    told = explain(found.timetable, at, found.situation)
    for line in answer(found, told, moment is None, language or config.station.language):
        click.echo(escape(line))


def read_time(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """A time as it is typed, in ``zone`` unless it names its own; one without a day is today's.

    Raises :class:`click.BadParameter`.
    """
    typed = normalize("NFKC", text).strip()  # a Chinese keyboard has a colon of its own
    try:
        found = datetime.fromisoformat(typed if "-" in typed else f"{now:%Y-%m-%d} {typed}")
        return found.astimezone(zone) if found.tzinfo else found.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        message = f"{text!r} is no time; write it like this: 19:30, or 2026-03-05 19:30"
        raise click.BadParameter(message, param_hint="--at") from None


def answer(found: Circumstances, told: Explanation, is_now: bool, language: Language) -> Iterator[str]:
    """The lines of the answer."""
    _, zone = translator(language), found.zone
    at = told.at.astimezone(zone)
    yield f"{day_name(at.date(), language)} {at:%Y-%m-%d %H:%M:%S} ({zone.key})"
    planned = words.on_screen(told, language, zone)
    if is_now:
        yield from _now(found, told, planned, language)
    elif at < found.now:
        yield _("This time is past. What was really shown then: kiosk journal export.")
        yield _("By the plan of now: {what}").format(what=planned)
    else:
        yield _("By the plan of now: {what}").format(what=planned)
    yield from found.troubles
    yield _("Why: {sentence}").format(sentence=words.sentence(told, language, zone))
    yield _("What was looked at, topmost first:")
    for number, line in enumerate(words.lines(told, language, zone), 1):
        yield f"  {number}. {line}"
    if told.decision.next_change < FAR:
        after = told.decision.next_change.astimezone(zone)
        day = "" if after.date() == at.date() else f"{day_name(after.date(), language)} "
        yield _("This can change at {time}.").format(time=f"{day}{after:%H:%M:%S}")


def _now(found: Circumstances, told: Explanation, planned: str, language: Language) -> Iterator[str]:
    """What is on the screen; where that is not what is planned, both."""
    _, daemon, due = translator(language), found.told, told.decision.on_air
    if daemon is None:
        yield _("The kiosk does not run on this PC, or it hangs: it shows nothing.")
        yield _("If it ran: {what}").format(what=planned)
        return
    shown = daemon.on_screen if daemon.screen else None
    if not daemon.screen:
        yield _("This PC has no screen at present: nothing is shown.")
    elif shown is None and due is None and daemon.dark:
        yield _("On the screen: {what}").format(what=_("nothing; the room is closed, and the screen is black"))
        return
    elif shown is None and due is None:
        yield _("On the screen: {what}").format(what=planned)
        return
    elif shown is None:
        yield _("No programme is on the screen yet.")
    elif _same(shown.title, shown.start, due):
        yield _("On the screen: {what}").format(what=planned)
        return
    else:
        yield _("On the screen: {what}").format(what=shown.title)
    yield _("By the plan: {what}").format(what=planned)


def _same(title: str, start: datetime, due: OnAir | None) -> bool:
    return due is not None and due.programme.title == title and abs((due.start - start).total_seconds()) < 1
