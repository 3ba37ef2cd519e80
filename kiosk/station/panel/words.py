"""The sentences of the pages, in both languages, from the snapshot."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from kiosk.common.i18n import Language, day_name, translator, zone_name
from kiosk.common.messages import mark
from kiosk.common.occasions import occasion_text
from kiosk.common.stop_reasons import reason_text
from kiosk.contract.instants import FAR
from kiosk.station.display.mark_words import mark_text
from kiosk.station.journal.refused import RefusedEntry
from kiosk.station.link.progress import FetchProgress
from kiosk.station.panel import fault_form, first_page, repair_words
from kiosk.station.panel.moments import span, when
from kiosk.station.panel.snapshot import Showing, Snapshot, Stopped
from kiosk.station.projector.screenshots import Screenshot
from kiosk.station.sessions import words as session_words

ORIGINS = {
    "urgent": mark("urgent notice"),
    "session": mark("session"),
    "slot": mark("from the timetable"),
    "filler": mark("recommended"),
}
NO_SCREEN = {
    "none": (
        mark("This PC shows nothing: its X server does not answer."),
        mark("Restart the PC; if that does not help, tell the town."),
    ),
    "denied": (
        mark("This PC shows nothing: its X server does not let the kiosk in."),
        mark("Tell the town: the X server does not let the kiosk in; run install.sh station again."),
    ),
    "starting": (mark("The screen is being set up; that takes some seconds."),),
}
NO_SOUND = {
    "none": mark("Nothing is heard: the sound server does not answer, or there is no sound device."),
    "null": mark("Nothing is heard: no loudspeaker is connected, or the sound of the PC is muted."),
    "off": mark("Nothing is heard: the settings of this PC want no sound."),
}
CLOCKS = {
    "trusted": mark("The clock is right."),
    "declared": mark("The clock was set by hand."),
    "holdover": mark("The clock was right when it was last checked."),
    "untrusted": mark("The clock cannot be trusted, so the timetable is not followed."),
}


@dataclass(frozen=True)
class RowWords:
    """One line of today's table."""

    times: str
    title: str
    state: str
    kind: str


@dataclass(frozen=True)
class Words:
    """Sentences in one language; empty where there is nothing to say."""

    head: str
    """Whether :attr:`state` is what is on the screen, or about to be."""
    state: str
    detail: str
    left: str
    """How much of it is gone and left; empty where no programme is on the screen."""
    left_percent: int
    """How much of it is gone."""
    why: str
    """Why the plan has it so; empty where :attr:`detail` says it."""
    start: str
    """What Start will do; empty where the room is not stopped."""
    health: str
    """One line: whether something is wrong."""
    count: tuple[str, ...]
    """This week's plays and this month's hours, against what the town asks."""
    coming: str
    sound: str
    sound_detail: tuple[str, ...]
    as_of: str
    today: str
    rows: tuple[RowWords, ...]
    no_rows: str
    """Why there are none."""
    clock: str
    waiting: str
    refused: tuple[str, ...]
    """A heading, then an entry each."""
    fetching: tuple[str, ...]
    problems: tuple[fault_form.FaultWords, ...]
    tickets: tuple[repair_words.RepairWords, ...]
    """Of no open problem."""
    reports: tuple[fault_form.ReportWords, ...]
    work: str
    session: tuple[str, str] | None
    """Its name, and how far it has come; None where none is held."""
    practice: str
    presence: str
    """Whether recommended programmes are shown, and why."""


