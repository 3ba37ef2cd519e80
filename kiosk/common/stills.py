"""Reads programmes that are one picture, for the town and for the station's player.

The town reads them whole at publication, so what it takes the player can show.
"""

import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kiosk.common.messages import Message, mark

if TYPE_CHECKING:  # a film's child process does without Pillow
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
"""Pillow's names of the formats."""
MOST_PIXELS = 64_000_000
"""A still of more than this many pixels (8000 x 8000) would take a quarter of a gigabyte to decode."""
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
    """The picture as people see it: RGB, upright, on an opaque ground.

    ``at_least`` lets a JPEG be decoded smaller, but not below this width and height, which is faster.
    Raises :class:`StillError`, :class:`OSError` where the file cannot be opened.
    """
    from PIL import UnidentifiedImageError

    with path.open("rb") as file:
        try:
            return _read(file, at_least)
        except UnidentifiedImageError:
            raise StillError(mark("the picture cannot be read; save it as PNG or JPEG")) from None
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, MemoryError, struct.error) as error:
            raise StillError(
                mark("the picture is cut short or damaged ({error}); fetch it again, or save it anew as PNG or JPEG"),
                error=str(error),
            ) from None


def _read(file: BinaryIO, at_least: tuple[int, int] | None) -> "Image":
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the limit is our own
    with Image.open(file, formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise _too_large(opened.width, opened.height)
        if opened.format in ("PNG", "GIF", "WEBP") and getattr(opened, "is_animated", False):
            raise StillError(mark("an animated picture is not taken; convert it to a film: MP4 with H.264"))
        if at_least:
            opened.draft("RGB", at_least)
        opened.load()
        if opened.format != "BMP" and _ends_in_noughts(file):
            raise OSError("it ends in noughts")
        return _opaque(ImageOps.exif_transpose(opened))


def _ends_in_noughts(file: BinaryIO) -> bool:
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
