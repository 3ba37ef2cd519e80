"""The stations of a town: added, enrolled with a code, recognised by a token, told their document, retired."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Row, insert, or_, select, update

from kiosk.common.strict import nearest
from kiosk.contract import trust
from kiosk.contract.enrolment import SECRET_BYTES, Code, EnrolAnswer, EnrolRequest, signed_bytes
from kiosk.contract.station import SpotCheck, StationDocument, check
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.database.store import audit, locked_station, now_ms, update_station
from kiosk.town.publishing.rooms import document_held
from kiosk.town.publishing.source import SourceError, StationSource, read_source
from kiosk.town.stations.register import RETIRED, note, note_changes, registered
from kiosk.town.stations.schema import spot_check
from kiosk.town.tickets import room, tickets
from kiosk.town.town import Town, TownError, check_id

DAY_MS = 86_400_000
VOID = 0
"""``expires_ms`` of an enrolment code that a newer one has replaced."""


class NotEnrolled(Exception):
    """A secret that the town does not take, or no longer."""


class WrongCode(NotEnrolled):
    """A secret that the town never gave."""


class Unknown(Exception):
    """A token that the town never gave, or has replaced."""


class Retired(Exception):
    """The token of a station that was retired."""


class Taken(TownError):
    """A station that was to be new is known already."""


@dataclass(frozen=True)
class Caller:
    """A station that has shown its token."""

    station: str
    group: str
    public_key: str
    """Ed25519, in hexadecimal; empty where none is known."""


def add_station(
    town: Town,
    station: str,
    group: str,
    name: str,
    document: Path | None,
    *,
    days: int = 14,
    new: bool = False,
    by: str,
) -> Code:
    """Make a station known, or a known one anew (a new PC), and give the code that enrols it within ``days``.

    It voids every other code of the station.
    ``document`` is the officer's part of the station document as JSON; ``new``: there must be no such station yet.
    Raises :class:`TownError` (:class:`Taken` where there is one) or :class:`source.SourceError`.
    """
    for what, text in (("station", station), ("group", group)):
        check_id(what, text)
    settings = _settings(document) if document else None
    secret = secrets.token_bytes(SECRET_BYTES)
    now = now_ms()
    with town.store.write() as connection:
        held = locked_station(connection, station)
        if held is None:
            row = {
                "id": station,
                "group_id": group,
                "name": name or station,
                "settings": encode(settings or StationSource()).decode(),
                "document_version": 1,
                "document_ms": now,
                "enrolment": 1,
                "chain": 0,
                "added_ms": now,
            }
            connection.execute(insert(schema.station).values(row))
        else:
            if new:
                raise Taken(f"there is a station {station} already; choose another name")
            if held.retired_ms is not None:
                raise TownError(f"station {station} is retired; add the room under another name")
            changed = {
                "group_id": group,
                "name": name or held.name,
                "settings": encode(settings).decode() if settings else held.settings,
            }
            if any(getattr(held, column) != value for column, value in changed.items()):
                changed |= {"document_version": next_document(connection, held), "document_ms": now}
                update_station(connection, station, **changed)
                note_changes(connection, registered(held), registered(locked_station(connection, station)), by)
        table = schema.enrolment
        connection.execute(update(table).where(table.c.station == station).values(expires_ms=VOID))
        code = {"secret_sha256": _hash(secret.hex()), "made_ms": now, "expires_ms": now + days * DAY_MS}
        connection.execute(insert(table).values(station=station, **code))
        audit(connection, by, "add-station", station, f"group {group}")
    return Code(secret.hex(), trust.digest(town.public.root_path(1).read_bytes()))


def enrol(town: Town, request: EnrolRequest) -> EnrolAnswer:
    """Enrol a station. The same secret with the same key is the same station asking again after a lost answer.

    Its new token replaces the old one when it is first used: an answer that is lost takes nothing away. Another key
    than before is a new PC: its record is a chain of its own. Raises :class:`NotEnrolled`; :class:`WrongCode` before
    anything is computed or written: who guesses takes no station's turn.
    """
    enrolments = schema.enrolment
    place = enrolments.c.secret_sha256 == _hash(request.secret)
    with town.store.read() as connection:
        if connection.execute(select(enrolments.c.station).where(place)).first() is None:
            raise WrongCode("the town does not know this enrolment code; check it, or ask the town for a new one")
    try:
        trust.check_signed(request.public_key, request.signature, signed_bytes(request), "the enrolment request")
    except trust.Refused as error:
        raise NotEnrolled(f"{error}; enrol with the kiosk of this version") from None
    now = now_ms()
    token = secrets.token_urlsafe(32)
    with town.store.write() as connection:
        found = connection.execute(select(enrolments).where(place).with_for_update()).one()
        if found.used_ms is not None and found.public_key != request.public_key:
            raise NotEnrolled("this enrolment code was used by another computer; ask the town for a new one")
        if found.expires_ms == VOID:
            raise NotEnrolled("this enrolment code was replaced by a newer one of the same station; use that one")
        if found.expires_ms < now:
            raise NotEnrolled("this enrolment code has expired; ask the town for a new one")
        station = locked_station(connection, found.station)
        if station.retired_ms is not None:
            raise NotEnrolled(f"station {station.id} is retired; ask the town for a code of another station")
        connection.execute(update(enrolments).where(place).values(used_ms=now, public_key=request.public_key))
        same = station.public_key == request.public_key
        if station.public_key not in (None, request.public_key):
            tickets.pc_replaced(connection, station.id, now)
        update_station(
            connection,
            station.id,
            token_sha256=station.token_sha256 if same else _hash(token),
            pending_sha256=_hash(token) if same else None,
            public_key=request.public_key,
            host=request.host,
            enrolled_ms=now,
            enrolment=station.enrolment + (station.public_key not in (None, request.public_key)),
        )
        audit(connection, f"station {station.id}", "enrol", station.id, request.host)
    return EnrolAnswer(
        town=town.id,
        station=station.id,
        group=station.group_id,
        name=station.name,
        token=token,
        root_version=town.public.root_version(),
    )


def recognise(town: Town, token: str) -> Caller:
    """Whose token this is. Raises :class:`Unknown` or :class:`Retired`."""
    hashed = _hash(token)
    table = schema.station
    with town.store.read() as connection:
        either = or_(table.c.token_sha256 == hashed, table.c.pending_sha256 == hashed)
        found = connection.execute(select(table).where(either)).one_or_none()
    if found is None:
        raise Unknown("the town does not know this token; enrol the station again")
    if found.retired_ms is not None:
        raise Retired(f"station {found.id} was retired and its token revoked; ask the town for a new code")
    if found.pending_sha256 == hashed:  # the answer has arrived: the token before it is not needed any more
        with town.store.write() as connection:
            used = update(table).where(table.c.pending_sha256 == hashed)
            connection.execute(used.values(token_sha256=hashed, pending_sha256=None))
    return Caller(found.id, found.group_id, found.public_key or "")


def document(town: Town, station: str) -> StationDocument:
    """What the town tells one station. The same version gives the same bytes."""
    with town.store.read() as connection:
        row = connection.execute(select(schema.station).where(schema.station.c.id == station)).one()
        asked = newest_check(connection, station)
        states, work_ms = room.ticket_states(connection, station), room.work_until(connection, station)
    settings = msgspec.json.decode(row.settings, type=StationSource)
    return StationDocument(
        **msgspec.structs.asdict(settings) | {"town_name": settings.town_name or town.name},
        spot_check=asked,
        town=town.id,
        station=row.id,
        group=row.group_id,
        version=row.document_version,
        issued_ms=row.document_ms,
        name=row.name,
        tickets=states,
        maintenance_until_ms=work_ms,
    )


def document_version(town: Town, station: str) -> int:
    """The newest version of a station's document."""
    table = schema.station
    with town.store.read() as connection:
        found = connection.execute(select(table.c.document_version).where(table.c.id == station))
        return int(found.scalar_one())


