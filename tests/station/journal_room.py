"""A journal for tests: what is written into it, and every record that comes out, its chain proved."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk.contract import wire
from kiosk.contract.playlist import Programme
from kiosk.contract.records import Action, Entryable
from kiosk.contract.reports import GENESIS, Signed, Witness, chain
from kiosk.station.events import Event
from kiosk.station.journal import Due, Journal

BOOT = "boot-1"
START = 1_772_672_400_000
"""2026-03-05 09:00 in Shanghai."""
FILM = Programme(
    id="rice",
    title="水稻育秧技术",
    category="农业实用技术",
    file="rice.mp4",
    duration_ms=60_000,
    size=1,
    sha256="ab" * 32,
)


def due(play: str, start: int = START, programme: Programme = FILM, **more: object) -> Due:
    values = {
        "id": play, "playlist_version": 7, "programme": programme, "origin": "slot", "planned_start_ms": start,
        "planned_end_ms": start + 60_000, "clock": "trusted", "boot_id": BOOT,
    }  # fmt: skip
    return Due(**(values | more))  # type: ignore[arg-type]


def action(name: str) -> Action:
    return Action(id=name, at_ms=START, by="A", action="stop", clock="trusted")


def play_once(journal: Journal, play: str, start: int = START, programme: Programme = FILM) -> None:
    journal.due(due(play, start, programme))
    journal.shown(play, start, 1000, 0, 0, "xcb_x11")
    journal.close(play, start + 60_000, 60_000, "completed", "", 1500, 0)


@contextmanager
def opened(path: Path, boot_id: str = BOOT, now_ms: int = START) -> Iterator[tuple[Journal, list[Event]]]:
    events: list[Event] = []
    journal = Journal(path, events.append, boot_id, lambda: now_ms)
    journal.start()
    try:
        yield journal, events
    finally:
        journal.stop(10)


def records(journal: Journal) -> list[Entryable]:
    """Every record of the chain, after proving that the chain is whole."""
    found, after = [], 0
    previous = GENESIS
    while batch := journal.waiting(after=after)[1]:
        assert journal.waiting(after=after)[0] == previous
        for entry in batch:
            assert entry.seq == after + 1
            assert entry.hash == chain(previous, entry.seq, bytes(entry.record))
            found.append(wire.decode(bytes(entry.record), Entryable, "record"))  # type: ignore[arg-type]
            after, previous = entry.seq, entry.hash
    return found


def restart(journal: Journal) -> Action | None:
    """The entry that says why this journal is a new one; None where it is the first of its station."""
    _, entries = journal.waiting(1, 0)
    first = wire.decode(bytes(entries[0].record), Entryable, "record") if entries else None  # type: ignore[arg-type]
    return first if isinstance(first, Action) and first.action == "journal-restarted" else None


def countersign(journal: Journal, seq: int | None = None, at_ms: int = START) -> None:
    """The town has witnessed the chain up to entry ``seq``, or all of it."""
    assert journal.settle(10)
    seq = journal.head()[0] if seq is None else seq
    witness = Witness(station="s", epoch=journal.epoch, seq=seq, hash=journal.hash_at(seq) or "", at_ms=at_ms)
    journal.receipts((), witness, Signed(payload=wire.encode(witness).decode(), keyid="k", signature="s"))
    assert journal.settle(10)
