"""Upkeep: what the rules find goes into the record once, and a restart does not find it again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.contract.station import DayHours, Hours, Opening, StationDocument, Thresholds
from kiosk.station.health.monitor import MEMORY, HealthMonitor
from kiosk.station.health.rules import Observation
from kiosk.station.journal import Journal
from kiosk.station.journal.recovery.salvage import DAMAGED

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
WHOLE_DAY = ((Hours(start="00:00:00", end="00:00:00"),),) * 7
DOCUMENT = StationDocument(
    town="t", station="room-1", group="g", version=1, issued_ms=0, name="Room",
    opening=Opening(time_zone="UTC", week=WHOLE_DAY), thresholds=Thresholds(disk_free_mb=1000, hysteresis_ms=0),
)  # fmt: skip
FULL, ROOMY = {"disk.free_mb": 10}, {"disk.free_mb": 9000}


class Remembering:
    """A journal that remembers one thing."""

    def __init__(self, memory: str) -> None:
        self._memory = memory

    def recall(self, _key: str) -> str:
        return self._memory


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db", lambda event: None, "boot-1")
    journal.start()
    yield journal
    journal.stop(10)


def faults(journal: Journal) -> list[dict[str, object]]:
    assert journal.settle(10)
    return [json.loads(bytes(entry.record)) for entry in journal.waiting()[1]]


def look(
    upkeep: HealthMonitor, facts: dict[str, object], minutes: float = 0, document: StationDocument = DOCUMENT
) -> int:
    upkeep.facts = facts  # type: ignore[assignment]
    return upkeep.judge(Observation(clock="trusted"), document, NOW + timedelta(minutes=minutes), 60 * minutes)


def test_fault_is_written_down_once_and_its_end_once(journal: Journal) -> None:
    upkeep = HealthMonitor(journal, "room-1", 0)
    assert [look(upkeep, facts, n) for n, facts in enumerate((ROOMY, FULL, FULL, ROOMY, ROOMY))] == [0, 1, 0, 1, 0]
    raised, cleared = faults(journal)
    assert raised["fault"] == cleared["fault"] and raised["id"] != cleared["id"]
    assert raised["cleared_ms"] is None and cleared["cleared_ms"] == (NOW + timedelta(minutes=3)).timestamp() * 1000
    assert upkeep.problems() == ()


def test_restart_does_not_find_the_same_fault_again(journal: Journal) -> None:
    assert look(HealthMonitor(journal, "room-1", 0), FULL) == 1
    again = HealthMonitor(journal, "room-1", 0)
    assert [problem.cause for problem in again.problems()] == ["disk-low"]
    assert look(again, FULL, 5) == 0


def remembered(**changes: object) -> str:
    problem = {"cause": "disk-low", "device": "disk", "found_ms": 1, "text": {"text": "x"}, "remedy": {"text": "y"}}
    return json.dumps({"watches": {"disk-low/disk": {"open": problem | changes}}})


@pytest.mark.parametrize(
    "memory",
    [
        '{"watches": 7}',
        '{"x": ' + "[" * 100_000,
        remembered(found_ms=-1),
        remembered(device="\0"),
        remembered(cause="no cause"),
        remembered(text={"text": "{missing}"}),
        remembered(text={"text": "{0.real}"}),
    ],
)
def test_memory_that_cannot_be_read_or_recorded_is_found_again(journal: Journal, memory: str) -> None:
    assert HealthMonitor(Remembering(remembered()), "room-1", 0).problems() != ()  # type: ignore[arg-type]
    journal.remember(MEMORY, memory)
    upkeep = HealthMonitor(journal, "room-1", 0)
    assert upkeep.problems() == () and look(upkeep, FULL) == 1


def test_hysteresis_of_the_settings_goes_before_the_towns(journal: Journal) -> None:
    upkeep = HealthMonitor(journal, "room-1", 90)
    assert [look(upkeep, FULL, minutes) for minutes in (0, 1, 2)] == [0, 0, 1]


def test_players_replaced_within_the_hour_are_a_fault(journal: Journal) -> None:
    upkeep = HealthMonitor(journal, "room-1", 0)
    allowed = DOCUMENT.thresholds.child_restarts_per_hour
    upkeep.restarts += [float(n) for n in range(allowed)]
    assert look(upkeep, ROOMY, 1) == 0
    upkeep.restarts.append(61.0)
    assert look(upkeep, ROOMY, 2) == 1
    assert [problem.cause for problem in upkeep.problems()] == ["child-restarts"]
    look(upkeep, ROOMY, 62)
    assert upkeep.problems() == () and upkeep.restarts == []


def test_journal_in_trouble_is_a_fault(journal: Journal) -> None:
    upkeep = HealthMonitor(journal, "room-1", 0)
    upkeep.journal_trouble = "disk I/O error"
    assert look(upkeep, ROOMY) == 1
    upkeep.journal_trouble = ""
    assert look(upkeep, ROOMY, 1) == 1


def test_screen_that_is_off_outside_opening_hours_is_no_fault(journal: Journal) -> None:
    upkeep = HealthMonitor(journal, "room-1", 0)
    closed = StationDocument(
        town="t", station="room-1", group="g", version=2, issued_ms=0, name="Room", thresholds=DOCUMENT.thresholds,
        opening=Opening(time_zone="UTC", week=WHOLE_DAY, days=(DayHours(date="2026-03-05"),)),
    )  # fmt: skip
    on, off = ({"screen.connectors": f"HDMI-A-1={state}", "screen.connected": state == "connected"}
               for state in ("connected", "disconnected"))  # fmt: skip
    assert look(upkeep, on, 0, closed) == 0
    assert look(upkeep, off, 1, closed) == 0
    assert look(upkeep, off, 2) == 1
    assert faults(journal)[0]["cause"] == "screen-unplugged"


def test_a_damaged_record_is_a_fault_for_a_week_and_outlives_a_restart(journal: Journal) -> None:
    assert look(HealthMonitor(journal, "room-1", 0), ROOMY) == 0
    journal.remember(DAMAGED, f"{int(NOW.timestamp() * 1000)} journal.db.corrupt-20260305T090000")
    assert look(HealthMonitor(journal, "room-1", 0), ROOMY, 1) == 1
    again = HealthMonitor(journal, "room-1", 0)
    assert look(again, ROOMY, 6 * 1440) == 0
    assert [problem.cause for problem in again.problems()] == ["journal-damaged"]
    assert look(again, ROOMY, 8 * 1440) == 1
    raised, cleared = (fault for fault in faults(journal) if fault["cause"] == "journal-damaged")
    assert raised["fault"] == cleared["fault"] and cleared["state"] == "cleared"
    assert "journal.db.corrupt-20260305T090000" in str(raised["text"])
    assert "镇里" in str(raised["remedy"]) and "disk is failing" in str(raised["remedy"])


@pytest.mark.parametrize("written", ["", "soon x", "-1 x", "\u0663 x", "9" * 5000, f"{10**15} x"])
def test_damage_at_an_instant_that_cannot_be_is_none(journal: Journal, written: str) -> None:
    journal.remember(DAMAGED, written)
    assert look(HealthMonitor(journal, "room-1", 0), ROOMY) == 0
