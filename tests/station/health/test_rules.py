"""The rules: when a problem is raised, when it is cleared, and when nothing may be said."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from kiosk.common.i18n import translator
from kiosk.contract.station import Equipment, Thresholds
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import Cleared, Problem, Raised, RuleState, judge, problems

START = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
MINUTE = 60_000
AT_ONCE = Thresholds(hysteresis_ms=0)
TV = Equipment(id="tv", kind="screen", name="电视", connector="HDMI-A-1")
KEYPAD = Equipment(id="keypad", kind="usb", name="小键盘", usb="046D:C31C")
ON, OFF = ({"screen.connectors": f"DP-1=disconnected,HDMI-A-1={status}"} for status in ("connected", "disconnected"))


class Watcher:
    """Feeds observations to the rules, one after the other, and keeps what they tell."""

    def __init__(self, thresholds: Thresholds = AT_ONCE, equipment: tuple[Equipment, ...] = ()) -> None:
        self.thresholds = thresholds
        self.equipment = equipment
        self.state = RuleState()
        self.open_hours = True

    def sees(self, minute: float = 0, **observed: Any) -> list[tuple[str, str]]:
        """What is told at ``minute`` after the start: (Raised | Cleared, cause)."""
        return [(type(news).__name__, news.problem.cause) for news in self.hears(minute, **observed)]

    def hears(self, minute: float = 0, **observed: Any) -> list[Raised | Cleared]:
        now = START + timedelta(minutes=minute)
        self.state, told = judge(
            self.state, Observation(**observed), self.thresholds, self.equipment, now, self.open_hours
        )
        return told


def test_a_screen_that_goes_dark_is_raised_once_and_cleared_once() -> None:
    room = Watcher(equipment=(TV,))
    told = [room.sees(minute, facts=facts) for minute, facts in enumerate([ON, OFF, OFF, OFF, ON, ON])]
    assert told == [[], [("Raised", "screen-unplugged")], [], [], [("Cleared", "screen-unplugged")], []]


def test_a_flicker_shorter_than_the_hysteresis_is_no_fault_and_no_recovery() -> None:
    room = Watcher(Thresholds(), (TV,))
    assert [room.sees(minute, facts=OFF) for minute in (0, 0.5, 0.9)] == [[], [], []]
    assert room.sees(0.95, facts=ON) == []
    assert [room.sees(minute, facts=OFF) for minute in (1, 1.9)] == [[], []]
    assert room.sees(2, facts=OFF) == [("Raised", "screen-unplugged")]
    assert [room.sees(minute, facts=ON) for minute in (3, 3.9)] == [[], []]
    assert room.sees(3.95, facts=OFF) == []
    assert [room.sees(minute, facts=ON) for minute in (4, 4.9)] == [[], []]
    assert room.sees(5, facts=ON) == [("Cleared", "screen-unplugged")]


def test_found_and_cleared_say_when_it_began_and_not_when_it_was_believed() -> None:
    room = Watcher(Thresholds(), (TV,))
    room.hears(0, facts=OFF)
    raised = room.hears(1.5, facts=OFF)[0]
    room.hears(10, facts=ON)
    cleared = room.hears(12, facts=ON)[0]
    assert isinstance(raised, Raised)
    assert raised.problem.found_ms == START_MS
    assert isinstance(cleared, Cleared)
    assert cleared.cleared_ms == START_MS + 10 * MINUTE
    assert cleared.problem == raised.problem


def test_a_clock_set_back_does_not_keep_a_fault_waiting() -> None:
    room = Watcher(Thresholds(), (TV,))
    room.sees(600, facts=OFF)
    assert room.sees(0, facts=OFF) == []
    assert room.sees(1, facts=OFF) == [("Raised", "screen-unplugged")]


def test_a_connector_once_connected_is_watched_without_a_register() -> None:
    room = Watcher()
    assert room.sees(facts=OFF) == [], "a room that never had a screen lacks none"
    assert room.sees(facts=ON) == []
    told = room.hears(facts=OFF)
    assert [news.problem.device for news in told] == ["screen"]
    assert told[0].problem.facts == {"connector": "HDMI-A-1"}


def test_a_cable_moved_to_another_connector_is_no_fault_unless_the_register_names_the_first() -> None:
    moved = {"screen.connectors": "DP-1=connected,HDMI-A-1=disconnected"}
    assert [Watcher().sees(facts=facts) for facts in (ON, moved)] == [[], []]
    room = Watcher(equipment=(TV,))
    assert [room.sees(facts=facts) for facts in (ON, moved)] == [[], [("Raised", "screen-unplugged")]]


def test_a_machine_without_connectors_has_no_fault_and_loses_none() -> None:
    room = Watcher(equipment=(TV,))
    nothing: dict[str, None] = {"screen.connectors": None, "screen.connected": None}
    assert room.sees(facts=nothing) == []
    assert room.sees(facts=OFF) == [("Raised", "screen-unplugged")]
    assert room.sees(facts=nothing) == [], "unknown does not clear"
    assert room.sees(facts=ON) == [("Cleared", "screen-unplugged")]


def test_unknown_in_between_starts_the_wait_again() -> None:
    room = Watcher(Thresholds(), (TV,))
    assert [room.sees(0, facts=OFF), room.sees(0.5, facts={}), room.sees(1.2, facts=OFF)] == [[], [], []]
    assert room.sees(2.2, facts=OFF) == [("Raised", "screen-unplugged")]


def test_off_outside_opening_hours_is_no_fault_and_on_clears_one() -> None:
    room = Watcher(equipment=(TV, KEYPAD))
    room.open_hours = False
    assert room.sees(facts=OFF | {"usb.present": ""}) == []
    room.open_hours = True
    assert room.sees(facts=OFF) == [("Raised", "screen-unplugged")]
    room.open_hours = False
    assert room.sees(facts=OFF) == []
    assert room.sees(facts=ON) == [("Cleared", "screen-unplugged")]


def test_two_devices_of_one_cause_are_two_faults() -> None:
    second = Equipment(id="camera", kind="usb", name="摄像头", usb="0bda:5801")
    room = Watcher(equipment=(KEYPAD, second))
    told = room.hears(facts={"usb.present": "1d6b:0002"})
    assert {news.problem.device for news in told} == {"keypad", "camera"}
    assert room.sees(facts={"usb.present": "046d:c31c,1d6b:0002"}) == [("Cleared", "usb-missing")]
    assert [problem.device for problem in problems(room.state)] == ["camera"]


def test_usb_unknown_neither_raises_nor_clears() -> None:
    room = Watcher(equipment=(KEYPAD,))
    assert room.sees(facts={"usb.present": None}) == []
    assert room.sees(facts={"usb.present": ""}) == [("Raised", "usb-missing")]
    assert room.sees(facts={"usb.present": None}) == []


def test_a_device_struck_off_the_register_clears_its_fault() -> None:
    room = Watcher(equipment=(KEYPAD,))
    room.sees(facts={"usb.present": ""})
    room.equipment = ()
    assert room.sees(facts={"usb.present": ""}) == [("Cleared", "usb-missing")]
    assert room.sees(facts={"usb.present": ""}) == []


def test_a_disk_at_its_threshold_does_not_flap() -> None:
    room = Watcher(Thresholds(hysteresis_ms=0, disk_free_mb=1000))
    told = [room.sees(facts={"disk.free_mb": free}) for free in (1000, 999, 1000, 1099, 999, 1100, 1050)]
    assert told == [[], [("Raised", "disk-low")], [], [], [], [("Cleared", "disk-low")], []]


def test_a_disk_that_takes_no_writing_is_one_fault_even_if_the_journal_says_so_too() -> None:
    room = Watcher()
    refused = {"disk.writable": False}
    assert room.sees(facts=refused, journal_trouble="disk I/O error") == [("Raised", "disk-not-writable")]
    assert room.sees(facts={"disk.writable": True}, journal_trouble="") == [("Cleared", "disk-not-writable")]
    assert room.sees(facts={"disk.writable": True}, journal_trouble="database is locked") == [
        ("Raised", "journal-trouble")
    ]


def test_child_restarts_are_raised_at_once_above_the_threshold_and_cleared_at_half() -> None:
    room = Watcher(Thresholds(child_restarts_per_hour=6))
    told = [room.sees(child_restarts=count) for count in (0, 6, 7, 6, 4, 3, 6)]
    assert told == [[], [], [("Raised", "child-restarts")], [], [], [("Cleared", "child-restarts")], []]


@pytest.mark.parametrize(
    ("cause", "wrong", "right"),
    [
        ("too-hot", {"facts": {"temperature.max_c": 86}}, {"facts": {"temperature.max_c": 80}}),
        ("clock-untrusted", {"clock": "untrusted"}, {"clock": "holdover"}),
        ("clock-untrusted", {"clock": "untrusted", "ntp_overruled": True}, {"clock": "trusted"}),
        ("clock-disputed", {"clock": "trusted", "ntp_overruled": True}, {"clock": "trusted", "ntp_overruled": False}),
        ("poster-fails", {"poster_fails": True}, {"poster_fails": False}),
        ("menu-fails", {"card_fails": True}, {"card_fails": False}),
        ("plan-running-out", {"plan_until_ms": START_MS + 86_400_000}, {"plan_until_ms": START_MS + 3 * 86_400_000}),
        ("plan-running-out", {"plan_until_ms": 0}, {"plan_until_ms": START_MS + 3 * 86_400_000}),
        ("town-silent", {"link_down_since_ms": START_MS - 86_400_000}, {"link_down_since_ms": 0}),
        ("freeze", {"behind_ms": 86_400_000}, {"behind_ms": 0}),
        ("week-refused", {"refused": "not signed"}, {"refused": ""}),
        ("inbox-long", {"inbox": 1001}, {"inbox": 0}),
    ],
)
def test_each_rule_raises_and_clears(cause: str, wrong: dict[str, Any], right: dict[str, Any]) -> None:
    room = Watcher()
    assert room.sees(**right) == []
    assert room.sees(**wrong) == [("Raised", cause)]
    assert room.sees() == [], "unknown does not clear"
    assert room.sees(**right) == [("Cleared", cause)]


def test_a_short_silence_of_the_town_is_no_fault() -> None:
    assert Watcher().sees(link_down_since_ms=START_MS - 86_000_000) == []


def test_a_clock_that_is_not_trusted_says_nothing_about_plan_and_line() -> None:
    told = Watcher().sees(clock="untrusted", plan_until_ms=1, link_down_since_ms=1)
    assert told == [("Raised", "clock-untrusted")]


def test_c7_clock_that_ntp_took_away_is_told_with_its_own_remedy() -> None:
    room = Watcher()
    assert room.sees(clock="untrusted", clock_doubtful=True) == [("Raised", "clock-untrusted")]
    [problem] = problems(room.state)
    assert "another time" in problem.text.text and "set the clock on the page" in problem.remedy.text


def test_a_programme_that_does_not_fit_the_disk_is_a_fault_until_it_does() -> None:
    room = Watcher()
    told = room.hears(0, lacking=1_500_000_001, lacking_title="水稻")
    assert [news.problem.cause for news in told] == ["programmes-do-not-fit"]
    problem = told[0].problem
    assert "水稻 does not fit" in problem.text.render(str) and "1501 MB" in problem.text.render(str)
    assert "Ask the town for fewer programmes" in problem.remedy.render(str)
    assert problem.text.render(translator("zh")) == "硬盘放不下《水稻》，届时无法播放；还缺 1501 MB。"
    assert room.sees(1, lacking=5, lacking_title="水稻") == room.sees(2) == []
    assert room.sees(3, lacking=0) == [("Cleared", "programmes-do-not-fit")]


def test_nothing_known_is_no_fault() -> None:
    assert Watcher(equipment=(TV, KEYPAD)).sees() == []


def test_after_a_restart_no_second_fault_is_raised_and_the_recovery_is_the_same_fault() -> None:
    room = Watcher(Thresholds(), (TV,))
    room.sees(0, facts=ON)
    room.sees(1, facts=OFF)
    raised = room.hears(2, facts=OFF)[0]
    room.state = msgspec.json.decode(msgspec.json.encode(room.state), type=RuleState)
    assert room.sees(3, facts=OFF) == []
    room.sees(4, facts=ON)
    room.state = msgspec.json.decode(msgspec.json.encode(room.state), type=RuleState)
    cleared = room.hears(5, facts=ON)[0]
    assert isinstance(cleared, Cleared)
    assert cleared.problem.key("room-1") == raised.problem.key("room-1")


def test_keys_differ_by_station_device_and_time() -> None:
    problem: Problem = Watcher(equipment=(TV,)).hears(facts=OFF)[0].problem
    later = msgspec.structs.replace(problem, found_ms=problem.found_ms + 1)
    other = msgspec.structs.replace(problem, device="projector")
    assert len({problem.key("room-1"), problem.key("room-2"), later.key("room-1"), other.key("room-1")}) == 4


def test_screen_that_does_not_obey_is_a_fault_by_day_and_one_that_has_no_mains_at_night_is_none() -> None:
    room = Watcher()

    def looks(minute: float, wanted: str, read: str | None, tries: int) -> list[tuple[str, str]]:
        return room.sees(minute, facts={"screen.wanted": wanted, "screen.cec": read, "screen.tries": tries})

    assert looks(0, "on", "standby", 4) == []
    room.open_hours = False
    assert looks(1, "on", "standby", 9) == looks(1.5, "rest", None, 9) == []
    room.open_hours = True
    assert looks(2, "on", "standby", 10) == [("Raised", "screen-does-not-wake")]
    assert looks(2.5, "on", "standby", 1) == [], "it is told once more"
    assert looks(3, "on", "on", 0) == [("Cleared", "screen-does-not-wake")]
    room.open_hours = False
    assert looks(5, "rest", "on", 9) == [("Raised", "screen-does-not-rest")]
    assert looks(6, "rest", "standby", 0) == [("Cleared", "screen-does-not-rest")]
    room.open_hours = True
    assert looks(7, "on", None, 9) == [("Raised", "screen-does-not-answer")]
    assert looks(8, "on", "on", 0) == [("Cleared", "screen-does-not-answer")]
    unplugged = {"screen.connected": False, "screen.wanted": "on", "screen.tries": 9}
    assert room.sees(8.5, facts=unplugged) == [], "an unplugged screen is one fault"
    assert room.sees(9, facts={"screen.wanted": "on", "screen.tries": 0}) == [], "black needs no answer"


def test_pc_that_runs_on_at_night_is_a_fault_until_a_night_that_it_slept() -> None:
    room = Watcher()
    told = [room.sees(minute, pc_stays_on=found) for minute, found in enumerate([None, True, None, False, False])]
    assert told == [[], [("Raised", "pc-stays-on")], [], [("Cleared", "pc-stays-on")], []]