def of(snapshot: Snapshot, language: Language) -> Words:
    """Say ``snapshot`` in ``language``, in the time zone of its ``now``."""
    _ = translator(language)
    state, detail = _state(snapshot, language)
    coming, dated = snapshot.coming, snapshot.clock != "untrusted"
    return Words(
        head=_head(snapshot, language),
        state=state,
        detail=detail,
        left=first_page.left(snapshot, language),
        left_percent=first_page.left_percent(snapshot),
        why=first_page.why(snapshot, language),
        start=first_page.start(snapshot, language),
        health=first_page.health(snapshot, language),
        count=first_page.count(snapshot, language),
        coming="" if coming is None else f"{when(coming.start, snapshot, language)}  {coming.title}",
        sound=_("Sound off") if snapshot.sound.muted else _("Volume {percent}").format(percent=snapshot.sound.volume),
        sound_detail=_sound(snapshot, language),
        as_of=_("As of {time}").format(time=f"{snapshot.now:%H:%M:%S}"),
        today=f"{day_name(snapshot.now.date(), language)} ({zone_name(str(snapshot.now.tzinfo), language)})",
        rows=tuple(
            RowWords(span(row.start, row.end, snapshot), row.title, mark_text(row.mark, language), row.mark.moment)
            for row in (snapshot.today if dated else ())
        ),
        no_rows=_("Nothing is planned for today.")
        if dated
        else _("The clock is not set: the table is not followed until it is."),
        clock=_(CLOCKS[snapshot.clock]),
        waiting=_("Records that the town has not yet received: {count}").format(count=snapshot.waiting),
        refused=_refused(snapshot, language),
        fetching=tuple(_fetching(snapshot.fetching, snapshot, language)),
        problems=fault_form.of(snapshot, language),
        tickets=repair_words.others(snapshot, language),
        reports=fault_form.reported(snapshot, language),
        work=_work(snapshot, language),
        session=session_words.state_of(snapshot.sessions, snapshot.now, language) if snapshot.sessions.held else None,
        practice=session_words.practice(snapshot.sessions, snapshot.now, language),
        presence=session_words.presence(snapshot.sessions, snapshot.now, language),
    )


def _head(snapshot: Snapshot, language: Language) -> str:
    _ = translator(language)
    if snapshot.on_air:
        return _("Now on the screen")
    return _("About to begin") if snapshot.starting and snapshot.screen else _("The screen now")


def _state(snapshot: Snapshot, language: Language) -> tuple[str, str]:
    _ = translator(language)
    stopped, shows = snapshot.stopped, snapshot.shows
    if shows in NO_SCREEN:
        said = [_(text) for text in NO_SCREEN[shows]]
        if stopped is not None:
            said.append(_("Stopped: {detail}").format(detail=_stopped(stopped, snapshot, language)))
        return _("The screen shows nothing"), _sentences(said, language)
    if (showing := snapshot.on_air or snapshot.starting) is not None:
        detail = _("{times}, {origin}").format(
            times=span(showing.start, showing.end, snapshot), origin=_origin(showing, language)
        )
        unheard = _unheard(snapshot, language) if snapshot.on_air else ""
        return showing.title, f"{detail}{_('; ')}{unheard}" if unheard else detail
    if shows == "session":
        return session_words.state_of(snapshot.sessions, snapshot.now, language)
    if stopped is None and snapshot.dark_until is not None:
        return _("Nothing is on air"), _dark(snapshot.dark_until, snapshot, language)
    if stopped is None:
        return _("Nothing is on air"), _("The screen shows this week's table.")
    return _("Stopped"), _stopped(stopped, snapshot, language)


def _origin(showing: Showing, language: Language) -> str:
    """Why it is on: a session's name where it has one."""
    if showing.origin == "session" and showing.occasion:
        return occasion_text(showing.occasion, language)
    return translator(language)(ORIGINS[showing.origin])


def _stopped(stopped: Stopped, snapshot: Snapshot, language: Language) -> str:
    _ = translator(language)
    if stopped.until is None:
        until = _("until somebody presses Start")
    else:
        until = _("until {time}").format(time=when(stopped.until, snapshot, language))
    return _("{reason}, {until}").format(reason=reason_text(stopped.reason, language), until=until)


def _unheard(snapshot: Snapshot, language: Language) -> str:
    """Why nothing is heard; empty where sound reaches a device, or it is not known."""
    return translator(language)(NO_SOUND.get(snapshot.sound.goes or "", ""))


def _sentences(said: list[str], language: Language) -> str:
    return (" " if language == "en" else "").join(said)


