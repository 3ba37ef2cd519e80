"""The worker of the second process that watches tickets and rooms, and sends messages."""

import logging
import threading
import time
from datetime import datetime

from kiosk.contract.instants import to_utc
from kiosk.town.database.store import now_ms
from kiosk.town.publishing.in_force import zone_in_force
from kiosk.town.tickets import deliveries, gateways, wording
from kiosk.town.tickets.channels import Channel, ChannelsError, Settings, read_settings
from kiosk.town.tickets.tickets import adopt
from kiosk.town.tickets.watch import note_overdue, note_silence, silent_minutes, silent_rooms
from kiosk.town.town import Town

log = logging.getLogger(__name__)

WATCH_S = 30.0
"""Between two looks at what nobody reports."""


class TicketWorker:
    """Call :meth:`step` again and again, from one thread."""

    def __init__(self) -> None:
        self._begun: float | None = None
        self._watched: float | None = None

    def step(self, town: Town, stopping: threading.Event) -> bool:
        """Watch, and send what waits. Whether there was something to do. Raises :class:`ChannelsError` where the file
        of the channels cannot be used: nothing is lost, and it is tried again."""
        if self._begun is None:
            self._begun = time.monotonic()
        if self._watched is None or time.monotonic() - self._watched >= WATCH_S:
            self._watched = time.monotonic()
            self._watch(town, time.monotonic() - self._begun)
        settings = read_settings(town.folder)
        with town.store.read() as connection:
            new = deliveries.is_new(connection)
        if new:
            with town.store.write() as connection:
                names = [channel.id for channel in settings.channels if channel.active]
                deliveries.hand_over(connection, names, now_ms())
        active = [channel for channel in settings.channels if channel.active]
        sent = [_send(town, channel) for channel in active if not stopping.is_set()]
        return new or any(sent)

    def _watch(self, town: Town, up_s: float) -> None:
        """``up_s``: how long this process has run."""
        try:
            limits = read_settings(town.folder).limits
        except ChannelsError:
            limits = Settings().limits
        now = now_ms()
        with town.store.write() as connection:
            adopt(connection, now)
            note_overdue(connection, limits, now)
            may_last_s = silent_minutes(connection) * 60
        if up_s < may_last_s:
            return  # the town was perhaps not running itself: rooms get the time to be heard
        silent, rooms = silent_rooms(town.store, now)
        with town.store.write() as connection:
            note_silence(connection, silent, rooms, now)


def _send(town: Town, channel: Channel) -> bool:
    now = now_ms()
    with town.store.read() as connection:
        if not deliveries.is_waiting(connection, channel.id, now):
            return False
    zone = zone_in_force(town)

    def local(at_ms: int) -> datetime:
        return to_utc(at_ms).astimezone(zone)

    with town.store.write() as connection:
        rows = deliveries.due(connection, channel.id, now, quiet=channel.is_quiet(local(now).time()))
    if not rows:
        return False
    title, body = wording.compose(rows, town.name, local, channel.language)
    with town.store.write() as connection:
        deliveries.begin(connection, channel.id, rows, now)
    trouble = _sent(channel, title, body)
    with town.store.write() as connection:
        deliveries.tried(connection, channel.id, rows, trouble, now_ms())
    if trouble:
        log.warning("channel %s: %d messages were not taken: %s", channel.id, len(rows), trouble)
    else:
        log.info("channel %s: %d messages sent", channel.id, len(rows))
    return not trouble


def _sent(channel: Channel, title: str, body: str) -> str:
    """As :func:`gateways.send`; what is not foreseen is a trouble of the channel."""
    try:
        return gateways.send(channel, title, body)
    except Exception as error:
        log.exception("channel %s failed", channel.id)
        return type(error).__name__
