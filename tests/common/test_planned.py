"""Planned against played: what was promised, what was seen, and the reasons that the record gives for the rest."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kiosk.common.known import known_of
from kiosk.common.planned import (
    Accepted,
    Known,
    NotShown,
    Played,
    Why,
    compare,
    not_shown,
    promised,
)
from kiosk.contract.instants import FAR_MS, to_ms
from kiosk.contract.playlist import Playlist, Programme, Slot
from kiosk.contract.records import Action, Fault, Origin

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE = 60_000


def at(clock: str, day: int = 5) -> int:
    hours, minutes = map(int, clock.split(":"))
    return to_ms(datetime(2026, 3, day, hours, minutes, tzinfo=ZONE))


def programme(name: str, minutes: int = 20) -> Programme:
    return Programme(
        id=name, title=name, file="a.mp4", duration_ms=minutes * MINUTE, size=1, sha256=f"{ord(name[0]):064x}"
    )


def slot(start: str, end: str, *names: str, day: int = 5, **more: Any) -> Slot:
    return Slot(date=f"2026-03-{day:02}", start=f"{start}:00", end=f"{end}:00", programmes=names, **more)


def plan(*slots: Slot, accepted: int = 0, version: int = 1) -> Accepted:
    names = dict.fromkeys(name for one in slots for name in one.programmes)
    return Accepted(
        accepted,
        Playlist(
            town="t", group="g", version=version, issued_ms=0, first_day="2026-03-01", last_day="2026-03-31",
            programmes=tuple(programme(name) for name in names), slots=slots,
        ),
    )  # fmt: skip


def play(name: str, start: int, minutes: float = 20, origin: Origin = "slot", cause: str = "") -> Played:
    return Played(name, origin, start, start, start + round(minutes * MINUTE), cause)


def missing(
    plans: list[Accepted], plays: list[Played] | None = None, known: list[Known] | None = None, until: int = at("23:59")
) -> list[tuple[list[str], int, int, tuple[Why, ...]]]:
    found: list[NotShown] = not_shown(compare(plans, plays or [], known or [], at("00:00", 1), until))
    return [([one.id for one in row.programmes], row.start_ms, row.end_ms, row.why) for row in found]


MORNING = slot("09:00", "10:00", "a", "b", "c")
UNKNOWN = (Why("unknown"),)


def test_what_was_seen_is_not_missed_however_short() -> None:
    plays = [play("a", at("09:00")), play("b", at("09:20"), 0.01), play("c", at("09:40"))]
    assert missing([plan(MORNING)], plays) == []


def test_a_slot_of_which_nothing_was_seen_is_one_row() -> None:
    assert missing([plan(MORNING)]) == [(["a", "b", "c"], at("09:00"), at("10:00"), UNKNOWN)]


def test_a_programme_in_the_middle_that_was_not_seen_is_a_row_with_its_reason() -> None:
    known = [Known(at("09:15"), at("09:45"), Why("stopped", "meeting"))]
    plays = [play("a", at("09:00"), 15), play("c", at("09:40"), 15)]
    assert missing([plan(MORNING)], plays, known) == [
        (["b"], at("09:20"), at("09:40"), (Why("stopped", "meeting"),)),
    ]  # fmt: skip


def test_reasons_that_explain_only_a_part_leave_the_rest_unknown() -> None:
    known = [Known(at("09:20"), at("09:25"), Why("stopped"))]
    plays = [play("a", at("09:00")), play("c", at("09:40"))]
    assert missing([plan(MORNING)], plays, known) == [
        (["b"], at("09:20"), at("09:40"), (Why("stopped"), Why("unknown"))),
    ]  # fmt: skip


def test_two_reasons_one_after_the_other() -> None:
    known = [
        Known(at("09:30"), FAR_MS, Why("not-running", "off")),
        Known(at("08:00"), at("09:30"), Why("stopped")),
    ]
    assert missing([plan(slot("09:20", "09:40", "a"))], [], known) == [
        (["a"], at("09:20"), at("09:40"), (Why("stopped"), Why("not-running", "off"))),
    ]  # fmt: skip


def test_a_row_that_failed_gives_its_own_cause() -> None:
    plays = [play("a", at("09:00"), 0, cause="there was no screen"), play("b", at("09:20")), play("c", at("09:40"))]
    verdicts = compare([plan(MORNING)], plays, [], at("00:00"), at("23:00"))
    assert [(one.shown, one.has_row, one.why) for one in verdicts] == [
        (False, True, (Why("failed", "there was no screen"),)), (True, True, ()), (True, True, ()),
    ]  # fmt: skip
    assert missing([plan(MORNING)], plays) == [], "its row tells of it"


def test_a_programme_that_was_not_here_explains_no_other() -> None:
    known = [Known(at("09:00"), at("10:00"), Why("not-fetched"), programme="a")]
    assert [(names, why) for names, _, _, why in missing([plan(MORNING)], [], known)] == [
        (["a"], (Why("not-fetched"),)), (["b", "c"], UNKNOWN),
    ]  # fmt: skip


def test_an_urgent_notice_explains_what_it_took() -> None:
    plays = [play("u", at("09:00"), 20, "urgent"), play("b", at("09:20")), play("c", at("09:40"))]
    assert missing([plan(MORNING)], plays)[0][3] == (Why("urgent"),)


def test_without_a_plan_nothing_was_promised() -> None:
    assert missing([]) == []


def test_what_is_not_over_is_not_missed() -> None:
    assert missing([plan(MORNING)], until=at("09:30")) == [(["a"], at("09:00"), at("09:20"), UNKNOWN)]


def test_a_slot_of_higher_priority_takes_its_time() -> None:
    above = slot("09:00", "09:40", "u", "v", priority=1)
    plays = [play("u", at("09:00")), play("v", at("09:20")), play("c", at("09:40"))]
    assert missing([plan(MORNING, above)], plays) == []


def test_a_loop_is_promised_again_and_again_to_its_end() -> None:
    found = promised([plan(slot("09:00", "10:10", "a", "b", mode="loop"))], 0, FAR_MS)
    assert [(one.programme.id, one.end_ms - one.start_ms) for one in found] == [
        ("a", 20 * MINUTE), ("b", 20 * MINUTE), ("a", 20 * MINUTE), ("b", 10 * MINUTE),
    ]  # fmt: skip


def test_a_plan_promises_nothing_of_before_its_acceptance() -> None:
    assert missing([plan(MORNING, accepted=at("09:20"))]) == [(["b", "c"], at("09:20"), at("10:00"), UNKNOWN)]
    assert missing([plan(MORNING, accepted=at("11:00"))]) == []


def test_yesterday_s_plan_is_judged_though_a_newer_one_came() -> None:
    plans = [
        plan(slot("09:00", "09:20", "a", day=4)),
        plan(slot("09:00", "09:20", "b", day=6), accepted=at("12:00", 5), version=2),
    ]
    assert missing(plans, until=at("23:00", 6)) == [
        (["a"], at("09:00", 4), at("09:20", 4), UNKNOWN),
        (["b"], at("09:00", 6), at("09:20", 6), UNKNOWN),
    ]


def test_a_slot_that_a_newer_plan_withdrew_in_time_is_not_missed() -> None:
    plans = [plan(MORNING), plan(slot("15:00", "15:20", "d"), accepted=at("08:00"), version=2)]
    assert [names for names, *_ in missing(plans)] == [["d"]]


def test_the_same_slot_of_two_plans_is_one_promise() -> None:
    plans = [plan(MORNING), plan(MORNING, slot("15:00", "15:20", "a"), accepted=at("09:30"), version=2)]
    assert missing(plans, until=at("12:00")) == [(["a", "b", "c"], at("09:00"), at("10:00"), UNKNOWN)]


# --- what the record knows ---


def action(name: str, at_ms: int, **more: Any) -> Action:
    return Action(id=f"a{at_ms}-{name}", at_ms=at_ms, by="panel", action=name, **({"clock": "trusted"} | more))


def missing_from(at_ms: int, programme: str, reason: str = "not-fetched") -> Action:
    return action("missing", at_ms, reason=reason, facts={"programme": programme, "start_ms": "4"})


def fault(cause: str, found: int, cleared: int | None = None) -> Fault:
    return Fault(
        id=f"f{found}-{cleared}", fault=cause, cause=cause, device="screen", found_ms=found, cleared_ms=cleared, text=""
    )


@pytest.mark.parametrize(
    ("records", "known"),
    [
        ([action("stop", 5, reason="meeting")], [Known(5, FAR_MS, Why("stopped", "meeting"))]),
        ([action("stop", 5, reason="repair", until_ms=9)], [Known(5, 9, Why("stopped", "repair"))]),
        ([action("stop", 5), action("start", 7)], [Known(5, 7, Why("stopped"))]),
        ([action("stop", 5, until_ms=6), action("start", 7)], [Known(5, 6, Why("stopped"))]),
        (
            [action("stop", 5, reason="a"), action("stop", 6, reason="b"), action("start", 9)],
            [Known(5, 6, Why("stopped", "a")), Known(6, 9, Why("stopped", "b"))],
        ),
        ([action("start", 7), action("mute", 8)], []),
        (
            [action("boot", 90, facts={"seen_ms": "40", "pc": "off"})],
            [Known(40, 90, Why("not-running", "off"))],
        ),
        ([action("boot", 90)], []),
        ([action("boot", 90, facts={"seen_ms": "40"}, clock="untrusted")], []),
        ([action("boot", 90, facts={"seen_ms": "x²"})], []),
        ([fault("no-screen", 3), fault("no-screen", 3, 8)], [Known(3, 8, Why("no-screen"))]),
        ([fault("no-screen", 3)], [Known(3, FAR_MS, Why("no-screen"))]),
        ([fault("disk-low", 3)], []),
        ([fault("clock-untrusted", 3, 8)], [Known(3, 8, Why("clock"))]),
        (
            [missing_from(5, "a"), missing_from(6, "a"), action("missing-over", 9, facts={"programme": "a"})],
            [Known(4, 9, Why("not-fetched"), "a")],
        ),
        ([missing_from(5, "a")], [Known(4, FAR_MS, Why("not-fetched"), "a")]),
        ([missing_from(5, "a"), action("boot", 8)], [Known(4, 8, Why("not-fetched"), "a")]),
        ([missing_from(5, "a", reason="failed")], [Known(4, FAR_MS, Why("failed"), "a")]),
        ([missing_from(5, "a", reason="odd"), action("missing-over", 9)], []),
        ([action("journal-restarted", 50)], [Known(0, 50, Why("record-lost"))]),
    ],
)
def test_d5_what_the_record_says_of_times_without_a_programme(records: list[Any], known: list[Known]) -> None:
    assert known_of(records) == known
