"""What the pages are told of sessions: what is held, what can be chosen, what was missed this week."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from kiosk.common.planned import Verdict, compare
from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.station import StationDocument, Thresholds
from kiosk.station.clock.clock import Clock
from kiosk.station.control.presence import PresencePolicy
from kiosk.station.control.sessions import Sessions
from kiosk.station.journal import Journal
from kiosk.station.library.plans import Plans
from kiosk.station.playout.plan import Plan
from kiosk.station.record_book.recent import LATE_MS, RecentReasons
from kiosk.station.sessions.make_up import Missed, missed, under_way, week_of
from kiosk.station.sessions.seen import OnDemand, SessionsSeen

MEMBERS = ("A", "B", "secretary", "member")


class SessionView:
    """Reads the other parts; it changes nothing. For the main loop only."""

    def __init__(
        self,
        sessions: Sessions,
        presence: PresencePolicy,
        plan: Plan,
        plans: Plans,
        journal: Journal,
        clock: Clock,
        document: Callable[[], StationDocument | None],
    ) -> None:
        self._sessions, self._presence, self._plan = sessions, presence, plan
        self._plans, self._journal, self._clock, self._document = plans, journal, clock, document
        self._reasons = RecentReasons(journal)
        self._missed: tuple[Missed, ...] = ()
        self._made_up: tuple[str, ...] = ()
        self._missed_of: tuple[str, int] = ("", 0)
        """The head of the chain for which, and the minute in which, that was looked for."""

    def seen(self) -> SessionsSeen:
        """The sessions at this instant."""
        kept, plan, document = self._sessions.kept, self._plan, self._document()
        now_ms, held = self._clock.now_ms(), self._sessions.kept.held
        phase = held.phase(now_ms) if held and self._clock.state != "untrusted" else ""
        thresholds = document.thresholds if document else Thresholds()
        here = tuple(
            one
            for one in (plan.playlist.programmes if plan.playlist else ())
            if one.id not in plan.situation.unavailable
        )
        names = {one.id for one in here}
        owed = plan.situation.owed
        people = document.people if document else ()
        return SessionsSeen(
            held=held if phase != "over" else None,
            phase="" if phase == "over" else phase,
            demand=self._demand(),
            practice_until=to_utc(kept.practice_until_ms) if kept.practice_until_ms else None,
            policy=plan.situation.filler,
            owed=sum(1 for name, left in (owed.plays if owed else ()) if left > 0 and name in names),
            present_until=self._presence.until,
            programmes=here,
            missed=self._missed_now() if self._clock.state != "untrusted" else (),
            made_up=self._made_up,
            members=tuple((one.id, one.name) for one in people if one.post in MEMBERS),
            free_from=self._free_from(),
            session_ms=thresholds.session_minutes * 60_000,
            untold=tuple((one.session, to_utc(one.start_ms), to_utc(one.end_ms)) for one in kept.untold),
        )

    def _free_from(self) -> datetime | None:
        now = self._clock.now()
        free = self._plan.free_at(now)
        return free if free > now else None

    def _demand(self) -> OnDemand | None:
        demand = self._plan.situation.demand
        if demand is None or demand.end <= self._clock.now():
            return None
        taken = self._plan.taken_at(max(demand.start, self._clock.now()))
        titles = tuple(one.title for one in demand.programmes)
        return OnDemand(demand.occasion, titles, demand.start, demand.end, taken if taken < demand.end else None)

    def _missed_now(self) -> tuple[Missed, ...]:
        """What was missed this week; looked for when the record has grown, and once a minute."""
        playlist, now_ms = self._plan.playlist, self._clock.now_ms()
        looked_at = (self._journal.head()[1], now_ms // 60_000)
        if playlist is None:
            return ()
        if looked_at != self._missed_of:
            self._missed_of = looked_at
            begin, _ = week_of(self._clock.now(), ZoneInfo(playlist.time_zone))
            self._made_up = tuple(self._sessions.made_up(to_ms(begin)))
            self._missed = missed(self._verdicts(to_ms(begin), now_ms), self._made_up, playlist.programmes)
        return self._missed

    def _verdicts(self, begin_ms: int, now_ms: int) -> list[Verdict]:
        plays = self._journal.played(begin_ms - 86_400_000, now_ms)
        known = [*self._reasons.known(), *under_way(self._sessions.kept.held)]
        return compare(self._plans.since(begin_ms), plays, known, begin_ms, now_ms - LATE_MS)
