"""One cause is one fault; what comes and goes is one fault with a count; what somebody knows of is not told again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from kiosk.contract.station import Equipment, Thresholds
from kiosk.station.health.faults import as_fault, sentence
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import Cleared, Raised, RuleState, judge, know, next_due_ms, problems

START = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
TV = Equipment(id="tv", kind="screen", name="电视", connector="HDMI-A-1")
ON, OFF = ({"screen.connectors": f"HDMI-A-1={status}"} for status in ("connected", "disconnected"))
NAME = "screen-unplugged/tv"


class Room:
    """Looks at observations every ten seconds; what is remembered goes over a restart each time."""

    def __init__(self) -> None:
        self.state, self.seconds = RuleState(), 0

    def sees(self, seconds: int = 10, again: frozenset[str] = frozenset(), **observed: Any) -> list[Raised | Cleared]:
        told: list[Raised | Cleared] = []
        for _ in range(0, seconds, 10):
            now = START + timedelta(seconds=self.seconds)
            self.state, news = judge(self.state, Observation(**observed), Thresholds(), (TV,), now, True, again)
            self.state = msgspec.json.decode(msgspec.json.encode(self.state), type=RuleState)
            told += news
            self.seconds += 10
        return told


def names(told: list[Raised | Cleared]) -> list[str]:
    return [("+" if isinstance(one, Raised) else "-") + one.problem.cause for one in told]


def test_dead_screen_is_not_also_dead_sound_and_sound_that_stays_dead_is_told_afterwards() -> None:
    room = Room()
    assert names(room.sees(300, facts=OFF, sound="none")) == ["+screen-unplugged"]
    told = room.sees(300, facts=ON, sound="none")
    assert names(told) == ["-screen-unplugged", "+no-sound"]


def test_full_disk_is_not_also_plays_that_cannot_be_recorded() -> None:
    told = Room().sees(300, facts={"disk.free_mb": 0}, journal_trouble="disk is full", lacking=5, lacking_title="t")
    assert names(told) == ["+disk-low"]


def test_flapping_screen_is_one_fault_with_a_count_and_one_recovery() -> None:
    room, told = Room(), list[Raised | Cleared]()
    for turn in range(200):
        told += room.sees(20, facts=OFF if turn % 2 == 0 else ON)
    assert names(told) == ["+screen-unplugged"]
    [problem] = problems(room.state)
    assert problem.flapping and problem.changes > 100
    assert f"changes so far: {problem.changes}" in sentence(problem, "en") and "时好时坏" in sentence(problem, "zh")
    told = room.sees(900, facts=ON)
    assert names(told) == ["-screen-unplugged"]
    assert as_fault(told[0], record_id="r", station="s").facts["changes"] == str(problem.changes)
    assert room.sees(3600, facts=ON) == [] and room.state.watches[NAME].looks.changes == 0


def test_flapping_ends_in_its_time_though_the_clock_was_set_back_by_a_month() -> None:
    room = Room()
    for turn in range(60):
        room.sees(20, facts=OFF if turn % 2 == 0 else ON)
    room.seconds -= 30 * 86_400
    assert names(room.sees(7_200, facts=ON)) == ["-screen-unplugged"]


def test_few_changes_while_a_television_is_switched_on_are_no_flapping() -> None:
    room = Room()
    for _ in range(2):
        assert room.sees(10, facts=OFF) + room.sees(10, facts=ON) == []
    assert room.sees(600, facts=ON) == [] and not room.state.watches[NAME].looks.flapping


def test_steady_room_has_nothing_new_to_remember() -> None:
    room = Room()
    room.sees(900, facts=ON)
    before = room.state
    room.sees(900, facts=ON)
    assert room.state == before, "or the journal would be written at each look"


def test_when_to_look_next_is_when_something_has_lasted_long_enough() -> None:
    room = Room()
    room.sees(10, facts=ON)
    assert next_due_ms(room.state) is None
    room.sees(10, facts=OFF)
    assert next_due_ms(room.state) == START_MS + 10_000 + 60_000


def test_check_again_clears_at_once_what_is_right_and_nothing_else() -> None:
    room = Room()
    room.sees(120, facts=OFF)
    assert room.sees(10, frozenset({NAME}), facts=OFF) == []
    assert room.sees(10, facts=ON) == [], "the hysteresis"
    assert names(room.sees(10, frozenset({NAME}), facts=ON)) == ["-screen-unplugged"]
    for turn in range(40):
        room.sees(20, facts=OFF if turn % 2 == 0 else ON)
    assert problems(room.state)[0].flapping
    assert names(room.sees(10, frozenset({NAME}), facts=ON)) == ["-screen-unplugged"], "flapping too"


def test_known_problem_that_comes_back_is_shown_and_not_told_until_its_time_is_over() -> None:
    room = Room()
    room.sees(120, facts=OFF)
    room.state = know(room.state, NAME, START_MS + 3_600_000)
    assert names(room.sees(120, facts=ON)) == ["-screen-unplugged"], "its recovery is"
    assert room.sees(120, facts=OFF) == [] and [problem.quiet for problem in problems(room.state)] == [True]
    assert room.sees(120, facts=ON) == [] and problems(room.state) == ()
    assert room.sees(1000, facts=OFF) == []
    told = room.sees(3000, facts=OFF)
    assert names(told) == ["+screen-unplugged"] and room.state.known == {}
