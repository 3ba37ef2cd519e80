"""The Stop form: until when and why, as it is offered and as it is read back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from kiosk.common.i18n import Language, translator
from kiosk.common.stop_reasons import REASONS, tidy_reason
from kiosk.station.panel.snapshot import Snapshot

AFTERNOON = time(14)
HOUR = timedelta(hours=1)
FURTHEST = timedelta(days=3)
"""No time that the form offers lies further ahead."""

Problem = Literal["words", "stale", "stopped"]
"""Why the form cannot be obeyed: it lacks the reason in words; its time is past, as the page was open for long;
somebody else has stopped the room since the page was made."""


class NotOurs(ValueError):
    """Fields that no form of ours has."""


@dataclass(frozen=True)
class Until:
    """One choice of when Stop ends. ``value``: ``hour``, ``start``, or an instant in UTC milliseconds."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True)
class Filled:
    """The form as it was sent. ``until_ms`` is UTC; None: until Start."""

    reason: str
    until_ms: int | None
    problem: Problem | None = None


def choices(snapshot: Snapshot, language: Language, chosen: str = "") -> tuple[Until, ...]:
    """When Stop may end, the usual choice first. Without a trusted clock only Start ends it: no other time is known."""
    _ = translator(language)
    now, offered = snapshot.now, []
    if snapshot.clock != "untrusted":
        afternoon = now.replace(hour=AFTERNOON.hour, minute=0, second=0, microsecond=0)
        if snapshot.morning is not None:
            morning = snapshot.morning.astimezone(now.tzinfo)
            text = (
                _("until this morning, {time}") if morning.date() == now.date() else _("until tomorrow morning, {time}")
            )
            offered.append((str(_ms(morning)), text.format(time=f"{morning:%H:%M}")))
        offered.append(("hour", _("for one hour")))
        if afternoon > now:
            offered.append((str(_ms(afternoon)), _("until {time}").format(time=f"{afternoon:%H:%M}")))
    offered.append(("start", _("until somebody presses Start")))
    usual = str(_ms(snapshot.morning)) if snapshot.morning else ""
    values = [value for value, _text in offered]
    chosen = next((value for value in (chosen, usual) if value in values), "start")
    return tuple(Until(value, text, value == chosen) for value, text in offered)


def seen_ms(form: Mapping[str, str]) -> int | None:
    """When the Stop began that the page of the form showed (UTC); 0: none; None: not told."""
    typed = form.get("seen", "")
    return int(typed) if re.fullmatch(r"[0-9]{1,15}", typed) else None


def is_stopped_since(form: Mapping[str, str], snapshot: Snapshot) -> bool:
    """Whether another Stop is in force than the one that the page of the form showed."""
    return snapshot.stopped is not None and seen_ms(form) not in (None, snapshot.stopped.since_ms)


def read(form: Mapping[str, str], snapshot: Snapshot) -> Filled:
    """The form as sent, with its first problem. Raises :class:`NotOurs`."""
    reason, value, now = form.get("reason", ""), form.get("until", ""), snapshot.now
    if reason not in REASONS:
        raise NotOurs(f"reason {reason!r}")
    words = tidy_reason(form.get("words", "")) if reason == "other" else reason
    until_ms: int | None = None
    problem: Problem | None = None
    if value == "":  # what was chosen is no longer offered, and the page that was renewed has nothing chosen
        problem = "stale"
    elif value == "start":
        pass
    elif value == "hour":
        until_ms = _ms((now + HOUR + timedelta(seconds=59)).replace(second=0, microsecond=0))
    elif re.fullmatch(r"[0-9]{1,15}", value):
        until_ms = int(value)
    else:
        raise NotOurs(f"until {value!r}")
    if not words:
        problem = "words"
    elif until_ms is not None and not _ms(now) < until_ms <= _ms(now + FURTHEST):
        problem = "stale"
    return Filled(words, until_ms, problem)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
