"""The rules of what is on air: first as examples to read, then as properties against a slow second implementation."""

import importlib.util
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from timetable_oracle import TICK, Shown, from_ms, is_open, length, simulate, slot_instants
from timetable_weeks import TICKS, Week, programme, sessions, urgents, weeks

from kiosk.common.opening_hours import room_open
from kiosk.contract.instants import FAR, to_ms
from kiosk.contract.occasions import WHEN_PRESENT
from kiosk.contract.playlist import Playlist, Recommended, Slot, Urgent, span
from kiosk.contract.station import DayHours, Hours, Opening, Season
from kiosk.station.schedule.situation import Demand, Owed, Presence, Session, Situation, Stop
from kiosk.station.schedule.timetable import Decision, OnAir, Timetable, compile_playlist, decide, owed

MINUTE = timedelta(minutes=1)
FINISH = timedelta(minutes=10)
DAY = "2026-03-05"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def examples(count: int) -> settings:
    return settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )


# --- a day in the room, as examples ---

LAW, RICE, SONG, PARTY, FLOOD = (
    programme(name, minutes * MINUTE)
    for name, minutes in (("law", 20), ("rice", 20), ("song", 15), ("party", 30), ("flood", 5))
)
OPEN = Opening(week=((Hours(start="08:00:00", end="20:00:00"),),) * 7)
THURSDAY = Playlist(
    town="fengle",
    group="villages",
    version=1,
    issued_ms=0,
    first_day=DAY,
    last_day=DAY,
    programmes=(LAW, RICE, SONG, PARTY),
    slots=(
        Slot(date=DAY, start="09:00:00", end="10:00:00", programmes=("law", "rice"), volume=60),
        Slot(date=DAY, start="14:00:00", end="15:00:00", programmes=("song",), mode="loop"),
        Slot(date=DAY, start="14:20:00", end="14:40:00", programmes=("party",), priority=1, occasion="Theme Party Day"),
        Slot(date=DAY, start="21:00:00", end="21:30:00", programmes=("law",)),
    ),
    recommended=(
        Recommended(programme="rice", plays=1, first_day=DAY, last_day=DAY),
        Recommended(programme="song", plays=2, first_day=DAY, last_day=DAY),
    ),
)
TIMETABLE = compile_playlist(THURSDAY)


