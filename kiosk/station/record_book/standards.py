"""The standards that an inspector asks for (六有), each with the evidence behind it, and what nobody has shown.

Which they are is the town's text, in the station document; by what stands in it the kiosk knows what it can say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from kiosk.common.i18n import Language, translator
from kiosk.common.messages import Message, mark
from kiosk.contract.records import Item
from kiosk.contract.station import StationDocument
from kiosk.station.record_book.books import MonthBooks

Kind = Literal["place", "equipment", "sign", "rules", "posting", "record"]
USUAL: dict[Kind, str] = {
    "place": mark("There is a place"),
    "equipment": mark("There is equipment"),
    "sign": mark("There is a sign"),
    "rules": mark("There are rules"),
    "posting": mark("There is a posting"),
    "record": mark("There is a record"),
}
"""有场地 有设备 有标牌 有制度 有公告 有记录, where the town names no others."""
_WORDS: dict[Kind, tuple[str, ...]] = {
    "place": ("场地", "场所", "阵地", "place"),
    "equipment": ("设备", "设施", "equipment"),
    "sign": ("牌", "sign"),
    "rules": ("制度", "职责", "rules"),
    "posting": ("公告", "公示", "计划", "posting"),
    "record": ("记录", "台账", "档案", "record"),
}
SEEN_DAYS = 366
"""How long what somebody has seen counts."""


@dataclass(frozen=True)
class Standard:
    """One standard. ``met`` only where the evidence says so."""

    name: str
    met: bool
    evidence: tuple[str, ...]
    by_hand: bool = False
    """Nothing but a person can show it."""


@dataclass(frozen=True)
class Facts:
    """What the kiosk knows beside the books."""

    today: date
    problems: int
    posted: bool
    """The plan in force has slots in this week, and the screen posts it when no programme is on."""
    postings: tuple[Item, ...]
    """What was put up and printed in the month."""
    countersigned: bool
    """Entries of the month, up to ..."""
    waiting: int
    """... so many newest ones, which the town has not got yet."""


def standards(
    found: MonthBooks, document: StationDocument | None, facts: Facts, language: Language
) -> tuple[Standard, ...]:
    """The town's standards, each with its evidence in words."""
    _ = translator(language)
    names = [(_kind(text), text) for text in (document.standards if document else ())]
    usual = [(kind, _(text)) for kind, text in USUAL.items()]
    return tuple(_standard(kind, name, found, document, facts, language) for kind, name in names or usual)


def _kind(text: str) -> Kind | None:
    return next((kind for kind, words in _WORDS.items() if any(word in text.lower() for word in words)), None)


def _standard(
    kind: Kind | None,
    name: str,
    found: MonthBooks,
    document: StationDocument | None,
    facts: Facts,
    language: Language,
) -> Standard:
    _ = translator(language)
    told = _told(kind, found, document, facts) if kind else []
    lines = [message.render(_) for _met, message in told]
    met = bool(told) and all(one for one, _message in told)
    for entry in found.entries:
        day = entry.values.get("day", "")
        recent = day >= (facts.today - timedelta(days=SEEN_DAYS)).isoformat()
        if entry.book == "evidence" and not entry.withdrawn and entry.values.get("standard") == name and recent:
            lines.append(f"{day} {entry.by}{_(': ')}{entry.values.get('text', '')}")
            met = met or not told
    if not lines:
        lines.append(_("Nobody has shown it: write down what you have seen."))
    return Standard(name, met, tuple(lines), not told)


def _told(
    kind: Kind, found: MonthBooks, document: StationDocument | None, facts: Facts
) -> Sequence[tuple[bool, Message]]:
    """What the kiosk itself can say: whether it speaks for the standard, and how."""
    match kind:
        case "place":
            days = len([row for row in found.tables["running"].rows if row.cells[1]])
            return [
                (
                    days > 0,
                    Message(mark("Days of this month on which the kiosk ran here: {days}."), {"days": str(days)}),
                )
            ]
        case "equipment":
            count = len(found.tables["equipment"].counted)
            listed = Message(mark("Devices in the register: {count}."), {"count": str(count)})
            broken = Message(mark("Open faults: {count}."), {"count": str(facts.problems)})
            return [(count > 0, listed), (facts.problems == 0, broken)]
        case "sign":
            return []  # no device sees it: somebody has to
        case "rules":
            there = bool(document and document.rules)
            said = mark("The rules stand in the panel, to be read and printed.")
            return [(there, Message(said if there else mark("The town has sent no rules.")))]
        case "posting":
            said = mark("The screen posts this week's plan whenever no programme is on.")
            shown = Message(said if facts.posted else mark("There is no plan for this week to be posted."))
            put_up = Message(mark("Put up on paper in this month: {count} times."), {"count": str(len(facts.postings))})
            return [(facts.posted, shown), (True, put_up)]
        case "record":
            waits = Message(
                mark("Entries of the month that wait for the town's countersignature: {count}."),
                {"count": str(facts.waiting)},
            )
            if not facts.countersigned:
                return [(False, Message(mark("The town has not countersigned the month's record."))), (True, waits)]
            return [(True, Message(mark("The town has countersigned the month's record."))), (True, waits)]
