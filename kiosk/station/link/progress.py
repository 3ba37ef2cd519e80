"""How far the fetching of programmes has come, for the panel, the terminal and the town."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.contract.instants import FAR
from kiosk.contract.playlist import Programme
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.library import pins
from kiosk.station.link.download import RESERVE
from kiosk.station.link.link import Link


@dataclass(frozen=True)
class FetchProgress:
    """Files that are missing, the download under way, and when all will be here. In bytes; datetimes are aware."""

    files: int = 0
    missing: int = 0
    """Bytes that are not here yet."""
    title: str = ""
    """Of the programme under way; empty where none is."""
    size: int = 0
    have: int = 0
    bytes_per_s: int = 0
    """0 where the line's speed is not known yet."""
    ready: datetime | None = None
    """When all will be here at that speed, in the hours that the settings allow; None where that is not known."""
    lacking: int = 0
    """How many bytes the disk lacks for what is missing; 0 where all fits."""
    lacking_title: str = ""
    """Of the first programme that does not fit."""
    opens: datetime | None = None
    """When fetching goes on, where it waits for the hours that the settings allow."""

    @property
    def percent(self) -> int:
        """How much of the programme under way is here, in percent."""
        return min(100, 100 * self.have // self.size) if self.size else 0

    @property
    def left_s(self) -> int | None:
        """Seconds until the programme under way is here."""
        return (self.size - self.have) // self.bytes_per_s if self.size and self.bytes_per_s else None


def fetch_progress(accepted: Accepted, link: Link, now: datetime, trusted: bool) -> FetchProgress:
    """The progress at ``now``, which has the room's time zone; ``trusted`` says whether ``now`` can be believed."""
    missing = accepted.missing(now if trusted else None)
    under_way = link.downloading
    if not missing:
        return FetchProgress(bytes_per_s=link.bytes_per_s)
    left, speed = accepted.missing_bytes(missing), link.bytes_per_s
    due = accepted.due(now if trusted else None)
    opens = None
    if trusted and not any(link.hours.allow(now, due.get(pin.sha256)) for pin in missing):
        opens = link.hours.opens(now)
    without_room = accepted.lacking(missing, RESERVE)
    return FetchProgress(
        files=len(missing),
        missing=left,
        title=_title(accepted.programmes(), under_way.sha256) if under_way else "",
        size=under_way.size if under_way else 0,
        have=under_way.have if under_way else 0,
        bytes_per_s=speed,
        ready=None if without_room else _ready(link, now, left, speed, trusted),
        lacking=without_room[1] if without_room else 0,
        lacking_title=_title(accepted.programmes(), without_room[0].sha256) if without_room else "",
        opens=opens,
    )


def _ready(link: Link, now: datetime, left: int, speed: int, trusted: bool) -> datetime | None:
    if not speed:
        return None
    needed = timedelta(seconds=min(left // speed + 1, 366 * 86_400))
    ready = link.hours.done(now, needed) if trusted else now + needed
    return ready if ready < FAR else None


def _title(programmes: tuple[Programme, ...], sha256: str) -> str:
    found = (one.title for one in programmes if any(pin.sha256 == sha256 for pin in pins((one,))))
    return next(found, sha256[:12])


def progress_line(fetching: FetchProgress) -> str:
    """One line for a terminal; empty where nothing is missing."""
    if not fetching.files:
        return ""
    said = f"{fetching.files} files ({fetching.missing / 1e6:.1f} MB) to fetch"
    if fetching.title:
        said += f", {fetching.title} {fetching.percent} % of {fetching.size / 1e6:.1f} MB"
    if fetching.bytes_per_s:
        said += f", {fetching.bytes_per_s / 1000:.0f} kB/s"
    if fetching.lacking:
        said += f", {fetching.lacking_title} does not fit: the disk lacks {fetching.lacking / 1e6:.1f} MB"
    if fetching.opens:
        said += f", goes on at {fetching.opens:%m-%d %H:%M}"
    if fetching.ready:
        said += f", all here about {fetching.ready:%m-%d %H:%M}"
    return said
