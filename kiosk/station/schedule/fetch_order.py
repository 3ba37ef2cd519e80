"""What programmes are needed for, and when: the order in which they are fetched. Pure."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from kiosk.contract.playlist import Playlist, Programme, span


def needs(playlist: Playlist, now: datetime | None = None) -> Iterator[tuple[Programme, datetime | None]]:
    """A week's programmes, each once, and when each is first due from ``now`` on; None where it is at no certain time.

    Those of slots come first, in the order of the slots; then recommended ones that may still be shown, by the day from
    which on; then what only slots of the past, or nothing, name. Without ``now`` no slot is of the past.
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


def in_order_of_need(playlist: Playlist, now: datetime | None = None) -> Iterator[Programme]:
    """The programmes of :func:`needs`."""
    return (programme for programme, _ in needs(playlist, now))
