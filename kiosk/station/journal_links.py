"""Which of the finds of a broken journal is the next entry of its chain: by hashes, or by what nothing contradicts."""

from typing import Any

from kiosk.contract import wire
from kiosk.contract.reports import chain
from kiosk.station.journal.recovery.fragments import Fragments, readable
from kiosk.station.journal_heads import Head, Heads

Link = tuple[str, bytes]
"""Hash and record of an entry."""


class Links:
    """Follows the chain through the finds."""

    def __init__(self, finds: Fragments, known: Heads) -> None:
        rows: list[Head] = [(row["seq"], row["hash"]) for row in finds.small("delivery") if _is_borne_out(row, finds)]
        self.witnessed: Head = max([*rows, known.witnessed], key=lambda found: found[0])
        """The newest entry that the town is known to hold."""
        self._finds = finds
        self._heads = {known.newest, known.witnessed, self.witnessed}
        self._sure_until = 0
        """Up to this entry, rows of plays have been proved by a hash behind them."""

    def follow(self, seq: int, previous: str) -> Link | None:
        """Entry ``seq`` behind the hash ``previous``; that is empty behind a gap, where what leads on counts."""
        if not previous:
            return self._behind_a_gap(seq)
        if (found := self._finds.following(seq, previous)) is not None:
            return found if readable(found[1], seq) else None
        if (found := self._by_row(seq, previous)) is None:
            return None
        if seq > self._sure_until and not self._proved(seq, found[0]) and not self._ours_alone(seq):
            return None
        return found

    def _by_row(self, seq: int, previous: str) -> Link | None:
        """The row of a play says all that its entry did, so that it has the same hash."""
        options = [wire.encode(play) for play in self._finds.closed(seq)]
        links = [(chain(previous, seq, data), data) for data in options]
        return next((link for link in links if self._confirmed(seq, link[0])), links[0] if links else None)

    def _confirmed(self, seq: int, digest: str) -> bool:
        """Whether the hash is known from elsewhere, or the next entry was written behind it."""
        known = (seq, digest) in self._heads or any(digest == found for found, _ in self._finds.at(seq))
        return known or self._finds.following(seq + 1, digest) is not None

    def _proved(self, seq: int, digest: str) -> bool:
        """Whether rows lead on from here to a hash that is known: then each of them is what was written."""
        at, previous = seq, digest
        while not self._confirmed(at, previous):
            found = self._by_row(at + 1, previous)
            if found is None:
                return False
            at, previous = at + 1, found[0]
        self._sure_until = at
        return True

    def _ours_alone(self, seq: int) -> bool:
        """The town does not have it yet, and nothing but its row is left of it: believed, for want of better."""
        return seq > self.witnessed[0] and not self._finds.at(seq) and not self._finds.at(seq + 1)

    def _behind_a_gap(self, seq: int) -> Link | None:
        rows = [wire.encode(play) for play in self._finds.closed(seq)]
        for digest, data in self._finds.at(seq):
            proved = (seq, digest) in self._heads or self._finds.following(seq + 1, digest)
            agreed = not rows or data in rows  # its own hash proves nothing here: what it was made over is lost
            if agreed and (proved or not self._finds.at(seq + 1)) and readable(data, seq):
                return digest, data
        return None


def _is_borne_out(row: dict[str, Any], finds: Fragments) -> bool:
    """Whether what the town signed, or an entry, says the same as the row: a gap up to there would be passed over."""
    seq, digest = row["seq"], row["hash"]
    signed = f'"hash":"{digest}","seq":{seq},' in (row["payload"] or "")
    return bool(digest) and (signed or any(digest == found for found, _ in finds.at(seq)))


def late(finds: Fragments, seq: int) -> bytes | None:
    """The record of entry ``seq``, whose place cannot be kept; None where what there is of it contradicts itself."""
    entries, rows = finds.at(seq), [wire.encode(play) for play in finds.closed(seq)]
    told = list(dict.fromkeys([*(data for _, data in entries), *rows]))
    digests, before = {digest for digest, _ in entries}, [digest for digest, _ in finds.at(seq - 1)]
    for data in told:
        if any(chain(previous, seq, data) in digests for previous in before):
            return data
    agreed = [data for _, data in entries if data in rows]
    if agreed:
        return agreed[0]
    return told[0] if len(told) == 1 and not (digests and before) else None
