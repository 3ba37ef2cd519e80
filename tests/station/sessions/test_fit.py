"""The minutes before a meeting: as full as can be, never over, and nothing repeated that need not be."""

import random
import time

from kiosk.contract.playlist import Programme
from kiosk.station.sessions.fit import NEAR_MS, fit

MINUTE = 60_000
SECONDS_5 = 5_000


def programme(name: str, duration_ms: int) -> Programme:
    return Programme(id=name, title=name, file=f"{name}.mp4", duration_ms=duration_ms, size=1, sha256="0" * 64)


def total(chosen: tuple[Programme, ...]) -> int:
    return sum(one.duration_ms for one in chosen)


def best_of_all(lengths: list[int], room: int) -> int:
    """Brute force: the longest choice that fits, every one of them looked at."""
    sums = {0}
    for length in lengths:
        sums |= {one + length for one in sums if one + length <= room}
    return max(sums)


def test_random_sets_come_within_five_seconds_of_the_best_and_never_over() -> None:
    random_ = random.Random(14)
    for _ in range(1_000):
        count = random_.randint(0, 11)
        longest = random_.choice((90_000, 8 * MINUTE, 20 * MINUTE))
        programmes = [programme(f"p{n}", random_.randint(5_000, longest)) for n in range(count)]
        room = random_.randint(0, 60 * MINUTE)
        recent = {one.id: random_.randint(1, 10**12) for one in programmes if random_.random() < 0.5}
        chosen = fit(programmes, room, recent)
        best = best_of_all([one.duration_ms for one in programmes], room)
        assert len({one.id for one in chosen}) == len(chosen)
        assert best - SECONDS_5 <= total(chosen) <= best <= room
        fresh = best_of_all([one.duration_ms for one in programmes if one.id not in recent], room)
        if fresh >= best - NEAR_MS:
            assert not any(one.id in recent for one in chosen), "what need not be repeated is not"


def test_what_was_shown_longest_ago_is_repeated_first() -> None:
    three = [programme(name, 10 * MINUTE) for name in ("new", "lately", "long-ago")]
    shown = {"lately": 2_000, "long-ago": 1_000}
    assert [one.id for one in fit(three, 10 * MINUTE, shown)] == ["new"]
    assert [one.id for one in fit(three, 25 * MINUTE, shown)] == ["new", "long-ago"]
    assert [one.id for one in fit(three, 60 * MINUTE, shown)] == ["new", "lately", "long-ago"], "in the order given"
    assert fit(three, 9 * MINUTE, {}) == () == fit([], 9 * MINUTE, {}) == fit(three, -1, {})


def test_two_hundred_programmes_and_an_hour_take_no_time() -> None:
    random_ = random.Random(200)
    for longest in (40_000, 10 * MINUTE):
        many = [programme(f"p{n}", random_.randint(9_000, longest)) for n in range(200)]
        begin = time.thread_time()
        chosen = fit(many, 60 * MINUTE, {one.id: 1 for one in many[::2]})
        assert time.thread_time() - begin < 0.2
        assert 60 * MINUTE - SECONDS_5 <= total(chosen) <= 60 * MINUTE