def set_document(town: Town, station: str, path: Path, *, by: str) -> int:
    """Replace the officer's part of a station's document; gives the new version. Raises :class:`TownError`."""
    settings = encode(_settings(path)).decode()
    with town.store.write() as connection:
        before = known_station(connection, station)
        version = next_document(connection, before)
        update_station(connection, station, settings=settings, document_version=version, document_ms=now_ms())
        note_changes(connection, registered(before), registered(locked_station(connection, station)), by)
        audit(connection, by, "station-document", station, f"version {version}")
    return int(version)


def allow_pin_reset(town: Town, station: str, *, by: str) -> None:
    """Let somebody in the room set one forgotten PIN anew, once, with the code that its screen shows then.

    Raises :class:`TownError` where the station is not known, or retired.
    """
    with town.store.write() as connection:
        before = known_station(connection, station)
        if before.retired_ms is not None:
            raise TownError(f"station {station} is retired, and its pages take no town's word any more")
        settings = msgspec.json.decode(before.settings, type=StationSource)
        changed = encode(replace(settings, pin_reset=secrets.token_hex(8))).decode()
        version = next_document(connection, before)
        update_station(connection, station, settings=changed, document_version=version, document_ms=now_ms())
        audit(connection, by, "pin-reset", station)


def retire(town: Town, station: str, *, by: str) -> None:
    """Revoke a station's token for good; its record stays. Raises :class:`TownError`."""
    with town.store.write() as connection:
        if known_station(connection, station).retired_ms is not None:
            return
        update_station(connection, station, retired_ms=now_ms())
        tickets.room_retired(connection, station, by, now_ms())
        note(connection, station, by, RETIRED, {"retired": False}, {"retired": True})
        audit(connection, by, "retire-station", station)


