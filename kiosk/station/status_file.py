"""The status file: what the daemon is doing, written every few seconds, for `kiosk status` to print."""

import contextlib
import time
from datetime import datetime
from pathlib import Path

from kiosk.common.files import write_whole
from kiosk.common.terminal import escape
from kiosk.contract.instants import FAR, to_utc
from kiosk.contract.occasions import KINDS, occasion_in_english
from kiosk.station.health.maintenance import Work
from kiosk.station.link.progress import progress_line
from kiosk.station.panel.now_file import STALE_S
from kiosk.station.panel.snapshot import Snapshot, Sound, Stopped

NAME = "status"


SCREENS = {
    "none": "no screen: there is no X server, or it does not answer",
    "denied": "no screen: the X server does not let the kiosk in; run install.sh station again, or see XAUTHORITY",
    "starting": "the screen is being set up",
    "poster": "on air: poster",
}
SOUNDS = {
    "device": "to the sound device",
    "null": "nobody hears it: no loudspeaker, or the PC is muted",
    "none": "none: no sound server, or no sound device",
    "off": "off by the settings",
    None: "where it goes is not known",
}


def now_line(snapshot: Snapshot) -> str:
    """What the screen shows, or why it shows nothing."""
    on_air, stopped, zone = snapshot.on_air, snapshot.stopped, snapshot.now.tzinfo
    if snapshot.shows == "programme" and on_air:
        start, end = on_air.start.astimezone(zone), on_air.end.astimezone(zone)
        return f"on air: {on_air.title}, {start:%H:%M}-{end:%H:%M}"
    if snapshot.shows == "stopped" and stopped:
        return stop_line(stopped, snapshot)
    if snapshot.shows == "black" and snapshot.dark_until:
        return dark_line(snapshot.dark_until, snapshot)
    held = snapshot.sessions.held
    if snapshot.shows == "session" and held:
        end = to_utc(held.end_ms).astimezone(zone)
        return f"on air: the card of a session ({occasion_in_english(KINDS[held.kind])}), until {end:%H:%M}"
    return SCREENS[snapshot.shows]


def in_one_line(snapshot: Snapshot) -> str:
    """What the screen shows and what is still to come, for `systemctl status`."""
    fetching = progress_line(snapshot.fetching)
    return f"{now_line(snapshot)}{'; ' if fetching else ''}{fetching} (times: {snapshot.now.tzinfo})"


def stop_line(stopped: Stopped, snapshot: Snapshot) -> str:
    """That somebody wanted quiet, why, and until when."""
    if stopped.until is None:
        return f"stopped ({stopped.reason}), until somebody presses Start"
    return f"stopped ({stopped.reason}), until {stopped.until.astimezone(snapshot.now.tzinfo):%Y-%m-%d %H:%M}"


def _sound(sound: Sound) -> str:
    return f"{'muted' if sound.muted else f'volume {sound.volume}'}, {SOUNDS[sound.goes]}"


def lines_of(snapshot: Snapshot) -> list[str]:
    """The room in lines for a terminal."""
    lines = [
        f"{snapshot.station}, {snapshot.now:%Y-%m-%d %H:%M:%S} ({snapshot.now.tzinfo})",
        now_line(snapshot),
        *([stop_line(snapshot.stopped, snapshot)] if snapshot.stopped and snapshot.shows != "stopped" else []),
        f"sound: {_sound(snapshot.sound)}",
        f"clock: {snapshot.clock}",
        *([work_line(snapshot.work, snapshot)] if snapshot.work else []),
        f"records not yet received by the town: {snapshot.waiting}",
        f"records that the town did not take: {snapshot.refused_count}",
        *(f"  no. {one.seq} {one.title or one.kind}: {one.reason}" for one in snapshot.refused),
        f"programmes: {progress_line(snapshot.fetching) or 'all here'}",
    ]
    return lines + [f"problem: {problem.cause}" for problem in snapshot.problems]


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


def remove(runtime: Path) -> None:
    """Take the file away: the daemon ends, and nothing that it says is so any more."""
    with contextlib.suppress(OSError):
        (runtime / NAME).unlink()


def read(runtime: Path) -> str:
    """The file's text. Raises :class:`FileNotFoundError` with a sentence where no daemon runs, or it hangs."""
    path = runtime / NAME
    try:
        age = time.time() - path.stat().st_mtime
        text = path.read_text(encoding="utf-8")
    except OSError:
        missing = f"no station runs here: there is no {path} to read; see systemctl status kiosk-station"
        raise FileNotFoundError(missing) from None
    if age > STALE_S:
        raise FileNotFoundError(f"no station runs: {path} is {age:.0f} s old; see systemctl status kiosk-station")
    return text
