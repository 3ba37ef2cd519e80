"""Why an instant shows what it shows: the explanation of the timetable in words, in both languages."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.messages import mark
from kiosk.common.occasions import occasion_text
from kiosk.common.stop_reasons import reason_text
from kiosk.contract.instants import to_utc
from kiosk.station.schedule.layers import Answer, Kind, Run, Why
from kiosk.station.schedule.timetable import Explanation

LAYERS: tuple[Kind, ...] = ("urgent", "stop", "session", "slot", "demand", "hours", "presence", "filler")
"""Those that people are told of, topmost first."""
NAMED = ("urgent", "session")
"""Those that have a name of their own."""
NAMES: dict[Kind, str] = {
    "urgent": mark("Urgent notice"),
    "stop": mark("Stop"),
    "session": mark("Session"),
    "slot": mark("Timetable"),
    "demand": mark("On demand"),
    "hours": mark("Opening hours"),
    "presence": mark("Somebody there"),
    "filler": mark("Recommended"),
}
CLOSED = mark("the room is closed, so nothing recommended is shown")
NEVER = mark("the town wants nothing recommended to be shown in this room")
NOBODY = mark("nobody has been noticed in the room, so nothing recommended is shown")
STATES: dict[Why, str] = {
    "shown": mark("{title} is to be shown"),
    "not-begun": mark("begins at {start}"),
    "over": mark("is over"),
    "list-over": mark("its programmes have been shown"),
    "unavailable": mark("the turn is that of {title}, which is not here yet or has failed"),
    "none": mark("there is none"),
    "in-force": mark("in force, {until}"),
    "closed": CLOSED,
    "open": mark("the room is open"),
    "quiet": mark("nothing is to be shown"),
    "never": NEVER,
    "nobody": NOBODY,
    "somebody": mark("somebody was noticed"),
}
NO_FILLER: dict[Why, str] = {
    "none": mark("nothing is recommended for this day"),
    "over": mark("no recommended programme is owed any more plays"),
    "unavailable": mark("what is still to be shown is not here yet or has failed"),
    "never": NEVER,
    "nobody": NOBODY,
}


def on_screen(explanation: Explanation, language: Language, zone: tzinfo) -> str:
    """What the plan has on the screen at that instant."""
    _, on_air = translator(language), explanation.decision.on_air
    if _is_open(explanation):
        return _("a recommended programme, or the week's table: that is counted anew on that day")
    if on_air is None:
        return _("no programme; the week's table is shown, or black while the room is closed")
    at = explanation.at
    times = f"{_when(on_air.start, at, language, zone)}–{_when(on_air.end, at, language, zone)}"
    return _("{title}, {times}").format(title=on_air.programme.title, times=times)


def sentence(explanation: Explanation, language: Language, zone: tzinfo) -> str:
    """What decided, in one sentence."""
    _, at, stop = translator(language), explanation.at, explanation.situation.stop
    answer = explanation.answers[-1] if explanation.decided else None
    run = answer.run if answer else None
    said = ""
    if answer and answer.kind == "stop" and stop:
        reason, until = reason_text(stop.reason, language), _until(explanation, language, zone)
        return _("Somebody has pressed Stop ({reason}), {until}.").format(reason=reason, until=until)
    if answer and answer.kind == "urgent":
        said = _("An urgent notice goes before all else: {name}, {times}.")
    elif answer and answer.kind == "session" and answer.why == "shown":
        said = _("A session goes before the timetable: {name}, {times}.")
    elif answer and answer.kind == "session":
        said = _("A session keeps the screen quiet to its end: {name}, {times}.")
    elif answer and answer.kind == "slot":
        said = _("The timetable has it {times}.")
    if said:
        return said.format(name=_name(run, language), times=_times(run, at, language, zone))
    if _is_open(explanation):
        second = _("recommended programmes are counted anew on that day")
    elif answer and answer.kind == "hours":
        second = _(CLOSED)
    elif answer and answer.kind == "demand":
        second = _("somebody has chosen what is shown")
    elif answer:
        second = _("a recommended programme fills it")
    else:
        second = _no_filler(explanation, language)
    return _("{first}; {second}.").format(first=_no_slot(explanation, language), second=second)


def _is_open(explanation: Explanation) -> bool:
    """Whether it is not known yet what is shown, as plays owed are counted anew before then."""
    kind = explanation.answers[-1].kind if explanation.decided else "filler"
    return kind == "filler" and explanation.counted_anew and explanation.situation.clock_trusted


def _no_slot(explanation: Explanation, language: Language) -> str:
    """Why the timetable shows nothing."""
    _ = translator(language)
    slot = next((answer for answer in explanation.answers if answer.kind == "slot"), None)
    if slot is None:
        return _("The clock cannot be trusted, so the timetable is not followed")
    if slot.why == "list-over":
        return _("What is planned for this time has been shown")
    if slot.why == "unavailable" and slot.programme:
        said = _("{title} is planned for this time, but is not here yet or has failed")
        return said.format(title=slot.programme.title)
    return _("Nothing is planned for this time")


def lines(explanation: Explanation, language: Language, zone: tzinfo) -> Iterator[str]:
    """Every layer that was looked at, topmost first, and what decided; a line each."""
    _ = translator(language)
    last = explanation.answers[-1] if explanation.decided else None
    if not explanation.situation.clock_trusted:
        yield _("The clock cannot be trusted: urgent notices, sessions and the timetable are not looked at.")
    for kind in LAYERS:
        found = [answer for answer in explanation.answers if answer.kind == kind]
        if kind == "filler" and _is_open(explanation):
            yield _line(kind, "", _("counted anew on that day"), language)
            return
        if not found and (absent := _absent(kind, explanation, language)):
            yield _line(kind, "", absent, language)
        for answer in found:
            said = _answer(answer, explanation, language, zone)
            if answer is last:
                said = _("{answer} – this decides").format(answer=said)
            yield _line(kind, _name(answer.run, language) if kind in NAMED else "", said, language)
        if kind == "slot":
            yield from _covered(explanation, language, zone)
        if last and last.kind == kind:
            return
    yield _("The week's table, or black while the room is closed: nothing above shows anything – this decides")


def _line(kind: Kind, name: str, said: str, language: Language) -> str:
    _ = translator(language)
    head = f"{_(NAMES[kind])} {name}" if name else _(NAMES[kind])
    return _("{head}: {what}").format(head=head, what=said)


def _answer(answer: Answer, explanation: Explanation, language: Language, zone: tzinfo) -> str:
    _, run, at = translator(language), answer.run, explanation.at
    start = _when(to_utc(run.start), at, language, zone) if run else ""
    if answer.kind == "filler" and answer.why in ("over", "none"):
        said = _no_filler(explanation, language)
    elif answer.kind == "filler" and answer.why == "not-begun":
        said = _("begins within seconds")
    elif answer.kind == "slot" and answer.why == "none":
        said = _("nothing for this time")
        if explanation.next_slot is not None:
            after = _when(explanation.next_slot, at, language, zone)
            said = _("{answer}; the next is at {time}").format(answer=said, time=after)
    else:
        title = answer.programme.title if answer.programme else ""
        said = _(STATES[answer.why]).format(title=title, start=start, until=_until(explanation, language, zone))
    if run and answer.why not in ("not-begun", "over"):
        times = f"{_times(run, at, language, zone)}{_priority(run, language)}"
        said = _("{times}, {what}").format(times=times, what=said)
    if answer.kind == "session" and answer.item is not None and answer.why != "shown":
        said += _("; the screen is quiet until it ends")
    return said


def _absent(kind: Kind, explanation: Explanation, language: Language) -> str:
    """What is said of a layer that is not there; nothing where it would not be asked."""
    _, situation = translator(language), explanation.situation
    if kind == "stop":
        return _("nobody has pressed it")
    if kind == "filler":
        asked = {answer.kind for answer in explanation.answers}
        return "" if "presence" in asked else _no_filler(explanation, language)
    if kind == "session" and situation.session and situation.stop:
        return _("ended by Stop")
    return _("there is none") if kind in ("urgent", "session") and situation.clock_trusted else ""


def _covered(explanation: Explanation, language: Language, zone: tzinfo) -> Iterator[str]:
    """Slots of lower priority."""
    _ = translator(language)
    for run in explanation.covered:
        times = _times(run, explanation.at, language, zone) + _priority(run, language)
        title = _(", ").join(dict.fromkeys(programme.title for programme in run.programmes))
        yield _line("slot", "", _("{times}: {title} is covered by it").format(times=times, title=title), language)


def _no_filler(explanation: Explanation, language: Language) -> str:
    """Why nothing recommended is shown."""
    _ = translator(language)
    if explanation.no_filler is None and any(one.why == "not-begun" for one in explanation.answers[-1:]):
        return _("a recommended programme begins within seconds")
    reason: Why = explanation.no_filler or "over"
    return _(NO_FILLER[reason])


def _name(run: Run | None, language: Language) -> str:
    return occasion_text(run.bill.occasion, language) if run else ""


def _priority(run: Run, language: Language) -> str:
    _ = translator(language)
    return _(" (priority {number})").format(number=run.priority) if run.priority else ""


def _times(run: Run | None, at: datetime, language: Language, zone: tzinfo) -> str:
    if run is None:
        return ""
    return f"{_when(to_utc(run.start), at, language, zone)}–{_when(to_utc(run.end), at, language, zone)}"


def _until(explanation: Explanation, language: Language, zone: tzinfo) -> str:
    _, stop = translator(language), explanation.situation.stop
    if stop is None or stop.until is None or not explanation.situation.clock_trusted:
        return _("until somebody presses Start")
    return _("until {time}").format(time=_when(stop.until, explanation.at, language, zone))


def _when(instant: datetime, at: datetime, language: Language, zone: tzinfo) -> str:
    """A time, with its day where that is not the day of ``at``."""
    local = instant.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return clock if local.date() == at.astimezone(zone).date() else f"{day_name(local.date(), language)} {clock}"
