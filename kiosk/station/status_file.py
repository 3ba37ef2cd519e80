"""What `kiosk status` says of the daemon that runs on this PC: a small file that it renews every few seconds."""

import contextlib
import time
from pathlib import Path

from kiosk.common.files import write_whole
from kiosk.station.link.progress import line_of
from kiosk.station.panel.snapshot import Snapshot

NAME = "status"
STALE_S = 60.0
"""A file older than this was left by a daemon that does not run any more, or hangs."""


def lines_of(snapshot: Snapshot) -> list[str]:
    """The room in lines for a terminal."""
    on_air = snapshot.on_air
    said = [
        f"{snapshot.station}, {snapshot.now:%Y-%m-%d %H:%M:%S}",
        f"on air: {on_air.title}, {on_air.start:%H:%M}-{on_air.end:%H:%M}" if on_air else "on air: poster",
        f"clock: {snapshot.clock}",
        f"records not yet received by the town: {snapshot.waiting}",
        f"records that the town did not take: {snapshot.refused_count}",
        *(f"  no. {one.seq} {one.title or one.kind}: {one.reason}" for one in snapshot.refused),
        f"programmes: {line_of(snapshot.fetching) or 'all here'}",
    ]
    return said + [f"problem: {problem.cause}" for problem in snapshot.problems]


def tell(runtime: Path, snapshot: Snapshot) -> None:
    """Renew the file. It need not survive a power cut; a full disk is told elsewhere."""
    text = "\n".join(lines_of(snapshot)) + "\n"
    with contextlib.suppress(OSError):
        write_whole(runtime / NAME, text.encode(), lasting=False)


def read(runtime: Path) -> str:
    """What the daemon says. Raises :class:`FileNotFoundError` with a sentence where none runs, or it hangs."""
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
