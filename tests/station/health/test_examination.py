"""The examination: what every check says, by the same findings that make faults; and its words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from kiosk.common.i18n import LANGUAGES, translator
from kiosk.common.messages import Message
from kiosk.contract.station import DayHours, Equipment, Hours, Opening, StationDocument, Thresholds
from kiosk.station.health.events import Fact
from kiosk.station.health.examination import Examination, examine
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import RuleState, findings, judge
from kiosk.station.panel import doctor

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
LOCAL = NOW.astimezone(ZoneInfo("Asia/Shanghai"))
DAY = ((Hours(start="00:00:00", end="00:00:00"),),) * 7
DOCUMENT = StationDocument(
    town="t", station="room-1", group="g", version=1, issued_ms=0, name="Room",
    opening=Opening(time_zone="UTC", week=DAY), thresholds=Thresholds(disk_free_mb=1000, temperature_c=85),
    equipment=(
        Equipment(id="tv", kind="screen", name="TV", connector="HDMI-A-1"),
        Equipment(id="remote", kind="usb", name="Remote", usb="046d:c31c"),
    ),
)  # fmt: skip
GOOD: dict[str, Fact] = {
    "screen.connectors": "HDMI-A-1=connected",
    "usb.present": "046d:c31c",
    "disk.free_mb": 9000,
    "disk.writable": True,
    "temperature.max_c": 50,
}
WELL = Observation(
    facts=GOOD, child_restarts=0, poster_fails=False, inbox=0, journal_trouble="", journal_damaged_ms=0,
    link_down_since_ms=0, plan_until_ms=NOW_MS + 5 * 86_400_000, refused="", clock="trusted",
)  # fmt: skip


def seen(**facts: Fact) -> Observation:
    """The well room, but for these facts; ``_`` stands for the dot in their names."""
    changed = {name.replace("_", ".", 1): value for name, value in facts.items()}
    return msgspec.structs.replace(WELL, facts=GOOD | changed)


def state_of(examination: Examination, cause: str) -> str:
    [state] = [item.state for item in examination.items if item.cause == cause]
    return state


def after(*observations: Observation) -> tuple[RuleState, datetime]:
    """What the rules remember after each was seen for longer than the hysteresis."""
    state, now = RuleState(), NOW - timedelta(hours=1)
    for one in observations:
        for _ in range(2):
            state, _news = judge(state, one, DOCUMENT.thresholds, DOCUMENT.equipment, now, True)
            now += timedelta(minutes=2)
    return state, now


def test_every_check_is_told_right_wrong_or_not_known_with_a_number() -> None:
    well = examine(RuleState(), WELL, DOCUMENT, NOW)
    assert well.numbers("wrong") == [] and well.items[0].cause == "not-running"
    named = {"screen-unplugged", "usb-missing", "disk-low", "too-hot", "clock-untrusted", "town-silent", "week-refused"}
    assert named <= {item.cause for item in well.items if item.state == "right"}
    blind = examine(RuleState(), Observation(), DOCUMENT, NOW)
    assert blind.numbers("wrong") == [] and blind.numbers("right") == [1]
    assert [item.cause for item in blind.items] == [item.cause for item in well.items], "the numbers stay"
    hot = examine(RuleState(), seen(temperature_max_c=99), DOCUMENT, NOW)
    assert [hot.items[n - 1].cause for n in hot.numbers("wrong")] == ["too-hot"]


def test_it_says_what_the_rules_judge_and_nothing_of_its_own() -> None:
    """Each item but the first is a finding of the seam that makes the faults, in its order."""
    observation = seen(disk_free_mb=3, temperature_max_c=83, usb_present="")
    found = list(findings(observation, DOCUMENT.thresholds, DOCUMENT.equipment, NOW_MS, True, ""))
    told = examine(RuleState(), observation, DOCUMENT, NOW).items[1:]
    assert [(item.cause, item.device, item.text, item.remedy) for item in told] == [
        (one.cause, one.device, one.text, one.remedy) for one in found
    ]
    assert [item.state for item in told] == [
        {True: "wrong", False: "right", None: "unknown"}[one.wrong] for one in found
    ]


def test_a_fault_stands_where_nothing_speaks_against_it() -> None:
    """In the dead band, or where the fact cannot be had any more, an open fault is still wrong; with its own words."""
    state, now = after(seen(disk_free_mb=10))
    for free in (1050, None):
        told = examine(state, seen(disk_free_mb=free), DOCUMENT, now)
        [item] = [item for item in told.items if item.cause == "disk-low"]
        assert item.state == "wrong" and item.reported_ms == state.watches["disk-low/disk"].open.found_ms  # type: ignore[union-attr]
        assert item.text.values["free"] == "10"
    again = examine(state, WELL, DOCUMENT, now)
    assert state_of(again, "disk-low") == "right"
    assert [item.reported_ms is not None for item in again.items if item.cause == "disk-low"] == [True]


def test_a_screen_that_is_off_outside_opening_hours_is_not_wrong() -> None:
    closed = msgspec.structs.replace(
        DOCUMENT, opening=msgspec.structs.replace(DOCUMENT.opening, days=(DayHours(date="2026-03-05"),))
    )
    off = seen(screen_connectors="HDMI-A-1=disconnected")
    assert state_of(examine(RuleState(), off, DOCUMENT, NOW), "screen-unplugged") == "wrong"
    assert state_of(examine(RuleState(), off, closed, NOW), "screen-unplugged") == "unknown"


def test_a_station_that_does_not_run_is_wrong_in_the_first_place() -> None:
    told = examine(RuleState(), Observation(facts=GOOD), DOCUMENT, NOW, running=False)
    assert told.numbers("wrong") == [1] and state_of(told, "disk-low") == "right"
    assert state_of(told, "town-silent") == "unknown"


# --- in words ---


@pytest.mark.parametrize("cause", sorted({item.cause for item in examine(RuleState(), WELL, DOCUMENT, NOW).items}))
def test_every_check_has_a_name_in_both_languages(cause: str) -> None:
    assert cause in doctor.NAMES, "name what the new check looks at in panel/doctor.py"
    assert translator("zh")(doctor.NAMES[cause]) != doctor.NAMES[cause]


def says(examination: Examination, cause: str, language: Any = "en") -> str:
    n = [item.cause for item in examination.items].index(cause)
    line = doctor.of(examination, language, LOCAL).lines[n]
    assert line.number == n + 1
    return f"{line.name}: {line.state}. " + " ".join(line.says)


def test_page_that_is_read_out_names_fact_and_remedy() -> None:
    state, now = after(seen(disk_free_mb=10))
    told = examine(state, seen(disk_free_mb=12, temperature_max_c=None), DOCUMENT, now)
    page = doctor.of(told, "en", LOCAL)
    causes = [item.cause for item in told.items]
    assert page.head == f"Wrong: 1 (no. {causes.index('disk-low') + 1})"
    listed = page.unknown.partition("no. ")[2].rstrip(")").split(", ")
    assert str(causes.index("too-hot") + 1) in listed and page.unknown.startswith(f"Not known: {len(listed)} (")
    assert says(told, "disk-low") == (
        "Room on the disk: WRONG. The disk is nearly full: 12 MB are free, 1000 MB are wanted. Tell the town: what "
        "does not belong to the kiosk has to go, or a larger disk to come. It is in the record as a fault since "
        "Thursday 5/3 16:00."
    )
    assert says(told, "screen-unplugged") == "Screen TV: right. Connector HDMI-A-1."
    assert says(told, "too-hot") == "Temperature of the PC: not known. "
    assert says(told, "plan-running-out") == "The town's plan: right. Until Tuesday 10/3 17:00."
    assert says(told, "disk-low", "zh").startswith("硬盘空间: 不正常. 硬盘快满了")


def test_a_look_that_is_old_says_so() -> None:
    """A probe that hangs holds up all others: what was right then need not be right now."""
    told = examine(RuleState(), WELL, DOCUMENT, NOW)
    assert doctor.of(told, "en", LOCAL + timedelta(minutes=4)).as_of == "As of Thursday 5/3 17:00:00"
    late = doctor.of(told, "en", LOCAL + timedelta(minutes=40)).as_of
    assert late == "As of Thursday 5/3 17:00:00: 40 minutes old, and nothing newer is known"


def test_what_is_wrong_for_a_moment_is_told_as_no_fault_yet() -> None:
    hot = examine(RuleState(), seen(temperature_max_c=99), DOCUMENT, NOW)
    assert says(hot, "too-hot").endswith("It is not yet in the record as a fault: it has to last.")
    state, now = after(seen(temperature_max_c=99))
    assert says(examine(state, WELL, DOCUMENT, now), "too-hot").endswith("closed once this stays right.")
    stopped = examine(RuleState(), seen(temperature_max_c=99), DOCUMENT, NOW, running=False)
    assert "not yet" not in says(stopped, "too-hot"), "nobody makes a fault of it while the kiosk does not run"


def test_a_check_that_has_no_name_yet_is_shown_all_the_same() -> None:
    new = msgspec.structs.replace(
        examine(RuleState(), WELL, DOCUMENT, NOW).items[0], cause="brand-new", facts={"volts": "11"},
        text=Message("x"),
    )  # fmt: skip
    told = doctor.of(Examination(at_ms=NOW_MS, items=(new,)), "zh", LOCAL)
    assert (told.lines[0].name, told.lines[0].says) == ("brand-new", ("volts: 11。",))


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_the_first_look_nothing_is_claimed(language: Any) -> None:
    told = doctor.of(None, language, LOCAL)
    assert told.lines == () and told.head == translator(language)("The first look at the equipment is under way.")
