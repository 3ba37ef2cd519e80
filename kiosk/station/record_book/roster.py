"""Who belongs to the room: the people whom the town names, and those whom administrators wrote into the roster."""

from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.contract.station import StationDocument
from kiosk.station.record_book.register import Entry


@dataclass(frozen=True)
class Member:
    """One of them; ``id`` is the town's, or that of the line in the roster."""

    id: str
    name: str


def members(document: StationDocument | None, typed: Iterable[Entry]) -> list[Member]:
    """All of them, each name once, in the order of the books."""
    found = [Member(one.id, one.name) for one in (document.people if document else ())]
    found += [Member(one.id, one.values.get("name", "")) for one in typed if one.book == "roster" and not one.withdrawn]
    return list({one.name: one for one in reversed(found)}.values())[::-1]
