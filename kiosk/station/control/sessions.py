"""Sessions, what is shown on demand, and practice: begun and ended by people, by Stop and by the clock; recorded."""

import logging
import secrets
from collections.abc import Callable
from typing import assert_never

import msgspec

from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.occasions import KINDS, MAKE_UP, MEMBER
from kiosk.contract.playlist import Playlist, Programme
from kiosk.contract.records import Attendance, Correction
from kiosk.contract.records import Session as SessionRecord
from kiosk.contract.station import Thresholds
from kiosk.contract.wire import Id, Instant, Text
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.presses import Presses
from kiosk.station.journal import Journal
from kiosk.station.playout.plan import Plan
from kiosk.station.schedule.situation import Demand
from kiosk.station.sessions.events import (
    DemandOver,
    DemandPressed,
    PracticePressed,
    SessionOver,
    SessionPressed,
)
from kiosk.station.sessions.sessions import (
    LEAD_MS,
    NOT_AGAIN_MS,
    Held,
    as_session,
    hold,
    only_signed,
    record_of,
    refusal,
)

log = logging.getLogger(__name__)

MEMORY = "sessions"
PRACTICE_MS = 3_600_000
"""Practice ends by itself: what is shown after it counts again."""
CLOSED_MS = 10_000
"""So long after its end the rows of what was on demand are closed and on the disk."""
MOST_UNTOLD = 8
"""Other sources whose minutes are asked for."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has chosen to see."""

    id: Id
    by: Text
    occasion: Text
    start_ms: Instant
    programmes: tuple[Programme, ...]
    members: tuple[Id, ...] = ()
    practice: bool = False


class Untold(msgspec.Struct, frozen=True):
    """Another source that was shown, and whose minutes nobody has told."""

    session: Id
    start_ms: Instant
    end_ms: Instant


class Kept(msgspec.Struct, frozen=True):
    """What is remembered over a restart."""

    held: Held | None = None
    wanted: Wanted | None = None
    practice_until_ms: Instant = 0
    untold: tuple[Untold, ...] = ()


