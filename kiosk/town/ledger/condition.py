"""How a room is, from what it said last and when: silent, stopped, without screen or sound, or ready. Pure."""

from collections.abc import Callable, Iterator
from typing import Any

MINUTE_MS = 60_000

Row = dict[str, Any]
"""A row of ``queries.stations``."""

_SCREEN = {
    "none": "no screen: its X server does not answer",
    "denied": "no screen: its X server does not let the kiosk in",
    None: "screen not known",
}
_SOUND = {"none": "no sound", "null": "sound that nobody hears: no loudspeaker, or the PC is muted"}


def judged(row: Row, now_ms: int, silent_ms: int) -> Row:
    """The row, with ``silent_for_ms`` (by the town's clock; None: never heard), ``silent`` and ``ready``."""
    silent_for = None if row["heard_ms"] is None else max(0, now_ms - row["heard_ms"])
    silent = silent_for is None or silent_for > silent_ms
    return row | {"silent_for_ms": silent_for, "silent": silent, "ready": not silent and _would_play(row)}


def words(row: Row, local: Callable[[int], str]) -> Iterator[str]:
    """A judged row in words; ``local`` writes an instant. A room that is not heard is never ready."""
    if row["heard_ms"] is None:
        yield "never heard"
        return
    if row["silent"]:
        yield f"silent for {span(row['silent_for_ms'])}, heard {local(row['heard_ms'])}, said then: {_week(row)}"
    else:
        yield f"heard {local(row['heard_ms'])}"
        yield _week(row)
    yield f"clock {row['clock']}"
    if row["stopped"]:
        yield _stopped(row["stopped_until_ms"], local)
    if row["screen"] != "up":
        yield _SCREEN.get(row["screen"], _SCREEN[None])
    if row["sound"] in _SOUND:
        yield _SOUND[row["sound"]]
    if said := _readiness(row, local):
        yield said
    if row["waiting"]:
        yield f"{row['waiting']} records not yet here"


def span(milliseconds: int) -> str:
    """A length of time in words, rounded down."""
    minutes = milliseconds // MINUTE_MS
    if minutes < 120:
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _would_play(row: Row) -> bool:
    """Whether it would show what is due and published, as far as it says."""
    held = row["playlist_version"] and not row["programmes_missing"] and not _hindrance(row)
    return bool(held and not row["stopped"] and row["screen"] == "up")


def _hindrance(row: Row) -> str:
    """Why a room does not hold what the town has published, and will not by itself; empty where nothing is known."""
    held, published = row["playlist_version"] or 0, row["published"]
    if row["refusing"]:
        return "it refuses " + ", ".join(f"{one['what']} ({one['reason']})" for one in row["refusing"])
    if "week-refused" in row["open_faults"]:  # of a kiosk that does not say more
        return "it refuses the week that is offered"
    if held > row["counted"]:
        return (
            f"this town's database does not know its week (the newest here is {row['counted']}); was the town restored "
            "from an older copy? Publish what is missing once more: it gets a version above that"
        )
    if row["bytes_lacking"]:
        return f"its disk lacks {row['bytes_lacking'] / 1e6:.1f} MB for {row['lacking_for']}, and for what follows"
    return f"week {published} is published" if held != published and not row["programmes_missing"] else ""


def _readiness(row: Row, local: Callable[[int], str]) -> str:
    """What it has still to fetch, or whether it is ready; empty where no week is published and none is held."""
    if hindrance := _hindrance(row):
        return f"not ready: {hindrance}"
    if row["programmes_missing"]:
        done = "all there" if row["stopped"] or row["screen"] in ("none", "denied") else "ready"
        when = f"{done} about {local(row['ready_ms'])}" if row["ready_ms"] else f"{done} at a time not known yet"
        megabytes, speed = row["bytes_missing"] / 1e6, row["bytes_per_s"] / 1000
        fetching = f"{row['programmes_missing']} files ({megabytes:.1f} MB) to fetch"
        return fetching if row["silent"] else f"{fetching} at {speed:.0f} kB/s, {when}"
    if not row["playlist_version"]:
        return ""
    if not row["ready"]:
        return "programmes all there"
    return "otherwise ready" if row["sound"] in _SOUND else "ready"


def _week(row: Row) -> str:
    return f"week {row['playlist_version']}" if row["playlist_version"] else "no week"


def _stopped(until_ms: int | None, local: Callable[[int], str]) -> str:
    if until_ms is None:
        return "stopped"
    return f"stopped until {local(until_ms)}" if until_ms else "stopped until somebody presses Start"
