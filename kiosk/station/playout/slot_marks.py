"""How today's slots stand, as poster and panel say it: by the plan, by what is on the screen, and by the record."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from kiosk.common.planned import compare, list_ms
from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Slot, span
from kiosk.station.clock.clock import Clock
from kiosk.station.display.marks import Mark, Now, mark_ahead, mark_made_up, mark_past
from kiosk.station.journal import Journal
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.plans import Plans
from kiosk.station.playout.plan import Plan
from kiosk.station.record_book.recent import LATE_MS, RecentReasons
from kiosk.station.schedule.timetable import OnAir
from kiosk.station.sessions.make_up import under_way
from kiosk.station.sessions.seen import SessionsSeen

SEAM, CUT = timedelta(seconds=1), timedelta(seconds=3)
"""A programme follows another if no more lies between them; a cut takes no longer."""


class SlotMarks:
    """Reads the other parts; it changes nothing. For the main loop only."""

    def __init__(self, accepted: Accepted, plan: Plan, journal: Journal, clock: Clock, plans: Plans | None) -> None:
        """``plans`` are those accepted so far."""
        self._accepted, self._plan, self._journal = accepted, plan, journal
        self._clock, self._plans, self._reasons = clock, plans, RecentReasons(journal)
        self._newest_on_air: OnAir | None = None
        self._past: dict[Slot, Mark] = {}
        """Marks of today's slots that are over."""

    def marks(
        self, now: datetime, on_air: OnAir | None, has_screen: bool, sessions: SessionsSeen
    ) -> Mapping[Slot, Mark]:
        """The marks of today's slots, and of those of yesterday that run into today. ``on_air`` is what is on the
        screen."""
        playlist = self._accepted.playlist
        if playlist is None:
            return {}
        zone, state, found = self._accepted.zone, self._now(now, on_air, has_screen), dict[Slot, Mark]()
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        days = {day.date().isoformat() for day in (midnight - timedelta(days=1), midnight)}
        for slot in playlist.slots:
            start, end = span(slot, zone) if slot.date in days else (midnight, midnight)
            if end <= midnight:
                continue
            start_ms, end_ms = to_ms(start), to_ms(end)
            over_ms = min(end_ms, start_ms + list_ms(playlist, slot))
            mark = mark_ahead(slot, start_ms, over_ms, state)
            if over_ms <= state.at_ms and mark.moment != "now":
                mark = self._mark_past(slot, start_ms, over_ms, state.at_ms, sessions)
                mark = mark_made_up(mark, slot, sessions.made_up, [one.programme.id for one in sessions.missed])
            elif mark.moment == "not-shown" and self._journal.was_shown("slot", start_ms, state.at_ms):
                mark = Mark("partly", mark.why)
            found[slot] = mark
        self._past = {slot: mark for slot, mark in self._past.items() if slot in found}
        return found

    def _now(self, now: datetime, shown: OnAir | None, has_screen: bool) -> Now:
        on_air, missing, stop = self._at_cut(now, shown), self._plan.due_but_missing(), self._plan.stop_in_force()
        return Now(
            at_ms=to_ms(now),
            on_air=(on_air.programme.id, to_ms(on_air.start), on_air.origin) if on_air else None,
            has_screen=has_screen,
            stopped=stop is not None,
            stop_until_ms=to_ms(stop.until) if stop and stop.until else None,
            clock_trusted=self._clock.state != "untrusted",
            missing=(missing.programme.id, to_ms(missing.start)) if missing else None,
            session=self._plan.session_on(),
        )

    def _at_cut(self, now: datetime, on_air: OnAir | None) -> OnAir | None:
        """What is on the screen; at a cut from one programme to the next, the one that is about to be."""
        due = self._plan.due()
        if on_air is not None:
            self._newest_on_air = on_air
        elif due is not None and (before := self._newest_on_air) is not None:
            follows = abs(due.start - before.end) < SEAM and now - due.start < CUT
            return due if follows else None
        return on_air

    def _mark_past(self, slot: Slot, start_ms: int, over_ms: int, now_ms: int, sessions: SessionsSeen) -> Mark:
        """Of a slot whose programmes are over: compared with the record until all rows of it are closed, then kept."""
        if slot in self._past:
            return self._past[slot]
        plans = self._plans.since(start_ms) if self._plans else ()
        plays = self._journal.played(start_ms - LATE_MS, over_ms + LATE_MS)
        verdicts = compare(plans, plays, (), start_ms, over_ms + 1)
        if not all(one.shown for one in verdicts):
            known = [*self._reasons.known(), *under_way(sessions.held)]
            verdicts = compare(plans, plays, known, start_ms, over_ms + 1)
        mark = mark_past(one for one in verdicts if one.showing.slot == slot)
        if now_ms > over_ms + LATE_MS:
            self._past[slot] = mark
        return mark
