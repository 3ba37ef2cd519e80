"""Begin and end of a calendar month in the room's time zone, for the record books."""

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kiosk.contract.instants import local_ms


@dataclass(frozen=True)
class Month:
    """A month of the calendar, in the room's time zone."""

    first: date
    zone: ZoneInfo

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first.replace(day=calendar.monthrange(self.first.year, self.first.month)[1])

    @property
    def begin_ms(self) -> int:
        """When it begins (UTC ms)."""
        return local_ms(self.first, datetime.min.time(), self.zone)

    @property
    def end_ms(self) -> int:
        """When the next one begins."""
        return local_ms(self.last + timedelta(days=1), datetime.min.time(), self.zone)
