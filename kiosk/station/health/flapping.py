"""Flapping: a device that comes and goes is one fault with a count, and not forty. Pure.

As Nagios does it: the changes among the last 21 looks, newer ones weighing more, against a high and a low threshold.
"""

import msgspec

LOOKS = 21
HIGH, LOW = 0.30, 0.15
"""Share of the looks at which it had changed: above the first it flaps, below the second no more."""
APART_MS = 10_000
"""Looks that are closer together count as one: what bounces for some seconds while it is switched on does not flap."""
MANY, RESTLESS_MS = 8, 300_000
"""So many changes, with never five minutes of calm between two, are flapping too, however slow."""
OFTEN, WITHIN_MS = 3, 6 * 3_600_000
"""What becomes a fault for the third time within six hours flaps as well."""
CALM_MS, LONG_CALM_MS = 600_000, 3_600_000
"""It flaps until so long without a change; the longer one where it had been a fault too often."""


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
    """Since the last calm."""

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
    before = msgspec.structs.replace(before, changed_ms=min(before.changed_ms, now_ms))  # the clock may be set back
    sign = "1" if wrong else "0"
    seen = (before.seen + sign)[-LOOKS:]
    first = next((n for n in range(1, len(seen)) if seen[n] != seen[n - 1]), len(seen))
    seen = seen[first - 1 :]
    changed = bool(before.seen) and before.seen[-1] != sign
    calm = not before.flapping and not changed and now_ms - before.changed_ms > RESTLESS_MS
    found = Looks(
        seen=seen,
        at_ms=0 if calm and len(seen) == 1 else now_ms,
        changed_ms=0 if calm else now_ms if changed else before.changed_ms,
        raised_ms=tuple(at for at in before.raised_ms if 0 <= now_ms - at < WITHIN_MS),
        flapping=before.flapping,
        changes=0 if calm else before.changes + changed,
    )
    if not before.flapping:
        return msgspec.structs.replace(found, flapping=found.share > HIGH or found.changes >= MANY)
    calm_ms = LONG_CALM_MS if len(found.raised_ms) >= OFTEN else CALM_MS
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
        changes=max(looks.changes, 2 * len(times) - 1) if often else looks.changes,
        changed_ms=looks.changed_ms or now_ms,
    )
