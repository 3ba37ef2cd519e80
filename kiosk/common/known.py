"""What a record knows of times in which nothing could be shown: Stops, faults, a PC off, missing files. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kiosk.common.planned import Known, Why
from kiosk.contract.instants import FAR_MS
from kiosk.contract.records import Action, Entryable, Fault, Session

MISSING, MISSING_OVER = "missing", "missing-over"
"""The actions by which a station records that a programme of a slot was due and could not be shown, and that it can."""
SEEN_MS = "seen_ms"
"""The fact of a ``boot`` that says when the station is last known to have run."""
NO_SCREEN_FAULTS = frozenset({"no-screen"})
"""Causes of faults while which nothing can be on the screen."""


@dataclass
class _Open:
    """Stretches that have begun, by what they are of."""

    stop: tuple[int, int, str] | None = None
    faults: dict[str, tuple[int, Why]] = field(default_factory=dict)
    missing: dict[str, tuple[int, Why]] = field(default_factory=dict)
    """By programme."""


def known_of(records: Iterable[Entryable]) -> list[Known]:
    """The stretches in which nothing could be shown, as the record's actions and faults tell them; in no order.

    What has not ended yet ends in the year 3000. Records in the order of the chain.
    """
    found: list[Known] = []
    now = _Open()
    for record in records:
        match record:
            case Action(action="stop" | "start"):
                found += _end_stop(now, record.at_ms)
                if record.action == "stop":
                    until = FAR_MS if record.until_ms is None else record.until_ms
                    now.stop = (record.at_ms, until, record.reason)
            case Action(action="boot"):
                found += _off(record.facts, record)
                found += [one for name in [*now.missing] for one in _end_missing(now, name, record.at_ms)]
            case Action(action="missing"):
                _begin_missing(now, record)
            case Action(action="missing-over"):
                found += _end_missing(now, record.facts.get("programme", ""), record.at_ms)
            case Action(action="journal-restarted"):
                found.append(Known(0, record.at_ms, Why("record-lost")))
            case Session(practice=False):
                found.append(Known(record.start_ms, record.end_ms, Why("session", record.session_kind)))
            case Fault():
                found += _fault(now, record)
            case _:
                pass
    found += _end_stop(now, FAR_MS)
    found += [one for name in [*now.missing] for one in _end_missing(now, name, FAR_MS)]
    return [*found, *(Known(since, FAR_MS, why) for since, why in now.faults.values())]


def _end_stop(now: _Open, at_ms: int) -> list[Known]:
    stop, now.stop = now.stop, None
    return [Known(stop[0], min(stop[1], at_ms), Why("stopped", stop[2]))] if stop else []


def _off(facts: Mapping[str, str], record: Action) -> list[Known]:
    """From when the station is last known to have run to its start; unknown where the clock was in doubt then."""
    seen_ms = _number(facts.get(SEEN_MS, ""))
    if seen_ms is None or record.clock == "untrusted" or seen_ms >= record.at_ms:
        return []
    return [Known(seen_ms, record.at_ms, Why("not-running", facts.get("pc", "")))]


def _begin_missing(now: _Open, record: Action) -> None:
    programme, since_ms = record.facts.get("programme", ""), _number(record.facts.get("start_ms", ""))
    if programme and record.reason in ("not-fetched", "failed"):
        why = Why("not-fetched" if record.reason == "not-fetched" else "failed")
        now.missing.setdefault(programme, (record.at_ms if since_ms is None else since_ms, why))


def _end_missing(now: _Open, programme: str, at_ms: int) -> list[Known]:
    """A station that starts anew says anew what is missing."""
    since_ms, why = now.missing.pop(programme, (at_ms, Why("unknown")))
    return [Known(since_ms, at_ms, why, programme)] if since_ms < at_ms else []


def _fault(now: _Open, record: Fault) -> list[Known]:
    if record.cause in NO_SCREEN_FAULTS:
        why = Why("no-screen")
    elif record.cause == "clock-untrusted":
        why = Why("clock")
    else:
        return []
    since, _ = now.faults.pop(record.fault, (record.found_ms, None))
    if record.cleared_ms is not None:
        return [Known(since, record.cleared_ms, why)]
    now.faults[record.fault] = (since, why)
    return []


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
