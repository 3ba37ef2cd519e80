"""Faults as the town gets them."""

from datetime import UTC, datetime

import msgspec

from kiosk.common.messages import Message
from kiosk.contract import wire
from kiosk.contract.records import Fault
from kiosk.contract.station import Equipment, Thresholds
from kiosk.station.health.faults import as_fault, sentence
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import Cleared, Problem, Raised, RuleState, judge

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
KEYPAD = Equipment(id="keypad", kind="usb", name="小键盘", usb="046d:c31c")


def raised(**observed: object) -> Problem:
    _, told = judge(
        RuleState(),
        Observation(**observed),
        Thresholds(hysteresis_ms=0),
        (KEYPAD,),
        NOW,
        True,  # type: ignore[arg-type]
    )
    assert len(told) == 1
    return told[0].problem


def test_raising_and_clearing_are_two_records_of_one_fault() -> None:
    problem = raised(facts={"usb.present": ""})
    first = as_fault(Raised(problem), record_id="r1", station="room-1")
    second = as_fault(Cleared(problem, problem.found_ms + 5000), record_id="r2", station="room-1")
    assert (first.state, first.cleared_ms) == ("reported", None)
    assert (second.state, second.cleared_ms) == ("cleared", first.found_ms + 5000)
    assert first.fault == second.fault
    assert first.id != second.id


def test_a_fault_says_it_in_both_languages_and_fits_the_contract() -> None:
    fault = as_fault(Raised(raised(facts={"usb.present": ""})), record_id="r1", station="room-1")
    assert fault.text.splitlines() == ["在 USB 上找不到设备“小键盘”。", "The device 小键盘 is not found on the USB."]
    assert len(fault.remedy.splitlines()) == 2
    assert wire.decode(wire.encode(fault), Fault, "fault") == fault


def test_a_fact_longer_than_the_contract_takes_is_cut() -> None:
    fault = as_fault(Raised(raised(refused="x" * 5000)), record_id="r1", station="room-1")
    assert wire.decode(wire.encode(fault), Fault, "fault") == fault


def test_braces_in_a_value_are_text() -> None:
    problem = msgspec.structs.replace(raised(refused="week {0} {x.__class__}"), remedy=Message("Now."))
    assert "{0} {x.__class__}" in sentence(problem, "en")
