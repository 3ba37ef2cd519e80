"""A health problem as a fault for the town's record, and as sentences for people."""

from collections.abc import Iterable

from kiosk.common.i18n import LANGUAGES, Language, translator
from kiosk.common.messages import Message, mark
from kiosk.contract.records import Fault
from kiosk.station.health.rules import Cleared, Problem, Raised

MAX_TEXT = 400
"""The most characters of a fact that the contract takes."""


def as_fault(news: Raised | Cleared, *, record_id: str, station: str, tried: str = "") -> Fault:
    """The record of ``news``. ``record_id`` is new for each record; raising and clearing share ``Fault.fault``."""
    problem = news.problem
    changes = {"changes": str(problem.changes)} if problem.flapping else {}
    return Fault(
        id=record_id,
        fault=problem.key(station),
        cause=problem.cause,
        device=problem.device,
        found_ms=problem.found_ms,
        cleared_ms=news.cleared_ms if isinstance(news, Cleared) else None,
        text=in_every_language(problem.text, *_flapping(problem)),
        remedy=in_every_language(problem.remedy),
        tried=tried,
        facts={name: value[:MAX_TEXT] for name, value in problem.facts.items()} | changes,
        state="cleared" if isinstance(news, Cleared) else "reported",
    )


def in_every_language(*messages: Message) -> str:
    """One line a language, the room's own first."""
    return "\n".join(_joined(messages, language) for language in LANGUAGES)


def sentence(problem: Problem, language: Language) -> str:
    """What is wrong and what to do, in one line."""
    return _joined((problem.text, *_flapping(problem), problem.remedy), language)


def _flapping(problem: Problem) -> tuple[Message, ...]:
    if not problem.flapping:
        return ()
    return (Message(mark("It comes and goes; changes so far: {count}."), {"count": str(problem.changes)}),)


def _joined(messages: Iterable[Message], language: Language) -> str:
    _ = translator(language)
    return (" " if language == "en" else "").join(message.render(_) for message in messages)
