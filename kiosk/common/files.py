"""Writes files that are whole or not there at all, also after a power cut."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


def write_whole(path: Path, data: bytes, mode: int = 0o644, *, lasting: bool = True) -> None:
    """Replace the file at ``path`` by ``data``; as :func:`whole_file`. Raises :class:`OSError`."""
    with whole_file(path, mode, lasting=lasting) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path, mode: int = 0o644, *, lasting: bool = True) -> Iterator[IO[bytes]]:
    """A temporary file beside ``path``; it replaces ``path`` at the end of the block, unless the block raises.

    What root writes belongs to the owner of the folder: commands are often run as root, the daemon is not. That owner
    may swap names in the folder meanwhile, so the owner is set by descriptor and no symbolic link is followed.
    The umask narrows ``mode``. ``lasting`` syncs the file and the folder. One writer of a path at a time. Raises
    :class:`OSError`.
    """
    if not path.parent.is_dir():
        make_folder(path.parent)
    partial = f".{path.name}.new"
    with _opened(path.parent) as folder:
        _remove(partial, folder)  # a power cut may have left it
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                _give_to_owner(handle, folder)
                yield file
                file.flush()
                if lasting:
                    os.fsync(handle)
            os.replace(partial, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            _remove(partial, folder)
            raise
        if lasting:
            os.fsync(folder)


def make_folder(folder: Path) -> None:
    """Make a folder, and those missing above it, and sync it into the folder above, even if it was there already.

    It belongs to the owner of the folder above where root makes it. Raises :class:`OSError`.
    """
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    with _opened(folder.parent) as above:
        try:
            os.mkdir(folder.name, dir_fd=above)
        except FileExistsError:
            if not folder.is_dir():
                raise
        else:
            with _opened(folder.name, os.O_NOFOLLOW, above) as made:
                _give_to_owner(made, above)
        os.fsync(above)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` survive a power cut."""
    with _opened(folder) as handle:
        os.fsync(handle)


@contextmanager
def _opened(folder: Path | str, flags: int = 0, above: int | None = None) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | flags, dir_fd=above)
    try:
        yield handle
    finally:
        os.close(handle)


def _give_to_owner(handle: int, folder: int) -> None:
    if os.geteuid() == 0:
        owner = os.fstat(folder)
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _remove(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
