"""Flapping: a device that comes and goes is one fault with a count, and not forty. Pure.

As Nagios does it: the changes among the last 21 looks, newer ones weighing more, against a high and a low threshold.
"""

import msgspec

LOOKS = 21
HIGH, LOW = 0.30, 0.15
"""Share of the looks at which it had changed: above the first it flaps, below the second no more."""
APART_MS = 10_000
"""Looks that are closer together count as one: what bounces for some seconds while it is switched on does not flap."""
OFTEN, WITHIN_MS, CALM_MS = 3, 6 * 3_600_000, 3_600_000
"""What becomes a fault for the third time within six hours flaps slowly; it does so until an hour without a change."""


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """What the last looks at a device have seen."""

    seen: str = ""
    """``0`` right, ``1`` wrong, the newest last; of a beginning without a change only its last look."""
    at_ms: int = 0
    """When the newest counted look was; 0 where nothing has changed for long."""
    changed_ms: int = 0
    raised_ms: tuple[int, ...] = ()
    """When it became a fault, within the last :data:`WITHIN_MS`."""
    flapping: bool = False
    changes: int = 0
    """Since it began to flap."""

    @property
    def share(self) -> float:
        """The weighted share of looks at which it had changed, 0 to 1."""
        last = len(self.seen) - 1
        changes = (n for n in range(1, len(self.seen)) if self.seen[n] != self.seen[n - 1])
        return sum(1.2 - 0.4 * (last - n) / (LOOKS - 2) for n in changes) / (LOOKS - 1)


def look(before: Looks, wrong: bool, now_ms: int) -> Looks:
    """One more look, at which it was ``wrong`` or not."""
    if before.seen and 0 <= now_ms - before.at_ms < APART_MS:
        return before
    sign = "1" if wrong else "0"
    seen = (before.seen + sign)[-LOOKS:]
    first = next((n for n in range(1, len(seen)) if seen[n] != seen[n - 1]), len(seen))
    seen = seen[first - 1 :]
    changed = bool(before.seen) and before.seen[-1] != sign
    found = Looks(
        seen=seen,
        at_ms=now_ms if len(seen) > 1 or before.flapping else 0,
        changed_ms=now_ms if changed else before.changed_ms if len(seen) > 1 or before.flapping else 0,
        raised_ms=tuple(at for at in before.raised_ms if 0 <= now_ms - at < WITHIN_MS),
        flapping=before.flapping,
        changes=before.changes + changed,
    )
    if not before.flapping:
        begins = found.share > HIGH
        changes = sum(a != b for a, b in zip(seen, seen[1:], strict=False)) if begins else 0
        return msgspec.structs.replace(found, flapping=begins, changes=changes)
    calm_ms = CALM_MS if len(found.raised_ms) >= OFTEN else 0
    if found.share < LOW and now_ms - found.changed_ms >= calm_ms:
        return msgspec.structs.replace(found, flapping=False, changes=0, raised_ms=())
    return found


def raised(looks: Looks, now_ms: int) -> Looks:
    """It has become a fault, at ``now_ms``; perhaps once too often."""
    times = (*looks.raised_ms, now_ms)[-OFTEN:]
    often = len(times) >= OFTEN
    return msgspec.structs.replace(
        looks,
        raised_ms=times,
        flapping=looks.flapping or often,
        changes=looks.changes if looks.flapping else 2 * len(times) - 1 if often else 0,
        changed_ms=looks.changed_ms or now_ms,
    )
