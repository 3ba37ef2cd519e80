"""Turns a still or an animated picture into PNGs and a list of them; runs confined: ``FILE FOLDER SECONDS``.

It prints one line, ``ok`` or why the picture is not taken (a message as JSON). The list is ffmpeg's (concat).
"""

import sys
from pathlib import Path

import msgspec

from kiosk.common.stills import StillError, read_animation
from kiosk.town.programmes.profile import HIGHEST, WIDEST

LIST = "pictures.ffconcat"


def main() -> None:
    """Write the pictures."""
    file, folder, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    lines = ["ffconcat version 1.0"]
    lengths = []
    try:
        for number, (picture, shown_s) in enumerate(read_animation(file)):
            if number == 0:
                size = fitting(*picture.size)
            picture.resize(size).save(folder / f"{number}.png", compress_level=1)
            lengths.append(shown_s)
    except StillError as error:
        sys.stdout.write(msgspec.json.encode(error.cause).decode() + "\n")
        return
    turns = 1 if len(lengths) == 1 else max(1, round(seconds / sum(lengths)))
    for _ in range(turns):
        for number, shown_s in enumerate(lengths):
            lines += [f"file {number}.png", f"duration {seconds if len(lengths) == 1 else shown_s}"]
    lines += [f"file {len(lengths) - 1}.png"]
    (folder / LIST).write_text("\n".join(lines) + "\n")
    sys.stdout.write("ok\n")


def fitting(width: int, height: int) -> tuple[int, int]:
    """The size, made smaller where it is larger than a film of the house profile, and even."""
    share = min(1.0, WIDEST / width, HIGHEST / height)
    return max(2, int(width * share / 2) * 2), max(2, int(height * share / 2) * 2)


if __name__ == "__main__":
    main()
