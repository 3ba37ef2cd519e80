"""The order of filler: the recommended item that is owed the most plays is next. Pure.

Of items that are owed equally many plays, the first of the recommendation is next. So those owed the most take turns
until they are owed as few as the next ones, which then join in, and so on until no plays are owed. Whole rounds are
skipped by division: the cost does not grow with the time that has passed.
"""

from kiosk.contract.playlist import Programme

Plays = list[tuple[Programme, int]]
"""Plays owed, in the order of the recommendation. Each item has a length and is owed one play at least."""
Playing = tuple[Programme, int]
"""An item, and its start in ms since the epoch; it runs for its length."""


def turn(plays: Plays, begin: int, at: int, first: str | None = None) -> tuple[Plays, Playing | None]:
    """If filler runs from ``begin`` on: the plays owed at ``at``, with the item then running, and that item.

    An item that ends at ``at`` has been played. None where no plays are owed any more. ``first`` is the id of an item
    that is played first, out of order.
    """
    for n, (programme, number) in enumerate(plays):
        if programme.id == first:
            if at < begin + programme.duration_ms:
                return plays, (programme, begin)
            begin += programme.duration_ms
            plays = plays[:n] + [(programme, number - 1)] * (number > 1) + plays[n + 1 :]
            break
    levels = [*sorted({number for _, number in plays}, reverse=True), 0]
    for level, lower in zip(levels, levels[1:], strict=False):
        lap = sum(programme.duration_ms for programme, number in plays if number >= level)
        rounds = min((at - begin) // lap, level - lower)
        begin += rounds * lap
        if rounds < level - lower:
            return _in_round(plays, level - rounds, begin, at)
    return [], None


def _in_round(plays: Plays, level: int, begin: int, at: int) -> tuple[Plays, Playing | None]:
    """The same within one round, from ``begin`` on: each item that is owed ``level`` plays or more is played once."""
    left: Plays = []
    running: Playing | None = None
    for programme, number in plays:
        if number < level:
            left.append((programme, number))
        elif running is None and begin + programme.duration_ms <= at:
            begin += programme.duration_ms
            left.append((programme, level - 1))
        else:
            running = running or (programme, begin)
            left.append((programme, level))
    return [(programme, number) for programme, number in left if number], running