def _dark(until: datetime, snapshot: Snapshot, language: Language) -> str:
    _ = translator(language)
    if until >= FAR:
        return _("The room is closed; the screen is black.")
    return _("The room is closed; the screen is black until {time}.").format(time=when(until, snapshot, language))


def _work(snapshot: Snapshot, language: Language) -> str:
    """That faults are quiet, and until when; empty where nobody works on the devices."""
    work, _ = snapshot.work, translator(language)
    if work is None:
        return ""
    until = when(work.until, snapshot, language)
    if work.by_town:
        return _("The town says that this PC is worked on until {time}: no fault is reported.").format(time=until)
    return _("Somebody works on this PC until {time}: no fault is reported.").format(time=until)


def of_picture(picture: Screenshot | None, snapshot: Snapshot, language: Language) -> str:
    """When the picture of the screen was taken, or why there is none; empty where nobody has asked for one."""
    _ = translator(language)
    if not snapshot.screen:
        return _("There is no picture: this PC shows nothing. Restart it; if that does not help, report it.")
    if picture is None:
        return ""
    taken = datetime.fromtimestamp(picture.at_ms / 1000, snapshot.now.tzinfo)
    return _("Taken at {time}").format(time=f"{when(taken, snapshot, language)}:{taken:%S}")


def _sound(snapshot: Snapshot, language: Language) -> tuple[str, ...]:
    _ = translator(language)
    sound, unheard = snapshot.sound, _unheard(snapshot, language)
    said = [unheard] if unheard else []
    if sound.muted:
        said.append(_("When the sound is on again: volume {percent}.").format(percent=sound.volume))
    if sound.by_hand:
        said.append(_("Set by hand. From midnight on the plan's volume holds again."))
    if sound.urgent is not None and (sound.muted or sound.urgent != sound.volume):
        said.append(_("The urgent notice is heard all the same, at {percent}.").format(percent=sound.urgent))
    return tuple(said)


def _refused(snapshot: Snapshot, language: Language) -> tuple[str, ...]:
    _ = translator(language)
    if not snapshot.refused_count:
        return ()
    head = _("Records that the town did not take: {count}. They stay here; report them to the town.")
    entries = (_refusal(one, snapshot, language) for one in snapshot.refused)
    return head.format(count=snapshot.refused_count), *entries


def _refusal(one: RefusedEntry, snapshot: Snapshot, language: Language) -> str:
    _ = translator(language)
    at = when(datetime.fromtimestamp(one.at_ms / 1000, snapshot.now.tzinfo), snapshot, language) if one.at_ms else ""
    what = " ".join(word for word in (at, one.title or one.kind) if word)
    return _("No. {seq}, {what}: {reason}").format(seq=one.seq, what=what or "?", reason=one.reason)


def _fetching(coming: FetchProgress, snapshot: Snapshot, language: Language) -> Iterator[str]:
    _ = translator(language)
    if not coming.files:
        return
    said = _("Programmes still to come: {count}, {megabytes} MB.")
    yield said.format(count=coming.files, megabytes=f"{coming.missing / 1e6:.1f}")
    if coming.title:
        said = _("Fetching {title}: {percent}%, {megabytes} MB in all.")
        yield said.format(title=coming.title, percent=coming.percent, megabytes=f"{coming.size / 1e6:.1f}")
    if coming.title and coming.left_s is not None:
        said = _("{speed} kB a second; here in about {minutes} minutes.")
        yield said.format(speed=coming.bytes_per_s // 1000, minutes=coming.left_s // 60 + 1)
    if coming.lacking:
        said = _("{title} does not fit on the disk and will not be shown; {megabytes} MB are lacking.")
        yield said.format(title=coming.lacking_title, megabytes=-(-coming.lacking // 1_000_000))
    if coming.opens is not None:
        yield _("Fetching goes on at {time}.").format(time=when(coming.opens, snapshot, language))
    if coming.ready is not None:
        yield _("All will be here about {time}.").format(time=when(coming.ready, snapshot, language))
