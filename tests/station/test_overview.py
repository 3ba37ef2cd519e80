"""The station seen from outside: what the panel, the heartbeat and the rules are told is what is so."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fakes_town import TownOnTheLine
from link_room import newest
from msgspec.structs import replace
from playout_room import ALL, Room, at, document, slot, week

from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Playlist
from kiosk.contract.records import Action
from kiosk.station.config import Fetch, Town
from kiosk.station.events import FetchEnded, TownRefused
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.journal.refused import RefusedEntries
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.library.plans import Plans
from kiosk.station.link.enrol import enrol
from kiosk.station.link.link import Link
from kiosk.station.link.news import News
from kiosk.station.overview import Overview

MORNING = week(
    ALL,
    slot("09:00:00", "09:02:00", "law", "rice"),
    slot("09:05:00", "09:06:00", "song"),
    slot("21:00:00", "21:10:00", "party", "party"),
)

MakeView = Callable[..., tuple[Room, Accepted, Overview]]


@pytest.fixture
def make_view(tmp_path: Path) -> Iterator[MakeView]:
    town = TownOnTheLine(tmp_path / "town")
    identity = enrol(town.url, town.add_station(), tmp_path / "state")
    town.close()
    rooms: list[Room] = []

    def make(playlist: Playlist | None, now: str) -> tuple[Room, Accepted, Overview]:
        documents = Documents(Library(tmp_path / "state/library"))
        accepted = Accepted(documents, documents.load(identity.group, identity.station, identity.root_sha256))
        accepted.playlist, accepted.document = playlist, document()
        room = Room(tmp_path / "state", playlist, at(now))
        rooms.append(room)
        monitor = HealthMonitor(room.journal, identity.station, 0)
        link = Link(identity, documents, room.journal, lambda event: None, Town(), Fetch(), lambda data: "", tmp_path)
        plans = Plans(room.folder / "library")
        plans.keep(playlist, 1)
        return room, accepted, Overview(
            "zh", identity, accepted, News(room.journal, accepted), room.clock, room.journal, room.plan, room.playout,
            monitor, "boot-1", link, RefusedEntries(room.journal), None, plans,
        )  # fmt: skip

    yield make
    for room in rooms:
        room.close()


def test_snapshot_of_a_morning(make_view: MakeView) -> None:
    room, accepted, view = make_view(MORNING, "08:59:00")
    before = view.snapshot()
    assert before.on_air is None and before.stopped is None
    assert before.coming is not None and (before.coming.title, before.coming.start) == ("law", at("09:00:00"))
    assert [row.mark.moment for row in before.today] == ["to-come"] * 3
    room.run(at("09:00:30"))
    during = view.snapshot()
    assert during.on_air is not None
    assert (during.on_air.title, during.on_air.origin, during.on_air.end) == ("law", "slot", at("09:01:00"))
    assert during.coming is not None and during.coming.title == "rice"
    assert [row.mark.moment for row in during.today] == ["now", "to-come", "to-come"]
    assert during.today[2].title == "party", "a programme that is shown twice is named once"


def test_slot_that_nobody_saw_is_missed(make_view: MakeView) -> None:
    room, accepted, view = make_view(MORNING, "08:59:00")
    room.run(at("09:04:00"))
    room.stop()
    room.run(at("09:07:00"))
    snapshot = view.snapshot()
    assert [row.mark.moment for row in snapshot.today] == ["shown", "not-shown", "not-shown"]
    assert snapshot.stopped is not None and (snapshot.stopped.reason, snapshot.stopped.until) == ("meeting", None)


def test_while_stopped_no_row_is_on_air_or_to_come_before_the_stops_end(make_view: MakeView) -> None:
    room, _, view = make_view(MORNING, "08:59:00")
    room.run(at("09:00:30"))
    room.stop()
    assert [row.mark.moment for row in view.snapshot().today] == ["partly", "not-shown", "not-shown"]
    room.stop(until=at("09:01:10"))
    assert [row.mark.moment for row in view.snapshot().today] == ["partly", "to-come", "to-come"]
    room.stop(until=at("09:05:30"))
    assert [row.mark.moment for row in view.snapshot().today] == ["partly", "not-shown", "to-come"], (
        "the song is over by then"
    )
    room.stop(until=at("09:05:10"))
    stopped = view.snapshot()
    assert [row.mark.moment for row in stopped.today] == ["partly", "to-come", "to-come"]
    assert stopped.coming is not None and (stopped.coming.title, stopped.coming.start) == ("song", at("09:05:10"))
    assert stopped.starting is None


def test_row_in_progress_says_what_is_so(make_view: MakeView) -> None:
    """On air is what is on the screen; a list that is over is done; what nobody has fetched is not shown."""
    late = week(ALL, slot("09:00:00", "10:00:00", "law"), slot("10:00:00", "11:00:00", "rice"))
    room, _, view = make_view(late, "08:59:00")
    room.run(at("09:00:30"))
    assert view.snapshot().today[0].mark.moment == "now"
    room.run(at("09:30:00"))
    assert view.snapshot().today[0].mark.moment == "shown"
    room.lose(ALL[1])
    room.run(at("10:30:00"))
    assert view.snapshot().today[1].mark.moment == "not-shown"


def test_after_start_what_comes_is_shown_until_it_is_there(make_view: MakeView) -> None:
    room, _, view = make_view(MORNING, "09:00:10")
    room.stop()
    assert view.snapshot().starting is None
    room.start()
    begun = view.snapshot()
    assert begun.on_air is None and begun.starting is not None
    assert (begun.starting.title, begun.starting.start) == ("law", at("09:00:00"))
    assert begun.coming is not None and begun.coming.title == "rice"
    assert begun.today[0].mark.moment == "to-come", "it is not on the screen yet"
    room.run(at("09:00:20"))
    there = view.snapshot()
    assert there.on_air is not None and there.starting is None and there.today[0].mark.moment == "now"


def test_after_start_recommended_programmes_are_shown_as_coming(make_view: MakeView) -> None:
    owed = week(ALL, recommended={"law": 4})
    room, _, view = make_view(owed, "12:00:00")
    room.stop()
    room.start()
    begun = view.snapshot()
    assert begun.on_air is None and begun.starting is not None and begun.starting.title == "law"
    assert begun.coming is None or begun.coming.title != "law" or begun.coming.start > begun.starting.start


def test_what_begins_within_seconds_is_about_to_begin(make_view: MakeView) -> None:
    room, _, view = make_view(MORNING, "08:59:00")
    assert view.snapshot().starting is None
    room.run(at("08:59:40"))
    soon = view.snapshot()
    assert soon.starting is not None and soon.starting.title == "law"
    assert soon.coming is None


def test_without_a_trusted_clock_a_stop_holds_until_start(make_view: MakeView) -> None:
    room, _, view = make_view(MORNING, "08:59:00")
    room.stop(until=at("09:00:00"))
    room.plan.change(clock_trusted=False)
    room.run(at("09:01:00"))
    stopped = view.snapshot().stopped
    assert stopped is not None and stopped.until is None and view.heartbeat().stopped
    room.plan.change(clock_trusted=True)
    assert view.snapshot().stopped is None


def test_morning_is_when_the_room_opens_next(make_view: MakeView) -> None:
    _, accepted, view = make_view(MORNING, "12:00:00")
    assert view.snapshot().morning == at("08:00:00") + timedelta(days=1)


def test_room_without_a_week_has_views_too(make_view: MakeView) -> None:
    _, accepted, view = make_view(None, "12:00:00")
    snapshot, beat = view.snapshot(), view.heartbeat()
    assert snapshot.today == () and snapshot.coming is None and snapshot.on_air is None
    assert (beat.playlist_version, beat.planned_until_ms, beat.programmes_missing, beat.on_air) == (0, 0, 0, None)
    assert view.poster().banner
    assert view.observation(7).inbox == 7


def test_heartbeat_tells_what_is_so(make_view: MakeView) -> None:
    room, accepted, view = make_view(MORNING, "08:59:00")
    room.lose(ALL[3])
    room.run(at("09:00:30"))
    accepted.refuse(TownRefused("playlist", "wrong-key", "not signed"), 5)
    beat = view.heartbeat()
    assert (beat.playlist_version, beat.programmes_missing, beat.clock, beat.stopped) == (1, 1, "trusted", False)
    assert beat.planned_until_ms == to_ms(at("00:00:00") + timedelta(days=1))
    assert beat.on_air is not None and beat.on_air.programme == "law"
    assert (beat.on_air.started_ms, beat.on_air.ends_ms) == (to_ms(at("09:00:00")), to_ms(at("09:01:00")))
    assert [refusal.reason for refusal in beat.refusals] == ["not signed"]
    assert view.observation(0).refused == "not signed"
    assert "token" not in repr(beat)
    room.stop()
    assert view.heartbeat().stopped and view.heartbeat().on_air is None
    assert len(room.closed()) == 1
    assert (beat.head_seq, view.heartbeat().head_seq, view.heartbeat().waiting) == (0, 1, 1)


def test_heartbeat_names_what_does_not_fit_the_disk_and_what_is_refused_now(
    make_view: MakeView, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, accepted, view = make_view(MORNING, "08:59:00")
    room.lose(ALL[3])
    monkeypatch.setattr(Library, "free_bytes", lambda self: 0)
    accepted.refuse(TownRefused("playlist", "roll-back", "older"), 5)
    beat, seen = view.heartbeat(), view.observation(0)
    assert (beat.lacking_for, beat.ready_ms) == (ALL[3].title, 0)
    assert beat.bytes_lacking > ALL[3].size and (seen.lacking, seen.lacking_title) == (beat.bytes_lacking, ALL[3].title)
    assert [(one.what, one.reason) for one in beat.refusing] == [("playlist", "older")]
    accepted.round_ended(FetchEnded(0))
    accepted.round_ended(FetchEnded(0))
    assert view.heartbeat().refusing == () and len(view.heartbeat().refusals) == 1


@pytest.mark.parametrize("what", ["root", "playlist", "urgent", "station"])
def test_station_is_behind_what_the_town_has_newer(make_view: MakeView, what: str) -> None:
    _, accepted, view = make_view(MORNING, "08:59:00")
    held = newest(root=1, playlist=1, urgent=0, station=1)
    assert not accepted.is_behind(held)
    name = f"{what}_version"
    assert accepted.is_behind(replace(held, **{name: getattr(held, name) + 1}))


def test_d4_the_poster_marks_today_s_slots_as_the_record_has_them(make_view: MakeView) -> None:
    room, accepted, view = make_view(MORNING, "08:59:00")
    Plans(room.folder / "library").keep(MORNING, to_ms(at("08:59:00")))

    def told() -> list[str]:
        assert room.journal.settle(5)
        return [row.mark for row in view.poster().days[0].rows]

    assert told() == ["待播"] * 3
    room.run(at("09:00:30"))
    assert told() == ["正在播放", "待播", "待播"]
    room.run(at("09:04:00"))
    assert told() == ["已播", "待播", "待播"]
    since = room.clock.now_ms()
    room.journal.record(Action(id="s", at_ms=since, by="A", action="stop", reason="meeting", clock="trusted"))
    room.stop()
    assert told() == ["已播", "未播：停播", "未播：停播"]
    room.run(at("09:05:10"))
    assert told() == ["已播", "未播：停播", "未播：停播"]
    room.run(at("09:07:00"))
    now_ms = room.clock.now_ms()
    room.journal.record(Action(id="t", at_ms=now_ms, by="A", action="start", clock="trusted"))
    room.start()
    assert told() == ["已播", "未播：停播", "待播"]


def test_d4_a_slot_that_is_stopped_in_its_middle_is_partly_shown_and_one_that_is_over_stays(
    make_view: MakeView,
) -> None:
    room, accepted, view = make_view(MORNING, "08:59:00")
    Plans(room.folder / "library").keep(MORNING, to_ms(at("08:59:00")))
    room.run(at("09:00:30"))
    room.stop()
    assert room.journal.settle(5)
    assert view.poster().days[0].rows[0].mark == "部分播出：停播"
    room.start()
    room.run(at("09:05:40"))
    assert room.journal.settle(5)
    assert view.poster().days[0].rows[1].mark == "已播", "its list is over, the slot is not"
    room.stop()
    assert view.poster().days[0].rows[1].mark == "已播"


def test_d4_what_is_over_is_compared_once(make_view: MakeView, monkeypatch: pytest.MonkeyPatch) -> None:
    room, accepted, view = make_view(MORNING, "08:59:00")
    Plans(room.folder / "library").keep(MORNING, to_ms(at("08:59:00")))
    room.run(at("09:04:00"))
    assert room.journal.settle(5)
    marked = view.poster().days[0].rows[0].mark
    monkeypatch.setattr(room.journal, "played", None)
    assert view.poster().days[0].rows[0].mark == marked == "已播"


def test_stop_shows_on_the_poster_until_it_is_over(make_view: MakeView) -> None:
    room, accepted, view = make_view(MORNING, "08:59:00")
    quiet = view.poster()
    room.stop(until=at("09:01:00"))
    stopped = view.poster()
    assert stopped.banner and stopped.banner != quiet.banner
    room.run(at("09:01:10"))
    assert view.poster().banner == ""
