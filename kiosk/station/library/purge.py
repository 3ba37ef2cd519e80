"""Which of the library's files may be removed, in which order; and their removal."""

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Set
from contextlib import suppress
from pathlib import Path

LEFT_BEHIND_NS = 3600 * 10**9
"""Age from which on an unfinished file (``.name.new``) is one that a power cut has left behind."""

log = logging.getLogger(__name__)


def purgeable(folders: Iterable[Path], keep: Set[str]) -> list[Path]:
    """The files that ``keep`` (SHA-256) does not name, by their time of change, the oldest first.

    Without folders (``lost+found``), and without files that another thread is writing now (their names begin with a
    dot).
    """
    found: list[tuple[int, Path]] = []
    fresh = time.time_ns() - LEFT_BEHIND_NS
    for folder in folders:
        for path in folder.iterdir():
            if sha256_of(path) in keep or not path.is_file():
                continue
            with suppress(FileNotFoundError):  # admitted, or removed by another thread, meanwhile
                changed = path.stat().st_mtime_ns
                if not path.name.startswith(".") or changed < fresh:
                    found.append((changed, path))
    return [path for _, path in sorted(found)]


def sha256_of(path: Path) -> str:
    """The SHA-256 of the file to which ``path`` belongs: the file itself, its part, or its ETag."""
    return path.name.partition(".")[0]


def disk_bytes(paths: Iterable[Path]) -> int:
    """How many bytes these files take on the disk."""
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):
            total += path.stat().st_blocks * 512
    return total


def remove(paths: Iterable[Path], enough: Callable[[], bool] = lambda: False) -> list[str]:
    """Remove files, in their order, until there is ``enough`` room. Returns the SHA-256 of each."""
    gone: list[str] = []
    for path in paths:
        if enough():
            break
        path.unlink(missing_ok=True)
        if path.suffix == ".part":
            path.with_suffix(".etag").unlink(missing_ok=True)  # of no use alone
        log.info("library: purged %s", path.name)
        gone.append(sha256_of(path))
    return gone


def untouched_since(path: Path, since: float) -> bool:
    """Whether a part has not been written to since; an ETag is judged by its part, or alone where there is none."""
    part = path.with_suffix(".part")
    try:
        return (part if part.exists() else path).stat().st_mtime <= since
    except FileNotFoundError:
        return False


def discard(path: Path, why: str) -> None:
    """Remove a file that cannot be used, so that it is fetched again. A disk that refuses is logged."""
    log.warning("library: %s: %s; removed, to be fetched again", path.name, why)
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("library: %s cannot be removed: %s", path.name, error)
