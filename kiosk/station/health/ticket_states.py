"""The town's tickets of this room, sorted: those of what is wrong now, and all others that people should see. Pure."""

from collections.abc import Mapping

from kiosk.contract.reports import TicketState

CLOSED_MS = 3 * 86_400_000
"""How long people are shown that the town has closed a ticket."""


def of_faults(told: tuple[TicketState, ...], faults: Mapping[str, str]) -> dict[str, TicketState]:
    """How the repair of each open fault stands. ``faults``: by the name that people's pages use, the fault's own."""
    tickets = {ticket.fault: ticket for ticket in told}
    return {name: tickets[fault] for name, fault in faults.items() if fault in tickets}


def others(told: tuple[TicketState, ...], faults: Mapping[str, str], now_ms: int) -> tuple[TicketState, ...]:
    """The tickets of none of the open ``faults``, the newest first, each once; those closed as long as it is news."""
    here = {_ticket(one) for one in of_faults(told, faults).values()}
    found = {
        _ticket(one): one
        for one in told  # of the several faults of a ticket the last one is the newest
        if _ticket(one) not in here and (one.state != "closed" or one.changed_ms > now_ms - CLOSED_MS)
    }
    return tuple(sorted(found.values(), key=lambda one: -one.changed_ms))


def _ticket(one: TicketState) -> int | str:
    return one.ticket or one.fault
