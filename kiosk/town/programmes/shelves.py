"""The folders of the library: what arrives, what is being made, what is accepted, and where files may be dropped."""

import shutil
from dataclasses import dataclass
from pathlib import Path

LARGEST = 4 << 30
"""The largest file that comes or is made, in bytes."""
RESERVE = 2 << 30
"""So much of the disk is left to the town's database and its published files, in bytes."""


@dataclass(frozen=True)
class Shelves:
    """The folders below ``programmes`` in the town's folder. All on one disk, so that a file is moved, not copied."""

    folder: Path

    @property
    def arriving(self) -> Path:
        """Uploads, by their id; a programme's own file by the programme's id once it is there."""
        return self.folder / "arriving"

    @property
    def making(self) -> Path:
        """The confined processes write here, each job in a folder of its own."""
        return self.folder / "making"

    @property
    def files(self) -> Path:
        """The accepted programmes and their subtitles, by name: what a week is published from."""
        return self.folder / "files"

    @property
    def posters(self) -> Path:
        """A still of each programme, as JPEG."""
        return self.folder / "posters"

    @property
    def drop(self) -> Path:
        """Files put here by hand are taken in."""
        return self.folder / "drop"

    def prepare(self) -> "Shelves":
        """Make the folders; returns the shelves."""
        for folder in (self.arriving, self.making, self.files, self.posters, self.drop):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    def room(self) -> int:
        """Bytes of the disk that may be used yet; 0 where the reserve is reached."""
        return max(0, shutil.disk_usage(self.folder).free - RESERVE)


def shelves(town_folder: Path) -> Shelves:
    """The library's folders in a town's folder, made where they are missing."""
    return Shelves(town_folder.absolute() / "programmes").prepare()
