"""Sessions, on demand, practice and presence on the real timetable, journal and playout; time in the test's hands."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from fakes import HandClock
from playout_room import FLOOD, LAW, PARTY, RICE, SONG, Room, at, document, programme, slot, urgent, week

from kiosk.contract.instants import to_ms
from kiosk.contract.occasions import MAKE_UP, MEMBER, ON_DEMAND, WHEN_PRESENT
from kiosk.contract.playlist import Playlist
from kiosk.contract.records import Action, Attendance, Correction, Session
from kiosk.contract.station import Thresholds
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.presence import PresencePolicy
from kiosk.station.control.session_view import SessionView
from kiosk.station.control.sessions import Sessions
from kiosk.station.library.plans import Plans
from kiosk.station.sessions.events import (
    SENSOR,
    DemandOver,
    DemandPressed,
    FromSessions,
    PracticePressed,
    PresenceNoticed,
    SessionOver,
    SessionPressed,
)

SHORT_SONG, SHORT_RICE = (msgspec.structs.replace(one, short=True) for one in (SONG, RICE))
WHOLE = (LAW, SHORT_RICE, SHORT_SONG, PARTY)
PRESENCE = document(filler="when-present", thresholds=Thresholds(presence_ms=90_000))


class Held(Room):
    """A room with the handlers of sessions and presence, which look once a second."""

    def __init__(self, folder: Path, playlist: Playlist | None, now: datetime, boot: str = "boot-1") -> None:
        self.sessions: Sessions | None = None
        super().__init__(folder, playlist, now, boot=boot)
        self.plan.use_document(PRESENCE)
        audit = AuditTrail(self.journal, self.clock, lambda: None)
        self.doc = PRESENCE
        self.presence = PresencePolicy(
            self.journal, self.clock, self.plan, audit, document=lambda: self.doc, replan=self.replan
        )
        self.plans = Plans(folder / "library")
        self.plans.keep(playlist, to_ms(at("06:00")))
        self.sessions = Sessions(self.journal, self.clock, self.plan, audit, self.replan, lambda: self.doc.thresholds)
        self.view = SessionView(
            self.sessions, self.presence, self.plan, self.plans, self.journal, self.clock, lambda: self.doc
        )
        self.presence.restore()
        self.sessions.restore()
        self.replan("start")

    def replan(self, why: str = "the timetable") -> None:
        if self.sessions is not None:
            self.sessions.follow_week()
        super().replan(why)

    def press(self, event: FromSessions) -> None:
        assert self.sessions
        if isinstance(event, PresenceNoticed):
            self.presence.noticed(event)
        else:
            self.sessions.handle(event)

    def live(self, until: datetime) -> None:
        while self.clock.now() < until:
            self.run(min(until, self.clock.now() + timedelta(seconds=1)))
            assert self.sessions and self.journal.settle(10)
            self.sessions.tick()
            self.presence.tick()

    def records(self, kind: type) -> list[object]:
        assert self.journal.settle(10)
        names = {Session: "session", Action: "action", Attendance: "attendance", Correction: "correction"}
        return [one for one in self.journal.newest_records((names[kind],), 1_000) if isinstance(one, kind)]

    def actions(self, *names: str) -> list[Action]:
        return [one for one in self.records(Action) if isinstance(one, Action) and one.action in names]

    def shown(self) -> list[tuple[str, str, str | None]]:
        return [(row.programme, row.occasion, row.outcome) for row in self.rows() if row.shown_ms is not None]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Held]:
    """A slot from 10:00 to 10:02, one from 11:00 on; law is recommended. It is 09:00."""
    held = Held(tmp_path, week(WHOLE, slot("10:00:00", "10:02:00", "law"), slot("11:00:00", "11:01:00", "rice"),
                               recommended={"law": 9}), at("09:00"))  # fmt: skip
    yield held
    held.close()


def session(meeting: datetime | None, end: datetime, **more: object) -> SessionPressed:
    return SessionPressed("panel", "theme-party-day", to_ms(meeting) if meeting else None, to_ms(end), **more)  # type: ignore[arg-type]


def test_short_programmes_end_as_the_meeting_begins_and_the_table_comes_back(room: Held) -> None:
    room.press(session(at("09:02"), at("09:10"), title="学习", place="会议室"))
    room.live(at("09:00:30"))
    assert room.on_air() == "poster" and room.view.seen().phase == "before"
    room.live(at("09:03"))
    assert room.on_air() == "poster" and room.view.seen().phase == "meeting"
    assert sorted(room.shown()) == [("rice", "主题党日", "completed"), ("song", "主题党日", "completed")]
    ends = [row.planned_end_ms for row in room.rows()]
    assert max(ends) == to_ms(at("09:02")), "the last one ends as the meeting begins"
    room.live(at("09:11"))
    [record] = room.records(Session)
    assert isinstance(record, Session)
    assert (record.session_kind, record.meeting_ms, record.end_ms) == (
        "主题党日",
        to_ms(at("09:02")),
        to_ms(at("09:10")),
    )
    assert (record.title, record.place, record.practice) == ("学习", "会议室", False)
    assert room.view.seen().held is None
    room.live(at("10:00:30"))
    assert room.on_air() == "law"


def test_session_goes_before_the_table_and_what_it_covers_is_missed_for_that_reason(room: Held) -> None:
    room.press(session(at("09:59"), at("10:30")))
    room.live(at("10:31"))
    assert "law" not in [name for name, _, _ in room.shown()]
    [missed] = room.view.seen().missed
    assert (missed.programme.id, [why.reason for why in missed.why]) == ("law", ["session"])
    room.press(DemandPressed("panel", MAKE_UP, ("law",)))
    room.live(at("10:33"))
    assert ("law", MAKE_UP, "completed") in room.shown()
    assert room.view.seen().missed == () and room.view.seen().demand is None


def test_stop_ends_a_session_and_an_urgent_notice_gives_it_back(room: Held) -> None:
    room.press(session(at("09:00:50"), at("09:30")))
    room.live(at("09:00:10"))
    room.urgent(urgent(at("09:00:20"), at("09:00:40"), FLOOD))
    room.live(at("09:00:30"))
    assert room.on_air() == "flood"
    room.live(at("09:00:45"))
    assert room.on_air() in ("rice", "song"), "joined where it should be"
    room.live(at("09:05"))
    room.stop()
    room.live(at("09:05:02"))
    [record] = room.records(Session)
    assert isinstance(record, Session) and record.end_ms == to_ms(at("09:05"))
    room.start()
    room.live(at("09:06"))
    assert room.view.seen().held is None and room.on_air() == "poster"


def test_session_that_is_still_to_come_outlives_stop_and_start(room: Held) -> None:
    room.press(session(at("10:30"), at("11:30")))
    assert room.view.seen().phase == "waiting"
    room.stop()
    room.live(at("09:01"))
    room.start()
    room.live(at("09:02"))
    assert room.view.seen().phase == "waiting" and room.records(Session) == []
    room.live(at("10:30:05"))
    assert room.view.seen().phase == "meeting"


def test_what_cannot_be_held_is_refused_and_nothing_is_recorded(room: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (
        session(at("08:00"), at("09:30")),
        session(at("09:30"), at("09:20")),
        session(at("09:30"), at("09:30") + timedelta(hours=13)),
        replace(session(at("09:30"), at("10:00")), kind="wedding"),
    ):
        room.press(wrong)
    monkeypatch.setattr(HandClock, "state", "untrusted")
    room.press(session(at("09:30"), at("10:00")))
    assert room.view.seen().held is None and room.actions("session") == []


def test_second_session_of_two_people_is_refused(room: Held) -> None:
    room.press(session(at("09:30"), at("10:00"), title="first"))
    room.press(session(at("09:40"), at("10:00"), title="second"))
    held = room.view.seen().held
    assert held is not None and held.title == "first"
    room.press(SessionOver("panel", "another"))
    assert room.view.seen().held is not None


def test_session_outlives_a_restart_and_one_that_ended_meanwhile_is_recorded(tmp_path: Path) -> None:
    playlist = week(WHOLE, recommended={"law": 1})
    first = Held(tmp_path, playlist, at("09:00"))
    first.press(session(at("09:02"), at("09:10")))
    first.press(PracticePressed("panel", on=True))
    first.live(at("09:01:20"))
    first.playout.close("the station was shut down")
    first.close()
    second = Held(tmp_path, playlist, at("09:01:30"), boot="boot-2")
    assert second.view.seen().phase == "before" and second.view.seen().practice_until is not None
    second.live(at("09:01:45"))
    assert second.on_air() in ("rice", "song")
    second.live(at("09:03"))
    second.close()
    third = Held(tmp_path, playlist, at("12:00"), boot="boot-3")
    [record] = third.records(Session)
    assert isinstance(record, Session) and record.end_ms == to_ms(at("09:10"))
    assert third.view.seen().held is None and third.view.seen().practice_until is None
    third.close()


def test_nothing_of_a_session_is_shown_that_is_not_in_the_week_any_more(room: Held) -> None:
    room.press(session(at("09:05"), at("09:30"), programmes=("party",)))
    room.use(week((LAW, SHORT_RICE), version=2))
    held = room.view.seen().held
    assert held is not None and [one.id for one in held.programmes] == ["rice"] and held.main == ()
    room.use(week((LAW, msgspec.structs.replace(SHORT_RICE, sha256="f" * 64)), version=3))
    held = room.view.seen().held
    assert held is not None and held.programmes == (), "another file under the same name is another programme"


def test_short_programme_is_not_repeated_where_another_fills_the_minutes(room: Held) -> None:
    twin = msgspec.structs.replace(programme("twin", 30), short=True)
    room.use(week((LAW, SHORT_SONG, twin), version=2))
    room.press(session(at("09:00:35"), at("09:01")))
    room.live(at("09:01:05"))
    [(first, _, _)] = room.shown()
    room.press(session(at("09:01:45"), at("09:02:20")))
    room.live(at("09:02:25"))
    assert {first, room.shown()[-1][0]} == {"song", "twin"}


def test_session_without_an_end_lasts_as_long_as_the_town_wants(room: Held) -> None:
    room.press(replace(session(at("09:30"), at("10:00")), by="remote", end_ms=None))
    held = room.view.seen().held
    assert held is not None and (held.by, held.end_ms) == ("remote", to_ms(at("11:30")))


def test_press_that_comes_twice_begins_nothing_anew(room: Held) -> None:
    press = replace(session(None, at("09:30")), press="p1")
    room.press(press)
    held = room.view.seen().held
    assert held is not None
    room.press(SessionOver("panel", held.id, press="p2"))
    room.press(press)
    assert room.view.seen().held is None, "the page was sent once more"


def test_slot_that_a_session_covers_says_so_while_it_goes_on(room: Held) -> None:
    room.press(session(at("09:50"), at("11:30")))
    room.live(at("10:05"))
    [missed] = room.view.seen().missed
    assert [why.reason for why in missed.why] == ["session"]
    room.press(DemandPressed("panel", MAKE_UP, ("law",)))
    assert room.view.seen().demand is None, "not while the session has the screen"


def test_programme_of_the_meeting_is_shown_from_its_minute_on(room: Held) -> None:
    room.press(session(at("09:01"), at("09:30"), programmes=("party",)))
    room.live(at("09:01:10"))
    assert room.on_air() == "party"
    room.live(at("09:02"))
    assert room.on_air() == "poster" and ("party", "主题党日", "completed") in room.shown()


def test_what_is_on_demand_gives_way_to_the_table_and_waits_for_it(room: Held) -> None:
    room.live(at("10:00:30"))
    room.press(DemandPressed("panel", ON_DEMAND, ("party",)))
    demand = room.view.seen().demand
    assert demand is not None and demand.start == at("10:01"), "the slot's list is over then; its rest is free"
    room.live(at("10:02"))
    assert ("party", ON_DEMAND, "completed") in room.shown()
    room.live(at("10:59:30"))
    room.press(DemandPressed("panel", ON_DEMAND, ("law",)))
    demand = room.view.seen().demand
    assert demand is not None and demand.cut == at("11:00")
    room.live(at("11:00:10"))
    assert room.on_air() == "rice" and room.shown()[-2] == ("law", ON_DEMAND, "interrupted")
    room.press(DemandOver("panel", demand="an older one"))
    assert room.view.seen().demand is not None, "an old page ends nothing that it does not show"
    room.press(DemandOver("panel", demand=room.view.seen().demand.id))  # type: ignore[union-attr]
    assert room.view.seen().demand is None


def test_member_who_was_away_is_recorded_with_what_was_seen(room: Held) -> None:
    room.press(DemandPressed("panel", MEMBER, ("party",), ("wang", "li")))
    room.live(at("09:00:20"))
    assert room.records(Attendance) == []
    room.live(at("09:01:10"))
    [there], [session_] = room.records(Attendance), room.records(Session)
    assert isinstance(there, Attendance) and isinstance(session_, Session)
    assert (there.members, there.present, there.session) == (("wang", "li"), 2, session_.id)
    assert there.plays == tuple(row.id for row in room.rows()) and session_.title == "party"
    room.press(DemandPressed("panel", MEMBER, ("law",), ("wang",)))
    room.live(at("09:01:40"))
    room.press(DemandOver("panel"))
    room.live(at("09:03"))
    assert len(room.records(Attendance)) == 1, "it was not shown to its end"


def test_other_sources_minutes_are_told_at_its_end_or_later_and_never_played(room: Held) -> None:
    room.press(SessionPressed("panel", "other-source", None, to_ms(at("10:30")), title="机顶盒"))
    room.live(at("10:31"))
    assert room.rows() == [], "nothing is claimed as played"
    [(name, start, end)] = room.view.seen().untold
    assert (start, end) == (at("09:00"), at("10:30"))
    for _ in range(2):
        room.press(SessionOver("panel", name, 75 * 60_000))
    [correction] = room.records(Correction)
    assert isinstance(correction, Correction)
    assert (correction.corrects, correction.field, correction.value) == (name, "other_source_ms", "4500000")
    assert room.view.seen().untold == ()


def test_practice_marks_what_is_begun_by_hand_and_ends_by_itself(room: Held) -> None:
    room.press(PracticePressed("panel", on=True))
    room.press(session(at("09:01:30"), at("09:03")))
    room.live(at("09:03:30"))
    room.press(PresenceNoticed("panel"))
    room.live(at("09:04"))
    assert {row.practice for row in room.rows()} == {1}
    [record] = room.records(Session)
    assert isinstance(record, Session) and record.practice
    assert room.journal.completed(0, to_ms(at("23:00"))) == {}
    room.live(at("10:01"))
    assert [row.practice for row in room.rows() if row.origin == "slot"] == [0], "the table counts"
    assert [one.action for one in room.actions("practice", "practice-over")] == ["practice", "practice-over"]


def test_recommended_items_wait_for_somebody_and_what_has_begun_ends(room: Held) -> None:
    room.live(at("09:01"))
    assert room.rows() == [], "nothing plays to the wall"
    room.press(PresenceNoticed("panel"))
    room.live(at("09:01:10"))
    assert room.on_air() == "law" and room.rows()[0].occasion == WHEN_PRESENT
    room.live(at("09:02:40"))
    assert room.on_air() == "law", "a second has begun within the town's 90 seconds"
    room.live(at("09:05"))
    assert room.on_air() == "poster" and len(room.rows()) == 2
    assert [row.outcome for row in room.rows()] == ["completed"] * 2
    [noticed] = room.actions("presence")
    assert (noticed.by, noticed.until_ms) == ("panel", to_ms(at("09:02:30")))


def test_somebody_who_is_noticed_again_stays(room: Held) -> None:
    room.press(PresenceNoticed("panel"))
    for minute in range(1, 5):
        room.live(at(f"09:0{minute}"))
        room.press(PresenceNoticed("keypad"))
    assert room.on_air() == "law" and len(room.actions("presence")) == 1


def test_sensor_is_heeded_in_opening_hours_only_and_a_press_at_any_hour(tmp_path: Path) -> None:
    room = Held(tmp_path, week(WHOLE, recommended={"law": 9}), at("07:00"))
    room.press(PresenceNoticed(SENSOR))
    room.live(at("07:00:30"))
    assert room.rows() == [] and room.view.seen().present_until is None
    room.press(PresenceNoticed("remote"))
    room.live(at("07:00:40"))
    assert room.on_air() == "law"
    room.close()


@pytest.mark.parametrize(
    ("sensor", "press", "state"),
    [(True, False, "nobody"), (False, False, "unknown"), (False, True, "attended"), (True, True, "attended")],
)
def test_empty_slot_is_recorded_as_it_was(room: Held, sensor: bool, press: bool, state: str) -> None:
    if sensor:
        room.press(PresenceNoticed(SENSOR))
    room.live(at("10:01"))
    if press:
        room.press(PresenceNoticed("keypad"))
    room.live(at("10:02:10"))
    [told] = room.actions("slot-presence")
    assert (told.reason, told.facts["start_ms"]) == (state, str(to_ms(at("10:00"))))


def test_presence_outlives_a_restart_but_not_its_time(tmp_path: Path) -> None:
    playlist = week(WHOLE, recommended={"law": 9})
    first = Held(tmp_path, playlist, at("09:00"))
    first.press(PresenceNoticed("panel"))
    first.live(at("09:00:10"))
    first.playout.close("the station was shut down")
    first.close()
    second = Held(tmp_path, playlist, at("09:00:20"), boot="boot-2")
    second.live(at("09:00:30"))
    assert second.on_air() == "law"
    second.playout.close("the station was shut down")
    second.close()
    third = Held(tmp_path, playlist, at("09:30"), boot="boot-3")
    third.live(at("09:30:30"))
    assert third.on_air() == "poster"
    third.close()


def test_sessions_wait_a_month_ahead_one_behind_the_other_and_over_a_restart(tmp_path: Path) -> None:
    playlist = week(WHOLE, slot("11:00:00", "11:01:00", "rice"), recommended={"law": 1})
    first = Held(tmp_path, playlist, at("09:00"))
    month_ahead = at("09:30") + timedelta(days=31)
    first.press(session(month_ahead, month_ahead + timedelta(hours=1), title="month"))
    first.press(session(at("09:04"), at("09:06"), title="second"))
    first.press(session(at("09:01"), at("09:03"), title="first"))
    first.press(session(at("09:02"), at("09:05"), title="clash"))
    seen = first.view.seen()
    assert [one.title for one in seen.sessions] == ["first", "second", "month"]
    assert [one.start_ms for one in seen.sessions[:2]] == [to_ms(at("09:00")), to_ms(at("09:03"))], "one has the screen"
    assert [(one.title, one.end_ms) for one in seen.told()][0] == ("first", to_ms(at("09:03")))
    first.live(at("09:00:10"))
    first.press(SessionOver("panel", seen.sessions[2].id))
    first.press(session(month_ahead, month_ahead + timedelta(hours=1), title="month again"))
    first.playout.close("the station was shut down")
    first.close()
    second = Held(tmp_path, playlist, at("09:02"), boot="boot-2")
    second.live(at("09:07"))
    done = [one.title for one in second.records(Session) if isinstance(one, Session)]
    assert sorted(done) == ["first", "second"]
    held = second.view.seen().held
    assert held is not None and (held.title, second.view.seen().phase) == ("month again", "waiting")
    assert held.start_ms == to_ms(month_ahead - timedelta(hours=1))
    second.close()
    third = Held(tmp_path, playlist, month_ahead + timedelta(hours=2), boot="boot-3")
    assert third.view.seen().held is None
    assert len(third.records(Session)) == 2, "the PC was off: nobody knows whether it was held"
    assert [one.reason for one in third.actions("session-over")][-1] == "not-begun"
    third.close()


def test_clock_that_cannot_be_trusted_ends_no_session(room: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    room.press(session(at("09:30"), at("10:00")))
    monkeypatch.setattr(HandClock, "state", "untrusted")
    monkeypatch.setattr(room.clock, "now_ms", lambda: to_ms(at("09:00") + timedelta(days=400)))
    assert room.sessions
    room.sessions.tick()
    monkeypatch.setattr(HandClock, "state", "trusted")
    assert room.sessions.kept.held is not None
