"""The folder that a town publishes: roots, signed metadata and files by hash; the same over HTTP and on a stick."""

import hashlib
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from kiosk.common.files import whole_file, write_whole
from kiosk.common.messages import Sentence, mark
from kiosk.contract import trust

log = logging.getLogger(__name__)

CHUNK = 1024 * 1024
_ROOT = re.compile(r"([1-9][0-9]{0,8})\.root\.json")


class NotCopied(Exception):
    """A file has no room here, or is not what was measured a moment ago; the message is a sentence."""


class Public:
    """The public folder. Every file in it is whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions: dict[Path, tuple[tuple[int, int, int], int]] = {}

    def prepare(self) -> None:
        """Make the folders."""
        for name in ("root", "groups", "files"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def root_version(self) -> int:
        """The newest root's number; 0 where there is none."""
        found = (_ROOT.fullmatch(path.name) for path in (self.folder / "root").glob("*.root.json"))
        return max((int(match[1]) for match in found if match), default=0)

    def root_path(self, version: int) -> Path:
        """Path of the root of that version."""
        return self.folder / "root" / f"{version}.root.json"

    def group_path(self, group: str) -> Path:
        """Path of the signed metadata of a group's week."""
        return self.folder / "groups" / f"{group}.json"

    @property
    def urgent_path(self) -> Path:
        """Path of the signed metadata of the urgent notices."""
        return self.folder / "urgent.json"

    def file_path(self, sha256: str) -> Path:
        """Path of a file by its hash."""
        return self.folder / "files" / sha256

    def groups(self) -> list[str]:
        """The groups that a week is published for."""
        return sorted(path.stem for path in (self.folder / "groups").glob("*.json"))

    def version(self, path: Path) -> int:
        """The version of the targets metadata at ``path``; 0 where there is none, or nothing that a station would take.

        Read anew only if it changed."""
        try:
            stat = path.stat()
        except FileNotFoundError:
            return 0
        state = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._versions.get(path)
        if known is None or known[0] != state:
            try:
                known = (state, trust.peek(path.read_bytes()).version)
            except trust.Refused as error:
                log.warning("%s: no targets metadata (%s); stations are told of none", path, error)
                known = (state, 0)
            self._versions[path] = known
        return known[1]

    def read(self, path: Path) -> bytes | None:
        """A document of the folder, or None where it is not published."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: Path, data: bytes) -> None:
        """Publish a document at ``path``."""
        write_whole(path, data)

    def add(self, source: Path, sha256: str, tick: Callable[[int, str], None]) -> None:
        """Copy ``source`` into the folder, under its hash; ``tick`` is called with the bytes that went by and its name.

        Raises :class:`NotCopied`, and :class:`OSError` where the disk does not take it.
        """
        goal, size = self.file_path(sha256), source.stat().st_size
        if goal.exists() and goal.stat().st_size == size:
            tick(size, source.name)
            return
        if shutil.disk_usage(goal.parent).free < size + CHUNK:
            text = mark("too little room on the town's disk for {file} ({size} MB); free some and try again")
            raise NotCopied(Sentence(text, file=source.name, size=str(-(-size // 10**6))))
        seen = hashlib.sha256()
        with source.open("rb") as original, whole_file(goal) as copy:
            while chunk := original.read(CHUNK):
                seen.update(chunk)
                copy.write(chunk)
                tick(len(chunk), source.name)
            if seen.hexdigest() != sha256:
                text = mark("{file}: the file changed while it was being published; publish again")
                raise NotCopied(Sentence(text, file=str(source)))
