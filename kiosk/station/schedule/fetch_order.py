"""The order in which programmes are fetched: by when each is first shown. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kiosk.contract.playlist import Playlist, Programme, span


def shown_next(playlist: Playlist, now: datetime, within: timedelta) -> list[Programme]:
    """The programmes of the first slot that is not over at ``now``, if it begins within that time; else none."""
    zone = ZoneInfo(playlist.time_zone)
    ahead = sorted(
        (start, slot.programmes) for slot in playlist.slots for start, end in [span(slot, zone)] if end > now
    )
    if not ahead or ahead[0][0] > now + within:
        return []
    return [one for one in playlist.programmes if one.id in ahead[0][1]]


def needs(playlist: Playlist, now: datetime | None = None) -> Iterator[tuple[Programme, datetime | None]]:
    """Each programme of a week, and when it is first due from ``now`` on; None where it is due at no certain time.

    In this order: programmes of slots, by the slots' start; recommended items that may still be shown, by their first
    day; all others (of past slots, or not named at all). Without ``now`` no slot is past.
    """
    zone = ZoneInfo(playlist.time_zone)
    known = {programme.id: programme for programme in playlist.programmes}
    today = now.astimezone(zone).date().isoformat() if now else ""
    dated = sorted((*span(slot, zone), slot.programmes) for slot in playlist.slots)
    due: dict[str, datetime | None] = {}
    for start, end, names in dated:
        if now is None or end > now:
            for name in names:
                due.setdefault(name, start)
    for item in sorted(playlist.recommended, key=lambda item: item.first_day):
        if item.last_day >= today:
            due.setdefault(item.programme, None)
    for name in [name for _, _, names in dated for name in names] + list(known):
        due.setdefault(name, None)
    return ((known[name], at) for name, at in due.items())
