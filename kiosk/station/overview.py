"""The read model: what poster, panel, heartbeat and health rules are told of the station. It changes nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import Literal

import kiosk
from kiosk.common.i18n import Language
from kiosk.common.known import known_of
from kiosk.common.opening_hours import next_morning
from kiosk.common.planned import Known, compare, list_ms
from kiosk.common.stop_reasons import REASONS
from kiosk.contract.instants import local_ms, to_ms
from kiosk.contract.occasions import KINDS
from kiosk.contract.playlist import Slot, span
from kiosk.contract.records import SoundWent
from kiosk.contract.reports import Heartbeat, OnAir, ScreenState
from kiosk.contract.station import Opening, Thresholds
from kiosk.station.clock.clock import Clock
from kiosk.station.display import poster
from kiosk.station.display.marks import Mark, Now, mark_ahead, mark_made_up, mark_past
from kiosk.station.display.menu import ITEMS, Item, View
from kiosk.station.health import ticket_states
from kiosk.station.health.maintenance import Work
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.health.reported import HandReport
from kiosk.station.identity import Identity
from kiosk.station.journal import Journal
from kiosk.station.journal.refused import RefusedEntries
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.plans import Plans
from kiosk.station.link import progress
from kiosk.station.link.link import Link
from kiosk.station.link.news import News
from kiosk.station.panel import snapshot as panel
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.playout.volume import in_force
from kiosk.station.projector.stage import Stage
from kiosk.station.record_book.count import count_plays
from kiosk.station.schedule import timetable as tt
from kiosk.station.schedule.timetable import OnAir as OnAirProgramme
from kiosk.station.sessions import words as session_words
from kiosk.station.sessions.make_up import under_way
from kiosk.station.sessions.seen import SessionsSeen

SOON = timedelta(seconds=30)
"""What begins within this is *about to begin*: more than the panel's snapshot and page are apart, and than filler waits
after Start."""
SEAM, CUT = timedelta(seconds=1), timedelta(seconds=3)
"""A programme follows another if no more lies between them; a cut takes no longer."""
NEAR = timedelta(minutes=30)
"""A programme that is to begin within this should be here."""
LATE_MS = 20_000
"""So long after a slot's end its rows are closed and on the disk."""
NEWEST = 2_000
"""Entries of the record in which a reason is looked for why something was not shown: a week's, and more."""


