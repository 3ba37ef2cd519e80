"""Whether somebody was noticed in a stretch of time: attended, nobody, or unknown. Pure. Instants are UTC ms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from kiosk.contract.wire import Instant, Text
from kiosk.station.sessions.events import SENSOR

State = Literal["attended", "nobody", "unknown"]
"""``nobody``: a sensor that works has noticed none. ``unknown``: nothing here could have told."""
JOINED_MS = 600_000
"""Two times at which somebody was noticed by the same means are one stretch if no more lies between them."""
MOST = 60
"""Stretches that are remembered: a day's, and more."""


class Stretch(msgspec.Struct, frozen=True):
    """Somebody was noticed from ``first_ms`` to ``last_ms``, again and again."""

    first_ms: Instant
    last_ms: Instant
    by: Text


@dataclass(frozen=True)
class Attended:
    """What is known of a slot's room, and who or what says so."""

    state: State
    by: tuple[str, ...] = ()


def noticed_again(stretches: Sequence[Stretch], at_ms: int, by: str) -> tuple[Stretch, ...]:
    """The stretches with what was noticed at ``at_ms``; the oldest are forgotten."""
    last = next((one for one in reversed(stretches) if one.by == by), None)
    if last is not None and 0 <= at_ms - last.last_ms <= JOINED_MS:
        longer = Stretch(last.first_ms, at_ms, by)
        return tuple(longer if one is last else one for one in stretches)
    return (*stretches, Stretch(at_ms, at_ms, by))[-MOST:]


def attended(stretches: Sequence[Stretch], start_ms: int, end_ms: int, *, sensor: bool) -> Attended:
    """What is known of the time from ``start_ms`` to ``end_ms``. ``sensor``: one that works has looked all the time."""
    by = tuple(dict.fromkeys(one.by for one in stretches if one.first_ms < end_ms and one.last_ms >= start_ms))
    if by:
        return Attended("attended", by)
    return Attended("nobody", (SENSOR,)) if sensor else Attended("unknown")
