"""Between timetable and projector: what is ordered, and what stands in the record afterwards."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from playout_room import (
    ALL,
    DAY,
    FLOOD,
    LAW,
    LEAD,
    RICE,
    SONG,
    Room,
    at,
    document,
    slot,
    urgent,
    week,
)

from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Playlist, Recommended
from kiosk.contract.station import Opening
from kiosk.station.clock.clock import Moved
from kiosk.station.journal import AsRun
from kiosk.station.projector.projector import JOIN_LEAD
from kiosk.station.projector.reports import Coming, Position

MORNING = week(ALL, slot("09:00:00", "09:10:00", "law", "rice", "song"))

MakeRoom = Callable[..., Room]


@pytest.fixture
def make_room(tmp_path: Path) -> Iterator[MakeRoom]:
    rooms: list[Room] = []

    def make(playlist: Playlist | None, now: str, **more: str) -> Room:
        rooms.append(Room(tmp_path, playlist, at(now), **more))
        return rooms[-1]

    yield make
    for room in rooms:
        room.close()


def only(rows: list[AsRun], name: str) -> AsRun:
    [row] = [row for row in rows if row.programme == name]
    return row


# --- the plan ---


def test_look_ahead_cues_within_lead(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("08:59:00") + timedelta(seconds=60 - LEAD - 0.5))
    assert room.orders() == []
    room.run(at("08:59:53"))
    assert room.orders() == ["cue law"]
    room.run(at("09:00:51"))
    assert room.orders() == []
    room.run(at("09:00:53"))
    assert room.orders() == ["cue rice"]


def test_row_is_due_before_the_cut(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("08:59:59"))
    [row] = room.rows()
    assert (row.programme, row.shown_ms, row.seq, row.origin) == ("law", None, None, "slot")
    assert (row.planned_start_ms, row.planned_end_ms) == (to_ms(at("09:00:00")), to_ms(at("09:01:00")))
    assert (row.playlist_version, row.clock, row.boot_id) == (1, "trusted", "boot-1")
    room.projector.late = 0.007
    room.run(at("09:00:02"))
    [row] = room.rows()
    assert (row.shown_ms, row.late_ms) == (to_ms(at("09:00:00")) + 7, 7)
    assert room.on_air() == "law"


def test_row_is_check_pointed_while_it_is_on_air(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:55")
    room.run(at("09:00:32"))
    row = only(room.rows(), "law")
    assert row.last_ms is not None and 25_000 < row.last_ms - to_ms(at("09:00:00")) <= 32_000
    assert abs(row.played_ms - (row.last_ms - to_ms(at("09:00:00")))) < 10
    assert row.pictures_shown == round(row.played_ms / 40)


def test_no_more_than_a_check_point_is_unknown_after_a_kill(make_room: MakeRoom) -> None:
    """A child reports each second, 0.3 s after the cut for the first time; the kill comes just before the next report
    would be on the disk."""
    room = make_room(MORNING, "08:59:55")
    room.run(at("09:00:00") + timedelta(milliseconds=10))
    [play] = room.projector.runs.values()
    assert play.shown_at is not None
    known = to_ms(at("09:00:00"))
    for second in range(30):
        now = play.shown_at + 0.3 + second
        assert to_ms(at("09:00:00")) + 1000 * (second + 0.3) - known <= 5000
        room.playout.handle([Position(play.showing.play, now, now - play.shown_at, 0, 0)])
        known = only(room.rows(), "law").last_ms or 0


def test_row_of_a_join_that_was_not_confirmed_any_more_says_when_it_was_expected(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "09:00:20")
    [play] = room.projector.runs
    room.playout.handle([Coming(play, room.clock.monotonic() + 1.5)])
    assert room.journal.settle(10)
    room.close()
    first, second = sorted(make_room(MORNING, "09:00:25").rows(), key=lambda row: row.seq is None)
    assert (first.end_ms, first.played_ms, first.outcome) == (to_ms(at("09:00:21")) + 500, 0, "interrupted")
    assert second.continues == first.id


def test_row_says_what_spoke_for_a_picture_while_it_was_on_air(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:55")
    room.playout.use_evidence("link")
    room.run(at("09:01:10"))
    room.playout.use_evidence("none")  # somebody pulls the cable while the second one is on air
    room.run(at("09:11:00"))
    assert [row.screen_evidence for row in room.rows()] == ["link", "none", "none"]


def test_whole_list_is_completed_without_a_seam(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:11:00"))
    assert room.closed() == [("law", "completed"), ("rice", "completed"), ("song", "completed")]
    rows = room.rows()
    for before, after in pairwise(rows):
        assert before.end_ms == after.shown_ms
    assert [row.played_ms for row in rows] == [60_000, 40_000, 30_000]
    assert room.orders() == ["cue law", "cue rice", "drop law", "cue song", "drop rice", "drop song"]
    assert room.on_air() == "poster"


@pytest.mark.parametrize("early", [0.004, 0.015])
def test_timer_that_rings_early_cues_nothing_twice(make_room: MakeRoom, early: float) -> None:
    room = make_room(week(ALL, slot("09:00:00", "09:02:00", "law", "rice"), recommended={"song": 2}), "08:59:50")
    room.early = early
    room.run(at("09:02:30"))
    shown = [("song", "interrupted"), ("law", "completed"), ("rice", "completed"), ("song", "completed")]
    assert room.closed() == shown
    cues = [order for order in room.orders() if order.startswith("cue")]
    assert cues == ["cue song", "cue law", "cue rice", "cue song", "cue song"]


def test_replanning_without_news_issues_no_orders(make_room: MakeRoom) -> None:
    playlist = week(ALL, slot("09:01:00", "09:02:00", "law"), recommended={"rice": 9, "song": 9})
    room = make_room(playlist, "08:59:00")
    for _ in range(400):
        before = room.closed(), room.on_air()
        room.run_for(0.5)
        if (room.closed(), room.on_air()) == before:
            room.orders()
            room.replan("nothing new")
            room.replan("nothing new")
            assert room.orders() == [], room.clock.now()
    assert {outcome for _, outcome in room.closed()} <= {"completed", "interrupted"}
    assert ("law", "completed") in room.closed()


# --- judgement ---


def test_stop_takes_off_and_start_joins_in_progress(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:00:10"))
    room.stop()
    assert room.on_air() == "poster" and room.projector.plays == frozenset()
    assert room.closed() == [("law", "stopped")]
    row = only(room.rows(), "law")
    assert row.cause == "Stop: meeting" and abs(row.played_ms - 10_000) < 50
    room.run(at("09:00:20"))
    assert room.orders()[-1:] == ["drop law"]
    room.start()
    room.run(at("09:00:25"))
    assert room.on_air() == "law"
    first, second = room.rows()
    assert second.continues == first.id
    assert second.planned_start_ms == first.planned_start_ms
    assert second.shown_ms == to_ms(at("09:00:20")) + round(JOIN_LEAD * 1000)
    room.run(at("09:01:05"))
    assert room.closed() == [("law", "stopped"), ("law", "interrupted")]
    assert room.rows()[1].cause == "joined in progress"


def test_start_at_once_after_stop_continues_a_row_that_is_not_on_the_disk_yet(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:00:10"))
    plays = room.journal.plays
    room.journal.plays = lambda since: [row for row in plays(since) if row.seq is None]  # type: ignore[method-assign]
    room.stop()
    room.start()
    room.journal.plays = plays  # type: ignore[method-assign]
    first, second = room.rows()
    assert second.continues == first.id


def test_stop_until_an_instant_ends_by_itself(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:00:10"))
    room.stop(until=at("09:01:00"))
    room.run(at("09:00:59"))
    assert room.on_air() == "poster"
    room.run(at("09:01:01"))
    assert room.on_air() == "rice"
    assert only(room.rows(), "rice").late_ms == 0


def test_urgent_notice_breaks_in_and_gives_back(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:00:10"))
    room.urgent(urgent(at("09:00:10"), at("09:00:30"), FLOOD))
    assert room.closed() == [("law", "interrupted")]
    assert only(room.rows(), "law").cause == "an urgent notice"
    room.run(at("09:00:12"))
    assert room.on_air() == "flood"
    room.run(at("09:00:31"))
    assert room.on_air() == "law"
    law = [row for row in room.rows() if row.programme == "law"]
    assert law[1].continues == law[0].id
    assert law[1].shown_ms == to_ms(at("09:00:30")), "it was ready when the notice ended"
    room.run(at("09:01:30"))
    assert room.on_air() == "rice"


def test_urgent_notice_breaks_stop_and_gives_it_back(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:00:10"))
    room.stop()
    room.urgent(urgent(at("09:00:20"), at("09:00:40"), FLOOD))
    room.run(at("09:00:21"))
    assert room.on_air() == "flood"
    room.run(at("09:00:50"))
    assert room.on_air() == "poster"
    assert ("flood", "completed") in room.closed()


def test_planned_cut_is_interrupted_by_the_plan(make_room: MakeRoom) -> None:
    room = make_room(week(ALL, slot("09:00:00", "09:00:30", "law")), "08:59:30")
    room.run(at("09:00:31"))
    row = only(room.rows(), "law")
    assert (row.outcome, row.cause, row.played_ms) == ("interrupted", "cut by the plan", 30_000)


def test_new_week_takes_off_what_it_does_not_name(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:00:10"))
    room.use(week(ALL, slot("09:00:00", "09:10:00", "party"), version=2))
    assert room.closed() == [("law", "interrupted")]
    assert only(room.rows(), "law").cause == "a new week"
    room.run(at("09:00:12"))
    assert room.on_air() == "party"
    assert only(room.rows(), "party").playlist_version == 2


def test_new_week_with_the_same_slot_does_not_touch_the_programme(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:00:10"))
    room.orders()
    room.use(replace(MORNING, version=2))
    assert room.orders() == []


def test_d1_filler_on_air_goes_on_when_the_next_week_still_owes_it(make_room: MakeRoom) -> None:
    owing = week((RICE, SONG), recommended={"rice": 3, "song": 3})
    room = make_room(owing, "09:00:00")
    room.run(at("09:00:10"))
    assert room.on_air() == "rice"
    room.orders()
    room.use(
        replace(
            owing, version=2, slots=(slot("09:00:00", "09:10:00", "song", day="2026-03-09"),), last_day="2026-03-09"
        )
    )
    assert [order for order in room.orders() if "rice" in order] == [] and room.on_air() == "rice"
    room.use(week((SONG,), recommended={"song": 3}, version=3))
    assert ("rice", "interrupted") in room.closed(), "the week does not name it any more"


def test_cancelled_cue_leaves_no_row(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("08:59:57"))
    assert len(room.rows()) == 1
    room.stop()
    assert room.rows() == []
    assert room.orders() == ["cue law", "drop law"]


def test_programme_that_was_not_ready_in_time_has_failed(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.projector.late = 1000.0
    room.run(at("09:01:01"))
    row = only(room.rows(), "law")
    assert (row.outcome, row.cause, row.shown_ms, row.played_ms) == ("failed", "it was not ready in time", None, 0)


def test_programme_whose_beginning_was_lost_as_it_was_not_ready_has_failed(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.projector.late = 2.0
    room.run(at("09:01:01"))
    row = only(room.rows(), "law")
    assert (row.outcome, row.cause, row.late_ms, row.played_ms) == ("failed", "it was not ready in time", 2000, 58_000)


def test_programme_that_fails_too_near_to_its_end_to_be_replaced_has_failed(
    make_room: MakeRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = make_room(MORNING, "08:59:00")
    dropped = room.projector.drop

    def drop(*order: Any, **more: Any) -> list[Any]:
        return [
            dataclasses.replace(note, played=58.0, cause="the player ended with -9") for note in dropped(*order, **more)
        ]

    monkeypatch.setattr(room.projector, "drop", drop)
    room.run(at("09:01:01"))
    row = only(room.rows(), "law")
    assert (row.outcome, row.cause, row.played_ms) == ("failed", "the player ended with -9", 58_000)


def test_failing_programme_is_left_out_and_filler_takes_its_place(make_room: MakeRoom) -> None:
    room = make_room(week(ALL, slot("09:00:00", "09:10:00", "law", "rice"), recommended={"song": 4}), "08:59:58")
    room.projector.broken.add(LAW.sha256[-8:])
    room.run(at("09:00:05"))
    assert room.on_air() == "song"
    row = only(room.rows(), "law")
    assert (row.outcome, row.cause) == ("failed", "the file cannot be decoded")
    room.run(at("09:01:01"))
    assert room.on_air() == "rice"
    room.use(week(ALL, slot("09:01:00", "09:10:00", "law"), version=2))
    room.projector.broken.clear()
    room.run(at("09:01:05"))
    assert room.on_air() == "law", "a new week is a new chance"


def test_programme_that_is_not_fetched_is_left_out_until_it_comes(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:50:00")
    room.lose(LAW)
    room.run(at("09:00:05"))
    assert room.on_air() == "poster" and room.rows() == []
    room.fetch(LAW)
    room.replan("a programme arrived")
    room.run(at("09:00:10"))
    assert room.on_air() == "law"


def test_parts_of_a_play_are_a_chain(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    for second in (20, 40):
        room.run(at(f"09:00:{second}"))
        room.stop()
        room.start()
    room.run(at("09:01:01"))
    rows = [row for row in room.rows() if row.programme == "law"]
    assert [row.outcome for row in rows] == ["stopped", "stopped", "interrupted"]
    assert [row.continues for row in rows] == [None, rows[0].id, rows[1].id]
    lost = 2 * round(JOIN_LEAD * 1000)
    assert 59_500 < sum(row.played_ms for row in rows) + lost < 60_500


# --- restarts and clocks ---


def test_restart_joins_and_continues_the_earlier_row(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:00:31"))
    room.close()
    room = make_room(MORNING, "09:00:35", boot="boot-2")
    room.run(at("09:00:40"))
    first, second = room.rows()
    assert (first.outcome, first.seq is not None) == ("interrupted", True)
    assert first.end_ms is not None and to_ms(at("09:00:25")) <= first.end_ms <= to_ms(at("09:00:31"))
    assert (second.continues, second.boot_id, room.on_air()) == (first.id, "boot-2", "law")


def test_restart_goes_on_with_the_filler_that_was_on_air(make_room: MakeRoom) -> None:
    playlist = week(ALL, recommended={"rice": 4, "song": 4})
    room = make_room(playlist, "08:00:00")
    room.run(at("08:00:50"))
    assert room.on_air() == "song"
    before = room.rows()[-1]
    room.close()
    room = make_room(playlist, "08:00:55", boot="boot-2")
    room.run(at("08:01:00"))
    assert room.on_air() == "song"
    assert room.rows()[-1].planned_start_ms == before.planned_start_ms
    assert room.rows()[-1].continues == before.id


def test_restart_goes_on_with_the_filler_on_air_though_the_next_one_was_cued(make_room: MakeRoom) -> None:
    playlist = week(ALL, recommended={"rice": 4, "song": 4})
    room = make_room(playlist, "08:00:00")
    room.run(at("08:01:07"))
    assert [(row.programme, row.shown_ms is None) for row in room.rows()[-2:]] == [("song", False), ("rice", True)]
    before = room.rows()[-2]
    room.close()
    room = make_room(playlist, "08:01:09", boot="boot-2")
    room.run(at("08:01:11"))
    assert room.on_air() == "song"
    assert before.id in [row.continues for row in room.rows()]


def test_close_at_shutdown_closes_what_is_open(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:00")
    room.run(at("09:00:55"))
    room.playout.close("the station was shut down")
    assert room.closed() == [("law", "interrupted")]
    assert len(room.rows()) == 1, "what only waited leaves no row"


@pytest.mark.parametrize("moved", [-3600, -20, 20, 3600])
def test_clock_step_replans(make_room: MakeRoom, moved: int) -> None:
    playlist = week(ALL, slot("08:00:00", "12:00:00", "law", "rice", "song", mode="loop"))
    room = make_room(playlist, "09:00:00")
    room.run(at("09:00:10"))
    room.set_clock(room.clock.now() + timedelta(seconds=moved))
    room.run_for(3)
    now = room.clock.now()
    since = (now - at("08:00:00")).total_seconds() % 130
    assert room.on_air() == ("law" if since < 60 else "rice" if since < 100 else "song")
    room.run_for(300)
    for row in room.rows():
        if row.end_ms is not None and row.shown_ms is not None:
            assert row.end_ms - row.shown_ms == row.played_ms, "both times of a row are by one clock"


YEAR = 365 * 86400


@pytest.mark.parametrize("by", ["NTP", "hand"])
@pytest.mark.parametrize("moved", [-YEAR, -3600, -5, 5, 3600, YEAR])
@pytest.mark.parametrize("when", ["08:30:00", "08:59:57", "09:00:10"], ids=["idle", "waiting for a cut", "on air"])
def test_clock_that_is_set_at_any_moment(make_room: MakeRoom, when: str, moved: int, by: str) -> None:
    """What NTP sets is followed; what a person sets is not, for the clock was known to be right."""
    days = [f"{2026 + year}-03-05" for year in (-1, 0, 1)]
    slots = (slot("09:00:00", "09:10:00", "law", mode="loop", day=day) for day in days)
    room = make_room(week(ALL, *slots), "08:20:00")
    room.run(at(when))
    truth = room.clock.now()
    if by == "NTP":
        room.set_clock(truth + timedelta(seconds=moved))
        truth += timedelta(seconds=moved)
    else:
        room.clock.set(truth + timedelta(seconds=moved))
        room.clock.check()
        room.replan("the clock was set")
    assert room.clock.now() == truth
    room.run_for(5)
    in_slot = time(9) <= room.clock.now().time() < time(9, 10) and f"{room.clock.now():%Y-%m-%d}" in days
    assert room.on_air() == ("law" if in_slot else "poster")
    shown = [row for row in room.rows() if row.shown_ms is not None]
    if by == "hand":
        assert len(shown) == in_slot, "nobody sees anything of it"
        assert not shown or shown[0].shown_ms == to_ms(at("09:00:00"))
    for row in shown:
        assert row.end_ms is None or row.end_ms - (row.shown_ms or 0) == row.played_ms


def test_clock_set_back_over_a_cut_shows_one_programme_at_a_time(make_room: MakeRoom) -> None:
    room = make_room(week(ALL, slot("09:00:00", "09:10:00", "law"), recommended={"song": 9}), "08:59:00")
    room.run(at("09:00:02"))
    assert room.on_air() == "law"
    room.set_clock(at("08:59:50"))
    assert room.on_air() == "poster"
    room.run(at("08:59:55"))
    assert room.on_air() == "song"
    room.run(at("09:00:02"))
    assert room.on_air() == "law"
    assert [row.cause for row in room.rows() if row.programme == "law"] == ["the clock was set", None]


def test_drift_moves_the_cut_and_cues_nothing_anew(make_room: MakeRoom) -> None:
    room = make_room(MORNING, "08:59:55")
    room.orders()
    room.clock.set(room.clock.now() + timedelta(milliseconds=80))
    assert room.clock.check() == Moved(0, 0, 0)
    room.replan("nothing new")
    assert room.orders() == ["retime law"]
    room.run(at("09:00:01"))
    assert only(room.rows(), "law").shown_ms == to_ms(at("09:00:00"))


def test_untrusted_clock_plays_recommended_items_only(make_room: MakeRoom) -> None:
    room = make_room(week(ALL, slot("09:00:00", "09:10:00", "law"), recommended={"rice": 4}), "08:59:00")
    room.plan.change(clock_trusted=False)
    room.plan.refresh_owed()
    room.replan("trust in the clock changed")
    room.run(at("09:00:30"))
    assert room.on_air() == "rice"
    assert {row.programme for row in room.rows()} == {"rice"}


# --- filler ---


def test_filler_is_shown_until_nothing_is_owed(make_room: MakeRoom) -> None:
    room = make_room(week(ALL, recommended={"rice": 2, "song": 1}), "08:00:00")
    room.run(at("08:05:00"))
    assert [name for name, _ in room.closed()] == ["rice", "rice", "song"]
    assert {outcome for _, outcome in room.closed()} == {"completed"}
    for before, after in pairwise(room.rows()):
        assert before.end_ms == after.shown_ms, "without a seam"
    assert room.on_air() == "poster"


def test_filler_after_a_slot_is_ready_though_the_slot_paid_off_a_debt(make_room: MakeRoom) -> None:
    """Rice would be first after the slot; but the slot itself shows rice, so that song is owed more then."""
    room = make_room(
        week(ALL, slot("09:00:00", "09:00:40", "rice"), recommended={"rice": 1, "song": 1}),
        "08:59:59",
    )
    room.run(at("09:01:11"))
    assert room.closed()[-2:] == [("rice", "completed"), ("song", "completed")]
    rice, song = [row for row in room.rows() if (row.shown_ms or 0) >= to_ms(at("09:00:00"))][:2]
    assert rice.end_ms == song.shown_ms == to_ms(at("09:00:40"))


def test_filler_keeps_to_opening_hours(make_room: MakeRoom) -> None:
    room = make_room(week(ALL, recommended={"rice": 99}), "19:59:00")
    room.run(at("20:00:30"))
    assert room.on_air() == "poster"
    room.plan.use_document(document(version=2, opening=Opening(time_zone="UTC")))
    assert room.closed()[-1][1] == "interrupted"


def test_items_of_a_new_day_come_in_by_themselves(make_room: MakeRoom) -> None:
    playlist = week(ALL, last_day="2026-03-06")
    items = (
        Recommended(programme="rice", plays=1, first_day=DAY, last_day=DAY),
        Recommended(programme="song", plays=1, first_day="2026-03-06", last_day="2026-03-06"),
    )
    room = make_room(replace(playlist, recommended=items), "19:00:00")
    room.run(at("23:00:00"))
    assert room.closed() == [("rice", "completed")]
    room.run(at("08:00:05") + timedelta(days=1))
    assert room.on_air() == "song"


# --- whatever happens ---

steps = st.one_of(
    st.tuples(st.just("run"), st.floats(0.001, 90)),
    st.tuples(
        st.sampled_from(["stop", "start", "urgent", "all clear", "week", "lose", "fetch", "fail", "heal"]), st.just(0.0)
    ),
    st.tuples(st.just("clock"), st.floats(-200, 200)),
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=5, max_size=40), st.sampled_from([0.0, 0.004]), st.sampled_from([0.0, 0.03]))
def test_never_two_rows_overlap_whatever_happens(story: list[tuple[str, float]], early: float, late: float) -> None:
    playlist = week(
        ALL,
        slot("09:00:00", "09:05:00", "law", "rice"),
        slot("09:05:00", "09:12:00", "song", "law", mode="loop"),
        slot("09:03:00", "09:04:00", "party", priority=5),
        recommended={"rice": 5, "song": 5},
    )
    with TemporaryDirectory() as folder:
        room = Room(Path(folder), playlist, at("08:59:00"))
        room.early, room.projector.late = early, late
        for verb, amount in story:
            _act(room, verb, amount, playlist)
        room.playout.close("the end")
        rows = room.rows()
        room.close()
    assert all(row.seq is not None for row in rows), "every row is closed"
    _check_on_the_monotonic_clock(rows)


def _act(room: Room, verb: str, amount: float, playlist: Playlist) -> None:
    now = room.clock.now()
    match verb:
        case "run":
            room.run_for(amount)
        case "stop":
            room.stop()
        case "start":
            room.start()
        case "urgent":
            room.urgent(urgent(now - timedelta(seconds=3), now + timedelta(seconds=30), FLOOD, SONG))
        case "all clear":
            room.urgent()
        case "week":
            room.use(replace(playlist, version=2))
        case "lose":
            room.library.path(RICE.sha256) and room.lose(RICE)
            room.replan("a programme went")
        case "fetch":
            room.fetch(RICE)
            room.replan("a programme arrived")
        case "fail":
            room.projector.broken.add(LAW.sha256[-8:])
        case "heal":
            room.projector.broken.clear()
        case "clock" if abs(amount) > 1:
            room.set_clock(now + timedelta(seconds=amount))


def _check_on_the_monotonic_clock(rows: list[AsRun]) -> None:
    """By monotonic time, for the wall clock was set: each play's stretch ends before the next one's begins."""
    shown = sorted((row for row in rows if row.shown_ms is not None), key=lambda row: row.started_monotonic_ms or 0)
    for before, after in pairwise(shown):
        assert before.started_monotonic_ms is not None and after.started_monotonic_ms is not None
        end = before.started_monotonic_ms + before.played_ms
        assert end <= after.started_monotonic_ms + 1, (before, after)
    for row in rows:
        assert row.outcome != "completed" or row.played_ms >= 1000 or row.continues