class Overview:
    """Reads the other parts of the station; nobody reaches them through it."""

    def __init__(
        self,
        language: Language,
        identity: Identity,
        accepted: Accepted,
        news: News,
        clock: Clock,
        journal: Journal,
        plan: Plan,
        playout: Playout,
        monitor: HealthMonitor,
        boot_id: str,
        link: Link,
        refused: RefusedEntries,
        stage: Stage | None = None,
        plans: Plans | None = None,
        address: Callable[[], str] = lambda: "",
        *,
        sounds: bool = True,
        dark_until: Callable[[], datetime | None] = lambda: None,
        work: Callable[[], Work | None] = lambda: None,
        pc_stays_on: Callable[[], bool | None] = lambda: None,
        repairs_said: Callable[[], frozenset[str]] = frozenset,
        reports: Callable[[], tuple[HandReport, ...]] = lambda: (),
        picture_check: Callable[[], str] = lambda: "",
        sessions: Callable[[], SessionsSeen] = SessionsSeen,
        pin_reset: Callable[[], str] = lambda: "",
        spot_check: Callable[[], str] = lambda: "",
        spot_shown: Callable[[], str | None] = lambda: None,
    ) -> None:
        """``plans`` are those accepted so far, ``address`` is that of the panel; ``sounds``: whether the settings want
        sound at all. ``dark_until``: until when the screen rests, ``work``: who works on the devices, ``pc_stays_on``:
        whether the PC did not shut down at night, ``repairs_said``: faults that are said to be repaired, ``reports``:
        faults reported by hand, ``picture_check``: the code of the test picture that is on the screen,
        ``pin_reset``: by which the town lets a PIN be set anew."""
        self._pin_reset, self._spot_check, self._spot_shown = pin_reset, spot_check, spot_shown
        self._reports, self._picture_check = reports, picture_check
        self._language, self._identity, self._clock = language, identity, clock
        self._accepted, self._news = accepted, news
        self._journal, self._plan, self._playout, self._monitor = journal, plan, playout, monitor
        self._boot_id, self._link, self._refused, self._stage = boot_id, link, refused, stage
        self._plans, self._address, self._sounds = plans, address, sounds
        self._dark_until, self._work, self._pc_stays_on = dark_until, work, pc_stays_on
        self._repairs_said = repairs_said
        self._sessions = sessions
        self._newest_on_air: OnAirProgramme | None = None
        self._past: dict[Slot, Mark] = {}
        """Marks of today's slots that are over."""
        self._counted: tuple[object, panel.Count | None] = (None, None)
        """Plays of the week and minutes of the month, and for which record, day and thresholds they were counted."""
        self._known: tuple[str, list[Known]] = ("", [])
        """What the record knows of Stops and faults, and the head of the chain for which it was read."""

    def fetching(self) -> progress.FetchProgress:
        """How far the fetching of programmes has come."""
        now = self._clock.now().astimezone(self._accepted.zone)
        return progress.fetch_progress(self._accepted, self._link, now, self._clock.state != "untrusted")

    def poster(self) -> poster.Poster:
        """The public posting as it should be now; black while the screen rests."""
        if self._dark_until() is not None:
            return poster.dark(self._language)
        stop, now = self._plan.stop_in_force(), self._clock.now()
        if stop is None and self._plan.session_on():
            lines = session_words.card_lines(self._sessions(), now, self._accepted.zone, self._language)
            if lines:
                return poster.card(self._language, self._identity.name, lines)
        return poster.compose(
            self._accepted.playlist,
            self._accepted.document,
            now,
            language=self._language,
            stopped=stop is not None,
            reason=stop.reason if stop else "",
            until=stop.until if stop else None,
            clock=self._clock.state,
            station=self._identity.name,
            marks=self._marks(now),
            address=self._address(),
        )

    def _marks(self, now: datetime) -> Mapping[Slot, Mark]:
        """How the slots of today stand, and those of yesterday that run into today."""
        playlist = self._accepted.playlist
        if playlist is None:
            return {}
        zone, state, found = self._accepted.zone, self._now(now), dict[Slot, Mark]()
        seen = self._sessions()
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
                mark = self._mark_past(slot, start_ms, over_ms, state.at_ms)
                mark = mark_made_up(mark, slot, seen.made_up, [one.programme.id for one in seen.missed])
            elif mark.moment == "not-shown" and self._journal.was_shown("slot", start_ms, state.at_ms):
                mark = Mark("partly", mark.why)
            found[slot] = mark
        self._past = {slot: mark for slot, mark in self._past.items() if slot in found}
        return found

    def _now(self, now: datetime) -> Now:
        on_air, missing, stop = self._on_air_for_marks(now), self._plan.due_but_missing(), self._plan.stop_in_force()
        return Now(
            at_ms=to_ms(now),
            on_air=(on_air.programme.id, to_ms(on_air.start), on_air.origin) if on_air else None,
            has_screen=self._display() not in ("none", "denied"),
            stopped=stop is not None,
            stop_until_ms=to_ms(stop.until) if stop and stop.until else None,
            clock_trusted=self._clock.state != "untrusted",
            missing=(missing.programme.id, to_ms(missing.start)) if missing else None,
            session=self._plan.session_on(),
        )

    def _on_air_for_marks(self, now: datetime) -> OnAirProgramme | None:
        """What is on the screen; at a cut from one programme to the next, the one that is about to be."""
        on_air, due = self._on_air(), self._plan.due()
        if on_air is not None:
            self._newest_on_air = on_air
        elif due is not None and (before := self._newest_on_air) is not None:
            follows = abs(due.start - before.end) < SEAM and now - due.start < CUT
            return due if follows else None
        return on_air

    def _mark_past(self, slot: Slot, start_ms: int, over_ms: int, now_ms: int) -> Mark:
        """Of a slot whose programmes are over: compared with the record until all rows of it are closed, then kept."""
        if slot in self._past:
            return self._past[slot]
        plans = self._plans.since(start_ms) if self._plans else ()
        plays = self._journal.played(start_ms - LATE_MS, over_ms + LATE_MS)
        verdicts = compare(plans, plays, (), start_ms, over_ms + 1)
        if not all(one.shown for one in verdicts):
            verdicts = compare(plans, plays, self._known_stretches(), start_ms, over_ms + 1)
        mark = mark_past(one for one in verdicts if one.showing.slot == slot)
        if now_ms > over_ms + LATE_MS:
            self._past[slot] = mark
        return mark

    def _known_stretches(self) -> list[Known]:
        """What the record knows of Stops, faults and the like of the last days."""
        _, head = self._journal.head()
        if self._known[0] != head:
            self._known = (head, known_of(self._journal.newest_records(("action", "fault", "session"), NEWEST)))
        return [*self._known[1], *under_way(self._sessions().held)]

    def snapshot(self) -> panel.Snapshot:
        """What the panel's pages show."""
        now = self._clock.now().astimezone(self._accepted.zone)
        stop, on_air, coming = self._plan.stop_in_force(), self._on_air(), self._plan.coming()
        document, starting = self._accepted.document, None
        told, faults = document.tickets if document else (), self._faults()
        if on_air is None:
            starting = self._plan.due() or (coming[0] if coming and not stop and coming[1] - now <= SOON else None)
        if coming and coming[0] == starting:
            coming = None
        before_stop = self._plan.due_without_stop() if stop else None
        return panel.Snapshot(
            now=now,
            station=document.name if document else self._identity.name,
            language=self._language,
            stopped=panel.Stopped(stop.reason, stop.until) if stop else None,
            on_air=_showing(on_air),
            starting=_showing(starting),
            coming=panel.Coming(coming[0].programme.title, coming[1]) if coming else None,
            on_start=_showing(before_stop),
            why=self._plan.explain(),
            count=self._count(now),
            today=self._today(now),
            morning=self._morning(now),
            clock=self._clock.state,
            waiting=self._journal.waiting_count(),
            refused=self._refused.newest(),
            refused_count=self._refused.count,
            fetching=self.fetching(),
            problems=self._monitor.problems(),
            known=self._monitor.known,
            reports=self._reports(),
            picture_check=self._picture_check(),
            equipment=tuple(one.name for one in document.equipment) if document else (),
            tickets=ticket_states.of_faults(told, faults),
            other_tickets=ticket_states.others(told, faults, self._clock.now_ms()),
            repairs_said=self._repairs_said(),
            sound=self._sound(),
            display=self._display(),
            dark_until=self._dark_until(),
            work=self._work(),
            sessions=self._sessions(),
            pin_reset=self._pin_reset(),
            spot_check=self._spot_check(),
            document=document,
            playlist=self._accepted.playlist,
            address=self._address(),
        )

    def _count(self, now: datetime) -> panel.Count | None:
        """This week's plays and this month's minutes so far; None without a trusted clock."""
        if self._clock.state == "untrusted":
            return None
        document = self._accepted.document
        asked, today = document.thresholds if document else Thresholds(), now.date()
        counted_for = (self._journal.head(), today, asked)
        if self._counted[0] != counted_for:
            monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
            rows = self._journal.plays(local_ms(min(monday, first), time(), self._accepted.zone))
            counts = [
                count_plays((row for row in rows if row.shown_ms and row.shown_ms >= since), asked, self._accepted.zone)
                for since in (local_ms(day, time(), self._accepted.zone) for day in (monday, first))
            ]
            (plays, _), (_, minutes) = counts
            count = panel.Count(plays, asked.plays_per_week, minutes, asked.minutes_per_month)
            self._counted = (counted_for, count)
        return self._counted[1]

    def menu(self) -> View:
        """The station as the menu on the room's screen says it."""
        stop, sound, now = self._plan.stop_in_force(), self._sound(), self._clock.now().astimezone(self._accepted.zone)
        return View(
            reasons=tuple(reason for reason in REASONS if reason != "other"),
            stopped=stop is not None,
            stop_until=self._morning(now) if self._clock.state != "untrusted" else None,
            volume=sound.volume,
            muted=sound.muted,
            offers=self._offers(),
            address=self._address(),
        )

    def _offers(self) -> tuple[Item, ...]:
        """The items of the menu that can be done now."""
        seen, stopped = self._sessions(), self._plan.stop_in_force() is not None
        party = seen.held is None and not stopped and self._clock.state != "untrusted"
        recommended = seen.policy == "when-present" and seen.owed > 0 and not stopped and seen.present_until is None
        without: set[Item] = {name for name, can in (("party-day", party), ("recommended", recommended)) if not can}  # type: ignore[misc]
        return tuple(item for item in ITEMS if item not in without)

    def _morning(self, now: datetime) -> datetime | None:
        document = self._accepted.document
        return next_morning(document.opening if document else Opening(time_zone=self._accepted.zone.key), now)

    def _faults(self) -> dict[str, str]:
        """What is wrong now: the name of each problem and report, and its fault's in the record."""
        keys = {problem.name: problem.key(self._identity.station) for problem in self._monitor.problems()}
        return keys | {report.fault: report.fault for report in self._reports()}

    def _sound(self) -> panel.Sound:
        hand, planned = self._playout.hand, self._playout.planned_volume()
        level = in_force(planned, hand, "slot")
        goes: SoundWent | Literal["off"] | None = self._playout.sound_goes() if self._sounds else "off"
        return panel.Sound(level.volume, level.muted, hand is not None, self._playout.urgent_volume(), goes)

    def _display(self) -> ScreenState | None:
        return "up" if self._stage is None else self._stage.screen

    def _on_air(self) -> OnAirProgramme | None:
        """What is on the screen: nothing where there is none, whatever is due."""
        return self._playout.on_air() if self._display() == "up" else None

    def heartbeat(self) -> Heartbeat:
        """How this room is, for the town. The link puts in a fresh nonce at each sending."""
        accepted = self._accepted
        on_air, stop = self._on_air(), self._plan.stop_in_force()
        seq, digest = self._journal.head()
        coming = self.fetching()
        return Heartbeat(
            station=self._identity.station,
            epoch=self._journal.epoch,
            sent_ms=self._clock.now_ms(),
            nonce="",
            boot_id=self._boot_id,
            up_ms=round(self._clock.monotonic() * 1000),
            software=kiosk.__version__,
            root_version=accepted.root.version,
            playlist_version=accepted.newest.version if accepted.newest else 0,
            urgent_version=accepted.urgent_version,
            station_version=accepted.document.version if accepted.document else 0,
            clock=self._clock.state,
            stopped=stop is not None,
            stopped_until_ms=None if stop is None else to_ms(stop.until) if stop.until else 0,
            maintenance_until_ms=to_ms(work.until) if (work := self._work()) else None,
            screen=self._display(),
            sound=self._playout.sound_goes() if self._sounds else "none",
            on_air=OnAir(
                programme=on_air.programme.id,
                title=on_air.programme.title,
                origin=on_air.origin,
                started_ms=to_ms(on_air.start),
                ends_ms=to_ms(on_air.end),
            )
            if on_air
            else None,
            head_seq=seq,
            head_hash=digest,
            waiting=self._journal.waiting_count(),
            programmes_missing=coming.files,
            bytes_missing=coming.missing,
            bytes_per_s=coming.bytes_per_s,
            ready_ms=to_ms(coming.ready) if coming.ready else 0,
            bytes_lacking=coming.lacking,
            lacking_for=coming.lacking_title,
            planned_until_ms=self._planned_until_ms(),
            disk_free_mb=self._monitor.disk_free_mb,
            open_faults=tuple(problem.cause for problem in self._monitor.problems()),
            refusals=tuple(accepted.refusals),
            behind_since_ms=self._news.behind_since_ms,
            refusing=accepted.refusing,
            spot_check=self._spot_shown(),
        )

    def observation(self, inbox: int) -> Observation:
        """What the health rules are told beside what the monitor knows itself."""
        coming = self.fetching()
        return Observation(
            inbox=inbox,
            lacking=coming.lacking,
            lacking_title=coming.lacking_title,
            screen=self._display(),
            sound=self._playout.sound_goes(),
            sound_wanted=self._sounds,
            poster_fails=None if self._stage is None else self._stage.plain,
            card_fails=None if self._stage is None else self._stage.cardless,
            plan_until_ms=self._planned_until_ms(),
            refused=self._accepted.week_refused,
            clock=self._clock.state,
            pc_stays_on=self._pc_stays_on(),
            clock_doubtful=self._clock.doubtful,
            ntp_overruled=self._clock.overruled,
            missing_soon=self._plan.missing_soon(NEAR),
            sounding=self._sounds and self._playout.sounding(),
            lent=self._lent(),
        )

    def _lent(self) -> bool:
        """Whether the screen is lent to another source."""
        session = self._plan.situation.session
        return session is not None and session.kind == KINDS["other-source"] and self._plan.session_on()

    def _planned_until_ms(self) -> int:
        return self._accepted.planned_until_ms

    def _today(self, now: datetime) -> tuple[panel.Row, ...]:
        """Today's slots, marked as on the poster."""
        playlist, marks = self._accepted.playlist, self._marks(now)
        titles = {programme.id: programme.title for programme in playlist.programmes} if playlist else {}
        rows = []
        for slot in sorted((s for s in marks if s.date == now.date().isoformat()), key=lambda s: s.start):
            start, end = span(slot, self._accepted.zone)
            title = " ".join(titles[name] for name in dict.fromkeys(slot.programmes))
            rows.append(panel.Row(start, end, title, marks[slot]))
        return tuple(rows)


def _showing(one: tt.OnAir | None) -> panel.Showing | None:
    return panel.Showing(one.programme.title, one.start, one.end, one.origin, one.occasion) if one else None
