"""Which state of a ticket follows which."""

import pytest

from kiosk.town.tickets.life_cycle import (
    BY_OFFICER,
    HOUR_MS,
    STATES,
    Limits,
    after_confirmation,
    after_fault,
    after_recovery,
    due_ms,
)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("reported", "reported"),
        ("seen", "seen"),
        ("telecom-called", "telecom-called"),
        ("repaired", "reopened"),
        ("confirmed", "reopened"),
        ("closed", "reopened"),
        ("reopened", "reopened"),
    ],
)
def test_a_fault_that_returns_opens_a_ticket_again_and_leaves_one_under_way_alone(state, expected):
    assert after_fault(state) == expected


def test_recovery_closes_a_ticket_unless_the_telecom_was_called_and_its_work_is_to_be_confirmed():
    assert {state: after_recovery(state) for state in STATES if state != "closed"} == {
        "reported": "closed",
        "seen": "closed",
        "telecom-called": "repaired",
        "repaired": "closed",
        "confirmed": "closed",
        "reopened": "closed",
    }


def test_what_the_room_confirms_is_closed_unless_its_kiosk_still_finds_the_fault():
    assert after_confirmation("repaired", still_found=False) == "closed"
    assert after_confirmation("reported", still_found=True) == "repaired"
    assert after_confirmation("closed", still_found=True) == "closed"


def test_every_state_has_a_way_on_and_each_ends_closed():
    assert set(BY_OFFICER) == set(STATES)
    assert all("closed" in BY_OFFICER[state] for state in STATES if state != "closed")


def test_each_state_is_overdue_after_its_own_limit_and_zero_is_never():
    limits = Limits(unseen_hours=1, seen_hours=0, called_hours=72)
    assert due_ms("reported", 5, limits) == 5 + HOUR_MS
    assert due_ms("reopened", 5, limits) == 5 + HOUR_MS
    assert due_ms("seen", 5, limits) is None
    assert due_ms("telecom-called", 0, limits) == 72 * HOUR_MS
    assert due_ms("closed", 0, limits) is None
    with pytest.raises(ValueError, match="unseen_hours: -1 hours"):
        Limits(unseen_hours=-1)
