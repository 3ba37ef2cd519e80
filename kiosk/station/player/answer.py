"""Asks the X server once: ``python -m kiosk.station.player.answer DISPLAY`` prints the screen's size, or why not."""

import sys

from kiosk.station.player.window import HUNG_UP, ScreenDenied, connect
from kiosk.station.projector.messages import SCREEN_DENIED, SCREEN_GONE


def main() -> None:
    """Exit code 0, ``SCREEN_GONE`` or ``SCREEN_DENIED``."""
    try:
        screen = connect(sys.argv[1]).screen()
    except HUNG_UP as error:
        sys.stdout.write(f"{error}\n")
        sys.exit(SCREEN_DENIED if isinstance(error, ScreenDenied) else SCREEN_GONE)
    sys.stdout.write(f"{screen.width_in_pixels} x {screen.height_in_pixels}\n")


if __name__ == "__main__":
    main()
