"""Random weeks and situations for the tests of the timetable."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import msgspec
from hypothesis import strategies as st
from timetable_oracle import TICK, midnight

from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot, Urgent, check
from kiosk.contract.station import DayHours, Hours, Opening, Season
from kiosk.station.timetable import Owed, Session, Situation, Stop

FIRST_DAYS = {
    "Europe/Berlin": ("2026-03-28", "2026-10-24"),
    "America/Havana": ("2026-03-07", "2026-10-31"),
    "Asia/Shanghai": ("2026-03-05",),
}
"""Days before the clocks change: at 02:00 and 03:00 in Berlin, at 00:00 and 01:00 in Havana."""
HOURS = 66
"""How long the weeks are looked at, from six hours before the first day: it and the next, and the night after."""
TICKS = int(timedelta(hours=HOURS) / TICK)


@dataclass(frozen=True)
class Week:
    playlist: Playlist
    situation: Situation
    begin: datetime

    def moment(self, tick: float) -> datetime:
        return self.begin + tick * TICK


def programme(name: str, duration: timedelta) -> Programme:
    length = duration // timedelta(milliseconds=1)
    return Programme(id=name, title=name, file=f"{name}.mp4", duration_ms=length, size=1, sha256="0" * 64)


@st.composite
def weeks(draw: st.DrawFn, *, on_grid: bool = True, trusted: bool | None = None) -> Week:
    """A playlist of two days and a situation. ``on_grid``: all instants and lengths are multiples of ``TICK``."""
    zone = draw(st.sampled_from(sorted(FIRST_DAYS)))
    first_day = draw(st.sampled_from(FIRST_DAYS[zone]))
    begin = midnight(first_day, zone) - timedelta(hours=6)
    lengths = [TICK * draw(st.integers(1, 7)) for _ in range(5)]
    if not on_grid:
        lengths = [length + timedelta(milliseconds=draw(st.integers(-300_000, 300_000))) for length in lengths]
    programmes = tuple(programme(name, length) for name, length in zip("abcde", lengths, strict=True))
    names = st.sampled_from("abcde")
    return Week(
        draw(playlists(zone, first_day, programmes)),
        Situation(
            opening=draw(openings(first_day)),
            clock_trusted=draw(st.sampled_from([True, True, True, True, False])) if trusted is None else trusted,
            stop=draw(st.none() | stops(begin)),
            session=draw(st.none() | sessions(begin, programmes)),
            urgents=tuple(draw(st.lists(urgents(begin, programmes), max_size=3, unique_by=lambda urgent: urgent.id))),
            owed=draw(st.none() | owings(begin)),
            unavailable=draw(st.frozensets(names, max_size=2)),
        ),
        begin,
    )


times = st.integers(0, 143).map(lambda tick: str(timedelta(minutes=10 * tick)).zfill(8))
night_or_any = st.sampled_from(["00:00:00", "00:30:00", "01:00:00", "02:00:00", "02:30:00", "03:00:00"]) | times


@st.composite
def playlists(draw: st.DrawFn, zone: str, first_day: str, programmes: tuple[Programme, ...]) -> Playlist:
    last_day = str(date.fromisoformat(first_day) + timedelta(days=1))
    slots = st.builds(
        Slot,
        date=st.sampled_from([first_day, last_day]),
        start=night_or_any,
        end=night_or_any,
        programmes=st.lists(st.sampled_from("abcde"), min_size=1, max_size=4).map(tuple),
        mode=st.sampled_from(["once", "loop"]),
        priority=st.integers(0, 2),
        occasion=st.sampled_from(["", "party-day"]),
        volume=st.sampled_from([None, 40]),
    )
    recommended = draw(st.lists(st.sampled_from("abcde"), max_size=4, unique=True))
    playlist = Playlist(
        town="t",
        group="g",
        version=1,
        time_zone=zone,
        issued_ms=0,
        first_day=first_day,
        last_day=last_day,
        programmes=programmes,
        recommended=tuple(
            Recommended(programme=name, plays=3, first_day=first_day, last_day=last_day) for name in recommended
        ),
    )
    for slot in draw(st.lists(slots, max_size=7)):
        longer = msgspec.structs.replace(playlist, slots=(*playlist.slots, slot))
        playlist = playlist if check(longer) else longer
    return playlist


@st.composite
def openings(draw: st.DrawFn, first_day: str) -> Opening:
    """Hours in a zone of their own; one day of two may follow a season or its own rule."""
    hours = st.lists(st.builds(Hours, start=night_or_any, end=night_or_any), max_size=2).map(tuple)
    second = str(date.fromisoformat(first_day) + timedelta(days=1))
    season = st.builds(
        Season,
        first_day=st.just(second),
        last_day=st.sampled_from([second, "2027-01-31"]),
        week=st.tuples(*[hours] * 7),
    )
    return Opening(
        time_zone=draw(st.sampled_from(sorted(FIRST_DAYS))),
        week=(draw(hours | st.just((Hours(start="00:00:00", end="00:00:00"),))),) * 7,
        seasons=tuple(draw(st.lists(season, max_size=1))),
        days=tuple(
            draw(st.lists(st.builds(DayHours, date=st.sampled_from([first_day, second]), hours=hours), max_size=1))
        ),
    )


def ticks(begin: datetime, first: int = 0) -> st.SearchStrategy[datetime]:
    return st.integers(first, TICKS).map(lambda tick: begin + tick * TICK)


def lasting(begin: datetime) -> st.SearchStrategy[tuple[datetime, datetime]]:
    return st.tuples(ticks(begin), st.integers(1, 60)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1] * TICK))


def stops(begin: datetime) -> st.SearchStrategy[Stop]:
    return lasting(begin).map(lambda drawn: Stop(*drawn)) | ticks(begin).map(lambda since: Stop(since, None))


@st.composite
def sessions(draw: st.DrawFn, begin: datetime, programmes: tuple[Programme, ...]) -> Session:
    start, end = draw(lasting(begin))
    chosen = draw(st.lists(st.sampled_from(programmes), max_size=3).map(tuple))
    return Session("s1", "party-day", start, end, chosen)


@st.composite
def urgents(draw: st.DrawFn, begin: datetime, programmes: tuple[Programme, ...]) -> Urgent:
    start, end = draw(lasting(begin))
    return Urgent(
        id=draw(st.sampled_from(["u1", "u2", "u3"])),
        town="t",
        title="flood",
        start_ms=int(start.timestamp() * 1000),
        end_ms=int(end.timestamp() * 1000),
        mode=draw(st.sampled_from(["once", "loop"])),
        programmes=draw(st.lists(st.sampled_from(programmes), min_size=1, max_size=3).map(tuple)),
        volume=draw(st.sampled_from([None, 90])),
    )


@st.composite
def owings(draw: st.DrawFn, begin: datetime) -> Owed:
    plays = draw(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 5)))
    at = draw(st.integers(-60, 200).map(lambda tick: begin + tick * TICK))
    return Owed(at, tuple(plays.items()), draw(st.none() | st.sampled_from("abcde")))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
