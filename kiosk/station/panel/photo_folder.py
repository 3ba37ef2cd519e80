"""The photos that were sent to the panel, each a small JPEG file under its SHA-256."""

from pathlib import Path

from kiosk.common.files import write_whole
from kiosk.common.photos import Photo

MOST_PHOTOS = 500
"""So many are kept, the newest: 150 MB at most."""


class PhotoFolder:
    """The photos that were sent, each by its SHA-256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, photo: Photo) -> str:
        """Keep a photo; its SHA-256. Raises OSError where it cannot be kept."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(self.path(photo.sha256), photo.jpeg, 0o600)
        found = sorted(self._folder.glob("*.jpg"), key=lambda path: path.stat().st_mtime)
        for path in found[:-MOST_PHOTOS]:
            path.unlink(missing_ok=True)
        return photo.sha256

    def path(self, sha256: str) -> Path:
        """Where it lies, if it is there."""
        return self._folder / f"{sha256}.jpg"
