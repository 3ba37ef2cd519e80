"""How a play that was left to run to its end has ended: its outcome, and the cause of it."""

from kiosk.contract.records import Outcome
from kiosk.station.playout.plan import TAIL_MS

NO_SCREEN, SCREEN_LOST = "there was no screen", "the screen was lost for a time"


def outcome_at_end(
    duration_ms: int, played_ms: int, *, shown: bool, joined: bool, late_ms: int, failure: str, screen_lost: bool
) -> tuple[Outcome, str]:
    """``played_ms`` includes what the plays that it continues have shown; ``failure`` is what its players said last."""
    if shown and played_ms >= duration_ms - TAIL_MS:
        return "completed", ""
    if screen_lost and not failure:
        return ("interrupted", SCREEN_LOST) if shown else ("failed", NO_SCREEN)
    if failure or not shown or (late_ms > TAIL_MS and not joined):
        return "failed", failure or "it was not ready in time"
    return "interrupted", "joined in progress" if joined else "cut by the plan"
