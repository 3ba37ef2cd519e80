"""Reads programmes that are one picture, or an animated one, for the town and for the station's player.

The town reads them whole at publication, so what it takes the player can show.
"""

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kiosk.common.messages import Message, mark

if TYPE_CHECKING:  # a film's child process does without Pillow
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
MOVING = ("PNG", "GIF", "WEBP")
"""Pillow's names of the formats, and of those that may be animated."""
MOST_PIXELS = 64_000_000
"""A still of more than this many pixels (8000 x 8000) would take a quarter of a gigabyte to decode."""
MOST_MOVING_PIXELS = 2_100_000
"""An animated picture of more than this many pixels (1920 x 1080) would not turn in time."""
MOST_TURNS = 2000
"""An animated picture of more pictures than this is a film; each is decoded at publication."""
SHORTEST_S, USUAL_S = 0.02, 0.1
"""A picture of an animated one that claims to be shown for less than the first is shown for the second, as browsers
do; in seconds."""
LIGHT_INK = 200
"""From this mean brightness on (0 to 255), what is drawn on a transparent ground is put on black, not on white."""

_ENDS = (b"\xff\xd9", b"IEND\xaeB`\x82", b";")
"""How a JPEG, a PNG and a GIF end."""
_MOST_NOUGHTS = 64
"""More of them at the end, before the format's own end, are room that a broken-off download never filled."""
_HEADS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")


class StillError(Exception):
    """A picture that cannot be shown. Its cause is for people, in their language."""

    def __init__(self, cause: str, **values: str) -> None:
        self.cause = Message(cause, values)
        super().__init__(self.cause.render(str))


def is_still(head: bytes) -> bool:
    """Whether a file is a picture, by its first 16 bytes."""
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    bitmap = head[:2] == b"BM" and head[6:10] == bytes(4) and head[14:15] in (b"\x0c", b"\x28", b"\x6c", b"\x7c")
    return bitmap or head.startswith(_HEADS)


def read_still(path: Path, at_least: tuple[int, int] | None = None) -> "Image":
    """The (first) picture as people see it: RGB, upright, on an opaque ground.

    ``at_least`` lets a JPEG be decoded smaller, but not below this width and height, which is faster.
    Raises :class:`StillError`, :class:`OSError` where the file cannot be opened.
    """
    with path.open("rb") as file, _told():
        return next(_pictures(file, at_least))[0]


def moves(path: Path) -> bool:
    """Whether it is an animated picture. Raises as :func:`read_still`."""
    from PIL import Image

    with path.open("rb") as file, _told(), Image.open(file, formats=FORMATS) as opened:
        return _moves(opened)


def _moves(opened: "Image") -> bool:
    return getattr(opened, "format", None) in MOVING and getattr(opened, "is_animated", False)


def read_animation(path: Path) -> Iterator[tuple["Image", float]]:
    """Each picture in turn, with the seconds that it is shown; a still gives one. Raises as :func:`read_still`."""
    with path.open("rb") as file, _told():
        yield from _pictures(file, None)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Pillow's errors as :class:`StillError`."""
    from PIL import UnidentifiedImageError

    try:
        yield
    except UnidentifiedImageError:
        raise StillError(mark("the picture cannot be read; save it as PNG or JPEG")) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, MemoryError, struct.error) as error:
        raise StillError(
            mark("the picture is cut short or damaged ({error}); fetch it again, or save it anew as PNG or JPEG"),
            error=str(error),
        ) from None


def _pictures(file: BinaryIO, at_least: tuple[int, int] | None) -> Iterator[tuple["Image", float]]:
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the limit is our own
    with Image.open(file, formats=FORMATS) as opened:
        frames = getattr(opened, "n_frames", 1) if _moves(opened) else 1
        if frames > 1 and opened.width * opened.height > MOST_MOVING_PIXELS:
            raise StillError(
                mark("an animated picture of more than {pixels} pixels is not taken; convert it to MP4 with H.264"),
                pixels="1920 x 1080",
            )
        if frames > MOST_TURNS:
            raise StillError(
                mark("an animated picture of more than {count} pictures is not taken; convert it to MP4 with H.264"),
                count=str(MOST_TURNS),
            )
        if opened.width * opened.height > MOST_PIXELS:
            raise _too_large(opened.width, opened.height)
        if at_least:
            opened.draft("RGB", at_least)
        for number in range(frames):
            if number:
                opened.seek(number)
            opened.load()
            if number == 0 and opened.format != "BMP" and _ends_in_noughts(file):
                raise OSError("it ends in noughts")
            seconds = opened.info.get("duration", 0) / 1000
            yield _opaque(ImageOps.exif_transpose(opened)), seconds if seconds >= SHORTEST_S else USUAL_S


def _ends_in_noughts(file: BinaryIO) -> bool:
    place = file.tell()
    try:
        return _has_noughts_for_its_end(file)
    finally:
        file.seek(place)


def _has_noughts_for_its_end(file: BinaryIO) -> bool:
    file.seek(max(0, file.seek(0, 2) - _MOST_NOUGHTS))
    if any(file.read()):
        return False
    file.seek(0)
    return not file.read().rstrip(b"\0").endswith(_ENDS)


def _opaque(picture: "Image") -> "Image":
    from PIL import Image, ImageStat

    if picture.mode.startswith("I"):  # 16-bit grey: a plain conversion makes everything above 255 white
        picture = picture.convert("I").point(lambda grey: grey * (1 / 257)).convert("L")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    above = picture.convert("RGBA")
    opaque = above.getchannel("A")
    ink = ImageStat.Stat(above.convert("L"), mask=opaque.point(lambda alpha: 255 if alpha else 0))
    light = ink.count[0] > 0 and ink.mean[0] > LIGHT_INK
    ground = Image.new("RGB", above.size, "black" if light else "white")
    ground.paste(above, mask=above)
    return ground


def _too_large(width: int, height: int) -> StillError:
    return StillError(
        mark("the picture has {width}x{height} pixels, more than {pixels} million; save it smaller, as 3840 x 2160"),
        width=str(width),
        height=str(height),
        pixels=str(MOST_PIXELS // 1_000_000),
    )
