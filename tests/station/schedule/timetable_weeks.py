"""Random weeks and situations for the tests of the timetable."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
from hypothesis import strategies as st
from timetable_oracle import TICK, midnight

from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot, Urgent, check
from kiosk.contract.station import DayHours, Hours, Opening, Season
from kiosk.station.schedule.situation import Demand, Owed, Presence, Session, Situation, Stop

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
    return Week(
        draw(playlists(zone, first_day, programmes)),
        Situation(
            opening=draw(openings(first_day)),
            clock_trusted=draw(chance(90)) if trusted is None else trusted,
            stop=draw(stops(begin)) if draw(chance(25)) else None,
            session=draw(sessions(begin, programmes)) if draw(chance(50)) else None,
            demand=draw(demands(begin, programmes)) if draw(chance(30)) else None,
            filler=draw(st.sampled_from(["never", "when-present", "when-present", "opening-hours", "opening-hours"])),
            presence=Presence(*draw(lasting(begin))) if draw(chance(80)) else None,
            urgents=tuple(draw(st.lists(urgents(begin, programmes), max_size=3, unique_by=lambda urgent: urgent.id))),
            owed=draw(owings(begin)) if draw(chance(95)) else None,
            unavailable=draw(st.frozensets(st.sampled_from("abcde"), max_size=2)) if draw(chance(40)) else frozenset(),
        ),
        begin,
    )


def chance(percent: int) -> st.SearchStrategy[bool]:
    return st.integers(0, 99).map(lambda drawn: drawn < percent)


times = st.integers(0, 143).map(lambda tick: str(timedelta(minutes=10 * tick)).zfill(8))
night_or_any = (
    st.sampled_from(["00:00:00", "00:30:00", "01:00:00", "02:00:00", "02:30:00", "03:00:00"]) | times | times | times
)


@st.composite
def playlists(draw: st.DrawFn, zone: str, first_day: str, programmes: tuple[Programme, ...]) -> Playlist:
    last_day = str(date.fromisoformat(first_day) + timedelta(days=1))
    recommended = draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True))
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
    for slot in draw(st.lists(slots([first_day, last_day]), min_size=2, max_size=9)):
        longer = msgspec.structs.replace(playlist, slots=(*playlist.slots, slot))
        playlist = playlist if check(longer) else longer
    return playlist


@st.composite
def slots(draw: st.DrawFn, days: list[str]) -> Slot:
    """Most last up to four hours; one of five to any time of the day, so up to a whole day."""
    start = draw(night_or_any)
    later = datetime.fromisoformat(f"{days[0]}T{start}") + draw(st.integers(1, 24)) * TICK
    return Slot(
        date=draw(st.sampled_from(days)),
        start=start,
        end=draw(night_or_any) if draw(chance(20)) else later.time().isoformat(),
        programmes=tuple(draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=4))),
        mode="loop" if draw(chance(40)) else "once",
        priority=draw(st.integers(0, 2)),
        occasion=draw(st.sampled_from(["", "party-day"])),
        volume=draw(st.sampled_from([None, 40])),
        ending="finish" if draw(chance(40)) else "cut",
    )


@st.composite
def openings(draw: st.DrawFn, first_day: str) -> Opening:
    """Hours in a zone of their own; one day of two may follow a season or its own rule."""
    hours = st.lists(st.builds(Hours, start=night_or_any, end=night_or_any), min_size=1, max_size=3).map(tuple)
    some = hours | st.just(())
    second = str(date.fromisoformat(first_day) + timedelta(days=1))
    season = st.builds(
        Season,
        first_day=st.just(second),
        last_day=st.sampled_from([second, "2027-01-31"]),
        week=st.tuples(*[some] * 7),
    )
    return Opening(
        time_zone=draw(st.sampled_from(sorted(FIRST_DAYS))),
        week=(draw(hours),) * 7 if draw(chance(60)) else ((Hours(start="00:00:00", end="00:00:00"),),) * 7,
        seasons=(draw(season),) if draw(chance(20)) else (),
        days=(DayHours(date=draw(st.sampled_from([first_day, second])), hours=draw(some)),) if draw(chance(20)) else (),
    )


def ticks(begin: datetime, first: int = 0) -> st.SearchStrategy[datetime]:
    return st.integers(first, TICKS).map(lambda tick: begin + tick * TICK)


def lasting(begin: datetime) -> st.SearchStrategy[tuple[datetime, datetime]]:
    return st.tuples(ticks(begin), st.integers(1, 24)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1] * TICK))


@st.composite
def stops(draw: st.DrawFn, begin: datetime) -> Stop:
    """Pressed on the first day; one of four has no end."""
    since = begin + draw(st.integers(0, 100)) * TICK
    return Stop(since, None if draw(chance(25)) else since + draw(st.integers(1, 36)) * TICK)


@st.composite
def sessions(draw: st.DrawFn, begin: datetime, programmes: tuple[Programme, ...]) -> Session:
    start, end = draw(lasting(begin))
    chosen, main = (draw(st.lists(st.sampled_from(programmes), max_size=3).map(tuple)) for _ in range(2))
    if draw(chance(50)):
        return Session("s1", "party-day", start, end, chosen)
    inside = (end - start) // TICK
    first, meeting = sorted(start + draw(st.integers(0, inside)) * TICK for _ in range(2))
    return Session("s1", "party-day", start, end, chosen, first, meeting, main)


@st.composite
def demands(draw: st.DrawFn, begin: datetime, programmes: tuple[Programme, ...]) -> Demand:
    chosen = draw(st.lists(st.sampled_from(programmes), min_size=1, max_size=3).map(tuple))
    return Demand("d1", "点播", begin + draw(st.integers(0, TICKS)) * TICK, chosen)


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
    plays = tuple((name, draw(st.integers(0, 12))) for name in draw(st.permutations("abcde")))
    at = begin + draw(st.integers(-60, 160)) * TICK
    return Owed(at, plays, draw(st.sampled_from("abcde")) if draw(chance(30)) else None)