def at(clock: str, day: str = DAY, zone: ZoneInfo = SHANGHAI) -> datetime:
    """A local time of the example's day as a UTC instant."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone).astimezone(UTC)


MORNING = Situation(opening=OPEN, filler="opening-hours", owed=owed(THURSDAY, at("07:00"), {}))


def told(decision: Decision) -> str:
    """``slot law 09:00-09:20``, or ``poster``."""
    on_air = decision.on_air
    if on_air is None:
        return "poster"
    start, end = (moment.astimezone(SHANGHAI).strftime("%H:%M") for moment in (on_air.start, on_air.end))
    return f"{on_air.origin} {on_air.programme.id} {start}-{end}"


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("07:59", "poster"),  # closed
        ("08:00", "filler song 08:00-08:15"),  # open: what is owed most comes first
        ("08:15", "filler rice 08:15-08:35"),  # now both are owed one play; rice is recommended first
        ("08:36", "filler song 08:35-08:50"),
        ("08:50", "poster"),  # nothing is owed any more, and nothing is repeated
        ("09:00", "slot law 09:00-09:20"),
        ("09:39", "slot rice 09:20-09:40"),
        ("09:40", "poster"),  # "once": the list is over; filler, were any owed
        ("14:00", "slot song 14:00-14:15"),
        ("14:19", "slot song 14:15-14:20"),  # "loop", cut by the slot of higher priority
        ("14:20", "slot party 14:20-14:40"),  # itself cut at its slot's end, after 20 of 30 minutes
        ("14:40", "slot song 14:30-14:45"),  # the loop has run on beneath: it is joined by the wall clock
        ("14:45", "slot song 14:45-15:00"),
        ("15:00", "poster"),
        ("21:05", "slot law 21:00-21:20"),  # people date slots: they run outside opening hours too
        ("21:20", "poster"),
    ],
)
def test_a_day_in_the_room(clock: str, expected: str) -> None:
    assert told(decide(TIMETABLE, at(clock), MORNING)) == expected


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("10:00", "slot rice 09:45-10:05"),  # it is finished
        ("10:05", "poster"),
        ("11:59", "slot party 11:45-12:10"),  # for ten minutes and no longer
        ("12:10", "poster"),
        ("13:00", "slot law 12:50-13:02"),  # until a slot of its own priority begins
        ("13:02", "slot song 13:02-13:17"),
        ("14:03", "slot rice 13:57-14:06"),  # over one of lower priority, until one of a higher
        ("14:06", "slot song 14:06-14:10"),
        ("14:11", "poster"),
    ],
)
def test_slot_that_is_to_finish_goes_on_in_time_that_nobody_claims(clock: str, expected: str) -> None:
    def slot(start: str, end: str, name: str, mode: str = "once", priority: int = 0, ending: str = "finish") -> Slot:
        return Slot(
            date=DAY, start=f"{start}:00", end=f"{end}:00", programmes=(name,), mode=mode, priority=priority,
            ending=ending,
        )  # type: ignore[arg-type]  # fmt: skip

    slots = (
        slot("09:45", "10:00", "rice"), slot("11:45", "12:00", "party"), slot("12:50", "13:00", "law"),
        slot("13:02", "13:20", "song", ending="cut"), slot("13:57", "14:00", "rice", priority=1),
        slot("14:00", "14:10", "party", ending="cut"), slot("14:06", "14:10", "song", priority=2, ending="cut"),
    )  # fmt: skip
    week = msgspec.structs.replace(THURSDAY, slots=slots, recommended=())
    assert told(decide(compile_playlist(week), at(clock), Situation())) == expected


def test_session_stop_and_urgent_notice_cut_what_is_to_finish() -> None:
    slots = (Slot(date=DAY, start="09:45:00", end="10:00:00", programmes=("party",), ending="finish"),)
    timetable = compile_playlist(msgspec.structs.replace(THURSDAY, slots=slots))
    for more in (
        {"stop": Stop(at("10:04"), None)},
        {"session": Session("s", "Theme Party Day", at("10:04"), at("11:00"), ())},
        {"urgents": (msgspec.structs.replace(FLOOD_NOTICE, start_ms=to_ms(at("10:04")), end_ms=to_ms(at("10:10"))),)},
    ):
        situation = replace(Situation(), **more)  # type: ignore[arg-type]
        if "stop" not in more:
            assert told(decide(timetable, at("10:01"), situation)) == "slot party 09:45-10:04"
        assert not told(decide(timetable, at("10:05"), situation)).startswith("slot")


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("11:00", "poster"),  # nobody was noticed yet
        ("12:00", "filler song 12:00-12:15"),
        ("12:40", "filler song 12:35-12:50"),  # it has begun while somebody was there, and is shown to its end
        ("12:50", "poster"),
    ],
)
def test_filler_waits_for_somebody_and_ends_when_nobody_is_noticed(clock: str, expected: str) -> None:
    there = replace(MORNING, filler="when-present", presence=Presence(at("12:00"), at("12:36")))
    there = replace(there, owed=replace(there.owed, at=at("11:00")))  # type: ignore[type-var]
    assert told(decide(TIMETABLE, at(clock), there)) == expected
    assert told(decide(TIMETABLE, at(clock), replace(there, filler="never"))) == "poster"
    on_air = decide(TIMETABLE, at(clock), there).on_air
    assert on_air is None or on_air.occasion == WHEN_PRESENT


def test_programme_on_demand_gives_way_to_the_table_and_to_a_session() -> None:
    wanted = replace(MORNING, demand=Demand("d", "点播", at("13:50"), (SONG, LAW)))
    assert told(decide(TIMETABLE, at("13:55"), wanted)) == "session song 13:50-14:00"
    assert told(decide(TIMETABLE, at("14:05"), wanted)) == "slot song 14:00-14:15"
    held = replace(wanted, session=Session("s", "Theme Party Day", at("13:52"), at("13:58"), ()))
    assert told(decide(TIMETABLE, at("13:55"), held)) == "poster"


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Pacific/Kiritimati"])
def test_the_time_zone_is_the_town_s_whatever_the_pc_s_is(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert told(decide(compile_playlist(THURSDAY), at("14:20"), MORNING)) == "slot party 14:20-14:40"
        assert told(decide(compile_playlist(THURSDAY), at("07:59"), MORNING)) == "poster"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_decision_says_all_that_the_projector_needs() -> None:
    assert decide(TIMETABLE, at("09:07:30"), MORNING) == Decision(
        OnAir(LAW, at("09:00"), at("09:20"), "slot", "", 60), next_change=at("09:20")
    )
    assert decide(TIMETABLE, at("14:30"), MORNING).on_air == OnAir(
        PARTY, at("14:20"), at("14:40"), "slot", "Theme Party Day", None
    )
    assert decide(TIMETABLE, at("10:30"), MORNING) == Decision(None, next_change=at("14:00"))


FLOOD_NOTICE = Urgent(
    id="flood-1",
    town="fengle",
    title="Flood warning",
    start_ms=int(at("09:10").timestamp() * 1000),
    end_ms=int(at("09:30").timestamp() * 1000),
    programmes=(FLOOD,),
    volume=100,
)
MEETING = Session("s1", "Theme Party Day", at("09:05"), at("11:00"), (SONG, PARTY))
QUIET = Stop(at("09:02"), at("09:50"), "a funeral next door")


@pytest.mark.parametrize(
    ("clock", "urgent", "stop", "session", "expected"),
    [
        ("09:04", True, False, False, "slot law 09:00-09:10"),  # the notice will cut in
        ("09:12", True, False, False, "urgent flood 09:10-09:15"),
        ("09:15", True, False, False, "slot law 09:00-09:20"),  # "once": over, and the slot is given back
        ("09:12", False, True, False, "poster"),
        ("09:12", True, True, False, "urgent flood 09:10-09:15"),  # an urgent notice breaks Stop
        ("09:15", True, True, False, "poster"),  # and gives it back
        ("09:50", False, True, False, "filler song 09:50-10:05"),  # Stop is over; filler has the rest of the slot
        ("09:06", False, False, True, "session song 09:05-09:20"),
        ("09:49", False, False, True, "session party 09:20-09:50"),
        ("09:51", False, False, True, "poster"),  # the session's list is over: quiet for the meeting
        ("09:14", True, False, True, "urgent flood 09:10-09:15"),
        ("09:16", True, False, True, "session song 09:05-09:20"),
        ("09:16", False, True, True, "poster"),
    ],
)
def test_precedence_by_example(clock: str, urgent: bool, stop: bool, session: bool, expected: str) -> None:
    situation = replace(
        MORNING,
        urgents=(FLOOD_NOTICE,) if urgent else (),
        stop=QUIET if stop else None,
        session=MEETING if session else None,
    )
    assert told(decide(TIMETABLE, at(clock), situation)) == expected


def test_stop_ends_the_session_that_it_was_pressed_in() -> None:
    pressed = Stop(at("09:06"), at("09:10"))
    situation = replace(MORNING, session=MEETING, stop=pressed)
    assert told(decide(TIMETABLE, at("09:08"), situation)) == "poster"
    assert told(decide(TIMETABLE, at("09:10"), situation)) == "slot law 09:00-09:20"
    at_once = replace(situation, stop=replace(pressed, since=MEETING.start))
    assert told(decide(TIMETABLE, at("09:10"), at_once)) == "slot law 09:00-09:20"
    before = replace(situation, stop=replace(pressed, since=at("09:04")))
    assert told(decide(TIMETABLE, at("09:10"), before)) == "session song 09:05-09:20"


def test_of_several_urgent_notices_the_latest_is_shown_and_of_equals_the_last_by_id() -> None:
    def notice(name: str, start: str, shown: str) -> Urgent:
        programmes = tuple(item for item in (FLOOD, LAW, SONG) if item.id == shown)
        return msgspec.structs.replace(
            FLOOD_NOTICE, id=name, start_ms=int(at(start).timestamp() * 1000), programmes=programmes, mode="loop"
        )

    three = (notice("a", "09:10", "flood"), notice("b", "09:12", "song"), notice("c", "09:12", "law"))
    situation = replace(MORNING, urgents=three)
    assert told(decide(TIMETABLE, at("09:11"), situation)) == "urgent flood 09:10-09:12"
    assert told(decide(TIMETABLE, at("09:13"), situation)) == "urgent law 09:12-09:30"
    without = replace(situation, unavailable=frozenset({"law"}))
    assert told(decide(TIMETABLE, at("09:13"), without)) == "urgent song 09:12-09:27"


def test_an_urgent_notice_that_cannot_be_shown_blackens_nothing() -> None:
    situation = replace(MORNING, urgents=(FLOOD_NOTICE,), unavailable=frozenset({"flood"}))
    assert told(decide(TIMETABLE, at("09:12"), situation)) == "slot law 09:00-09:20"


def test_an_unavailable_programme_leaves_its_stretch_to_filler_and_moves_no_other() -> None:
    situation = replace(MORNING, owed=Owed(at("08:55"), (("song", 9),)), unavailable=frozenset({"law"}))
    assert told(decide(TIMETABLE, at("09:05"), situation)) == "filler song 08:55-09:10"
    assert told(decide(TIMETABLE, at("09:15"), situation)) == "filler song 09:10-09:20"
    assert told(decide(TIMETABLE, at("09:25"), situation)) == "slot rice 09:20-09:40"
    assert told(decide(TIMETABLE, at("09:25"), replace(situation, owed=None))) == "slot rice 09:20-09:40"
    assert told(decide(TIMETABLE, at("09:05"), replace(situation, owed=None))) == "poster"


def test_a_lower_slot_does_not_show_through_a_slot_whose_list_is_over() -> None:
    slots = (
        Slot(date=DAY, start="10:00:00", end="12:00:00", programmes=("song",), mode="loop"),
        Slot(date=DAY, start="10:30:00", end="11:30:00", programmes=("law",), priority=5),
    )
    timetable = compile_playlist(msgspec.structs.replace(THURSDAY, slots=slots))
    situation = replace(MORNING, owed=owed(THURSDAY, at("10:00"), {}))
    assert told(decide(timetable, at("10:49"), situation)) == "slot law 10:30-10:50"
    assert told(decide(timetable, at("10:51"), situation)) == "filler song 10:50-11:05"
    assert told(decide(timetable, at("11:30"), situation)) == "slot song 11:30-11:45"


def test_filler_is_cut_at_closing_time_and_what_was_cut_is_still_owed() -> None:
    situation = replace(MORNING, owed=Owed(at("19:50"), (("song", 1),)))
    assert told(decide(TIMETABLE, at("19:59"), situation)) == "filler song 19:50-20:00"
    tomorrow = decide(TIMETABLE, at("08:01", "2026-03-06"), situation)
    assert told(tomorrow) == "filler song 08:00-08:15"


def test_filler_runs_on_over_a_boundary_that_is_none_of_its_business() -> None:
    situation = replace(MORNING, owed=Owed(at("09:50"), (("rice", 2),)))
    early, late = decide(TIMETABLE, at("09:55"), situation), decide(TIMETABLE, at("10:05"), situation)
    assert told(early) == "filler rice 09:50-10:10"  # the slot's end at 10:00 changes nothing
    assert early == late


def test_a_filler_item_goes_on_though_one_that_goes_before_it_has_arrived_since() -> None:
    situation = replace(MORNING, owed=Owed(at("16:00"), (("rice", 1), ("song", 1)), first="song"))
    assert told(decide(TIMETABLE, at("16:05"), situation)) == "filler song 16:00-16:15"
    assert told(decide(TIMETABLE, at("16:16"), situation)) == "filler rice 16:15-16:35"
    assert told(decide(TIMETABLE, at("16:36"), situation)) == "poster"
    cut = replace(situation, owed=Owed(at("13:50"), (("rice", 1), ("song", 1)), first="song"))
    assert told(decide(TIMETABLE, at("13:55"), cut)) == "filler song 13:50-14:00"
    assert told(decide(TIMETABLE, at("15:05"), cut)) == "filler rice 15:00-15:20"  # a new start, in the usual order
    whole = replace(situation, owed=Owed(at("13:40"), (("rice", 1), ("song", 1)), first="song"))
    assert told(decide(TIMETABLE, at("13:56"), whole)) == "filler rice 13:55-14:00"
    assert told(decide(TIMETABLE, at("15:05"), whole)) == "filler rice 15:00-15:20"
    assert told(decide(TIMETABLE, at("15:21"), whole)) == "poster"


def test_the_next_opening_is_found_past_days_and_seasons_without_hours() -> None:
    closed: tuple[tuple[Hours, ...], ...] = ((),) * 7
    opening = Opening(
        week=OPEN.week,
        seasons=(Season(first_day="2026-03-01", last_day="2026-09-30", week=closed),),
        days=(DayHours(date="2026-10-01", name="National Day"),),
    )
    situation = replace(MORNING, opening=opening, owed=Owed(at("15:00"), (("rice", 1),)))
    timetable = compile_playlist(msgspec.structs.replace(THURSDAY, slots=(), recommended=EVER))
    assert decide(timetable, at("15:00"), situation) == Decision(None, at("08:00", "2026-10-02"))
    never = replace(situation, opening=Opening())
    assert decide(timetable, at("15:00"), never) == Decision(None, at("00:00", "2027-01-01"))


EVER = (Recommended(programme="rice", plays=1, first_day="2026-01-01", last_day="2026-12-31"),)


def test_of_two_entries_for_a_date_the_first_one_counts() -> None:
    market, closed = Hours(start="05:00:00", end="06:00:00"), DayHours(date=DAY)
    opening = Opening(week=OPEN.week, days=(DayHours(date=DAY, hours=(market,)), closed))
    situation = replace(MORNING, opening=opening, owed=Owed(at("00:00"), (("song", 9),)))
    assert told(decide(TIMETABLE, at("05:50"), situation)) == "filler song 05:45-06:00"
    assert told(decide(TIMETABLE, at("11:00"), situation)) == "poster"


def test_where_hours_overlap_the_answer_ends_at_the_next_edge_whenever_it_is_asked() -> None:
    hours = (Hours(start="01:00:00", end="03:00:00"), Hours(start="22:00:00", end="02:00:00"))
    opening = Opening(week=(hours,) * 7)
    asked = [at("21:00"), at("23:00"), *(at(clock, "2026-03-06") for clock in ("00:30", "01:30", "02:30"))]
    edges = [at("22:00"), *(at(clock, "2026-03-06") for clock in ("01:00", "01:00", "02:00", "03:00"))]
    assert [room_open(opening, now) for now in asked] == list(zip([False, True, True, True, True], edges, strict=True))


def test_without_a_playlist_there_is_the_poster_and_urgent_notices_still_work() -> None:
    timetable = compile_playlist(None)
    assert decide(timetable, at("09:12"), Situation()) == Decision(None, FAR)
    situation = Situation(urgents=(FLOOD_NOTICE,))
    assert decide(timetable, at("09:00"), situation) == Decision(None, at("09:10"))
    assert told(decide(timetable, at("09:12"), situation)) == "urgent flood 09:10-09:15"


def test_without_a_trusted_clock_nothing_goes_by_the_wall_clock() -> None:
    """Neither slots nor sessions nor notices nor opening hours; Stop holds."""
    unsure = replace(MORNING, clock_trusted=False, session=MEETING, urgents=(FLOOD_NOTICE,))
    unsure = replace(unsure, owed=Owed(at("03:00"), (("rice", 1), ("song", 1))))
    assert told(decide(TIMETABLE, at("03:00"), unsure)) == "filler rice 03:00-03:20"
    assert told(decide(TIMETABLE, at("03:34"), unsure)) == "filler song 03:20-03:35"
    assert decide(TIMETABLE, at("09:12"), unsure) == Decision(None, FAR)
    assert decide(TIMETABLE, at("03:00"), replace(unsure, owed=None)) == Decision(None, FAR)
    assert decide(TIMETABLE, at("03:00"), replace(unsure, stop=Stop(at("01:00"), at("02:00")))) == Decision(None, FAR)


def test_what_is_owed_counts_the_items_of_the_day_and_what_was_played() -> None:
    week = msgspec.structs.replace(
        THURSDAY,
        recommended=(
            Recommended(programme="rice", plays=3, first_day="2026-03-02", last_day="2026-03-05"),
            Recommended(programme="song", plays=2, first_day="2026-03-05", last_day="2026-03-08"),
            Recommended(programme="law", plays=2, first_day="2026-03-06", last_day="2026-03-08"),
        ),
    )
    assert owed(week, at("00:00"), {"rice": 1, "song": 4}) == Owed(at("00:00"), (("rice", 2), ("song", 0)))
    night = at("23:59") + MINUTE
    assert owed(week, night, {"rice": 1}) == Owed(night, (("song", 2), ("law", 2)))
    assert owed(week, at("09:00"), {}, by_date=False).plays == (("rice", 3), ("song", 2), ("law", 2))
    changes = compile_playlist(msgspec.structs.replace(week, slots=()))
    assert decide(changes, at("09:00"), Situation()).next_change == night  # so that it is counted afresh then


# --- over midnight, across a DST zone, with clock steps ---


def test_over_midnight() -> None:
    slots = (Slot(date=DAY, start="23:50:00", end="00:20:00", programmes=("rice", "law")),)
    timetable = compile_playlist(msgspec.structs.replace(THURSDAY, slots=slots))
    late = Opening(week=((Hours(start="18:00:00", end="01:00:00"),),) * 7)
    situation = replace(MORNING, opening=late, owed=Owed(at("23:30"), (("song", 9),)))
    next_day = "2026-03-06"
    assert told(decide(timetable, at("23:46"), situation)) == "filler song 23:45-23:50"
    assert told(decide(timetable, at("00:05", next_day), situation)) == "slot rice 23:50-00:10"
    assert told(decide(timetable, at("00:15", next_day), situation)) == "slot law 00:10-00:20"
    assert told(decide(timetable, at("00:21", next_day), situation)) == "filler song 00:20-00:35"
    assert told(decide(timetable, at("00:55", next_day), situation)) == "filler song 00:50-01:00"
    assert told(decide(timetable, at("01:00", next_day), situation)) == "poster"


BERLIN = ZoneInfo("Europe/Berlin")
ALL_NIGHT = Opening(time_zone="Europe/Berlin", week=((Hours(start="00:00:00", end="04:00:00"),),) * 7)


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", 3), ("2026-10-25", 5)],
    ids=["the clocks go forward", "the clocks go back"],
)
def test_across_both_nights_of_a_dst_zone(day: str, hours: int) -> None:
    """From 00:00 to 04:00 on the wall are 3 or 5 hours; every programme keeps its length."""
    playlist = msgspec.structs.replace(
        THURSDAY,
        time_zone="Europe/Berlin",
        first_day=day,
        last_day=day,
        slots=(Slot(date=day, start="00:00:00", end="04:00:00", programmes=("party",), mode="loop"),),
        recommended=(Recommended(programme="party", plays=99, first_day=day, last_day=day),),
    )
    begin = at("00:00", day, BERLIN)
    for timetable in (compile_playlist(playlist), compile_playlist(msgspec.structs.replace(playlist, slots=()))):
        situation = Situation(opening=ALL_NIGHT, filler="opening-hours", owed=owed(playlist, begin, {}))
        shown = walk(timetable, situation, begin, begin + timedelta(hours=6))
        assert [(item.start, item.end) for item in shown] == [
            (begin + n * 30 * MINUTE, begin + (n + 1) * 30 * MINUTE) for n in range(2 * hours)
        ]


def test_a_slot_that_the_change_of_the_clocks_reverses_never_plays() -> None:
    day = "2026-03-29"
    slots = (Slot(date=day, start="02:50:00", end="03:10:00", programmes=("law",)),)
    playlist = msgspec.structs.replace(
        THURSDAY, time_zone="Europe/Berlin", first_day=day, last_day=day, slots=slots, recommended=()
    )
    assert walk(compile_playlist(playlist), Situation(), at("00:00", day), at("12:00", day)) == []


def test_hours_that_the_change_of_the_clocks_reverses_are_none() -> None:
    gap = (Hours(start="02:50:00", end="03:10:00"),)
    night, whole = "2026-03-29", ((Hours(start="00:00:00", end="00:00:00"),),) * 6
    opening = Opening(time_zone="Europe/Berlin", week=(*whole, gap))
    assert room_open(opening, at("03:05", night, BERLIN)) == (False, at("00:00", "2026-03-30", BERLIN))
    assert room_open(opening, at("12:00", "2026-03-28", BERLIN)) == (True, at("00:00", night, BERLIN))
    assert room_open(opening, at("03:00", "2026-04-05", BERLIN)) == (True, at("03:10", "2026-04-05", BERLIN))


def test_with_clock_steps_stop_holds_and_filler_waits_rather_than_guesses() -> None:
    """The clock is set back by an hour: what was pressed stays pressed, slots follow the clock, filler its anchor."""
    stopped = replace(MORNING, stop=Stop(at("09:02"), None))
    assert told(decide(TIMETABLE, at("08:02"), stopped)) == "poster"
    ahead = replace(MORNING, owed=Owed(at("09:45"), (("song", 1),)))
    assert decide(TIMETABLE, at("08:45"), ahead) == Decision(None, at("09:00"))
    assert told(decide(TIMETABLE, at("09:05"), ahead)) == "slot law 09:00-09:20"
    assert told(decide(TIMETABLE, at("09:46"), ahead)) == "filler song 09:45-10:00"


@examples(40)
@given(weeks(), st.lists(st.integers(0, TICKS - 1), min_size=20, max_size=40))
def test_with_clock_steps(week: Week, jumps: list[int]) -> None:
    """However the clock jumps, an answer depends on the time alone and not on what was asked before."""
    timetable = compile_playlist(week.playlist)
    expected = simulate(week.playlist, week.situation, week.begin, TICKS)
    for tick in jumps:
        assert key(decide(timetable, week.moment(tick), week.situation)) == expected[tick]


# --- properties ---


def key(decision: Decision) -> Shown | None:
    on_air = decision.on_air
    if on_air is None:
        return None
    return Shown(on_air.programme.id, on_air.start, on_air.origin, on_air.occasion, on_air.volume)


def walk(timetable: Timetable, situation: Situation, now: datetime, until: datetime) -> list[OnAir]:
    """All that is shown, from change to change."""
    shown = []
    while now < until:
        decision = decide(timetable, now, situation)
        assert decision.next_change > now
        if decision.on_air:
            assert decision.next_change == decision.on_air.end
            shown.append(decision.on_air)
        now = decision.next_change
    return shown


@examples(160)
@given(weeks())
def test_decide_is_the_same_as_a_slow_obvious_second_implementation(week: Week) -> None:
    timetable = compile_playlist(week.playlist)
    expected = simulate(week.playlist, week.situation, week.begin, TICKS)
    decisions = [decide(timetable, week.moment(tick), week.situation) for tick in range(TICKS)]
    assert [key(decision) for decision in decisions] == expected
    changes = [tick for tick in range(1, TICKS) if expected[tick] != expected[tick - 1]]
    zone = ZoneInfo(week.playlist.time_zone)
    slot_ends = {span(slot, zone)[1] for slot in week.playlist.slots}
    for tick, decision in enumerate(decisions):
        change = week.moment(next((later for later in changes if later > tick), TICKS))
        assert week.moment(tick) < decision.next_change
        if decision.on_air is None:
            assert decision.next_change <= change or change == week.moment(TICKS)
        elif change < week.moment(TICKS):
            assert decision.on_air.end == decision.next_change <= change
            # Where a slot ends, one below it may have begun the same programme at the same instant: it just goes on.
            assert decision.next_change == change or decision.next_change in slot_ends
        else:
            assert decision.on_air.end == decision.next_change >= change or decision.next_change in slot_ends


@examples(120)
@given(weeks(on_grid=False), st.lists(st.floats(0, TICKS), min_size=10, max_size=10), st.floats(0, 0.999999))
def test_the_same_from_any_moment_between_changes(week: Week, moments: list[float], part: float) -> None:
    timetable = compile_playlist(week.playlist)
    for now in map(week.moment, moments):
        decision = decide(timetable, now, week.situation)
        within = decision.next_change - now
        if decision.next_change < FAR:
            assert decide(timetable, now + within * part, week.situation) == decision
            assert decide(timetable, decision.next_change - timedelta(microseconds=1), week.situation) == decision
        else:
            assert decide(timetable, now + timedelta(days=400) * part, week.situation) == decision


@examples(60)
@given(weeks(on_grid=False), st.lists(st.floats(0, TICKS), min_size=40, max_size=40))
def test_never_two_programmes_at_once(week: Week, moments: list[float]) -> None:
    """Each showing claims the screen until its end: asked at any later moment, no other was on before."""
    timetable = compile_playlist(week.playlist)
    on_air: OnAir | None = None
    for now in map(week.moment, sorted(moments)):
        found = decide(timetable, now, week.situation).on_air
        if found:
            assert found.start <= now < found.end <= found.start + length(found.programme)
        if on_air and found != on_air:
            assert on_air.end <= now + timedelta(milliseconds=1)
            if found and found.origin == on_air.origin == "filler":
                assert on_air.end <= found.start
        on_air = found


@examples(100)
@given(weeks())
def test_none_outside_its_slot_or_opening_hours(week: Week) -> None:
    situation, playlist = week.situation, week.playlist
    for item in walk(compile_playlist(playlist), situation, week.begin, week.moment(TICKS)):
        name = item.programme.id
        assert name not in situation.unavailable
        if item.origin == "slot":
            spans = [
                (start, end + (FINISH if slot.ending == "finish" else timedelta()))
                for slot in playlist.slots
                if name in slot.programmes
                for start, end in (slot_instants(playlist, slot),)
            ]
        elif item.origin == "session":
            both = (situation.session, situation.demand)
            spans = [(one.start, one.end) for one in both if one]
        elif item.origin == "urgent":
            spans = [(from_ms(urgent.start_ms), from_ms(urgent.end_ms)) for urgent in situation.urgents]
        else:
            spans = [(item.start, item.end)]
            now, presence = item.start, situation.presence
            assert situation.filler != "never"
            if situation.filler == "when-present":
                assert presence and presence.since <= item.start < presence.until
                continue
            while situation.clock_trusted and now < item.end:
                assert is_open(situation.opening, now)
                now += TICK
        assert any(start <= item.start and item.end <= end for start, end in spans)


@examples(100)
@given(weeks(trusted=True))
def test_precedence_as_written(week: Week) -> None:
    """Urgent > Stop > session > slot by priority > filler > poster: each is as it would be if nothing were below it."""
    timetable, empty, full = compile_playlist(week.playlist), compile_playlist(None), week.situation
    bare = Situation(unavailable=full.unavailable)
    stop, session = full.stop, full.session
    if stop and session and session.start <= stop.since:
        session = None
    for now in map(week.moment, range(0, TICKS, 3)):
        found = decide(timetable, now, full).on_air
        if urgent := decide(empty, now, replace(bare, urgents=full.urgents)).on_air:
            expected: OnAir | None = urgent
        elif stop and (stop.until is None or now < stop.until):
            expected = None
        elif session and session.start <= now < session.end:
            expected = decide(empty, now, replace(bare, session=session)).on_air
        elif slot := decide(timetable, now, bare).on_air:
            expected = slot
        else:
            on_demand = found and full.demand and found.occasion == full.demand.occasion
            assert found is None or found.origin == "filler" or on_demand
            continue
        assert uncut(found) == uncut(expected)
        assert found is None or expected is None or found.end <= expected.end


def uncut(on_air: OnAir | None) -> OnAir | None:
    """A showing without its end, which what takes precedence may bring forward."""
    return on_air and replace(on_air, end=FAR)


@examples(60)
@given(weeks(on_grid=False), st.sets(st.sampled_from("abcde"), max_size=3))
def test_an_unavailable_programme_moves_no_other(week: Week, gone: set[str]) -> None:
    timetable = compile_playlist(week.playlist)
    whole = replace(week.situation, unavailable=frozenset())
    less = replace(week.situation, unavailable=frozenset(gone))
    for now in map(week.moment, range(0, TICKS, 2)):
        before, after = (decide(timetable, now, situation).on_air for situation in (whole, less))
        assert not after or after.programme.id not in gone
        if before and before.origin != "filler" and before.programme.id not in gone:
            assert uncut(after) == uncut(before)


# --- living through it ---


@examples(80)
@given(weeks(on_grid=False))
def test_looking_ahead_says_what_will_be_shown_when_owed_is_counted_at_every_play(week: Week) -> None:
    timetable = compile_playlist(week.playlist)
    begin = min(week.begin, week.situation.owed.at) if week.situation.owed else week.begin
    assert live(week, timetable, begin) == walk(timetable, week.situation, begin, week.moment(TICKS))


def live(week: Week, timetable: Timetable, now: datetime) -> list[OnAir]:
    """Walk as a station does: at every change, what is owed is counted afresh from what was completed so far."""
    situation, shown = week.situation, []
    while now < week.moment(TICKS):
        decision = decide(timetable, now, situation)
        if on_air := decision.on_air:
            shown.append(on_air)
        now = decision.next_change
        if situation.owed and situation.owed.at <= now:
            left = Counter(dict(situation.owed.plays))
            if on_air and on_air.origin == "filler" and on_air.end == on_air.start + length(on_air.programme):
                left[on_air.programme.id] -= 1
            first = situation.owed.first if situation.owed.at == now else None
            situation = replace(situation, owed=Owed(now, tuple(left.items()), first))
    return shown


@st.composite
def presses(draw: st.DrawFn) -> tuple[Week, list[tuple[int, Situation]]]:
    """A week, and the situations that follow one another as people press and the town sends at random moments."""
    week = draw(weeks(trusted=True))
    situation, turns = week.situation, [(0, week.situation)]
    for tick in sorted(draw(st.sets(st.integers(1, TICKS - 1), min_size=2, max_size=4))):
        now = week.moment(tick)
        match draw(st.sampled_from(["Stop", "Start", "session", "urgent"])):
            case "Stop":
                until = draw(st.none() | st.integers(1, 60).map(lambda ticks, now=now: now + ticks * TICK))
                situation = replace(situation, stop=Stop(now, until), session=None)
            case "Start":
                situation = replace(situation, stop=None)
            case "session":
                held = draw(sessions(now, week.playlist.programmes))
                situation = replace(situation, session=held, stop=None)
            case _:
                situation = replace(situation, urgents=(draw(urgents(now, week.playlist.programmes)),))
        if situation.owed:
            situation = replace(situation, owed=Owed(now, situation.owed.plays))
        turns.append((tick, situation))
    return week, turns


@examples(80)
@given(presses())
def test_with_stop_urgent_and_session_at_random_moments(drawn: tuple[Week, list[tuple[int, Situation]]]) -> None:
    week, turns = drawn
    timetable = compile_playlist(week.playlist)
    ends = [tick for tick, _ in turns[1:]] + [TICKS]
    for (begin, situation), end in zip(turns, ends, strict=True):
        expected = simulate(week.playlist, situation, week.moment(begin), end - begin)
        assert [key(decide(timetable, week.moment(tick), situation)) for tick in range(begin, end)] == expected


# --- speed ---


def bench() -> ModuleType:
    """``tests/bench/decide.py``, which is a script and in no package."""
    path = Path(__file__).parents[2] / "bench" / "decide.py"
    spec = importlib.util.spec_from_file_location("bench_decide", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_decide_over_a_week_of_10000_slots_takes_less_than_a_millisecond() -> None:
    figures = bench().measure(samples=300)
    assert figures["decide_ms"] <= 1
    assert figures["compile_ms"] <= 2_000
