"""Instants on the pages, in the room's time zone; the day is said where it is not today."""

from datetime import datetime

from kiosk.common.i18n import Language, day_name
from kiosk.station.panel.snapshot import Snapshot


def span(start: datetime, end: datetime, snapshot: Snapshot) -> str:
    """From and to, as ``14:00–15:00``."""
    zone = snapshot.now.tzinfo
    return f"{start.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}"


def when(instant: datetime, snapshot: Snapshot, language: Language) -> str:
    """As ``14:00``, with the day before it where that is another one."""
    local = instant.astimezone(snapshot.now.tzinfo)
    clock = f"{local:%H:%M}"
    return clock if local.date() == snapshot.now.date() else f"{day_name(local.date(), language)} {clock}"
