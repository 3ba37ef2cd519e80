"""Reads what lies beside a journal in the state folder: the town's roots, the station's name and time zone.

Nothing here raises: a copy of a journal may lie anywhere, with nothing beside it.
"""

import json
from pathlib import Path

from tuf.api.metadata import Root

from kiosk.contract import trust
from kiosk.contract.trust import Refused
from kiosk.station.identity import IdentityError, load_identity

USUAL_ZONE = "Asia/Shanghai"


class Beside:
    """What lies beside a journal, read when this is made."""

    def __init__(self, journal: Path) -> None:
        self._trust = journal.parent / "library" / "trust"
        self._files = journal.parent / "library" / "files"
        self.station = ""
        self.roots: list[Root] = []
        """The town's roots, from the first on, each believed because of the one before."""
        self.trouble = ""
        """Why there are no roots."""
        try:
            identity = load_identity(journal.parent)
        except IdentityError:
            self.trouble = "the station's identity does not lie beside the journal"
            return
        self.station = identity.station
        self._read_roots(identity.root_sha256)

    def _read_roots(self, first_sha256: str) -> None:
        try:
            while (path := self._trust / "root" / f"{len(self.roots) + 1}.root.json").exists():
                data = path.read_bytes()
                found = trust.next_root(self.roots[-1], data) if self.roots else trust.first_root(data, first_sha256)
                self.roots.append(found)
        except (OSError, Refused) as error:
            self.trouble = f"the town's root cannot be believed ({error})"
        if not self.roots:
            self.trouble = self.trouble or "the town's root does not lie beside the journal"

    def zone(self) -> str:
        """The room's time zone: the playlist's, else the station document's, else :data:`USUAL_ZONE`."""
        return self._zone_of_playlist() or self._zone_of_document() or USUAL_ZONE

    def _zone_of_playlist(self) -> str:
        try:
            targets = json.loads((self._trust / "group.json").read_bytes())["signed"]["targets"]
            (pinned,) = (pin for path, pin in targets.items() if path.startswith("playlist/"))
            playlist = json.loads((self._files / pinned["hashes"]["sha256"]).read_bytes())
            return str(playlist["time_zone"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return ""

    def _zone_of_document(self) -> str:
        try:
            signed = json.loads((self._trust / "station.json").read_bytes())
            return str(json.loads(signed["payload"])["opening"]["time_zone"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""
