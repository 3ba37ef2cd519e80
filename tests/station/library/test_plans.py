"""Accepted plans are kept with their time, as long as the record is."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace
from playout_room import ALL, at, slot, week

from kiosk.common.planned import Accepted, promised
from kiosk.contract.instants import FAR_MS, to_ms
from kiosk.station.library.plans import Plans

FIRST, SECOND, THIRD = (week(ALL, slot("09:00:00", "09:02:00", "law"), version=n) for n in (1, 2, 3))


@pytest.fixture
def plans(tmp_path: Path) -> Plans:
    return Plans(tmp_path / "library")


def versions(plans: Plans) -> list[tuple[int, int]]:
    return [(plan.accepted_ms, plan.playlist.version if plan.playlist else 0) for plan in plans.load()]


def test_d5_a_new_week_does_not_overwrite_the_one_before(plans: Plans, tmp_path: Path) -> None:
    assert versions(plans) == []
    for at_ms, playlist in ((10, FIRST), (20, SECOND), (1_000, THIRD)):
        plans.keep(playlist, at_ms)
    assert versions(Plans(tmp_path / "library")) == [(10, 1), (20, 2), (1_000, 3)]


def test_d5_a_plan_that_was_dropped_promises_nothing_any_more(plans: Plans) -> None:
    """As when only a revoked key has signed it."""
    plans.keep(None, 5)
    assert plans.load() == ()
    plans.keep(FIRST, 10)
    plans.keep(None, 20)
    plans.keep(None, 21)
    assert [(plan.accepted_ms, plan.playlist) for plan in plans.load()][1:] == [(20, None)]
    nine = to_ms(at("09:00:00"))
    assert promised(plans.load(), 0, FAR_MS) == []
    assert len(promised([*plans.load(), Accepted(nine, SECOND)], 0, FAR_MS)) == 1


def test_d5_the_same_plan_is_kept_once_also_after_a_restart(plans: Plans, tmp_path: Path) -> None:
    plans.keep(FIRST, 10)
    plans.keep(FIRST, 11)
    Plans(tmp_path / "library").keep(FIRST, 12)
    assert versions(plans) == [(10, 1)]


def test_d5_no_plan_is_accepted_before_it_was_issued(plans: Plans) -> None:
    """A clock that was reset to 1970 must not claim for the plan what was due before it was there."""
    plans.keep(replace(FIRST, issued_ms=500), 0)
    assert versions(plans) == [(500, 1)]


def test_d5_plans_go_with_the_record_that_they_are_about(plans: Plans) -> None:
    for at_ms, playlist in ((10, FIRST), (20, SECOND), (30, THIRD)):
        plans.keep(playlist, at_ms)
    plans.prune(19)
    assert versions(plans) == [(10, 1), (20, 2), (30, 3)]
    plans.prune(20)
    assert versions(plans) == [(20, 2), (30, 3)]
    plans.prune(10**15)
    assert versions(plans) == [(30, 3)], "the one in force stays"


def test_d5_of_many_plans_only_those_asked_for_are_in_memory(plans: Plans) -> None:
    for at_ms, playlist in ((10, FIRST), (20, SECOND), (30, THIRD)):
        plans.keep(playlist, at_ms)
    assert [plan.playlist and plan.playlist.version for plan in plans.since(0)] == [1, 2, 3]
    assert [plan.playlist and plan.playlist.version for plan in plans.since(25)] == [2, 3]
    assert plans.since(25)[0] is plans.since(26)[0], "it is read once"


def test_d5_a_plan_that_cannot_be_read_hides_no_other(plans: Plans, tmp_path: Path) -> None:
    plans.keep(FIRST, 10)
    plans.keep(SECOND, 20)
    folder = tmp_path / "library" / "plans"
    (folder / "10-1.json").write_bytes(b"\0" * 40)
    (folder / "x-y.json").write_bytes(b"")
    os.mkfifo(folder / "README")
    assert versions(plans) == [(20, 2)]
    assert [plan.playlist and plan.playlist.version for plan in plans.since(0)] == [2]
