"""A word that a command of this PC leaves for the daemon in the state folder, and the daemon collects once."""

import contextlib
import logging
from pathlib import Path
from typing import TypeVar

import msgspec

from kiosk.common.files import write_whole

log = logging.getLogger(__name__)

T = TypeVar("T", bound=msgspec.Struct)


def leave(path: Path, word: msgspec.Struct) -> None:
    """Leave ``word`` for the daemon; one that it has not collected yet is replaced. Raises :class:`OSError`."""
    write_whole(path, msgspec.json.encode(word), 0o600)


def collect(path: Path, kind: type[T], again: str) -> T | None:
    """The word left since the last call; its file is removed. ``again`` is the command that leaves it."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("%s cannot be read (%s); say it again by: %s", path, error, again)
        found = None
    with contextlib.suppress(OSError):
        path.unlink()
    return found
