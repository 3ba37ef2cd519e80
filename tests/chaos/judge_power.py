"""Holds the town's rows against what a sampler saw on the screen while the station was killed again and again. Pure.

A **showing** is one programme on the screen in one life of the daemon; it must have one row. Rows that nobody could
have seen may be there if they claim no time. Instants of sightings are CLOCK_MONOTONIC in seconds, those of rows UTC
milliseconds.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kiosk.demo.sampler import Sighting

SLACK_MS = 100
"""By so much a time may be off."""
POINT_MS = 5_000
"""By so much more the end may be early, after a kill: one check-point."""
TURN_MS = 10_000
"""Longer than any programme, and far less than the plan takes to come to the same programme again."""
CLOSING_S = 0.05
"""A row is on the disk so long after its end at most: a row that a kill cut short sooner ends at its check-point."""
BACK = 25
"""By so many frames, a second of the slowest programme, a picture goes back where a programme begins anew: what is
recommended comes twice in a row where its first play was not whole."""
BIRTH_S = 0.5
"""No daemon shows anything so soon after its start: what is seen is the last of the one before it, on its way out."""
GENESIS = "0" * 64


@dataclass(frozen=True)
class Life:
    """One life of the daemon."""

    begin: float
    """Before its process was started."""
    end: float
    """When it was killed, or told to end."""


@dataclass(frozen=True)
class Showing:
    """A programme on the screen in one life."""

    programme: str
    life: int
    first: float
    not_before: float
    """When the sampler had last looked before ``first``, if it was held up; else ``first``."""
    changed: float
    """When its picture changed last."""
    left: float
    """When something else was seen in its place."""
    killed: bool
    """It was on the screen when its life ended."""
    hardly_over: bool
    """Its life ended so soon after it that nobody can have written down its end."""


@dataclass(frozen=True)
class Row:
    """A play as the town has it."""

    id: str
    programme: str
    planned_ms: int
    start_ms: int
    end_ms: int
    played_ms: int
    continues: str | None = None
    outcome: str = ""

    @property
    def claims(self) -> bool:
        """Whether it says that there was something to be seen."""
        return self.end_ms > self.start_ms or self.played_ms > 0


@dataclass(frozen=True)
class Entry:
    """An entry of the chain."""

    seq: int
    hash: str
    record: bytes
    state: str = "accepted"


@dataclass
class Verdict:
    """The figures, and a sentence for each miss."""

    plays_shown: int = 0
    lost: int = 0
    doubled: int = 0
    wrong_times: int = 0
    invented: int = 0
    chain_breaks: int = 0
    misses: list[str] = field(default_factory=list)

    def miss(self, what: str, sentence: str) -> None:
        """Count one."""
        setattr(self, what, getattr(self, what) + 1)
        self.misses.append(f"{what}: {sentence}")

    def figures(self) -> dict[str, int]:
        """What goes into the JSON line."""
        return {name: value for name, value in vars(self).items() if name != "misses"}


def showings(sightings: Sequence[Sighting], lives: Sequence[Life], names: dict[int, str]) -> list[Showing]:
    """Put sightings together. ``names`` gives the programme of each bar code; any other code is none.

    A programme that was away for a moment, as when its player was replaced, is the same showing, unless another one was
    seen meanwhile, or it began anew.
    """
    begins = [life.begin + BIRTH_S for life in lives]
    groups: list[tuple[int, list[int]]] = []
    for place, seen in enumerate(sightings):
        life = max(0, bisect_right(begins, seen.monotonic) - 1)
        if seen.programme not in names:
            continue
        newest = groups[-1] if groups else None
        if newest is None or newest[0] != life or not _goes_on(sightings[newest[1][-1]], seen):
            newest = life, []
            groups.append(newest)
        newest[1].append(place)
    found = [_showing(sightings, places, lives[life], life, names) for life, places in groups]
    return sorted(found, key=lambda one: one.first)


def _goes_on(last: Sighting, seen: Sighting) -> bool:
    """Whether it is still the same showing."""
    away_s = seen.monotonic - last.monotonic
    return seen.programme == last.programme and seen.frame > last.frame - BACK and away_s * 1000 <= TURN_MS


def _showing(
    sightings: Sequence[Sighting], places: list[int], life: Life, number: int, names: dict[int, str]
) -> Showing:
    first, last = sightings[places[0]], sightings[places[-1]]
    changed = next(sightings[place] for place in places if sightings[place].frame == last.frame)
    after = sightings[places[-1] + 1] if places[-1] + 1 < len(sightings) else last
    return Showing(
        programme=names[first.programme],
        life=number,
        first=first.monotonic,
        not_before=_last_look(sightings, places[0]),
        changed=changed.monotonic,
        left=after.monotonic,
        killed=after.monotonic >= life.end,
        hardly_over=after.monotonic >= life.end - CLOSING_S,
    )


def _last_look(sightings: Sequence[Sighting], place: int) -> float:
    """A sampler that was held up says what it had seen once more, with the instant at which it last looked."""
    if place < 2:
        return sightings[place].monotonic
    same, last = sightings[place - 2], sightings[place - 1]
    held_up = (same.programme, same.frame) == (last.programme, last.frame)
    return last.monotonic if held_up else sightings[place].monotonic


def judge(seen: Sequence[Showing], rows: Sequence[Row], wall_ms: Callable[[float], float]) -> Verdict:
    """Every showing against every row. ``wall_ms`` gives the wall clock at a monotonic instant."""
    verdict = Verdict(plays_shown=len(seen))
    pairs = _pairs(seen, rows, wall_ms)
    for showing in seen:
        row = pairs.get(showing)
        if row is None:
            verdict.miss("lost", _told(showing, wall_ms))
        elif wrong := list(_wrong(showing, row, wall_ms)):
            verdict.miss("wrong_times", f"{'; '.join(wrong)}: {_told(showing, wall_ms)}, {row}")
    taken = {row.id for row in pairs.values()}
    for row in rows:
        if row.claims and row.id not in taken:
            twice = any(_overlap(row, other) > 0 and other.programme == row.programme for other in pairs.values())
            verdict.miss("doubled" if twice else "invented", str(row))
    for one, other in _at_once([row for row in rows if row.claims and row.id in taken]):
        verdict.miss("doubled", f"both claim the screen: {one}, {other}")
    _judge_links(verdict, seen, pairs, {row.id: row for row in rows}, wall_ms)
    return verdict


def _pairs(seen: Sequence[Showing], rows: Sequence[Row], wall_ms: Callable[[float], float]) -> dict[Showing, Row]:
    """Each showing with its row: first those whose start fits, then, of the same turn, whatever is nearest."""
    pairs: dict[Showing, Row] = {}
    free = {row.id: row for row in rows}
    for exact in (True, False):
        for showing in seen:
            if showing in pairs:
                continue
            begun = wall_ms(showing.first)
            fit = [
                row
                for row in free.values()
                if _of_turn(showing, row, begun)
                and row.start_ms <= wall_ms(showing.left) + SLACK_MS
                and (not exact or not _start_off(showing, row, wall_ms))
            ]
            if fit:
                best = min(fit, key=lambda row: (not row.claims if exact else False, abs(row.start_ms - begun)))
                pairs[showing] = free.pop(best.id)
    return pairs


def _of_turn(showing: Showing, row: Row, begun: float) -> bool:
    return row.programme == showing.programme and abs(row.planned_ms - begun) < TURN_MS


def _start_off(showing: Showing, row: Row, wall_ms: Callable[[float], float]) -> bool:
    return not wall_ms(showing.not_before) - SLACK_MS <= row.start_ms <= wall_ms(showing.first) + SLACK_MS


def _wrong(showing: Showing, row: Row, wall_ms: Callable[[float], float]) -> Iterator[str]:
    """What is wrong with a row's times."""
    if _start_off(showing, row, wall_ms):
        yield f"it began {row.start_ms - wall_ms(showing.first):.0f} ms after it was seen"
    early = wall_ms(showing.changed) - row.end_ms
    cut_short = showing.killed or (showing.hardly_over and row.outcome == "interrupted")
    if early > SLACK_MS + (POINT_MS if cut_short else 0):
        yield f"it ended {early:.0f} ms before its picture stood still"
    if (late := row.end_ms - wall_ms(showing.left)) > SLACK_MS:
        yield f"it ended {late:.0f} ms after it was gone"
    if (more := row.played_ms - wall_ms(showing.left) + wall_ms(showing.not_before)) > SLACK_MS:
        yield f"it claims {more:.0f} ms more than were seen"