class Sessions:
    """For the main loop only. The one owner of what is held, wanted and practised."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        plan: Plan,
        audit: AuditTrail,
        replan: Callable[[str], None],
        thresholds: Callable[[], Thresholds],
    ) -> None:
        """``replan`` brings the screen in step with the plan, and renews what people see."""
        self._journal, self._clock, self._plan, self._audit, self._replan = journal, clock, plan, audit, replan
        self._thresholds = thresholds
        self.kept = journal.recall(MEMORY, Kept) or Kept()
        self._week: Playlist | None = None
        self._presses = Presses()

    def restore(self) -> None:
        """What was held in the last run and still is. After the accepted week is known, before anything is shown."""
        self._use_week()
        self.tick()

    def follow_week(self) -> None:
        """Before each look at the plan: where another week is in force, nothing is shown that is not in it."""
        if self._plan.playlist is not self._week:
            self._use_week()

    def _use_week(self) -> None:
        self._week = self._plan.playlist
        held, wanted, signed = self.kept.held, self.kept.wanted, self._programmes()
        names = {(one.id, one.sha256) for one in signed}
        if wanted is not None:
            left = tuple(one for one in wanted.programmes if (one.id, one.sha256) in names)
            wanted = msgspec.structs.replace(wanted, programmes=left) if left else None
        self._keep(held=only_signed(held, signed) if held else None, wanted=wanted)
        self._apply()

    def handle(self, event: SessionPressed | SessionOver | DemandPressed | DemandOver | PracticePressed) -> None:
        """Do what somebody has pressed. The same press twice is one press; one without an id always counts."""
        if not self._presses.is_new(event.press):
            return
        match event:
            case SessionPressed():
                self._begin(event)
            case SessionOver():
                self._over(event)
            case DemandPressed():
                self._demand(event)
            case DemandOver():
                self._end_demand(event.by)
            case PracticePressed():
                self._practise(event)
            case _:
                assert_never(event)

    def tick(self) -> None:
        """About once a second: what has come to its end, or was ended by Stop."""
        now_ms, stop = self._clock.now_ms(), self._plan.situation.stop
        held, wanted = self.kept.held, self.kept.wanted
        stopped_ms = to_ms(stop.since) if stop else None
        if held is not None and stopped_ms is not None and held.start_ms <= stopped_ms:
            self._end(min(stopped_ms, held.end_ms))
        elif held is not None and now_ms >= held.end_ms:
            self._end(held.end_ms)
            self._replan("a session is over")
        elif held is not None and self._plan.situation.session is None:  # Stop took away one that is still to come
            self._apply()
        if wanted is not None and stopped_ms is not None and wanted.start_ms <= stopped_ms:
            self._end_demand("stop")
        elif wanted is not None and now_ms >= to_ms(self._as_demand(wanted).end) + CLOSED_MS:
            self._demand_shown(wanted)
        if self.kept.practice_until_ms and now_ms >= self.kept.practice_until_ms:
            self._practise(PracticePressed("kiosk", on=False))

    # --- sessions ---

    def _begin(self, press: SessionPressed) -> None:
        now_ms = self._clock.now_ms()
        why = refusal(press, now_ms)
        if self.kept.held is not None:
            why = "another session is held"
        if self._clock.state == "untrusted":
            why = "the clock cannot be trusted"
        if why:
            log.warning("%s wants a session, but %s", press.by, why)
            return
        shown = self._journal.last_shown(now_ms - NOT_AGAIN_MS)
        lasts_ms = self._thresholds().session_minutes * 60_000
        held = hold(press, secrets.token_hex(16), now_ms, self._here(), shown, self._practises(), lasts_ms)
        self._keep(held=held)
        facts = {"session": held.id, "kind": KINDS[held.kind], "start_ms": str(held.start_ms)}
        if held.meeting_ms is not None:
            facts["meeting_ms"] = str(held.meeting_ms)
        self._audit.record("session", by=press.by, until_ms=held.end_ms, facts=facts)
        self._apply()
        self._replan("a session")

    def _over(self, press: SessionOver) -> None:
        held, now_ms = self.kept.held, self._clock.now_ms()
        if held is not None and held.id == press.session:
            self._end(min(now_ms, held.end_ms), press.other_source_ms)
            self._replan("a session is over")
            return
        known = next((one for one in self.kept.untold if one.session == press.session), None)
        if known is None or press.other_source_ms is None:
            return
        self._keep(untold=tuple(one for one in self.kept.untold if one != known))
        self._journal.record(
            Correction(
                id=secrets.token_hex(16),
                at_ms=now_ms,
                by=press.by,
                corrects=known.session,
                field="other_source_ms",
                value=str(press.other_source_ms),
                reason="told after the session",
            )  # fmt: skip
        )
        self._replan("a session")

    def _end(self, at_ms: int, other_source_ms: int | None = None) -> None:
        """The session is over; one that never began leaves no record but the action."""
        held = self.kept.held
        assert held is not None  # noqa: S101
        untold = self.kept.untold
        if at_ms > held.start_ms:
            self._journal.record(record_of(held, at_ms, other_source_ms or 0))
            if held.kind == "other-source" and other_source_ms is None:
                untold = (*untold, Untold(held.id, held.start_ms, at_ms))[-MOST_UNTOLD:]
        self._audit.record("session-over", by="kiosk", facts={"session": held.id})
        self._keep(held=None, untold=untold)
        self._apply()

    # --- on demand ---

    def _demand(self, press: DemandPressed) -> None:
        here = {programme.id: programme for programme in self._here()}
        chosen = tuple(here[name] for name in press.programmes if name in here)
        held, now_ms = self.kept.held, self._clock.now_ms()
        if not chosen or self.kept.wanted is not None or (held and held.phase(now_ms) in ("before", "meeting")):
            log.warning("%s wants a programme, but something is shown by hand, or it is not here", press.by)
            return
        start = self._plan.free_at(to_utc(now_ms + LEAD_MS))
        wanted = Wanted(
            id=secrets.token_hex(16), by=press.by, occasion=press.occasion, start_ms=to_ms(start), programmes=chosen,
            members=press.members, practice=self._practises(),
        )  # fmt: skip
        self._keep(wanted=wanted)
        facts = {"programmes": " ".join(one.id for one in chosen), "occasion": press.occasion}
        if press.members:
            facts["members"] = " ".join(press.members)
        self._audit.record("on-demand", by=press.by, until_ms=to_ms(self._as_demand(wanted).end), facts=facts)
        self._apply()
        self._replan("on demand")

    def _end_demand(self, by: str) -> None:
        wanted = self.kept.wanted
        if wanted is None:
            return
        self._keep(wanted=None)
        self._audit.record("on-demand-over", by=by, facts={"occasion": wanted.occasion})
        self._apply()
        self._replan("on demand")

    def _demand_shown(self, wanted: Wanted) -> None:
        """It is over. Where it was for members who were away, the record says who saw what, and when."""
        self._keep(wanted=None)
        rows = [
            row
            for row in self._journal.plays(wanted.start_ms - 1_000)
            if row.origin == "session" and row.occasion == wanted.occasion and row.outcome == "completed"
        ]
        if wanted.occasion == MEMBER and rows and not wanted.practice:
            end_ms = max(row.end_ms or 0 for row in rows)
            title = "、".join(dict.fromkeys(row.title for row in rows))[:400]
            record = SessionRecord(
                id=wanted.id, session_kind=MEMBER, by=wanted.by, start_ms=wanted.start_ms, end_ms=end_ms, title=title
            )
            self._journal.record(record)
            attended = Attendance(
                id=secrets.token_hex(16), at_ms=self._clock.now_ms(), by=wanted.by, session=wanted.id,
                plays=tuple(row.id for row in rows), expected=len(wanted.members), present=len(wanted.members),
                members=wanted.members,
            )  # fmt: skip
            self._journal.record(attended)
        self._apply()
        self._replan("on demand")

    def made_up(self, since_ms: int) -> list[str]:
        """Ids of the programmes that were made up since an instant (UTC), whole."""
        rows = self._journal.plays(since_ms)
        found = (row for row in rows if row.occasion == MAKE_UP and row.outcome == "completed" and not row.practice)
        return [row.programme for row in found]

    # --- practice ---

    def _practise(self, press: PracticePressed) -> None:
        if press.on == self._practises():
            return
        until_ms = self._clock.now_ms() + PRACTICE_MS if press.on else 0
        self._keep(practice_until_ms=until_ms)
        self._audit.record("practice" if press.on else "practice-over", by=press.by, until_ms=until_ms or None)
        self._apply()
        self._replan("practice")

    def _practises(self) -> bool:
        return self.kept.practice_until_ms > 0

    # --- inside ---

    def _keep(self, **changes: object) -> None:
        self.kept = msgspec.structs.replace(self.kept, **changes)
        self._journal.remember(MEMORY, self.kept if self.kept != Kept() else None)

    def _apply(self) -> None:
        """Have the timetable know."""
        held, wanted, stop = self.kept.held, self.kept.wanted, self._plan.situation.stop
        begun = held is not None and stop is not None and held.start_ms <= to_ms(stop.since)
        self._plan.change(
            session=as_session(held) if held and not begun else None,
            demand=self._as_demand(wanted) if wanted else None,
            practice=self._practises(),
        )

    def _as_demand(self, wanted: Wanted) -> Demand:
        return Demand(wanted.id, wanted.occasion, to_utc(wanted.start_ms), wanted.programmes, wanted.practice)

    def _programmes(self) -> tuple[Programme, ...]:
        return self._plan.playlist.programmes if self._plan.playlist else ()

    def _here(self) -> list[Programme]:
        """The programmes of the accepted week that can be shown."""
        self._plan.refresh_unavailable(self._clock.now())
        return [one for one in self._programmes() if one.id not in self._plan.situation.unavailable]
