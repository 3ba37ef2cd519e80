"""A judged row of the ledger in words, in the officer's language: what the list and a station's page show."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from kiosk.common.i18n import LANGUAGES, Language, translator
from kiosk.common.messages import mark
from kiosk.contract.records import Evidence, Origin
from kiosk.town.ledger import condition
from kiosk.town.ledger.condition import CLOCKS, Row

Level = Literal["never", "silent", "quiet", "trouble", "fine", "retired"]
LEVELS: dict[Level, str] = {
    "silent": mark("silent"),
    "never": mark("never heard"),
    "trouble": mark("needs something"),
    "quiet": mark("closed"),
    "fine": mark("on line"),
    "retired": mark("retired"),
}
SIGNS: dict[Level, str] = {"silent": "✕", "never": "?", "trouble": "!", "quiet": "☾", "fine": "✓", "retired": "–"}
"""In the order in which rooms are listed."""
ORIGINS: dict[Origin, str] = {
    "urgent": mark("urgent notice"),
    "session": mark("session"),
    "slot": mark("timetable"),
    "filler": mark("recommended"),
}
EVIDENCE: dict[Evidence, str] = {
    "none": mark("no evidence"),
    "link": mark("screen connected"),
    "cec": mark("screen says that it is on"),
    "person": mark("seen by a person"),
}
Local = Callable[[int], str]


@dataclass(frozen=True)
class RoomWords:
    """A room as text. Where it is silent, what it said last is marked as that, and what is on the screen not known."""

    id: str
    name: str
    place: str
    level: Level
    sign: str
    state: str
    heard: str
    current: bool
    """Whether what it says is of now."""
    on_air: str
    week: str
    ready: str
    software: str
    clock: str
    disk: str
    screen: str
    faults: int
    no_faults: str
    """What is said where no fault is open."""
    refusing: str
    troubles: tuple[str, ...]
    filler: str
    """Said where recommended programmes fill all opening hours: it bears on every figure."""


def line_of(language: Language) -> Callable[[str], str]:
    """Picks the reader's language out of a fault's text: a line for each language, or one that somebody typed."""
    number = LANGUAGES.index(language)

    def line(text: str) -> str:
        lines = text.splitlines()
        return lines[number] if len(lines) == len(LANGUAGES) else " ".join(lines)

    return line


def level_of(row: Row) -> Level:
    """How a room of ``rooms.rooms`` is, in one word."""
    if row["retired_ms"] is not None:
        return "retired"
    if row["heard_ms"] is None:
        return "never"
    if row["silent"]:
        return "silent"
    if row["needs_somebody"]:
        return "trouble"
    return "quiet" if row["quiet"] else "fine"


def room_words(row: Row, local: Local, language: Language) -> RoomWords:
    """A judged row in words; ``local`` writes an instant."""
    _ = translator(language)
    level, unknown = level_of(row), _("not known")
    current = level not in ("never", "silent", "retired")
    heard = condition.heard_words(row | {"silent": False}, local, _)
    state = _(LEVELS[level])
    if level == "silent":
        state = _("silent for {span}").format(span=condition.span(row["silent_for_ms"], _))
    never = row["heard_ms"] is None
    gigabytes = None if row["disk_free_mb"] is None else row["disk_free_mb"] / 1000
    return RoomWords(
        id=row["id"],
        name=row["name"],
        place=row["place"],
        level=level,
        sign=SIGNS[level],
        state=state,
        heard=heard,
        current=current,
        on_air=_on_air(row, local, language) if current else unknown,
        week=unknown if never else condition.week_words(row, _),
        ready=unknown if never else condition.readiness_words(row, local, _) or _("no week is published"),
        software=row["software"] or unknown,
        clock=_(CLOCKS.get(row["clock"] or "", "")) or unknown,
        disk=unknown if gigabytes is None else _("{gigabytes} GB free").format(gigabytes=f"{gigabytes:.1f}"),
        screen=_screen(row, language) if current else unknown,
        faults=len(row["faults"]),
        no_faults=unknown if never else _("none reported") if current else _("none before it fell silent"),
        refusing=condition.refusing_words(row, _),
        filler=_("fills all opening hours with recommended programmes") if row["filler"] == "opening-hours" else "",
        troubles=() if never else tuple(condition.trouble_words(row, local, _)),
    )


def _on_air(row: Row, local: Local, language: Language) -> str:
    """What is on the screen, and why."""
    _, on_air = translator(language), row["on_air"]
    if row["quiet"]:
        return _("not known: the room is closed, its PC may be off")
    if row["screen"] in ("none", "denied"):
        return _("nothing: no screen")
    if on_air is not None:
        said = _("{title} ({why}), until {time}")
        return said.format(title=on_air.title, why=_(ORIGINS[on_air.origin]), time=local(on_air.ends_ms))
    return _("nothing: stopped") if row["stopped"] else _("no programme: the week's table, or black")


def _screen(row: Row, language: Language) -> str:
    """What the PC knows of its screen: a plugged cable is not a picture."""
    _ = translator(language)
    causes = {fault["cause"] for fault in row["faults"]}
    if row["screen"] in ("none", "denied") or "no-screen" in causes:
        return _("the PC has no screen")
    if "screen-unplugged" in causes:
        return _("not plugged in")
    return _("the PC sends a picture") if row["screen"] == "up" else _("not known")
