"""Folders of photos that were sent to the panel, each a small JPEG file under its SHA-256."""

import re
from pathlib import Path

from kiosk.common.files import write_whole
from kiosk.common.photos import Photo

RECORDED, LOOKED_AT = 3_000, 20
"""How many are kept of those that the record names (a few a month, for years: 900 MB at most), and of those that were
only looked at."""


class PhotoFolder:
    """The newest ``most`` photos, each by its SHA-256."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most

    def keep(self, photo: Photo) -> str:
        """Keep a photo; its SHA-256. Raises OSError where it cannot be kept."""
        self._write(photo.sha256, photo.jpeg)
        return photo.sha256

    def take_over(self, sha256: str, other: "PhotoFolder") -> str:
        """Keep a photo of another folder; its SHA-256, empty where it is not there. Raises as :meth:`keep`."""
        path = other.path(sha256)
        if not re.fullmatch(r"[0-9a-f]{64}", sha256) or not path.is_file():
            return ""
        self._write(sha256, path.read_bytes())
        return sha256

    def _write(self, sha256: str, jpeg: bytes) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(self.path(sha256), jpeg, 0o600)
        found = sorted(self._folder.glob("*.jpg"), key=lambda path: path.stat().st_mtime)
        for path in found[: -self._most]:
            path.unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where it lies, if it is there."""
        return self._folder / f"{sha256}.jpg"
