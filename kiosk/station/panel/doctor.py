"""The doctor's sentences, in both languages: each check, its fact, right or wrong, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.messages import mark
from kiosk.contract.instants import to_utc
from kiosk.station.health.examination import Examination, Item, State

STATES: dict[State, str] = {"right": mark("right"), "wrong": mark("WRONG"), "unknown": mark("not known")}
NAMES = {
    "not-running": mark("The kiosk"),
    "reading-hangs": mark("Looking at the devices"),
    "screen-unplugged": mark("Screen"),
    "usb-missing": mark("USB device"),
    "no-screen": mark("Picture of this PC"),
    "screen-mode": mark("Mode of the screen"),
    "no-sound": mark("Sound"),
    "sound-silent": mark("Signal of the sound"),
    "screen-does-not-wake": mark("Switching the screen on"),
    "screen-does-not-rest": mark("Switching the screen off"),
    "screen-does-not-answer": mark("Answer of the screen"),
    "pc-stays-on": mark("Shutting down at night"),
    "disk-low": mark("Room on the disk"),
    "programmes-do-not-fit": mark("Room for what is to come"),
    "programme-missing": mark("Programmes of the next hours"),
    "disk-not-writable": mark("Writing to the disk"),
    "disk-errors": mark("Errors of the disk"),
    "disk-failing": mark("The disk's own report"),
    "memory-low": mark("Memory of the PC"),
    "daemon-memory": mark("Memory of the kiosk"),
    "throttled": mark("Speed of the PC"),
    "undervoltage": mark("Voltage of the PC"),
    "on-battery": mark("Mains power"),
    "too-hot": mark("Temperature of the PC"),
    "child-restarts": mark("Player"),
    "poster-fails": mark("The week's table"),
    "menu-fails": mark("Menu on the screen"),
    "inbox-long": mark("Message queue"),
    "journal-trouble": mark("Recording of plays"),
    "clock-untrusted": mark("Clock"),
    "clock-disputed": mark("Time from the network"),
    "journal-damaged": mark("The record"),
    "plan-running-out": mark("The town's plan"),
    "line-unplugged": mark("Network cable"),
    "no-names": mark("Name resolution"),
    "captive-portal": mark("Log-in page of the network"),
    "line-unpaid": mark("Payment of the line"),
    "line-poor": mark("Quality of the line"),
    "town-silent": mark("Line to the town"),
    "freeze": mark("News from the town"),
    "week-refused": mark("Plans received"),
}
"""What each check looks at, by the cause that it finds; one that is not named here is shown by its cause."""
FACTS = {
    "free_mb": mark("{value} MB are free"),
    "temperature_c": mark("{value} °C"),
    "restarts": mark("Restarted {value} times within an hour"),
    "inbox": mark("{value} are waiting"),
    "connector": mark("Connector {value}"),
    "usb": mark("USB number {value}"),
    "plan_until_ms": mark("Until {value}"),
    "since_ms": mark("No answer since {value}"),
    "damaged_ms": mark("Damaged at {value}"),
    "file": mark("File {value}"),
    "clock": mark("{value}"),
    "screen": mark("{value}"),
    "sound": mark("{value}"),
    "power": mark("{value}"),
    "lacking_mb": mark("{value} MB are lacking"),
}
"""Facts in words; one that is not named here is shown as it is."""
INSTANTS = ("plan_until_ms", "since_ms", "damaged_ms")
"""Facts that are UTC milliseconds; 0 is none."""
VALUES = {
    ("power", "on"): mark("It is on"),
    ("power", "standby"): mark("It is in standby"),
    ("power", "off"): mark("It gets no signal"),
    ("screen", "up"): mark("The X server answers"),
    ("sound", "device"): mark("It goes to a sound device"),
    ("clock", "trusted"): mark("It is kept right by the network or the town"),
    ("clock", "declared"): mark("It was set by hand"),
    ("clock", "holdover"): mark("It was right when it was last checked"),
}
"""What a fact's value is in words, where it is a word itself."""
OLD = timedelta(minutes=5)
"""Ten looks at the equipment."""
NOTHING = ("", "None")
UNTOLD = ("title", "doubtful", "behind_ms")
"""Facts of a fault's record that its text tells."""


