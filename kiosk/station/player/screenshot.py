"""Takes a small screenshot of the whole screen, in stripes, so that the programme on air never waits for it."""

import time
from io import BytesIO
from typing import TYPE_CHECKING, Any

from Xlib import X
from Xlib.error import XError

from kiosk.contract.picture import MAX_PICTURE

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH = 640
"""Of the small picture, in pixels; a screen that is narrower stays as it is."""
QUALITIES = (85, 75, 65, 55, 45, 35, 25, 15, 5)
STRIPE_ROWS = 16
STRIPE_PAUSE = 0.001
"""Seconds between two stripes, in which the X server serves the players. It is one thread."""


class NotGrabbed(Exception):
    """No screenshot could be taken; the message says why."""


def grab(connection: Any) -> bytes:
    """The screen as a JPEG file of at most :data:`MAX_PICTURE` bytes. Raises :class:`NotGrabbed`.

    The X server copies the screen to a pixmap of its own in one go (at 1920x1080 3 ms), so that the picture is of one
    instant. Then the pixmap is read in stripes, which takes thirty times as long; the server serves others in between.
    """
    try:
        picture = _read(connection)
    except XError as error:
        raise NotGrabbed(f"the X server refused: {error}") from None
    return small(picture)


def small(picture: "Image") -> bytes:
    """``picture`` as a JPEG file of at most :data:`MAX_PICTURE` bytes, as good as fits."""
    from PIL import Image

    if picture.width > WIDTH:
        height = max(1, round(picture.height * WIDTH / picture.width))
        picture = picture.resize((WIDTH, min(height, 2 * WIDTH)), Image.Resampling.BOX)
    for quality in QUALITIES:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        if file.tell() <= MAX_PICTURE:
            return file.getvalue()
    raise NotGrabbed(f"a picture of {picture.width}x{picture.height} does not fit into {MAX_PICTURE} bytes")


def _read(connection: Any) -> "Image":
    from PIL import Image

    root = connection.screen().root
    shape = root.get_geometry()
    width, height = shape.width, shape.height
    if shape.depth not in (24, 32):
        raise NotGrabbed(f"a screen of depth {shape.depth} cannot be read; set 24 in the X server's configuration")
    copy = root.create_pixmap(width, height, shape.depth)
    context = copy.create_gc(subwindow_mode=X.IncludeInferiors, graphics_exposures=False)
    try:
        copy.copy_area(context, root, 0, 0, width, height, 0, 0)
        connection.sync()
        pixels = bytearray()
        for top in range(0, height, STRIPE_ROWS):
            rows = min(STRIPE_ROWS, height - top)
            pixels += copy.get_image(0, top, width, rows, X.ZPixmap, 0xFFFFFFFF).data
            time.sleep(STRIPE_PAUSE)
    finally:
        context.free()
        copy.free()
        connection.flush()
    if len(pixels) != width * height * 4:
        raise NotGrabbed(f"{len(pixels)} bytes are no {width}x{height} pixels of 4; is the X server one for 24 bits?")
    return Image.frombuffer("RGB", (width, height), bytes(pixels), "raw", "BGRX", 0, 1)
