"""Which programme a title of the sheet means: as confirmed before, else by the same name, else by likeness. Pure.

The likeness is difflib's ratio over normalised titles: a town has hundreds of titles, not millions, and the standard
library does them in a moment.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from kiosk.town.sheets.characters import tight

LIKE, LIKELY = 0.5, 0.72
"""From which likeness (0 to 1) on a programme is offered, and is chosen beforehand."""
MOST_OFFERED = 5
LONGEST_KEY = 400
How = Literal["confirmed", "same", "like", "none"]


@dataclass(frozen=True)
class Candidate:
    """A programme of the library."""

    id: str
    title: str
    category: str = ""
    duration_ms: int = 0


@dataclass(frozen=True)
class Match:
    """A title and what it may mean."""

    title: str
    how: How
    chosen: Candidate | None
    """Confirmed, or chosen beforehand for an officer to confirm; None where nothing is like it."""
    offered: tuple[Candidate, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether an officer has confirmed it, and the programme is still there."""
        return self.how == "confirmed"


def key(title: str) -> str:
    """What two titles have in common that mean the same: widths, blanks, brackets and punctuation do not count."""
    plain = re.sub(r"[^\w]", "", tight(title).lower().replace("_", ""))
    return (plain or tight(title))[:LONGEST_KEY]


def matched(titles: Iterable[str], library: Iterable[Candidate], known: Mapping[str, str]) -> list[Match]:
    """A match for each different title, in their order; ``known`` has the programme of confirmed ones by their key."""
    by_id = {one.id: one for one in library}
    by_key: dict[str, list[Candidate]] = {}
    for one in by_id.values():
        by_key.setdefault(key(one.title), []).append(one)
    found: dict[str, Match] = {}
    for title in titles:
        name = key(title)
        if name not in found:
            found[name] = _match(title, name, by_id, by_key, known)
    return list(found.values())


def _match(
    title: str,
    name: str,
    by_id: Mapping[str, Candidate],
    by_key: Mapping[str, list[Candidate]],
    known: Mapping[str, str],
) -> Match:
    like = [one for other in _nearest(name, by_key) for one in by_key[other]][:MOST_OFFERED]
    confirmed = by_id.get(known.get(name, ""))
    if confirmed is not None:
        others = (one for one in like if one != confirmed)
        return Match(title, "confirmed", confirmed, (confirmed, *others))
    if same := by_key.get(name):
        return Match(title, "same", same[0], tuple(like) or tuple(same))
    if like and difflib.SequenceMatcher(None, key(like[0].title), name).ratio() >= LIKELY:
        return Match(title, "like", like[0], tuple(like))
    return Match(title, "none", None, tuple(like))


def _nearest(name: str, by_key: Mapping[str, list[Candidate]]) -> list[str]:
    return difflib.get_close_matches(name, by_key, MOST_OFFERED, LIKE)
