"""The hours in which programmes may be fetched: whether now is one, and when a download will be done. Pure.

All instants are aware and in the room's time zone; hours are local. A change to or from summer time moves an estimate
by an hour, no more.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

PATTERN = r"((([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)(, *(?=\d)|\Z))*\Z"
"""Such as ``22:00-06:00``, or several by commas; empty for any time."""
SOON = timedelta(hours=1)
"""A programme that is due within an hour of the next stretch is not left to wait for it."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class FetchHours:
    """Stretches of the day, each from and to; an end at or before its start is on the next day. Empty: any time."""

    stretches: tuple[tuple[time, time], ...] = ()

    @classmethod
    def of(cls, text: str) -> "FetchHours":
        """Read the text of the settings, which matches :data:`PATTERN`."""
        found = re.findall(r"(\d\d:\d\d)-(\d\d:\d\d)", text)
        return cls(tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in found))

    def until(self, now: datetime) -> datetime | None:
        """The end of the stretch that ``now`` is in; None where it is in none. Without stretches, the end of time."""
        if not self.stretches:
            return datetime.max.replace(tzinfo=now.tzinfo)
        return max((end for start, end in self._around(now) if start <= now < end), default=None)

    def opens(self, now: datetime) -> datetime:
        """When fetching may begin: ``now``, or the next start of a stretch."""
        if self.until(now) is not None:
            return now
        return min(start for start, _ in self._around(now) if start > now)

    def allow(self, now: datetime, due: datetime | None) -> bool:
        """Whether a programme that is first shown at ``due`` (None: at no certain time) may be fetched now.

        One that is due today, or too soon after the next stretch begins, may be fetched at any hour.
        """
        if self.until(now) is not None:
            return True
        if due is None:
            return False
        tomorrow = datetime.combine(now.date() + _DAY, time(), now.tzinfo)
        return due < max(tomorrow, self.opens(now) + SOON)

    def done(self, now: datetime, needed: timedelta) -> datetime:
        """When a download that takes ``needed`` is done, if it runs in these hours only."""
        at = now
        while True:
            at = self.opens(at)
            until = self.until(at)
            if until is None or until - at >= needed:
                return at + needed
            needed -= until - at
            at = until

    def _around(self, now: datetime) -> list[tuple[datetime, datetime]]:
        found = []
        for start, end in self.stretches:
            for day in (now.date() - _DAY, now.date(), now.date() + _DAY):
                begin = datetime.combine(day, start, now.tzinfo)
                over = datetime.combine(day if end > start else day + _DAY, end, now.tzinfo)
                found.append((begin, over))
        return found