@dataclass(frozen=True)
class Line:
    """One check. ``name`` and ``state`` head it."""

    number: int
    name: str
    kind: State
    state: str
    says: tuple[str, ...]
    """Sentences: the fact, and where it is wrong, what to do."""


@dataclass(frozen=True)
class Doctor:
    """The whole page in one language."""

    head: str
    """How many things are wrong, and their numbers."""
    unknown: str
    """What is not known; empty where all is."""
    as_of: str
    lines: tuple[Line, ...]


def of(examination: Examination | None, language: Language, now: datetime) -> Doctor:
    """Say what was found, as of ``now``, with times in its zone."""
    _ = translator(language)
    if examination is None:
        return Doctor(_("The first look at the equipment is under way."), "", "", ())
    wrong, unknown = examination.numbers("wrong"), examination.numbers("unknown")
    zone = now.tzinfo
    at = to_utc(examination.at_ms).astimezone(zone)
    as_of = _("As of {time}").format(time=f"{day_name(at.date(), language)} {at:%H:%M:%S}")
    if now - at > OLD:  # a probe that hangs on a dead disk holds up all others
        minutes = int((now - at).total_seconds()) // 60
        as_of = _("{as_of}: {minutes} minutes old, and nothing newer is known").format(as_of=as_of, minutes=minutes)
    return Doctor(
        head=_("Wrong: {count} (no. {numbers})").format(count=len(wrong), numbers=_listed(wrong, language))
        if wrong
        else _("Nothing is found wrong."),
        unknown=_("Not known: {count} (no. {numbers})").format(count=len(unknown), numbers=_listed(unknown, language))
        if unknown
        else "",
        as_of=as_of,
        lines=tuple(_line(n, item, language, zone, 1 not in wrong) for n, item in enumerate(examination.items, 1)),
    )


def _listed(numbers: list[int], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(map(str, numbers))


def _line(number: int, item: Item, language: Language, zone: tzinfo | None, judged: bool) -> Line:
    """``judged``: faults are made of what is wrong, as the daemon runs."""
    _ = translator(language)
    name = _(NAMES[item.cause]) if item.cause in NAMES else item.cause
    if own := item.text.values.get("name"):
        name = f"{name} {own}"
    facts = _(", ").join(_facts(item, language, zone))
    says = [_("{facts}.").format(facts=facts)] if facts else []
    if item.state == "wrong":
        says = [item.text.render(_), *says, item.remedy.render(_)]
    if item.reported_ms is not None:
        told = _("It is in the record as a fault since {time}.")
        says.append(told.format(time=_when(item.reported_ms, language, zone)))
        if item.state == "right":
            says.append(_("That fault is closed once this stays right."))
    elif item.state == "wrong" and judged:
        says.append(_("It is not yet in the record as a fault: it has to last."))
    return Line(number, name, item.state, _(STATES[item.state]), tuple(says))


def _facts(item: Item, language: Language, zone: tzinfo | None) -> Iterator[str]:
    """What was measured; nothing for what is not known. Of what is wrong its text tells, but not since when."""
    _ = translator(language)
    for name, value in item.facts.items():
        is_time = name in INSTANTS and value.isdecimal()
        if name in UNTOLD or value in NOTHING or (is_time and value == "0") or (item.state == "wrong" and not is_time):
            continue
        said = _(VALUES[name, value]) if (name, value) in VALUES else value
        said = _when(int(value), language, zone) if is_time else said
        yield _(FACTS[name]).format(value=said) if name in FACTS else f"{name}: {said}"


def _when(instant_ms: int, language: Language, zone: tzinfo | None) -> str:
    at: datetime = to_utc(instant_ms).astimezone(zone)
    return f"{day_name(at.date(), language)} {at:%H:%M}"
