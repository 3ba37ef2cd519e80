"""What somebody can do about a problem of the station: have it looked at again, or say that it is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.common.i18n import Language, day_name, translator
from kiosk.contract.instants import to_ms, to_utc
from kiosk.station.health.events import CheckAgain, KnownSet
from kiosk.station.health.faults import sentence
from kiosk.station.panel.repair_words import RepairWords, of_ticket, standing
from kiosk.station.panel.snapshot import Snapshot

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class FaultWords:
    """One problem: what is wrong and what to do, how its repair stands, and whether somebody knows of it."""

    name: str
    text: str
    ticket: str
    known: str
    repair: RepairWords | None = None
    """What can be said of its repair; None where the town has no ticket of it."""


def of(snapshot: Snapshot, language: Language) -> tuple[FaultWords, ...]:
    """The problems of ``snapshot`` in ``language``."""
    return tuple(
        FaultWords(
            name=problem.name,
            text=sentence(problem, language),
            ticket=_ticket(snapshot, problem.name, language),
            known=_known(snapshot, problem.name, language),
            repair=_repair(snapshot, problem.name, language),
        )
        for problem in snapshot.problems
    )


@dataclass(frozen=True)
class ReportWords:
    """One fault that was reported by hand, and how its repair stands."""

    fault: str
    text: str
    ticket: str
    picture: str


def reported(snapshot: Snapshot, language: Language) -> tuple[ReportWords, ...]:
    """The faults reported by hand."""
    return tuple(
        ReportWords(
            one.fault, f"{one.device}{_colon(language)}{one.text}", _ticket(snapshot, one.fault, language), one.picture
        )
        for one in snapshot.reports
    )


def _colon(language: Language) -> str:
    return translator(language)(": ")


def read(form: Mapping[str, str], now: datetime, by: str) -> CheckAgain | KnownSet | None:
    """What the form of somebody called ``by`` asks for, at the aware ``now``; None for what is no form of ours."""
    problem = form.get("problem", "")
    if not 0 < len(problem) <= 400:
        return None
    match form.get("button"):
        case "again":
            return CheckAgain(by, problem)
        case "known":
            return KnownSet(by, problem, to_ms(now + WEEK))
        case "tell":
            return KnownSet(by, problem, 0)
    return None


def _ticket(snapshot: Snapshot, name: str, language: Language) -> str:
    ticket = snapshot.tickets.get(name)
    return "" if ticket is None else standing(ticket, language)


def _repair(snapshot: Snapshot, name: str, language: Language) -> RepairWords | None:
    """What can be said of its repair, once somebody at the town has acted; before that *check again* is enough."""
    ticket = snapshot.tickets.get(name)
    return None if ticket is None or ticket.state in ("reported", "reopened") else of_ticket(snapshot, ticket, language)


def _known(snapshot: Snapshot, name: str, language: Language) -> str:
    until_ms = snapshot.known.get(name)
    if until_ms is None:
        return ""
    until = to_utc(until_ms).astimezone(snapshot.now.tzinfo)
    when = f"{day_name(until.date(), language)} {until:%H:%M}"
    _ = translator(language)
    return _("Known; no more is said of it until {time}.").format(time=when)
