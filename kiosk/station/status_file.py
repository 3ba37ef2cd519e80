"""The status file: what the daemon is doing, written every few seconds, for `kiosk status` to print."""

import contextlib
import time
from datetime import datetime
from pathlib import Path

from kiosk.common.files import write_whole
from kiosk.common.terminal import escape
from kiosk.contract.instants import FAR
from kiosk.station.health.maintenance import Work
from kiosk.station.link.progress import progress_line
from kiosk.station.panel.snapshot import Snapshot

NAME = "status"
STALE_S = 60.0
"""A file older than this was left by a daemon that does not run any more, or hangs."""


def lines_of(snapshot: Snapshot) -> list[str]:
    """The room in lines for a terminal."""
    lines = [
        f"{snapshot.station}, {snapshot.now:%Y-%m-%d %H:%M:%S}",
        now_line(snapshot),
        f"clock: {snapshot.clock}",
        *([work_line(snapshot.work, snapshot)] if snapshot.work else []),
        f"records not yet received by the town: {snapshot.waiting}",
        f"records that the town did not take: {snapshot.refused_count}",
        *(f"  no. {one.seq} {one.title or one.kind}: {one.reason}" for one in snapshot.refused),
        f"programmes: {progress_line(snapshot.fetching) or 'all here'}",
    ]
    return lines + [f"problem: {problem.cause}" for problem in snapshot.problems]


def now_line(snapshot: Snapshot) -> str:
    """What the screen shows."""
    if on_air := snapshot.on_air:
        return f"on air: {on_air.title}, {on_air.start:%H:%M}-{on_air.end:%H:%M}"
    return "on air: poster" if snapshot.dark_until is None else dark_line(snapshot.dark_until, snapshot)


def work_line(work: Work, snapshot: Snapshot) -> str:
    """That somebody works on the devices, and until when."""
    return f"maintenance until {work.until.astimezone(snapshot.now.tzinfo):%Y-%m-%d %H:%M}: faults are not reported"


def dark_line(until: datetime, snapshot: Snapshot) -> str:
    """That the screen rests, and until when."""
    if until >= FAR:
        return "on air: nothing, the room is closed"
    return f"on air: nothing, the room is closed until {until.astimezone(snapshot.now.tzinfo):%Y-%m-%d %H:%M}"


def write(runtime: Path, snapshot: Snapshot) -> None:
    """Replace the status file. It need not survive a power cut; a full disk is reported elsewhere."""
    text = "\n".join(map(escape, lines_of(snapshot))) + "\n"
    with contextlib.suppress(OSError):
        write_whole(runtime / NAME, text.encode(), lasting=False)


def read(runtime: Path) -> str:
    """The file's text. Raises :class:`FileNotFoundError` with a sentence where no daemon runs, or it hangs."""
    path = runtime / NAME
    try:
        age = time.time() - path.stat().st_mtime
        text = path.read_text(encoding="utf-8")
    except OSError:
        missing = f"no station has run here: there is no {path}; see systemctl status kiosk-station"
        raise FileNotFoundError(missing) from None
    if age > STALE_S:
        raise FileNotFoundError(f"no station runs: {path} is {age:.0f} s old; see systemctl status kiosk-station")
    return text
