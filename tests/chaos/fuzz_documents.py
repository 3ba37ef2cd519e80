"""Sound documents of any content, made from the contract's own types: what is written must be read back the same."""

import functools
import types
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import fuzz_parser  # noqa: F401 - it says where ``signing`` is
import msgspec
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from signing import Town

from kiosk.contract import playlist as playlists
from kiosk.contract import station as stations
from kiosk.contract import trust, wire
from kiosk.contract.enrolment import Code, EnrolAnswer, EnrolRequest, Signature
from kiosk.contract.playlist import MonthPlan, Playlist, Urgent
from kiosk.contract.records import KINDS
from kiosk.contract.reports import (
    GENESIS,
    Entry,
    Heartbeat,
    HeartbeatAnswer,
    Report,
    ReportAnswer,
    Witness,
    chain,
)
from kiosk.contract.station import StationDocument
from kiosk.station.identity import Identity

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/Havana", "Pacific/Apia", "UTC", "Etc/GMT+12")
MOST = 3
"""Members of a list: what is wrong with many is wrong with few, and few are quicker."""

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
ids = st.text("aZ09_.-", min_size=1, max_size=20).map(lambda text: "a" + text[:63])
digests = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")
days = st.integers(0, 60).map(lambda n: str(date(2026, 2, 26) + timedelta(days=n)))
times = st.integers(0, 86_399).map(lambda second: str(timedelta(seconds=second)).zfill(8))

BY_PATTERN = {
    get_args(wire.Id)[1].pattern: ids,
    get_args(wire.Sha256)[1].pattern: digests,
    get_args(Signature)[1].pattern: st.text("0123456789abcdef", min_size=128, max_size=128),
    get_args(wire.FileName)[1].pattern: st.text("农a .-_%'", min_size=1, max_size=30).map(lambda text: "a" + text),
    get_args(wire.Day)[1].pattern: days,
    get_args(wire.TimeOfDay)[1].pattern: times,
    get_args(get_type_hints(MonthPlan, include_extras=True)["month"])[1].pattern: st.just("2026-03"),
}
"""The texts that have a form."""


@functools.cache
def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of type ``kind`` may hold."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated and get_origin(arguments[0]) is not None:  # a list with a longest length, far above MOST
        return values(arguments[0])
    if origin is Annotated:
        return _limited(arguments[0], arguments[1])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of([values(one) for one in arguments])
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=MOST).map(tuple)
    if origin is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=MOST)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return records(kind)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: st.integers(-(2**63), 2**63 - 1),
        str: st.text(characters, max_size=40),
        type(None): st.none(),
    }
    return plain[kind]


def _limited(base: type, limits: msgspec.Meta) -> st.SearchStrategy[Any]:
    if base is int:
        assert limits.ge is not None and limits.le is not None
        return st.integers(int(limits.ge), int(limits.le))
    if limits.pattern in BY_PATTERN:
        return BY_PATTERN[limits.pattern]
    return st.text(characters, max_size=60)


