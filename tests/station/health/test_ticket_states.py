"""Which of the town's tickets stand beside a fault, and which for themselves."""

from kiosk.contract.reports import TicketState
from kiosk.station.health.ticket_states import CLOSED_MS, of_faults, others

NOW = 10 * CLOSED_MS


def ticket(fault: str, number: int, state: str = "seen", changed_ms: int = NOW) -> TicketState:
    return TicketState(fault=fault, ticket=number, state=state, changed_ms=changed_ms)  # type: ignore[arg-type]


def test_a_ticket_of_several_faults_is_shown_once_and_beside_the_open_one() -> None:
    told = (ticket("old", 1), ticket("new", 1), ticket("a", 2), ticket("b", 2, changed_ms=NOW + 1))
    assert of_faults(told, {"screen/HDMI": "new"}) == {"screen/HDMI": told[1]}
    assert others(told, {"screen/HDMI": "new"}, NOW) == (told[3],)


def test_a_closed_ticket_is_shown_for_three_days_and_the_newest_is_first() -> None:
    told = (
        ticket("a", 1, "closed", NOW - CLOSED_MS),
        ticket("b", 2, "closed", NOW - CLOSED_MS + 1),
        ticket("c", 3, "repaired", 1),
        ticket("d", 4, "seen", NOW),
    )
    assert [one.ticket for one in others(told, {}, NOW)] == [4, 2, 3]


def test_a_town_that_numbers_no_tickets_is_understood() -> None:
    told = (ticket("a", 0), ticket("b", 0))
    assert others(told, {"x": "a"}, NOW) == (told[1],)
