"""The life of a ticket: which state follows which, and when somebody should have acted by now. Pure.

    reported -> seen -> telecom-called -> repaired -> confirmed -> closed;  reopened where the fault comes back

A room's kiosk that measures a device as working again has confirmed the repair itself, unless the telecom was called:
then a person in the room says that the work is done.
"""

from typing import get_args

import msgspec

from kiosk.contract.reports import RepairState

STATES: tuple[RepairState, ...] = get_args(RepairState)
HOUR_MS = 3_600_000
BY_OFFICER: dict[RepairState, tuple[RepairState, ...]] = {
    "reported": ("seen", "telecom-called", "repaired", "closed"),
    "reopened": ("seen", "telecom-called", "repaired", "closed"),
    "seen": ("telecom-called", "repaired", "closed"),
    "telecom-called": ("telecom-called", "repaired", "closed"),
    "repaired": ("confirmed", "telecom-called", "closed"),
    "confirmed": ("closed",),
    "closed": ("reopened",),
}
"""What an officer may make of a ticket. ``telecom-called`` once more is another call, with another work order."""


class Limits(msgspec.Struct, frozen=True):
    """How long a ticket may stay in a state before it is overdue, in hours; 0: never."""

    unseen_hours: int = 24
    seen_hours: int = 48
    called_hours: int = 72
    repaired_hours: int = 0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not 0 <= getattr(self, name) <= 8760:
                raise ValueError(f"{name}: {getattr(self, name)} hours; use 0 to 8760")


def after_fault(state: RepairState) -> RepairState:
    """The room's kiosk has found the fault (again)."""
    return "reopened" if state in ("repaired", "confirmed", "closed") else state


def after_recovery(state: RepairState) -> RepairState:
    """The room's kiosk finds no more of what the ticket is about."""
    return "repaired" if state == "telecom-called" else "closed"


def after_confirmation(state: RepairState, *, still_found: bool) -> RepairState:
    """A person in the room says that it is repaired; ``still_found``: the room's kiosk says that it is not."""
    if state == "closed":
        return "closed"
    return "repaired" if still_found else "closed"


def due_ms(state: RepairState, changed_ms: int, limits: Limits) -> int | None:
    """When a ticket that is in ``state`` since ``changed_ms`` becomes overdue (UTC milliseconds); None: never."""
    hours = {
        "reported": limits.unseen_hours,
        "reopened": limits.unseen_hours,
        "seen": limits.seen_hours,
        "telecom-called": limits.called_hours,
        "repaired": limits.repaired_hours,
    }.get(state, 0)
    return changed_ms + hours * HOUR_MS if hours else None
