"""What people press about sessions, programmes on demand, practice and presence, on its way to the inbox."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SessionPressed:
    """Somebody holds a session: short programmes until ``meeting_ms`` (UTC; None: there is no meeting to wait for),
    then ``programmes`` by id, and quiet until ``end_ms``. ``kind`` is a key of ``contract.occasions.KINDS``."""

    by: str
    kind: str
    meeting_ms: int | None
    end_ms: int | None
    """None: it lasts as long as the town wants of a session, unless it is ended before."""
    title: str = ""
    place: str = ""
    programmes: tuple[str, ...] = ()
    press: str = ""


@dataclass(frozen=True)
class SessionOver:
    """The session of that id is over. ``other_source_ms``: for how long another source was shown, where that is told.

    For one that is over already, what is told is a correction of its record.
    """

    by: str
    session: str
    other_source_ms: int | None = None
    press: str = ""


@dataclass(frozen=True)
class DemandPressed:
    """Somebody wants these programmes, by id, in time that the plan leaves free. ``members`` are persons by id who were
    away and are there now."""

    by: str
    occasion: str
    programmes: tuple[str, ...]
    members: tuple[str, ...] = ()
    press: str = ""


@dataclass(frozen=True)
class DemandOver:
    """Somebody wants no more of what is shown on demand; ``demand`` is the id of that which they have seen, if told."""

    by: str
    press: str = ""
    demand: str = ""


@dataclass(frozen=True)
class PracticePressed:
    """Somebody begins to practise, or has done."""

    by: str
    on: bool
    press: str = ""


@dataclass(frozen=True)
class PresenceNoticed:
    """Somebody is in the room: a press (``panel``, ``keypad``, ``remote``), or a motion sensor (:data:`SENSOR`)."""

    by: str
    press: str = ""


SENSOR = "sensor"
FromSessions = SessionPressed | SessionOver | DemandPressed | DemandOver | PracticePressed | PresenceNoticed
