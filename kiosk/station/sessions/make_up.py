"""What was missed this week and can still be made up: programmes of slots that were not shown. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from kiosk.common.planned import Known, Verdict, Why
from kiosk.contract.occasions import KINDS
from kiosk.contract.playlist import Programme
from kiosk.station.sessions.sessions import Held


@dataclass(frozen=True)
class Missed:
    """A programme of the plan that was not shown when it was due, and has not been made up."""

    programme: Programme
    due_ms: int
    """When it was due first this week (UTC)."""
    why: tuple[Why, ...]


def week_of(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The week, Monday to Sunday in ``zone``, of the aware ``now``: its begin and its end."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    begin = datetime.combine(monday, time(), zone)
    return begin, datetime.combine(monday + timedelta(days=7), time(), zone)


def under_way(held: Held | None) -> list[Known]:
    """That a session has the screen, before its record is written."""
    if held is None or held.practice:
        return []
    return [Known(held.start_ms, held.end_ms, Why("session", KINDS[held.kind]))]


def missed(verdicts: Iterable[Verdict], made_up: Iterable[str], signed: Iterable[Programme]) -> tuple[Missed, ...]:
    """Each programme once, in the order in which they were due. ``made_up`` are those shown whole since by hand;
    ``signed`` those of the accepted week: no other may be shown."""
    here = {programme.id: programme for programme in signed}
    done, verdicts = set(made_up), list(verdicts)
    done |= {one.showing.programme.id for one in verdicts if one.shown}
    found: dict[str, Missed] = {}
    for one in sorted(verdicts, key=lambda one: one.showing.start_ms):
        name = one.showing.programme.id
        if name in here and name not in done:
            found.setdefault(name, Missed(here[name], one.showing.start_ms, one.why))
    return tuple(found.values())
