"""Which short programmes fill the minutes before a meeting: as full as can be, never over, repeats last. Pure.

Every sum of lengths that some choice reaches is one bit of a long integer, a bit a millisecond: each further programme
costs one shift, and the best choice is found, not guessed.
"""

from collections.abc import Iterator, Mapping, Sequence

from kiosk.contract.playlist import Programme

MOST = 200
"""Programmes that are looked at, those shown longest ago first."""
LONGEST_MS = 60 * 60_000
"""More minutes than an hour are not filled."""
NEAR_MS = 4_000
"""So much more may be left over than by the best choice, where that saves a repeat."""
BLOCK = 14
"""Programmes from one sum that is kept to the next: all 200 would take 90 MB, these take 13."""


def fit(programmes: Sequence[Programme], room_ms: int, shown_ms: Mapping[str, int]) -> tuple[Programme, ...]:
    """Programmes for ``room_ms``, each at most once, in the order given.

    ``shown_ms``: when each was shown last (UTC), by id, of those that should not be repeated yet. The others are
    taken first, then those shown longest ago, only as many as it takes to come within :data:`NEAR_MS` of the best.
    """
    room = min(room_ms, LONGEST_MS)
    ranked = sorted((one for one in programmes if 0 < one.duration_ms <= room), key=lambda one: shown_ms.get(one.id, 0))
    lengths = [one.duration_ms for one in ranked[:MOST]]
    best = 0
    for sums in _sums(1, lengths, room):
        best = sums.bit_length() - 1
        if best == room:
            break
    wanted = _bits(best - NEAR_MS, best)
    fresh = sum(1 for one in ranked[:MOST] if one.id not in shown_ms)
    kept, count, total = [1], 0, 0
    for count, sums in enumerate(_sums(1, lengths, room)):
        if count and count % BLOCK == 0:
            kept.append(sums)
        if count >= fresh and sums & wanted:
            total = (sums & wanted).bit_length() - 1
            break
    chosen = {ranked[n].id for n in _chosen(lengths[:count], kept, total, room)}
    return tuple(one for one in programmes if one.id in chosen)


def _sums(sums: int, lengths: Sequence[int], room: int) -> Iterator[int]:
    """``sums``, and after each length the sums, as bits, that can be reached by then without going over ``room``."""
    whole = (1 << max(room, 0) + 1) - 1
    yield sums
    for length in lengths:
        sums |= (sums << length) & whole
        yield sums


def _bits(low: int, high: int) -> int:
    """The bits from ``low`` to ``high``, both included."""
    low = max(low, 0)
    return ((1 << (high - low + 1)) - 1) << low


def _chosen(lengths: Sequence[int], kept: Sequence[int], total: int, room: int) -> Iterator[int]:
    """The numbers of lengths that make up ``total``, the last ones only where it is out of reach without them.
    ``kept`` are the sums before every :data:`BLOCK` lengths."""
    for block in range(len(kept) - 1, -1, -1):
        begin = block * BLOCK
        before = list(_sums(kept[block], lengths[begin : begin + BLOCK], room))
        for n in range(min(begin + BLOCK, len(lengths)) - 1, begin - 1, -1):
            if not before[n - begin] >> total & 1:
                yield n
                total -= lengths[n]
