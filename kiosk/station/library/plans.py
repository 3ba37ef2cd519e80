"""Every plan that this station has accepted, with the time: the record book compares what was played with them.

Each is a playlist in ``plans/<accepted_ms>-<version>.json`` of the library; version 0 and ``null``: from then on none
was in force.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kiosk.common.files import write_whole
from kiosk.common.planned import Accepted
from kiosk.contract import playlist as playlists
from kiosk.contract import wire
from kiosk.contract.instants import FAR_MS

log = logging.getLogger(__name__)

FOLDER = "plans"
NONE = b"null"


class Plans:
    """The folder ``plans`` of a library. For the main loop, and for tools that only read."""

    def __init__(self, library: Path) -> None:
        self._folder = library / FOLDER
        self._held: dict[Path, Accepted | None] = {}

    def keep(self, playlist: playlists.Playlist | None, at_ms: int) -> None:
        """Keep a plan accepted at ``at_ms`` (UTC), or that none is in force; nothing where that is so already.

        A plan is never accepted before it was issued, whatever a wrong clock says. Raises :class:`OSError`.
        """
        data = wire.encode(playlist)
        newest = max(self._paths(), default=None)
        if newest is None and playlist is None:
            return
        with suppress(OSError):
            if newest is not None and newest[1].read_bytes() == data:
                return
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{max(at_ms, playlist.issued_ms)}-{playlist.version}.json" if playlist else f"{at_ms}-0.json"
        write_whole(self._folder / name, data)

    def since(self, moment_ms: int) -> tuple[Accepted, ...]:
        """The plans in force from an instant (UTC ms) on; read once, and kept in memory while they are asked for."""
        paths = sorted(self._paths())
        starts = [accepted_ms for accepted_ms, _ in paths][1:]
        wanted = [path for (_, path), end_ms in zip(paths, [*starts, FAR_MS], strict=False) if end_ms > moment_ms]
        self._held = {path: self._held.get(path) or self._read(path) for path in wanted}
        return tuple(plan for plan in self._held.values() if plan is not None)

    def load(self) -> tuple[Accepted, ...]:
        """All that are kept, in the order of acceptance; one that cannot be read is left out, and logged."""
        found = (self._read(path) for _, path in sorted(self._paths()))
        return tuple(plan for plan in found if plan is not None)

    def prune(self, before_ms: int) -> None:
        """Remove the plans that were no longer in force at ``before_ms`` (UTC), where the record begins now."""
        kept = sorted(self._paths())
        for (_, path), (until_ms, _) in zip(kept, kept[1:], strict=False):
            if until_ms <= before_ms:
                path.unlink(missing_ok=True)

    @staticmethod
    def _read(path: Path) -> Accepted | None:
        try:
            data = path.read_bytes()
            return Accepted(int(path.stem.partition("-")[0]), None if data == NONE else playlists.read(data))
        except (OSError, wire.Malformed) as error:
            log.warning("library: the plan %s cannot be read: %s", path.name, error)
            return None

    def _paths(self) -> Iterator[tuple[int, Path]]:
        for path in self._folder.glob("*-*.json"):
            moment, _, _ = path.stem.partition("-")
            if moment.isdigit():
                yield int(moment), path
