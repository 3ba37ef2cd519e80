"""Planned against played at the town, by the weeks that the room accepted and as far as its record is here."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select
from town.ledger.month_of_rooms import MINUTE, ZONE, accepted, at, month_of_plays, play, publish, report, room
from town.postgres import BOTH

from kiosk.contract.playlist import Playlist
from kiosk.contract.records import Action, Session
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.ledger import played
from kiosk.town.ledger.played import days, room_of
from kiosk.town.ledger.rooms import rooms
from kiosk.town.stations import registry
from kiosk.town.town import Town

pytestmark = BOTH
FIRST = date(2026, 3, 2)
BEGIN = at(FIRST, "00:00")
NOW = at(date(2026, 3, 5), "12:00")


@pytest.fixture
def week(office: Town) -> Playlist:
    """The plan of seven days, issued before they begin."""
    return issued(office, publish(office, FIRST, 7), BEGIN - 1)


def issued(office: Town, week: Playlist, at_ms: int) -> Playlist:
    """``week`` as if it had been published at an instant."""
    week = replace(week, issued_ms=at_ms)
    with office.store.write() as connection:
        of_version = schema.plan.update().where(schema.plan.c.version == week.version)
        connection.execute(of_version.values(playlist=encode(week)))
    return week


def states(office: Town, now: int = NOW, last: date = date(2026, 3, 8)) -> dict[str, int]:
    return dict(Counter(one.state for day in reading(office, now, last).days for one in day.outcomes))


def reading(office: Town, now: int = NOW, last: date = date(2026, 3, 8)) -> played.Reading:
    [row] = rooms(office.store, now, "room-1")
    with office.store.read() as connection:
        return days(connection, room_of(row, ZONE), FIRST, last, now)


def test_what_is_reported_is_told_and_the_rest_is_open(office: Town, tmp_path: Path, week: Playlist) -> None:
    done = [one for one in month_of_plays(FIRST, 7) if one.actual_end_ms < NOW]
    assert len(done) == 14
    late = replace(done[1], actual_start_ms=done[1].actual_start_ms + 3 * MINUTE)
    records = [accepted(week, BEGIN), done[0], late, *done[3:]]
    room(office, tmp_path, 1, records, NOW, playlist_version=week.version)
    assert states(office) == {"on-time": 12, "late": 1, "missed": 1, "to-come": 14}
    assert states(office, at(date(2026, 3, 7), "12:00")) == {
        "on-time": 12, "late": 1, "missed": 1, "not-reported": 8, "to-come": 6,
    }  # fmt: skip


def test_records_that_wait_are_not_missed(office: Town, tmp_path: Path, week: Playlist) -> None:
    done = [*month_of_plays(FIRST, 1)][:2]
    room(office, tmp_path, 1, [accepted(week, BEGIN), *done], NOW, waiting=5)
    assert states(office) == {"on-time": 2, "not-reported": 12, "to-come": 14}


@pytest.mark.parametrize("clock", ["untrusted", "trusted"])
def test_a_heartbeat_by_a_wrong_clock_vouches_for_nothing(
    office: Town, tmp_path: Path, week: Playlist, clock: str
) -> None:
    room(office, tmp_path, 1, [accepted(week, BEGIN)], NOW, clock=clock)
    assert states(office).get("missed", 0) == (14 if clock == "trusted" else 0)


def test_a_clock_that_is_ahead_makes_nothing_missed_that_is_still_to_come(
    office: Town, tmp_path: Path, week: Playlist
) -> None:
    ahead = NOW + 40 * 86_400_000
    boot = Action(id="b", at_ms=ahead, by="kiosk", action="boot", clock="untrusted")
    room(office, tmp_path, 1, [accepted(week, BEGIN), *list(month_of_plays(FIRST, 3))[:12], boot], NOW, sent_ms=ahead)
    assert states(office) == {"on-time": 12, "missed": 2, "to-come": 14}
    assert reading(office).reported_ms == NOW


def test_a_new_epoch_or_a_last_entry_that_was_refused_forgets_nothing_of_the_report(
    office: Town, tmp_path: Path, week: Playlist
) -> None:
    done = [*month_of_plays(FIRST, 2)]
    room(office, tmp_path, 1, [accepted(week, BEGIN), *done], NOW, waiting=1)
    until = done[-1].actual_end_ms
    assert reading(office).reported_ms == until
    place = {"station": "room-1", "hash": "0" * 64, "record": b"x", "reason": "x", "received_ms": NOW}
    with office.store.write() as connection:
        connection.execute(schema.entry.insert().values(**place, chain=1, seq=99, state="refused"))
        new = {
            "station": "room-1",
            "chain": 2,
            "enrolment": 1,
            "epoch": "epoch-2",
            "head_seq": 0,
            "head_hash": "0" * 64,
        }
        connection.execute(schema.chain.insert().values(**new, begun_ms=NOW))
    assert reading(office).reported_ms == until


def test_reasons_come_from_the_record(office: Town, tmp_path: Path, week: Playlist) -> None:
    def action(name: str, at_ms: int, **more: Any) -> Action:
        return Action(id=f"{name}-{at_ms}", at_ms=at_ms, by="kiosk", action=name, clock="trusted", **more)

    third, fourth = date(2026, 3, 3), date(2026, 3, 4)
    records = [
        accepted(week, BEGIN),
        *[*month_of_plays(FIRST, 1)],
        action("stop", at(third, "08:00"), reason="meeting", until_ms=at(third, "12:00")),
        action("boot", at(third, "20:00"), facts={"seen_ms": str(at(third, "14:00")), "pc": "off"}),
    ]
    room(office, tmp_path, 1, records, NOW)
    with office.store.write() as connection:
        fault = {"station": "room-1", "fault": "f", "cause": "no-screen", "device": "x", "by": "", "received_ms": 1}
        text = {"text": "", "remedy": "", "state": "cleared"}
        span = {"found_ms": at(fourth, "08:00"), "cleared_ms": at(fourth, "10:00")}
        connection.execute(schema.fault.insert().values(fault | text | span))
    missed = [
        (one.showing.start_ms, [(why.reason, why.detail) for why in one.why])
        for day in reading(office).days
        for one in day.outcomes
        if one.state == "missed"
    ]
    assert [why for start, why in missed if start < at(fourth, "12:00")] == [
        [("stopped", "meeting")], [("stopped", "meeting")], [("not-running", "off")], [("not-running", "off")],
        [("no-screen", "")], [("no-screen", "")],
    ]  # fmt: skip


def test_a_session_that_had_the_screen_is_the_reason(office: Town, tmp_path: Path, week: Playlist) -> None:
    held = Session(
        id="s", session_kind="主题党日", by="张三", start_ms=at(FIRST, "08:30"), end_ms=at(FIRST, "10:30"), title="",
    )  # fmt: skip
    room(office, tmp_path, 1, [accepted(week, BEGIN), held], NOW)
    whys = [one.why for one in reading(office).days[0].outcomes]
    assert [why.reason for (why,) in whys] == ["session", "session", "unknown", "unknown"]


def test_each_day_is_judged_by_the_week_that_was_accepted_then(office: Town, tmp_path: Path, week: Playlist) -> None:
    shorter = issued(office, publish(office, FIRST, 4), BEGIN)
    tuesday = at(date(2026, 3, 3), "12:00")
    room(office, tmp_path, 1, [accepted(week, BEGIN), accepted(shorter, tuesday)], NOW)
    versions = {one.showing.version for day in reading(office).days[:1] for one in day.outcomes}
    assert versions == {week.version}
    assert {one.showing.version for day in reading(office).days[2:] for one in day.outcomes} == {shorter.version}
    assert [len(day.outcomes) for day in reading(office).days] == [4, 4, 4, 4, 0, 0, 0]


def test_a_week_that_the_room_has_not_accepted_yet_is_asked_for_only_behind_its_report(
    office: Town, tmp_path: Path, week: Playlist
) -> None:
    room(office, tmp_path, 1, [], NOW - 3 * 86_400_000)
    assert set(states(office)) == {"not-reported", "to-come"}


def test_a_week_that_the_town_does_not_keep_is_said(office: Town, tmp_path: Path, week: Playlist) -> None:
    with office.store.write() as connection:
        connection.execute(schema.plan.delete())
    room(office, tmp_path, 1, [accepted(week, BEGIN)], NOW)
    assert reading(office).lost_weeks == (week.version,)
    assert states(office) == {}


def test_practice_counts_nothing_and_a_repaired_clock_counts(office: Town, tmp_path: Path, week: Playlist) -> None:
    start = at(FIRST, "09:00")
    rows = [
        accepted(week, BEGIN),
        play("rice", start, practice=True),
        play("law", start + 20 * MINUTE, late_ms=60 * MINUTE),
    ]
    room(office, tmp_path, 1, rows, NOW)
    with office.store.write() as connection:
        right = {"repaired_start_ms": start + 20 * MINUTE, "repaired_end_ms": start + 40 * MINUTE}
        connection.execute(schema.play.update().where(schema.play.c.programme == "law").values(right))
    first = reading(office).days[0].outcomes
    assert [(one.showing.programme.id, one.state) for one in first[:2]] == [("rice", "missed"), ("law", "on-time")]


def test_a_published_week_is_kept_byte_for_byte(office: Town, week: Playlist) -> None:
    newest = publish(office, FIRST + timedelta(days=7), 7)
    with office.store.read() as connection:
        kept = connection.execute(
            select(schema.plan.c.playlist).where(schema.plan.c.version == newest.version)
        ).scalar()
        assert bytes(kept) == encode(newest)
        assert played.week(connection, newest.version) == newest
    registry.add_station(office, "room-1", "all", "x", None, by="t")
    assert reading(office).reported_ms == 0
    report(office, "room-1", [accepted(newest, BEGIN)], NOW)
    assert reading(office).reported_ms == BEGIN, "no heartbeat: as far as the newest record"
