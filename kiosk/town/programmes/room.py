"""Whether the rooms' disks hold what a plan needs, by what the rooms said last. Pure.

What a room says is old by the time it is read, and it makes room by removing what no plan names any more: so this is a
warning and no prophecy, and a room that has never been heard of is told as not known.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.contract.playlist import Programme
from kiosk.contract.reports import Heartbeat

MARGIN = 1024 * 1024 * 1024
"""Bytes that a room keeps free, as a station's ``disk_free_mb`` has it unless its installer says otherwise."""


@dataclass(frozen=True)
class Lack:
    """A room whose disk is too small for a plan; ``lacks`` bytes, None where nothing is known of its disk."""

    station: str
    lacks: int | None


def bytes_to_fetch(wanted: Iterable[Programme], in_force: Iterable[Programme]) -> int:
    """Bytes of the files that a plan names and the plan in force does not, each file once."""
    return sum(size for _, size in _files(wanted) - _files(in_force))


def _files(programmes: Iterable[Programme]) -> set[tuple[str, int]]:
    found = set()
    for programme in programmes:
        found.add((programme.sha256, programme.size))
        found.update((one.sha256, one.size) for one in programme.subtitles)
    return found


def lacking(to_fetch: int, beats: Iterable[tuple[str, Heartbeat | None]]) -> list[Lack]:
    """The rooms whose disk lacks room for so many bytes beside what they have still to fetch.

    ``beats``: each room of the group with the last it said, None where it was never heard.
    """
    found = []
    for station, beat in beats:
        if beat is None or not beat.disk_free_mb:  # 0: an older kiosk that did not look
            found.append(Lack(station, None))
        elif (lacks := to_fetch + beat.bytes_missing + MARGIN - (beat.disk_free_mb << 20)) > 0:
            found.append(Lack(station, lacks))
    return found
