"""Programmes that are one picture, be it an animated one, and the title card of a programme that has sound only."""

import itertools
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.common.stills import StillError, moves, read_animation, read_still
from kiosk.common.stills import is_still as begins_as_still
from kiosk.common.text import one_line
from kiosk.station.player.sound.silence import Silence
from kiosk.station.player.window import ProgrammeWindow
from kiosk.station.projector.messages import Cue, Kind, Progress

if TYPE_CHECKING:
    from PIL.Image import Image

CARD_GROUND, CARD_INK = (20, 36, 61), (255, 255, 255)


class Failure(Exception):
    """A programme, still or film, cannot be shown. The message goes into the as-run row as the cause."""


def is_still(file: str) -> bool:
    """Whether a file is one picture, by its first bytes. Raises Failure where it cannot be read."""
    path = Path(file)
    if not path.is_file():
        raise Failure("it is not a file")
    try:
        with path.open("rb") as opened:
            return begins_as_still(opened.read(16))
    except OSError as error:
        raise Failure(f"it cannot be read: {error.strerror}") from None


class Still:
    """A programme that is one picture, or pictures in turn, over and over. Its time is that of the clock."""

    kind: Kind = "still"
    video_output = "none"
    lead = 0.0
    sound = Silence()

    def __init__(self, cue: Cue, window: ProgrammeWindow) -> None:
        self._cue, self._window = cue, window
        self._began = 0.0
        self._turns: Iterator[tuple[Image, float]] = iter(())
        """The pictures to come."""
        self._next: Any = None
        """The one that is shown at :attr:`turns_at`; the X server has it already."""
        self._lasts = 0.0
        """Seconds that it is shown then."""
        self._shown_s = 0.0
        """Until when, from the programme's head on, the one that is painted is shown."""

    @property
    def turns_at(self) -> float:
        """The instant (monotonic) of the next picture; never, for one that stands."""
        position = self._shown_s - self._cue.position_ms / 1000
        return self._began + position if self._next is not None and self._began else math.inf

    def make_ready(self) -> None:
        """Decode the picture, fit it into the window, paint it. Raises Failure."""
        try:
            self._prepare()
        except (StillError, OSError) as error:
            raise Failure(str(error)) from None

    def _prepare(self) -> None:
        path, size = Path(self._cue.file), (self._window.width, self._window.height)
        if not moves(path):
            self._window.paint(self._fitted(read_still(path, size)))
            return
        seconds = [lasts for _, lasts in read_animation(path)]
        self._turns = itertools.chain.from_iterable(read_animation(path) for _ in itertools.count())
        self._shown_s = self._cue.position_ms / 1000 // sum(seconds) * sum(seconds)
        while self._shown_s <= self._cue.position_ms / 1000:
            picture, lasts = next(self._turns)
            self._shown_s += lasts
        self._window.paint(self._fitted(picture))
        self._get_next()

    def _get_next(self) -> None:
        picture, self._lasts = next(self._turns)
        self._next = self._window.upload(self._fitted(picture))

    def _fitted(self, picture: "Image") -> "Image":
        from PIL import ImageOps

        return ImageOps.pad(picture, (self._window.width, self._window.height))

    def turn(self) -> None:
        """Show the next picture, and get ready the one after it. Raises Failure."""
        if self._next is not None:
            self._window.show(self._next)
        self._shown_s += self._lasts
        try:
            self._get_next()
        except (StillError, OSError) as error:
            raise Failure(str(error)) from None

    def run(self) -> None:
        """Its time runs from now."""
        self._began = time.monotonic()

    def wait_for_head(self) -> None:
        """Its picture is there."""

    def stand_still(self) -> None:
        """It turns no more."""
        self._next = None

    def progress(self) -> Progress:
        """How long it has been shown."""
        now = time.monotonic()
        media_ms = self._cue.position_ms + round((now - self._began) * 1000)
        return Progress(at=now, media_ms=media_ms, pictures=1, lost=0)


def paint_title(cue: Cue, window: ProgrammeWindow) -> None:
    """Paint the programme's title into the window, for a programme that has sound only."""
    from PIL import Image, ImageDraw

    from kiosk.station.display.lettering import drawn_width, wrap, write

    width, height = window.width, window.height
    picture = Image.new("RGB", (width, height), CARD_GROUND)
    sizes = (height * 9 // (90 + 15 * step) for step in range(40))  # ever smaller, to a seventieth of the height
    for size in sizes:
        lines = wrap(one_line(cue.title), size, width * 9 // 10)
        if len(lines) * size * 1.3 <= height * 0.9 and (len(lines) == 1 or size <= height // 14):
            break
    pen, line = ImageDraw.Draw(picture), size * 13 // 10
    top = (height - len(lines) * line) // 2
    for n, text in enumerate(lines):
        write(pen, ((width - drawn_width(text, size)) // 2, top + n * line), text, size, CARD_INK)
    window.paint(picture)
