"""How long ``decide`` takes over a week of 10,000 slots. Called by footprint.py; alone, it prints JSON."""

import json
import random
import time
from datetime import UTC, datetime, timedelta
from statistics import median

from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot
from kiosk.contract.station import Hours, Opening
from kiosk.station.schedule.situation import Situation
from kiosk.station.schedule.timetable import compile_playlist, decide, owed

FIRST = datetime(2026, 3, 2)
"""A Monday, local time."""
BEGIN = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Its midnight in Asia/Shanghai."""
STEP = timedelta(minutes=1)


def full_week(slots: int = 10_000) -> Playlist:
    """A slot of 50 s each minute, with two of 20 programmes, and filler that fits into what is left of it."""
    programmes = tuple(
        Programme(id=f"p{n}", title=f"p{n}", file=f"p{n}.mp4", duration_ms=(2 + n) * 1000, size=1, sha256="0" * 64)
        for n in range(20)
    )
    first_day, last_day = FIRST.date().isoformat(), (FIRST + timedelta(days=6)).date().isoformat()
    starts = [FIRST + n * STEP for n in range(slots)]
    return Playlist(
        town="t",
        group="g",
        version=1,
        issued_ms=0,
        first_day=first_day,
        last_day=last_day,
        programmes=programmes,
        slots=tuple(
            Slot(
                date=start.date().isoformat(),
                start=start.time().isoformat(),
                end=(start + timedelta(seconds=50)).time().isoformat(),
                programmes=(f"p{n % 20}", f"p{(n + 7) % 20}"),
            )
            for n, start in enumerate(starts)
        ),
        recommended=tuple(
            Recommended(programme=f"p{n}", plays=4, first_day=first_day, last_day=last_day) for n in range(20)
        ),
    )


def measure(samples: int = 2_000, slots: int = 10_000) -> dict[str, float]:
    """Milliseconds: ``compile_ms``, and of ``decide`` at random moments the median ``decide_ms`` and ``decide_ms_max``.

    What is owed was last counted within two minutes before each moment, as on a station that counts at every play.
    """
    week = full_week(slots)
    begun = time.perf_counter()
    timetable = compile_playlist(week)
    compiled = time.perf_counter() - begun
    opening = Opening(week=((Hours(start="08:00:00", end="20:00:00"),),) * 7)
    chance = random.Random(2)
    took = []
    for _ in range(samples):
        now = BEGIN + chance.random() * slots * STEP
        situation = Situation(
            opening=opening, filler="opening-hours", owed=owed(week, now - chance.random() * 2 * STEP, {})
        )
        begun = time.perf_counter()
        decide(timetable, now, situation)
        took.append(time.perf_counter() - begun)
    return {"compile_ms": compiled * 1000, "decide_ms": median(took) * 1000, "decide_ms_max": max(took) * 1000}


if __name__ == "__main__":
    print(json.dumps({name: round(value, 4) for name, value in measure().items()}))
