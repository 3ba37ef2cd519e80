"""What the kernel says of disks that fail, in its journal of the last hour."""

import json

from kiosk.common.programs import output
from kiosk.station.health.events import Fact

TELLING = ("i/o error", "ext4-fs error", "medium error", "unrecovered read error", "remounting filesystem read-only")


def read_kernel() -> dict[str, Fact]:
    """``kernel.io_errors``: how many within the last hour."""
    said = output("journalctl", "-k", "-p", "err", "-o", "json", "--since", "-1h", "-q", "--no-pager", "-n", "1000")
    return {"kernel.io_errors": None if said is None else count(said)}


def count(said: bytes) -> int:
    """How many of the journal's lines, each a JSON object, tell of a disk that fails."""
    errors = 0
    for line in said.splitlines():
        try:
            message = json.loads(line)["MESSAGE"]
        except (ValueError, LookupError, TypeError, RecursionError):
            continue
        errors += isinstance(message, str) and any(word in message.lower() for word in TELLING)
    return errors