def records(kind: type[msgspec.Struct], **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any record of a kind; ``fixed`` gives the fields that follow a rule of their own. Defaults are left in often."""
    hints = get_type_hints(kind, include_extras=True)
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(kind):
        if field.name == "format":
            continue
        strategy = fixed[field.name] if field.name in fixed else values(hints[field.name])
        (required if field.required or field.name in fixed else optional)[field.name] = strategy
    return st.fixed_dictionaries(required, optional=optional).map(lambda found: kind(**found))


weeks_of_hours = values(stations.Hours).map(lambda hours: ((hours,),) * 7)
openings = records(
    stations.Opening,
    time_zone=st.sampled_from(ZONES),
    week=weeks_of_hours,
    seasons=st.lists(records(stations.Season, week=weeks_of_hours), max_size=2).map(tuple),
)


@st.composite
def sound_playlists(draw: st.DrawFn) -> Playlist:
    """Playlists that pass their check: slots one after the other, everything named is listed."""
    programmes = draw(
        st.lists(
            records(playlists.Programme, duration_ms=st.integers(1, 366 * 86_400_000)),
            min_size=1,
            max_size=MOST,
            unique_by=lambda programme: programme.id,
        ).map(tuple)
    )
    names = st.sampled_from([programme.id for programme in programmes])
    first = date.fromisoformat(draw(days))
    slots = [
        draw(
            records(
                playlists.Slot,
                date=st.just(str(first + timedelta(days=2 * n))),
                programmes=st.lists(names, min_size=1, max_size=MOST).map(tuple),
            )
        )
        for n in range(draw(st.integers(0, MOST)))
    ]
    last = str(first + timedelta(days=draw(st.integers(2 * MOST, playlists.MAX_DAYS - 1))))
    span = {"first_day": st.just(str(first)), "last_day": st.just(last)}
    found = draw(
        records(
            Playlist,
            programmes=st.just(programmes),
            slots=st.just(tuple(slots)),
            recommended=st.lists(records(playlists.Recommended, programme=names, **span), max_size=2).map(tuple),
            time_zone=st.sampled_from(ZONES),
            **span,
        )
    )
    # An hour that the clocks skip is the one thing that cannot be known beforehand.
    return msgspec.structs.replace(found, slots=()) if playlists.check(found) else found


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A sound chain over records of every kind."""
    found = draw(st.lists(st.one_of([records(kind) for kind in KINDS.values()]), max_size=MOST))
    entries: list[Entry] = []
    before = GENESIS
    for seq, record in enumerate(found, draw(st.integers(1, 2**53 - MOST))):
        data = wire.encode(record)
        before = chain(before, seq, data)
        entries.append(Entry(seq=seq, hash=before, record=msgspec.Raw(data)))
    return Report(station=draw(ids), epoch="epoch-1", previous=GENESIS, entries=tuple(entries))


@st.composite
def metadata(draw: st.DrawFn) -> bytes:
    """Targets metadata that the officer signed."""
    pins = st.builds(trust.Pinned, st.integers(0, 2**53), digests)
    paths = st.builds("{}/{}".format, st.sampled_from(["programme", "subtitle", "urgent"]), ids)
    files = draw(st.dictionaries(paths, pins, max_size=MOST))
    return Town().index(files, draw(st.integers(1, 2**53)))


codes = st.builds(Code, st.binary(min_size=9, max_size=9).map(bytes.hex), digests).map(lambda code: str(code).encode())

DOCUMENTS: dict[str, st.SearchStrategy[Any]] = {
    "playlist": sound_playlists(),
    "urgent notice": records(
        Urgent,
        programmes=st.lists(
            records(playlists.Programme, duration_ms=st.integers(1, 10**9)), min_size=1, max_size=MOST
        ).map(tuple),
        start_ms=st.integers(0, 10**13),
        end_ms=st.integers(10**13 + 1, 32_503_680_000_000),
    ),
    "station document": records(StationDocument, opening=openings),
    "report": reports(),
    "report answer": records(ReportAnswer),
    "heartbeat": records(Heartbeat),
    "heartbeat answer": records(HeartbeatAnswer),
    "enrolment request": records(EnrolRequest),
    "enrolment answer": records(EnrolAnswer),
    "identity": records(Identity),
    "witness": records(Witness),
    "metadata": metadata(),
    "enrolment code": codes,
    **{f"record {name}": records(kind) for name, kind in KINDS.items()},
}
"""Sound documents by name; :func:`made` gives their bytes."""


def made(name: str, count: int, number: int = 0) -> list[bytes]:
    """``count`` sound documents of a kind, as bytes; the same for the same ``number``."""
    found: list[bytes] = []

    @seed(number)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck]
    )
    @given(DOCUMENTS[name])
    def gather(document: Any) -> None:
        found.append(document if isinstance(document, bytes) else wire.encode(document))

    gather()
    return found[:count]
