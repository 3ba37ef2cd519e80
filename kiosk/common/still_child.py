"""The confined process that reads one picture to its end: ``FILE``; it prints :class:`Told` as JSON."""

import sys
from pathlib import Path

import msgspec

from kiosk.common.messages import Message
from kiosk.common.stills import StillError, read_animation


class Told(msgspec.Struct, frozen=True):
    """What it tells: width and height in pixels, or the cause."""

    width: int = 0
    height: int = 0
    cause: Message | None = None


def main() -> None:
    """Read it."""
    try:
        for picture, _seconds in read_animation(Path(sys.argv[1])):
            told = Told(*picture.size)
    except StillError as error:
        told = Told(cause=error.cause)
    sys.stdout.write(msgspec.json.encode(told).decode())


if __name__ == "__main__":
    main()
