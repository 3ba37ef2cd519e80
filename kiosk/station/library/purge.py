"""What may go from the library's folders, and its going."""

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Set
from pathlib import Path

LEFT_BEHIND_NS = 3600 * 10**9

log = logging.getLogger(__name__)


def spare(folders: Iterable[Path], keep: Set[str]) -> list[Path]:
    """The files that ``keep`` (of SHA-256) does not name, the longest unused first; not ``lost+found``.

    Nor what another thread is just putting beside its place, with a dot before its name, unless it was left behind.
    """
    found: list[tuple[int, Path]] = []
    fresh = time.time_ns() - LEFT_BEHIND_NS
    for folder in folders:
        for path in folder.iterdir():
            if owner(path) in keep or not path.is_file():
                continue
            try:
                changed = path.stat().st_mtime_ns
            except FileNotFoundError:  # admitted, or removed by another thread, meanwhile
                continue
            if not path.name.startswith(".") or changed < fresh:
                found.append((changed, path))
    return [path for _, path in sorted(found)]


def owner(path: Path) -> str:
    """The SHA-256 of the file that ``path`` is, is a part of, or tells of."""
    return path.name.partition(".")[0]


def size(paths: Iterable[Path]) -> int:
    """The room that these files take on the disk, in bytes."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def remove(paths: Iterable[Path], enough: Callable[[], bool] = lambda: False) -> list[str]:
    """Remove files, in their order, until there is ``enough`` room. Gives whose they were."""
    gone: list[str] = []
    for path in paths:
        if enough():
            break
        path.unlink(missing_ok=True)
        if path.suffix == ".part":
            path.with_suffix(".etag").unlink(missing_ok=True)  # of no use alone
        log.info("library: purged %s", path.name)
        gone.append(owner(path))
    return gone


def left_alone(path: Path, since: float) -> bool:
    """Whether nobody has written to a part since then; its ETag goes with it, and one without a part by itself."""
    part = path.with_suffix(".part")
    try:
        return (part if part.exists() else path).stat().st_mtime <= since
    except FileNotFoundError:
        return False


def throw_out(path: Path, why: str) -> None:
    """Remove what cannot be played, to be fetched again; a disk that refuses is no reason to end."""
    log.warning("library: %s: %s; removed, to be fetched again", path.name, why)
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("library: %s cannot be removed: %s", path.name, error)
