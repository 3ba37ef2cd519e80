"""Instants as the pure rooms count them: integer milliseconds since 1970-01-01T00:00:00Z, rounded down."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR = datetime(3000, 1, 1, tzinfo=UTC)
"""Stands for "never, unless somebody does something": the last instant that the contract can name."""
_MS = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """An aware datetime as an instant."""
    return (moment - EPOCH) // _MS


def to_utc(instant: int) -> datetime:
    """An instant as an aware UTC datetime."""
    return EPOCH + instant * _MS


def local_ms(day: date, at: time, zone: ZoneInfo) -> int:
    """A local time as an instant. Where the clocks change, it is read as by :func:`kiosk.contract.playlist.span`."""
    return to_ms(datetime.combine(day, at, zone))


FAR_MS = to_ms(FAR)
