"""The record book of a room that played, was stopped, and missed things: every row of the table, in Chinese."""

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from journal_room import START, countersign, due, play_once
from msgspec.structs import replace
from playout_room import ALL, Room, at, programme, slot, week

from kiosk.common.planned import Accepted, Why
from kiosk.contract.instants import to_ms
from kiosk.contract.records import Action, Fault
from kiosk.station.clock.memory import KEY, Memory, last_seen
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.not_shown import NotShown
from kiosk.station.journal.database import connect_looking
from kiosk.station.record_book.not_shown import covered, find_not_shown
from kiosk.station.record_book.play_record import play_sheet

UTC = ZoneInfo("UTC")
DAY = week(
    ALL,
    slot("09:00:00", "09:02:00", "law", "rice"),
    slot("09:05:00", "09:06:00", "song"),
    slot("09:10:00", "09:11:00", "rice"),
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    found = Room(tmp_path / "state", DAY, at("08:59:00"))
    yield found
    found.close()


def record(room: Room, name: str, **more: Any) -> None:
    now_ms = room.clock.now_ms()
    made = Action(id=f"{name}-{now_ms}", at_ms=now_ms, by="panel", action=name, clock="trusted", **more)
    room.journal.record(made)


def remember(room: Room) -> Memory:
    """What the daemon remembers of its clock about once a minute."""
    held = Memory("trusted", room.clock.now_ms(), "boot-1", 0.0, 0.0, rtc=True)
    room.journal.remember(KEY, held)
    assert room.journal.settle(5)
    return held


def looking(room: Room) -> sqlite3.Connection:
    assert room.journal.settle(5)
    return connect_looking(room.folder / "journal.db")


def found(room: Room, *plans: Accepted) -> list[tuple[list[str], str, str, tuple[Why, ...]]]:
    with closing(looking(room)) as db:
        rows = find_not_shown(db, plans or [Accepted(0, DAY)])
    clock = lambda ms: str(ms // 60_000 % 1440 // 60).zfill(2) + ":" + str(ms // 60_000 % 60).zfill(2)  # noqa: E731
    return [([one.id for one in row.programmes], clock(row.start_ms), clock(row.end_ms), row.why) for row in rows]


def table(room: Room, language: Any = "zh") -> list[list[str]]:
    with closing(looking(room)) as db:
        data = b"".join(play_sheet(db, UTC, (None, None), language, [Accepted(0, DAY)]))
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_d5_what_was_planned_and_not_shown_is_a_row_among_the_plays(room: Room) -> None:
    record(room, "boot")
    room.run(at("09:00:30"))
    record(room, "stop", reason="meeting")
    room.stop()
    room.run(at("09:09:00"))
    record(room, "start")
    room.start()
    room.run(at("09:12:00"))
    remember(room)
    head, *rows = table(room)
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    columns = ("开始", "结束", "节目名称", "时长", "计划/临时", "备注", "播放结果", "画面依据", "记录序号")
    assert [[row[head.index(name)] for name in columns] for row in rows] == [
        ["09:00:00", "09:00:30", "law", "0:00:30", "计划", "停播：开会", "人工停止", "无", "3"],
        ["09:01:00", "09:01:40", "rice", "0:00:00", "计划", "停播：开会", "未播", "", ""],
        ["09:05:00", "09:05:30", "song", "0:00:00", "计划", "停播：开会", "未播", "", ""],
        ["09:10:00", "09:10:40", "rice", "0:00:40", "计划", "", "完整播放", "无", "5"],
    ]
    assert [row[head.index("播放结果")] for row in table(room)[1:]].count("未播") == 2
    english = table(room, "en")
    assert english[2][14:17] == ["stopped: meeting", "not shown", ""]


def test_d5_a_programme_that_was_not_here_is_told_as_that(room: Room) -> None:
    check = NotShown(room.plan, AuditTrail(room.journal, room.clock, lambda: None))
    room.lose(ALL[0])
    while room.clock.now() < at("09:07:00"):
        room.run_for(1)
        check.check()
    room.fetch(ALL[0])
    room.replan()
    check.check()
    remember(room)
    assert found(room) == [(["law"], "09:00", "09:01", (Why("not-fetched"),))]
    told: list[Any] = room.journal.newest_records(("action",), 100)
    assert [(one.action, one.reason, one.facts["programme"]) for one in told] == [
        ("missing", "not-fetched", "law"), ("missing-over", "", "law"),
    ]  # fmt: skip


def test_d5_a_programme_that_is_missing_in_a_loop_is_recorded_once(tmp_path: Path) -> None:
    loop = week(ALL, slot("09:00:00", "09:30:00", "song", mode="loop"))
    room = Room(tmp_path / "state", loop, at("08:59:00"))
    check = NotShown(room.plan, AuditTrail(room.journal, room.clock, lambda: None))
    room.lose(ALL[2])
    while room.clock.now() < at("09:10:00"):
        room.run_for(5)
        check.check()
    remember(room)
    assert len(room.journal.newest_records(("action",), 100)) == 1
    assert found(room, Accepted(0, loop)) == [(["song"], "09:00", "09:09", (Why("not-fetched"),))]
    room.close()


def test_d5_a_pc_that_was_off_is_told_as_that_and_never_longer_than_is_known(tmp_path: Path) -> None:
    room = Room(tmp_path / "state", DAY, at("08:59:00"))
    room.run(at("09:04:00"))
    held = remember(room)
    room.close()
    later = Room(tmp_path / "state", DAY, at("09:08:00"), boot="boot-2")
    record(later, "boot", facts=last_seen(held, "boot-2"))
    later.run(at("09:12:00"))
    remember(later)
    assert found(later) == [(["song"], "09:05", "09:05", (Why("not-running", "off"),))]
    later.close()


def test_d5_what_nobody_knows_is_said_to_be_unknown(tmp_path: Path) -> None:
    """An older kiosk said nothing of when it had run last."""
    Room(tmp_path / "state", DAY, at("08:00:00")).close()
    later = Room(tmp_path / "state", DAY, at("09:08:00"), boot="boot-2")
    later.journal.record(Action(id="b0", at_ms=to_ms(at("08:00:00")), by="kiosk", action="boot", clock="trusted"))
    record(later, "boot")
    later.run(at("09:12:00"))
    remember(later)
    assert [(names, why) for names, _, _, why in found(later)] == [
        (["law", "rice"], (Why("unknown"),)), (["song"], (Why("unknown"),)),
    ]  # fmt: skip
    later.close()


def test_d5_without_a_screen_the_row_says_so(room: Room) -> None:
    record(room, "boot")
    law = ALL[0]
    room.journal.due(due("p1", to_ms(at("09:00:00")), law))
    room.journal.close("p1", to_ms(at("09:01:00")), 0, "failed", "there was no screen", 0, 0)
    room.clock.advance((at("09:01:30") - room.clock.now()).total_seconds())
    remember(room)
    assert found(room) == [], "one line for one showing"
    assert table(room)[1][14:16] == ["没有显示画面", "未播"]


def test_d5_a_fault_of_the_screen_explains_what_was_not_shown(room: Room) -> None:
    record(room, "boot")
    room.stop()  # as nothing is cued then
    for cleared in (None, to_ms(at("09:08:00"))):
        room.journal.record(
            Fault(id=f"f{cleared}", fault="f", cause="no-screen", device="screen", found_ms=to_ms(at("08:59:30")),
                  cleared_ms=cleared, text="")
        )  # fmt: skip
    room.run(at("09:07:00"))
    remember(room)
    assert {why for *_, why in found(room)} == {(Why("no-screen"),)}


def test_d5_nothing_is_claimed_of_times_that_the_record_does_not_cover(room: Room) -> None:
    """Neither before its first row, nor after the station last ran: a copy may be read years later."""
    record(room, "boot")
    room.stop()
    room.run(at("09:03:00"))
    remember(room)
    with closing(looking(room)) as db:
        assert covered(db) == (to_ms(at("08:59:00")), to_ms(at("09:03:00")))
    assert [names for names, *_ in found(room)] == [["law", "rice"]]
    old = week((programme("old", 60),), slot("08:00:00", "08:01:00", "old"))
    assert found(room, Accepted(0, old)) == []


def test_d5_after_damage_it_is_not_known_whether_it_was_shown(room: Room) -> None:
    room.stop()
    room.journal.record(Action(id="b0", at_ms=to_ms(at("08:00:00")), by="kiosk", action="boot", clock="trusted"))
    room.run(at("09:08:00"))
    record(room, "journal-restarted")
    remember(room)
    assert table(room)[1][14:17] == ["该时段记录已损坏", "是否播放不明", ""]


def test_d5_yesterday_s_plan_is_judged_after_a_new_week_came(room: Room) -> None:
    record(room, "boot")
    room.stop()
    room.run(at("09:08:00"))
    remember(room)
    plans = [Accepted(0, DAY), Accepted(to_ms(at("09:07:00")), replace(DAY, slots=(), version=2))]
    assert [names for names, *_ in found(room, *plans)] == [["law", "rice"], ["song"]]


def test_d5_the_record_says_where_it_begins_once_old_plays_were_removed(room: Room) -> None:
    """Plans go with the plays that they are about."""
    for n in range(4):
        play_once(room.journal, f"p{n}", START + n * 60_000)
    assert room.journal.settle(5)
    assert room.journal.pruned_up_to_ms() == 0, "it is whole"
    countersign(room.journal, 3, START)
    countersign(room.journal, 4, START + 100 * 86_400_000)
    room.journal.prune(100)
    assert room.journal.settle(5)
    assert room.journal.pruned_up_to_ms() == START + 3 * 60_000
