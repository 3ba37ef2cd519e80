"""What the remedies may use: the room's PC, the probes' thread, and some orders to the daemon."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Host:
    """The room's PC and the daemon, as far as the remedies reach them. ``order`` has something done in the probes'
    thread, as it may take seconds; the others are quick."""

    runtime: Path
    """The folder in which root's path units look for what they are asked."""
    display: str
    order: Callable[[Callable[[], object]], None]
    purge: Callable[[], None]
    fetch_again: Callable[[], None]
    restart_player: Callable[[str], None]


def ask_root(runtime: Path, name: str) -> None:
    """Leave the file for which one of root's path units waits: ``restart-x`` or ``restart-sound``. Nothing stands in
    it, as the players share the daemon's user. Raises OSError."""
    (runtime / name).touch()
