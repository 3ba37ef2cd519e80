"""The confined process that reads one photo: finds the codes in it, and makes it small.

Standard input has the photo's length in eight bytes, then the photo; standard output gets a line of JSON
(:class:`kiosk.common.photos.Told`), then a JPEG file.
"""

import os
import resource
import struct
import sys
from io import BytesIO

import msgspec
import zxingcpp
from PIL import Image, ImageOps

from kiosk.common.photos import MOST_PHOTO, MOST_PIXELS, Told
from kiosk.common.sandbox import Reach, confine, die_with_parent, is_too_weak

FORMATS = ("JPEG", "PNG", "WEBP")
CPU_S, MEMORY = 15, 1 << 30
"""Seconds of processor and bytes of memory that a photo may take."""
EDGE, CODE_EDGE = 1280, 2400
"""Pixels of the longer edge of the small photo; of the one in which codes are looked for."""
QR = zxingcpp.barcode_formats_from_str("QRCode")
QUALITIES = (80, 65, 50, 35, 20)


def main() -> None:
    """Read the photo, tell of it, end."""
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    Image.init()
    unconfined = confine(Reach())
    if is_too_weak(unconfined):
        _end(Told(trouble=f"this computer cannot confine the process that would read it: {unconfined}"[:300]), b"")
    (length,) = struct.unpack(">Q", _exactly(8))
    data = _exactly(length)
    try:
        told, jpeg = read(data)
    except Exception as error:  # whatever Pillow raises at a file that was made to be bad
        told, jpeg = Told(trouble=f"{type(error).__name__}: {error}"[:300]), b""
    _end(told, jpeg)


def _end(told: Told, jpeg: bytes) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n" + jpeg)
    sys.stdout.buffer.flush()
    os._exit(0)


def read(data: bytes) -> tuple[Told, bytes]:
    """The codes in the photo, and the photo as a small JPEG file, upright and without what else the file says (place,
    camera). Raises what Pillow raises."""
    with Image.open(BytesIO(data), formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            return Told(trouble=f"{opened.width} x {opened.height} pixels are too many"), b""
        opened.draft("RGB", (CODE_EDGE, CODE_EDGE))
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((CODE_EDGE, CODE_EDGE))
    codes = tuple(sorted({text[:100] for text in _codes(upright)}))
    upright.thumbnail((EDGE, EDGE))
    for quality in QUALITIES:
        file = BytesIO()
        upright.save(file, "JPEG", quality=quality)
        if file.tell() <= MOST_PHOTO:
            break
    return Told(codes=codes, width=upright.width, height=upright.height), file.getvalue()


def _codes(picture: Image.Image) -> list[str]:
    grey = picture.convert("L")
    pixels = grey.tobytes()  # the view holds no reference to them: they must outlive it
    view = zxingcpp.ImageView(pixels, grey.width, grey.height, zxingcpp.ImageFormat.Lum)
    return [found.text for found in zxingcpp.read_barcodes(view, formats=QR)]


def _exactly(length: int) -> bytes:
    data = sys.stdin.buffer.read(length)
    if len(data) != length:
        os._exit(1)
    return data


if __name__ == "__main__":
    main()
