"""When slots have the screen: from start to end, or longer where what runs at the end plays to its own. Pure.

All instants are UTC milliseconds.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Playlist, Slot, span

FINISH_MS = 600_000
"""What runs at the end of a slot whose ``ending`` is ``finish`` plays on for no longer than this."""


class SlotSpan(NamedTuple):
    """When a slot has the screen, if no other takes it."""

    start: int
    end: int
    leaves: int
    """When it leaves the screen at the latest: its end, or later where it is to finish."""


class _Claims:
    """The times that slots of one priority claim."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._ends = list(accumulate((end for _, end in ordered), max))
        """The latest end of the slots that begin no later than the start of the same number."""

    def first(self, begin: int, limit: int) -> int:
        """The first instant from ``begin`` on that is claimed; ``limit`` where none before is."""
        n = bisect_right(self._starts, begin)
        if n and self._ends[n - 1] > begin:
            return begin
        return min(self._starts[n], limit) if n < len(self._starts) else limit


def slot_spans(playlist: Playlist) -> list[SlotSpan]:
    """When each slot has the screen, in the order of the playlist.

    One that is to finish goes on in time that no slot of equal or higher priority claims. Where several claim by going
    on, the higher priority does.
    """
    zone = ZoneInfo(playlist.time_zone)
    spans = [SlotSpan(*map(to_ms, (start, end, end))) for start, end in (span(slot, zone) for slot in playlist.slots)]
    if all(slot.ending == "cut" for slot in playlist.slots):
        return spans
    lengths = {programme.id: programme.duration_ms for programme in playlist.programmes}
    claims: list[_Claims] = []
    for priority in sorted({slot.priority for slot in playlist.slots}, reverse=True):
        own = [
            n for n, slot in enumerate(playlist.slots) if slot.priority == priority and spans[n].start < spans[n].end
        ]
        claims.append(_Claims((spans[n].start, spans[n].end) for n in own))
        for n in own:
            if playlist.slots[n].ending == "finish":
                start, end, _ = spans[n]
                limit = min(_own_end(playlist.slots[n], lengths, start, end), end + FINISH_MS)
                spans[n] = SlotSpan(start, end, min(one.first(end, limit) for one in claims))
        claims[-1] = _Claims((spans[n].start, spans[n].leaves) for n in own)
    return spans


def _own_end(slot: Slot, lengths: Mapping[str, int], start: int, end: int) -> int:
    """The own end of the programme that runs at the slot's ``end``; that end where none does."""
    offsets = list(accumulate((lengths[name] for name in slot.programmes), initial=0))
    into = end - start
    if offsets[-1] <= 0 or (slot.mode == "once" and into >= offsets[-1]):
        return end
    into %= offsets[-1]
    following = bisect_left(offsets, into)  # an offset of exactly ``into``: nothing is cut
    return end + offsets[following] - into