def silent_minutes(town: Town) -> int:
    """After how many minutes of its opening hours the town calls a room silent."""
    with town.store.read() as connection:
        return int(connection.execute(select(schema.town.c.silent_minutes)).scalar_one())


def set_silent_minutes(town: Town, minutes: int, seen: int, *, by: str) -> bool:
    """Set after how many minutes of its opening hours a room is silent; False where it is not ``seen`` any more."""
    with town.store.write() as connection:
        before = connection.execute(select(schema.town.c.silent_minutes)).scalar_one()
        if before not in (seen, minutes):
            return False
        connection.execute(update(schema.town).values(silent_minutes=minutes))
        audit(connection, by, "silent-minutes", town.id, f"{before} -> {minutes}")
    return True


def groups(town: Town) -> list[str]:
    """The groups that stations are in."""
    with town.store.read() as connection:
        table = schema.station
        return list(connection.execute(select(table.c.group_id).distinct().order_by(table.c.group_id)).scalars())


def known_station(connection: Connection, station: str) -> Row[*tuple[Any, ...]]:
    """The station's row, as :func:`locked_station`. Raises :class:`TownError` where there is none."""
    require_station(connection, station)
    row: Row[*tuple[Any, ...]] = locked_station(connection, station)
    return row


def require_station(connection: Connection, station: str) -> None:
    """Raises :class:`TownError`, with the nearest name, where the town has no such station."""
    names = connection.execute(select(schema.station.c.id).order_by(schema.station.c.id)).scalars().all()
    if station not in names:
        raise TownError(f"station {station} is not known; {nearest(station, names)}")


def _settings(path: Path) -> StationSource:
    """The officer's part of a station document, checked as a station will. Raises :class:`source.SourceError`."""
    settings = read_source(path, StationSource)
    draft = StationDocument(
        **msgspec.structs.asdict(settings),
        town="town",
        station="station",
        group="group",
        version=1,
        issued_ms=0,
        name="",
    )
    if problems := check(draft):
        raise SourceError(path, problems)
    return settings


def newest_check(connection: Connection, station: str) -> SpotCheck | None:
    """The spot check that the town has asked for last."""
    table = spot_check
    newest = select(table.c.id, table.c.asked_ms).where(table.c.station == station).order_by(table.c.asked_ms.desc())
    row = connection.execute(newest.limit(1)).first()
    return SpotCheck(id=row.id, asked_ms=row.asked_ms) if row else None


def next_document(connection: Connection, station: Row[*tuple[Any, ...]]) -> int:
    """The next version of a station's document: above the one that it holds, should the database be an old copy."""
    version = int(station.document_version)
    return max(version, document_held(connection, station.id, version)) + 1


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
