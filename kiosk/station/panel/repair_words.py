"""How the town's tickets of this room stand, in words, and whether somebody here may say that it is repaired."""

from dataclasses import dataclass

from kiosk.common.i18n import Language, line_in, translator
from kiosk.common.messages import mark
from kiosk.contract.reports import TicketState
from kiosk.station.panel.snapshot import Snapshot

TICKET_STATES = {
    "reported": mark("The town has the report."),
    "seen": mark("The town has seen the report."),
    "telecom-called": mark("The town has called the telecom."),
    "repaired": mark("It is said to be repaired: look whether that is so."),
    "confirmed": mark("The repair is confirmed."),
    "closed": mark("The town has closed the report."),
    "reopened": mark("The town has opened the report again."),
}


@dataclass(frozen=True)
class RepairWords:
    """A ticket of the town's: what it is about, how it stands, and what can be said of it."""

    fault: str
    """As the form names it; empty where there is nothing to say any more."""
    text: str
    standing: str
    said: str
    """That somebody has said it is repaired, and what happens then; empty where nobody has."""


def others(snapshot: Snapshot, language: Language) -> tuple[RepairWords, ...]:
    """The tickets of no open problem in ``language``: those that the town has opened itself, those repaired of late."""
    found = (of_ticket(snapshot, ticket, language) for ticket in snapshot.other_tickets)
    return tuple(one for one in found if one is not None)


def of_ticket(snapshot: Snapshot, ticket: TicketState | None, language: Language) -> RepairWords | None:
    """A ticket in ``language``; None for none."""
    if ticket is None:
        return None
    _, said = translator(language), ticket.fault in snapshot.repairs_said
    what = line_in(ticket.text, language) or ticket.device or _("Something that the town has noted")
    return RepairWords(
        fault="" if said or ticket.state == "closed" else ticket.fault,
        text=what,
        standing=standing(ticket, language),
        said=_("You have said that it is repaired; the town is being told.") if said else "",
    )


def standing(ticket: TicketState, language: Language) -> str:
    """How far the repair is, with work order, contact and the town's note."""
    _ = translator(language)
    said = [_(TICKET_STATES[ticket.state])]
    if ticket.work_order:
        said.append(_("Work order {number}.").format(number=ticket.work_order))
    if ticket.contact:
        said.append(_("Contact: {contact}.").format(contact=ticket.contact))
    if ticket.note:
        said.append(_("The town writes: {note}").format(note=ticket.note))
    return (" " if language == "en" else "").join(said)
