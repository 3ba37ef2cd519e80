"""Which room will have a publication when, as far as its last heartbeat tells; what nobody knows is None. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from kiosk.contract.playlist import Playlist, span

SILENT_MS = 600_000
"""A room that was not heard for so long may be off: nobody knows when it will have anything."""
KEPT_FREE_MB = 1_024
"""What a room keeps free of its disk, unless its installer has said otherwise."""
Outlook = Literal["ready", "in time", "late", "silent", "never heard", "no speed"]


@dataclass(frozen=True)
class Room:
    """What a station said last; ``heard_ms`` is None where it never said anything."""

    id: str
    name: str
    group: str
    heard_ms: int | None = None
    playlist_version: int = 0
    bytes_missing: int = 0
    bytes_per_s: int = 0
    disk_free_mb: int | None = None


@dataclass(frozen=True)
class Expected:
    """When a room will have all of a publication."""

    room: Room
    outlook: Outlook
    bytes: int
    """To fetch; where ``at_most``, it may have some of it already."""
    at_most: bool = False
    ready: datetime | None = None
    """At the speed that was measured last, without a pause."""
    first_late: str = ""
    """Title of the first programme that comes too late."""
    due: datetime | None = None
    """When that one is due."""
    disk_lacks_mb: int = 0
    """How much more than its free disk all of this takes; what it may remove is not counted."""


@dataclass(frozen=True)
class Wanted:
    """A file of the publication, and when it is first shown; None: at no certain time."""

    sha256: str
    title: str
    size: int
    due: datetime | None


def wanted(coming: Playlist, now: datetime) -> list[Wanted]:
    """The files of a playlist in the order of need from ``now`` (aware) on; what is past is left out."""
    zone = ZoneInfo(coming.time_zone)
    due: dict[str, datetime] = {}
    for slot in coming.slots:
        start, end = span(slot, zone)
        for name in slot.programmes if end > now else ():
            due[name] = min(start, due.get(name, start))
    loose = {item.programme for item in coming.recommended}
    found = [
        Wanted(one.sha256, one.title, one.size + sum(sub.size for sub in one.subtitles), due.get(one.id))
        for one in coming.programmes
        if one.id in due or one.id in loose
    ]
    return sorted(found, key=lambda one: (one.due is None, one.due or now, one.title))


def expected(room: Room, files: Iterable[Wanted], held: Mapping[int, set[str]], now: datetime) -> Expected:
    """When ``room`` will have all files. ``held`` has the SHA-256 of the files of its group's week by its version."""
    has = held.get(room.playlist_version, set()) if room.playlist_version else set()
    lacking = [one for one in {one.sha256: one for one in files}.values() if one.sha256 not in has]
    known = not room.playlist_version or room.playlist_version in held
    size = sum(one.size for one in lacking) + (room.bytes_missing if has else 0)
    free = room.disk_free_mb
    lacks = max(0, -(-size // 2**20) + KEPT_FREE_MB - free) if size and free is not None else 0
    if room.heard_ms is None:
        return Expected(room, "never heard", size, at_most=True)
    if now.timestamp() * 1000 - room.heard_ms > SILENT_MS:
        return Expected(room, "silent", size, at_most=not known, disk_lacks_mb=lacks)
    if size == 0:
        return Expected(room, "ready", 0, ready=now)
    if not room.bytes_per_s:
        return Expected(room, "no speed", size, at_most=not known, disk_lacks_mb=lacks)
    came, late = room.bytes_missing if has else 0, None
    for one in lacking:
        came += one.size
        if late is None and one.due is not None and now + timedelta(seconds=came / room.bytes_per_s) > one.due:
            late = one
    return Expected(
        room,
        "late" if late else "in time",
        size,
        at_most=not known,
        ready=now + timedelta(seconds=size / room.bytes_per_s),
        first_late=late.title if late else "",
        due=late.due if late else None,
        disk_lacks_mb=lacks,
    )
