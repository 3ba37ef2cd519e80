"""What the installer saw and heard: kept in the state folder, for those who ask later."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from kiosk.common.files import write_whole

FILE = "installation.json"
Seen = Literal["confirmed", "not noticed", "unconfirmed", "failed"]
"""A person saw (heard) it; looked and did not; nobody looked; it could not be tried."""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the last test of the room's screen and sound. ``at``: UTC, as ISO 8601."""

    at: str
    picture: Seen
    sound: Seen


def keep(state: Path, picture: Seen, sound: Seen) -> None:
    """Write the outcome into the state folder. Raises OSError."""
    found = Findings(at=datetime.now(UTC).isoformat(timespec="seconds"), picture=picture, sound=sound)
    write_whole(state / FILE, msgspec.json.encode(found))