def _overlap(one: Row, other: Row) -> int:
    return min(one.end_ms, other.end_ms) - max(one.start_ms, other.start_ms)


def _at_once(rows: list[Row]) -> Iterator[tuple[Row, Row]]:
    ordered = sorted(rows, key=lambda row: row.start_ms)
    for one, other in zip(ordered, ordered[1:], strict=False):
        if _overlap(one, other) > SLACK_MS:
            yield one, other


def _judge_links(
    verdict: Verdict,
    seen: Sequence[Showing],
    pairs: dict[Showing, Row],
    rows: dict[str, Row],
    wall_ms: Callable[[float], float],
) -> None:
    """A programme that is joined after a kill takes up the row before it, over rows that nobody saw perhaps."""
    for one, other in zip(seen, seen[1:], strict=False):
        if one not in pairs or other not in pairs:
            continue
        if (pairs[one].programme, pairs[one].planned_ms) != (pairs[other].programme, pairs[other].planned_ms):
            continue
        begun = wall_ms(one.first)
        fit = {row.id for row in rows.values() if _of_turn(one, row, begun) and not _start_off(one, row, wall_ms)}
        row: Row | None = pairs[other]
        while row is not None and row.id not in {*fit, pairs[one].id} - {pairs[other].id}:
            row = rows.get(row.continues or "")
        if row is None:
            verdict.miss("chain_breaks", f"{pairs[other]} does not continue {pairs[one]}")


