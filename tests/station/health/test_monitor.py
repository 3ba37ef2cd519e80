"""The health monitor: what the rules find goes into the record once, and a restart does not find it again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.contract.instants import to_ms
from kiosk.contract.station import DayHours, Equipment, Hours, Opening, StationDocument, Thresholds
from kiosk.station.health.monitor import MEMORY, HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.journal import Journal, damage

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

    def recall(self, key: str, kind: type[Any]) -> Any:
        return msgspec.json.decode(self._memory, type=kind) if key == MEMORY else None


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
    monitor: HealthMonitor, facts: dict[str, object], minutes: float = 0, document: StationDocument = DOCUMENT
) -> int:
    monitor.use_facts(facts)  # type: ignore[arg-type]
    return monitor.judge(Observation(clock="trusted"), document, NOW + timedelta(minutes=minutes), 60 * minutes)


def test_fault_is_written_down_once_and_its_end_once(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 0)
    assert [look(monitor, facts, n) for n, facts in enumerate((ROOMY, FULL, FULL, ROOMY, ROOMY))] == [0, 1, 0, 1, 0]
    raised, cleared = faults(journal)
    assert raised["fault"] == cleared["fault"] and raised["id"] != cleared["id"]
    assert raised["cleared_ms"] is None and cleared["cleared_ms"] == (NOW + timedelta(minutes=3)).timestamp() * 1000
    assert monitor.problems() == ()


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
    ],
)
def test_memory_that_cannot_be_read_or_recorded_is_found_again(journal: Journal, memory: str) -> None:
    assert HealthMonitor(Remembering(remembered()), "room-1", 0).problems() != ()  # type: ignore[arg-type]
    journal.remember(MEMORY, msgspec.Raw(memory.encode()))
    monitor = HealthMonitor(journal, "room-1", 0)
    assert monitor.problems() == () and look(monitor, FULL) == 1


def test_hysteresis_of_the_settings_goes_before_the_towns(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 90)
    assert [look(monitor, FULL, minutes) for minutes in (0, 1, 2)] == [0, 0, 1]


def test_players_replaced_within_the_hour_are_a_fault(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 0)
    allowed = DOCUMENT.thresholds.child_restarts_per_hour
    for second in range(allowed):
        monitor.child_replaced(float(second))
    assert look(monitor, ROOMY, 1) == 0
    monitor.child_replaced(61.0)
    assert look(monitor, ROOMY, 2) == 1
    assert [problem.cause for problem in monitor.problems()] == ["child-restarts"]
    look(monitor, ROOMY, 62)
    assert monitor.problems() == ()


def test_journal_in_trouble_is_a_fault(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 0)
    monitor.journal_in_trouble("disk I/O error")
    assert look(monitor, ROOMY) == 1
    monitor.journal_in_trouble("")
    assert look(monitor, ROOMY, 1) == 1


def test_screen_that_is_off_outside_opening_hours_is_no_fault(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 0)
    closed = StationDocument(
        town="t", station="room-1", group="g", version=2, issued_ms=0, name="Room", thresholds=DOCUMENT.thresholds,
        opening=Opening(time_zone="UTC", week=WHOLE_DAY, days=(DayHours(date="2026-03-05"),)),
    )  # fmt: skip
    on, off = ({"screen.connectors": f"HDMI-A-1={state}", "screen.connected": state == "connected"}
               for state in ("connected", "disconnected"))  # fmt: skip
    assert look(monitor, on, 0, closed) == 0
    assert look(monitor, off, 1, closed) == 0
    assert look(monitor, off, 2) == 1
    assert faults(journal)[0]["cause"] == "screen-unplugged"


def test_a_damaged_record_is_a_fault_for_a_week_and_outlives_a_restart(journal: Journal) -> None:
    assert look(HealthMonitor(journal, "room-1", 0), ROOMY) == 0
    journal.remember(damage.MEMORY, damage.Damage(int(NOW.timestamp() * 1000), "journal.db.corrupt-20260305T090000"))
    assert look(HealthMonitor(journal, "room-1", 0), ROOMY, 1) == 1
    again = HealthMonitor(journal, "room-1", 0)
    assert look(again, ROOMY, 6 * 1440) == 0
    assert [problem.cause for problem in again.problems()] == ["journal-damaged"]
    assert look(again, ROOMY, 8 * 1440) == 1
    raised, cleared = (fault for fault in faults(journal) if fault["cause"] == "journal-damaged")
    assert raised["fault"] == cleared["fault"] and cleared["state"] == "cleared"
    assert "journal.db.corrupt-20260305T090000" in str(raised["text"])
    assert "镇里" in str(raised["remedy"]) and "disk is failing" in str(raised["remedy"])


@pytest.mark.parametrize("at_ms", ["soon", "-1", '"1"', "9" * 5000, str(10**15)])
def test_damage_at_an_instant_that_cannot_be_is_none(journal: Journal, at_ms: str) -> None:
    journal.remember(damage.MEMORY, msgspec.Raw(f'{{"at_ms": {at_ms}, "aside": "x"}}'.encode()))
    assert look(HealthMonitor(journal, "room-1", 0), ROOMY) == 0


def quiet(monitor: HealthMonitor, facts: dict[str, object]) -> int:
    """A look while somebody works on the devices."""
    monitor.use_facts(facts)  # type: ignore[arg-type]
    return monitor.judge(Observation(clock="trusted"), DOCUMENT, NOW, 0, quiet=True)


def test_work_on_the_devices_is_no_fault_and_no_repair_until_it_is_over(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 60)
    assert [look(monitor, ROOMY, 0), look(monitor, FULL, 1)] == [0, 0]
    for _ in range(5):
        assert quiet(monitor, FULL) == 0
    assert look(monitor, FULL, 90) == 0, "the time of the work does not count"
    assert look(monitor, FULL, 91) == 1
    assert quiet(monitor, ROOMY) == 0
    assert monitor.examination is not None, "the doctor looks at it all the same"
    assert [problem.cause for problem in monitor.problems()] == ["disk-low"], "what was open stays so"
    assert [look(monitor, ROOMY, 200), look(monitor, ROOMY, 201)] == [0, 1]
    assert len(faults(journal)) == 2


def test_check_again_counts_only_from_a_reading_that_began_after_it(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 60)
    for minute in range(3):
        look(monitor, FULL, minute)
    assert not monitor.check_again("too-hot/pc", 180.0) and monitor.check_again("disk-low/disk", 190.0)
    seen, now = Observation(clock="trusted"), NOW + timedelta(seconds=191)
    monitor.use_facts(ROOMY, 189.0)
    assert monitor.judge(seen, DOCUMENT, now, 191.0) == 0, "it was under way when somebody pressed"
    monitor.use_facts(ROOMY, 191.0)
    assert monitor.judge(seen, DOCUMENT, now, 191.5) == 1 and monitor.problems() == ()


def test_known_until_survives_a_restart_and_a_new_start_of_the_fault(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 0)
    look(monitor, FULL, 0)
    until_ms = int(NOW.timestamp() * 1000) + 3_600_000
    assert monitor.known_until("disk-low/disk", until_ms) and not monitor.known_until("too-hot/pc", until_ms)
    assert look(monitor, ROOMY, 1) == 1
    again = HealthMonitor(journal, "room-1", 0)
    assert again.known == {"disk-low/disk": until_ms}
    assert look(again, FULL, 2) == 0 and [problem.quiet for problem in again.problems()] == [True]
    assert look(again, FULL, 61) == 1, "its time is over"


def test_fault_carries_what_was_tried(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 0, lambda problem: f"tried for {problem}")
    look(monitor, FULL)
    assert faults(journal)[0]["tried"] == "tried for disk-low/disk"


def test_clock_that_is_put_right_by_a_month_makes_no_silence_of_a_month(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 0)
    monitor.town_silent(1000.0)
    well = Observation(clock="trusted", plan_until_ms=to_ms(NOW + timedelta(days=99)))
    for monotonic, now, found in (
        (1060.0, NOW, []),
        (1120.0, NOW + timedelta(days=30), []),
        (1000.0 + 86_500, NOW + timedelta(days=31), ["town-silent"]),
        (1000.0 + 86_600, NOW, ["town-silent"]),
    ):
        monitor.judge(well, DOCUMENT, now, monotonic)
        assert [problem.cause for problem in monitor.problems()] == found
    assert monitor.problems()[0].facts == {"since_ms": str(to_ms(NOW + timedelta(days=31)) - 86_500_000)}


def test_room_that_never_had_a_line_lacks_none(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 0)
    assert [look(monitor, {"line.carrier": there}, n) for n, there in enumerate((False, True, False))] == [0, 0, 1]


def test_screen_that_is_lent_to_another_source_is_no_fault(journal: Journal) -> None:
    monitor = HealthMonitor(journal, "room-1", 0)
    screen = Equipment(id="tv", kind="screen", name="TV", connector="HDMI-A-1")
    document = msgspec.structs.replace(DOCUMENT, equipment=(screen,))

    def found(minute: int, *, lent: bool) -> int:
        monitor.use_facts({"screen.connectors": "HDMI-A-1=disconnected"})
        seen = Observation(clock="trusted", lent=lent)
        return monitor.judge(seen, document, NOW + timedelta(minutes=minute), 60.0 * minute)

    assert [found(0, lent=True), found(1, lent=True), found(2, lent=False)] == [0, 0, 1]
    assert faults(journal)[0]["cause"] == "screen-unplugged"
