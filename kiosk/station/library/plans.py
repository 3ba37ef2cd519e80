"""Every plan that this station has accepted, with the time: the record book compares what was played with them.

``plans/<accepted_ms>-<version>.json`` in the library, each a playlist.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kiosk.common.files import write_whole
from kiosk.common.planned import Accepted
from kiosk.contract import playlist as playlists
from kiosk.contract import wire

log = logging.getLogger(__name__)

FOLDER = "plans"


class Plans:
    """The folder ``plans`` of a library. For the main loop, and for tools that only read."""

    def __init__(self, library: Path) -> None:
        self._folder = library / FOLDER

    def keep(self, playlist: playlists.Playlist, at_ms: int) -> None:
        """Keep a plan accepted at ``at_ms`` (UTC); nothing where it is the one that was accepted last.

        A plan is never accepted before it was issued, whatever a wrong clock says. Raises :class:`OSError`.
        """
        data = wire.encode(playlist)
        newest = max(self._paths(), default=None)
        with suppress(OSError):
            if newest is not None and newest[1].read_bytes() == data:
                return
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{max(at_ms, playlist.issued_ms)}-{playlist.version}.json"
        write_whole(self._folder / name, data)

    def load(self) -> tuple[Accepted, ...]:
        """All that are kept, in the order of acceptance; one that cannot be read is left out, and logged."""
        return tuple(self._load())

    def prune(self, before_ms: int) -> None:
        """Remove the plans that were no longer in force at ``before_ms`` (UTC), where the record begins now."""
        kept = sorted(self._paths())
        for (_, path), (until_ms, _) in zip(kept, kept[1:], strict=False):
            if until_ms <= before_ms:
                path.unlink(missing_ok=True)

    def _load(self) -> Iterator[Accepted]:
        for accepted_ms, path in sorted(self._paths()):
            try:
                yield Accepted(accepted_ms, playlists.read(path.read_bytes()))
            except (OSError, wire.Malformed) as error:
                log.warning("library: the plan %s cannot be read: %s", path.name, error)

    def _paths(self) -> Iterator[tuple[int, Path]]:
        for path in self._folder.glob("*-*.json"):
            moment, _, _ = path.stem.partition("-")
            if moment.isdigit():
                yield int(moment), path
