"""The plan: inputs of the scheduling decision (week, situation, filler owed), and the decision for now and what comes.

Nothing here shows anything or writes a row: :mod:`kiosk.station.playout.playout` does, and says what has become of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kiosk.contract.instants import FAR, to_ms, to_utc
from kiosk.contract.occasions import KINDS
from kiosk.contract.playlist import Playlist
from kiosk.contract.station import StationDocument
from kiosk.station.clock.clock import Clock
from kiosk.station.journal import AsRun, Journal, LookedAt
from kiosk.station.library.library import Library
from kiosk.station.schedule import timetable as tt
from kiosk.station.schedule.situation import Owed, Situation, Stop

TAIL_MS = 1_000
"""A play that lacks no more than this of its signed length is completed."""
BROKEN_FOR = timedelta(hours=6)
"""How long a programme that failed is left out, unless a new week comes first."""
FILLER_LEAD = timedelta(seconds=2.5)
"""Filler that could begin at once begins so much later: with its head, as a play that is to count as completed must."""
MOST_AHEAD = 50
"""Programmes that are looked at for what is missing."""

Key = tuple[str, str, int, str]
"""One showing in the timetable: programme, SHA-256 of its file, start in ms, origin."""


def key_of(on_air: tt.OnAir) -> Key:
    """What makes a showing the same one. A new week that gives a programme another file gives another showing."""
    return on_air.programme.id, on_air.programme.sha256, to_ms(on_air.start), on_air.origin


class Plan:
    """The timetable and the situation it is asked about. For the main loop only."""

    def __init__(self, journal: Journal | LookedAt, clock: Clock, library: Library) -> None:
        self._journal = journal
        self._clock = clock
        self._library = library
        self._timetable = tt.compile_playlist(None)
        self._broken: dict[str, datetime] = {}
        self._goes_on = False
        """The filler item of before the restart is to be taken up again."""
        self.playlist: Playlist | None = None
        self.document: StationDocument | None = None
        self.situation = Situation()

    # --- what is known ---

    def use_playlist(self, playlist: Playlist | None) -> None:
        """A new week is in force from now on. A filler item on air goes on if the week owes the same file plays."""
        before, running = self.playlist, self.situation.owed
        self.playlist = playlist
        self._timetable = tt.compile_playlist(playlist)
        self._broken.clear()
        self.refresh_owed()
        owed = self.situation.owed
        if owed and running and running.first and self._owes_same(running.first, owed, before, running.at):
            self.situation = replace(self.situation, owed=replace(owed, at=running.at, first=running.first))

    def _owes_same(self, name: str, owed: Owed, before: Playlist | None, since: datetime) -> bool:
        """Whether the filler item that began at ``since`` still runs, and the new week owes plays of the same file."""
        old, new = (
            next((one for one in week.programmes if one.id == name), None) if week else None
            for week in (before, self.playlist)
        )
        return (
            old is not None
            and new is not None
            and old.sha256 == new.sha256
            and dict(owed.plays).get(name, 0) > 0
            and to_ms(since) + new.duration_ms > self._clock.now_ms()
        )

    def use_document(self, document: StationDocument | None) -> None:
        """The town's word on hours, recommended items, volume and loudness."""
        self.document = document
        usual = Situation()
        self.situation = replace(
            self.situation,
            opening=document.opening if document else usual.opening,
            filler=document.filler if document else usual.filler,
        )

    def change(self, **changes: object) -> None:
        """Replace fields of the :class:`Situation`."""
        self.situation = replace(self.situation, **changes)  # type: ignore[arg-type]

    def refresh_owed(self, at: datetime | None = None) -> None:
        """Count afresh what recommended items are owed; filler begins anew at ``at`` (now)."""
        if self.playlist is None:
            self.situation = replace(self.situation, owed=None)
            return
        at = at or self._clock.now()
        self.situation = replace(
            self.situation,
            owed=tt.owed(self.playlist, at, self._completed(), by_date=self.situation.clock_trusted),
        )

    def go_on_with(self, rows: Iterable[AsRun]) -> None:
        """After a restart: of the ``rows`` it broke off, the filler item that was on air goes on where the clock says
        it would be; not the one after it, which was cued already."""
        owed = self.situation.owed
        left = [row for row in rows if row.origin == "filler" and row.planned_end_ms > self._clock.now_ms()]
        if owed is None or not left:
            return
        self._goes_on = True
        row = min(left, key=lambda row: row.planned_start_ms)
        self.situation = replace(
            self.situation, owed=replace(owed, at=to_utc(row.planned_start_ms), first=row.programme)
        )

    def leave_out(self, programme: str) -> None:
        """A programme has failed: it is not tried again for some hours."""
        self._broken[programme] = self._clock.now() + BROKEN_FOR

    def filler_went_on(self, on_air: tt.OnAir) -> None:
        """This filler is on the screen: it goes on to its end, whichever item is fetched meanwhile."""
        if self.situation.owed is not None:
            owed = replace(self.situation.owed, at=on_air.start, first=on_air.programme.id)
            self.situation = replace(self.situation, owed=owed)

    # --- what follows from it ---

    def stop_in_force(self) -> Stop | None:
        """The Stop that holds now, if one does. Without a trusted clock it holds until Start, whatever its end."""
        stop = self.situation.stop
        if stop is None or stop.until is None:
            return stop
        if not self.situation.clock_trusted:
            return replace(stop, until=None)
        return stop if stop.until > self._clock.now() else None

    def due(self) -> tt.OnAir | None:
        """What is to be on the screen now. It may still be on its way there."""
        return tt.decide(self._timetable, self._clock.now(), self.situation).on_air

    def coming(self) -> tuple[tt.OnAir, datetime] | None:
        """What comes next, as far as the look-ahead sees, and when it comes on: after a Stop or an urgent notice that
        may be amid the programme."""
        moment = tt.decide(self._timetable, self._clock.now(), self.situation).next_change
        for _ in range(8):
            if moment >= FAR:
                return None
            decision = tt.decide(self._timetable, moment, self.situation)
            if decision.on_air is not None:
                return decision.on_air, moment
            moment = decision.next_change
        return None

    def explain(self) -> tt.Explanation:
        """What is to be on the screen now, and why."""
        return tt.explain(self._timetable, self._clock.now(), self.situation)

    def due_without_stop(self) -> tt.OnAir | None:
        """What Start would put on the screen now."""
        return tt.decide(self._timetable, self._clock.now(), replace(self.situation, stop=None)).on_air

    def free_at(self, moment: datetime) -> datetime:
        """The first instant from ``moment`` on at which the plan has nothing on the screen but filler."""
        bare = replace(self.situation, owed=None, demand=None)
        for _ in range(MOST_AHEAD):
            decision = tt.decide(self._timetable, moment, bare)
            if decision.on_air is None:
                break
            moment = decision.next_change
        return moment

    def taken_at(self, moment: datetime) -> datetime:
        """The first instant after ``moment`` at which plan or session have the screen."""
        bare, session = replace(self.situation, owed=None, demand=None), self.situation.session
        latest = session.start if session is not None and session.start > moment else FAR
        for _ in range(MOST_AHEAD):
            moment = tt.decide(self._timetable, moment, bare).next_change
            if moment >= FAR or tt.decide(self._timetable, moment, bare).on_air is not None:
                break
        return min(moment, latest)

    def session_on(self) -> bool:
        """Whether a session has the screen, or keeps it quiet."""
        session, now = self.situation.session, self._clock.now()
        return session is not None and session.start <= now < session.end and self.situation.clock_trusted

    def lent(self) -> bool:
        """Whether the screen is lent to another source."""
        session = self.situation.session
        return session is not None and session.kind == KINDS["other-source"] and self.session_on()

    def due_but_missing(self) -> tt.OnAir | None:
        """The showing of a slot that would be on air now if its programme were here and could be played."""
        if not self.situation.unavailable:
            return None
        wanted = tt.decide(self._timetable, self._clock.now(), replace(self.situation, unavailable=frozenset())).on_air
        missing = wanted is not None and wanted.programme.id in self.situation.unavailable
        return wanted if missing and wanted is not None and wanted.origin == "slot" else None

    def missing_soon(self, within: timedelta) -> str:
        """Title of the first programme of a slot that is to begin within so long and is not here; empty for none."""
        if not self.situation.unavailable:
            return ""
        moment, whole = self._clock.now(), replace(self.situation, unavailable=frozenset())
        until = moment + within
        for _ in range(MOST_AHEAD):
            decision = tt.decide(self._timetable, moment, whole)
            wanted = decision.on_air if decision.on_air and decision.on_air.origin == "slot" else None
            lacks = wanted is not None and wanted.programme.id in self.situation.unavailable - self._broken.keys()
            if lacks and wanted is not None:
                return wanted.programme.title
            moment = decision.next_change
            if moment > until:
                break
        return ""

    def has_failed(self, programme: str) -> bool:
        """Whether a programme is left out because it has failed."""
        return programme in self._broken

    def look_ahead(self, now: datetime, lead: timedelta, most: int) -> tuple[list[tuple[tt.OnAir, datetime]], datetime]:
        """What to have on the screen or ready within ``lead``, each with its instant; and when to look again."""
        wanted: list[tuple[tt.OnAir, datetime]] = []
        moment, situation = now, self.situation
        first_change = tt.decide(self._timetable, now, situation).next_change
        while moment - now <= lead and len(wanted) <= most:
            decision = tt.decide(self._timetable, moment, situation)
            if decision.on_air is not None:
                if any(key_of(decision.on_air) == key_of(on_air) for on_air, _ in wanted):
                    break
                wanted.append((decision.on_air, moment))
                situation = _after(decision.on_air, situation)
            moment = decision.next_change
        again = moment - lead if moment - lead > now else first_change
        return wanted, min(first_change, again)

    def anchor_filler(self, now: datetime, filler_is_near: bool) -> None:
        """Where no filler is on air or about to be, it begins now: what came in with the day has not run yet."""
        if self._goes_on:
            self._goes_on = False
        elif not filler_is_near:
            self.refresh_owed(now + FILLER_LEAD)

    def refresh_unavailable(self, now: datetime) -> None:
        """Look which programmes are on the disk, and which have failed."""
        self._broken = {name: until for name, until in self._broken.items() if until > now}
        programmes = [*(self.playlist.programmes if self.playlist else ())]
        programmes += [programme for urgent in self.situation.urgents for programme in urgent.programmes]
        missing = {
            programme.id for programme in programmes if self._library.path(programme.sha256, programme.size) is None
        }
        unavailable = frozenset(missing | self._broken.keys())
        if unavailable != self.situation.unavailable:
            self.situation = replace(self.situation, unavailable=unavailable)

    def _completed(self) -> Mapping[str, int]:
        assert self.playlist is not None  # noqa: S101
        zone = ZoneInfo(self.playlist.time_zone)
        today = self._clock.now().astimezone(zone).date().isoformat()
        counts: dict[str, int] = {}
        for first_day in {item.first_day for item in self.playlist.recommended}:
            since = datetime.combine(datetime.fromisoformat(first_day).date(), time(), zone)
            found = self._journal.completed(to_ms(since.astimezone(UTC)), to_ms(FAR))
            for item in self.playlist.recommended:
                if item.first_day == first_day and (
                    first_day <= today <= item.last_day or item.programme not in counts
                ):
                    counts[item.programme] = found.get(item.programme, 0)
        return counts


def _after(on_air: tt.OnAir, situation: Situation) -> Situation:
    """The situation once a planned showing has run to its end: the timetable itself counts filler only."""
    owed, name = situation.owed, on_air.programme.id
    whole = on_air.end - on_air.start >= timedelta(milliseconds=on_air.programme.duration_ms - TAIL_MS)
    if owed is None or on_air.origin == "filler" or not whole:
        return situation
    plays = tuple((item, max(0, left - 1) if item == name else left) for item, left in owed.plays)
    return replace(situation, owed=replace(owed, at=on_air.end, plays=plays, first=None))
