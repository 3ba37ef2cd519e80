"""When the room rests: the screen outside opening hours, the PC at night. Pure. All instants are aware."""

from datetime import datetime, time, timedelta

from kiosk.common.opening_hours import room_hours, room_open
from kiosk.contract.instants import FAR, local_ms, to_utc
from kiosk.contract.station import Opening, ScreenPower

SHORTEST_NIGHT = timedelta(minutes=10)
"""A PC that would be woken sooner than this is not shut down."""
_DAY = timedelta(days=1)


def screen_rests_until(opening: Opening, power: ScreenPower, now: datetime) -> datetime | None:
    """Until when the room's hours let the screen rest: the next opening less the lead. None: it is to be on.

    A town that has named no hours at all lets it rest never.
    """
    if not has_hours(opening):
        return None
    is_open, until = room_open(opening, now)
    wake = until - timedelta(milliseconds=power.lead_ms) if until < FAR else until
    return None if is_open or now >= wake else wake


def pc_sleeps_until(opening: Opening, power: ScreenPower, now: datetime, coming: datetime | None) -> datetime | None:
    """When the PC has to be woken again if it is shut down at ``now``; None: it stays on.

    The night begins at ``shut_down_pc`` and ends at ``wake_pc``, before the next opening, or before ``coming``, the
    next programme: whichever is first. A PC that nothing would wake is not shut down.
    """
    if power.shut_down_pc is None:
        return None
    rests_until, lead = screen_rests_until(opening, power, now), timedelta(milliseconds=power.lead_ms)
    if has_hours(opening) and rests_until is None:
        return None
    begin = _last(power.shut_down_pc, opening, now)
    ends = [coming - lead] if coming is not None else []
    if rests_until is not None and rests_until < FAR:
        ends.append(rests_until)
    if power.wake_pc is not None:
        ends.append(_next(power.wake_pc, opening, begin))
    return min(ends) if ends and min(ends) - now >= SHORTEST_NIGHT else None


def has_hours(opening: Opening) -> bool:
    """Whether the town has named any hours at all."""
    weeks = (opening.week, *(season.week for season in opening.seasons))
    return any(hours for week in weeks for hours in week) or any(day.hours for day in opening.days)


def _last(clock: str, opening: Opening, now: datetime) -> datetime:
    """The last instant, up to ``now``, at which the room's clock showed ``clock``."""
    return max(at for at in _about(clock, opening, now) if at <= now)


def _next(clock: str, opening: Opening, now: datetime) -> datetime:
    """The next instant after ``now`` at which the room's clock shows ``clock``."""
    return min(at for at in _about(clock, opening, now) if at > now)


def _about(clock: str, opening: Opening, now: datetime) -> list[datetime]:
    zone = room_hours(opening).zone
    today, at = now.astimezone(zone).date(), time.fromisoformat(clock)
    return [to_utc(local_ms(today + n * _DAY, at, zone)) for n in (-2, -1, 0, 1, 2)]