def judge_chain(verdict: Verdict, town: Sequence[Entry], station: Sequence[Entry], forks: int) -> None:
    """The chain as the town has it, in order and whole, and against what the station has.

    There is one epoch: a power cut is no damage, and a chain that begins anew is a miss.
    """
    previous = GENESIS
    for place, entry in enumerate(town, 1):
        if entry.seq != place:
            verdict.miss("chain_breaks", f"entry {entry.seq} stands at place {place}")
            break
        text = b"%s\n%d\n%s" % (previous.encode(), entry.seq, entry.record)
        if hashlib.sha256(text).hexdigest() != entry.hash:
            verdict.miss("chain_breaks", f"entry {entry.seq} does not fit what is before it")
        if entry.state != "accepted":
            what = "doubled" if entry.state == "duplicate" else "chain_breaks"
            verdict.miss(what, f"entry {entry.seq} is {entry.state}: {entry.record!r}")
        if json.loads(entry.record).get("action") == "journal-restarted":
            verdict.miss("chain_breaks", f"entry {entry.seq} begins a new epoch: {entry.record!r}")
        previous = entry.hash
    for _ in range(forks):
        verdict.miss("chain_breaks", "a second story was told")
    held = {entry.seq: entry.hash for entry in town}
    for entry in station:
        if held.get(entry.seq) != entry.hash:
            what = "chain_breaks" if entry.seq in held else "lost"
            verdict.miss(what, f"the town does not have the station's entry {entry.seq}: {entry.record!r}")
    if len(station) < len(town):
        verdict.miss("chain_breaks", f"the town has {len(town)} entries, the station only {len(station)}")


def _told(showing: Showing, wall_ms: Callable[[float], float]) -> str:
    first, changed, left = (round(wall_ms(at)) for at in (showing.first, showing.changed, showing.left))
    end = "until it was killed" if showing.killed else "until"
    return f"{showing.programme} seen in life {showing.life} from {first}, moving until {changed}, {end} {left}"
