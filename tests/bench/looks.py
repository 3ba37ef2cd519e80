"""Pictures of the whole screen, and what they have to be by ffmpeg's decode: for films without a bar code, and letters.

A thumbnail tells one picture from another, the lettering (what is white in the lower third) one subtitle from another.
"""

import contextlib
import io
import subprocess
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageOps
from Xlib import X
from Xlib import display as xdisplay

EVERY_S = 0.25
THUMBNAIL = (32, 18)
UNLIKE, WORSE = 20.0, 4.0
"""Mean difference of two thumbnails' grey from which they show different pictures; by how much more than the best one
of all a picture may differ."""
MAY_DIFFER_S = 0.4
WRONG_SHARE = 0.06
BAND = (0.68, 0.935)
"""Where subtitles stand, from the top, as shares of the screen's height: above the bar code."""
WHITE = 200
LEAST_INK, SAME_INK = 60, 0.9
"""Pixels that are lettering at least; the share of them that has to be the same in both."""


@dataclass(frozen=True)
class Look:
    """What the screen showed at one moment (monotonic seconds)."""

    at: float
    thumbnail: bytes
    lettering: Image.Image


@contextlib.contextmanager
def camera(display: str, instants: Sequence[float]) -> Iterator[list[Look]]:
    """Look at the screen at each of the ``instants`` (monotonic, in order), until the block ends."""
    looks: list[Look] = []
    over = threading.Event()

    def look() -> None:
        connection = xdisplay.Display(display)
        root = connection.screen().root
        size = root.get_geometry()
        for instant in instants:
            if over.wait(max(0.0, instant - time.monotonic())):
                break
            at = time.monotonic()
            data = root.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xFFFFFFFF).data
            picture = Image.frombuffer("RGB", (size.width, size.height), data, "raw", "BGRX", 0, 1)
            looks.append(Look(at, thumbnail(picture), lettering(picture)))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield looks
    finally:
        over.set()
        thread.join()


def instants(due: float, seconds: float) -> list[float]:
    """When to look at a programme that is due then (monotonic)."""
    return [due + EVERY_S * n for n in range(2, int(seconds / EVERY_S) - 1)]


def thumbnail(picture: Image.Image) -> bytes:
    """The picture in grey, small."""
    return picture.resize(THUMBNAIL, Image.Resampling.BOX).convert("L").tobytes()


def lettering(picture: Image.Image) -> Image.Image:
    """What is white where subtitles stand."""
    top, bottom = (round(share * picture.height) for share in BAND)
    band = picture.crop((0, top, picture.width, bottom)).convert("L")
    return band.point(lambda grey: 255 if grey > WHITE else 0).convert("1")


def shown_pictures(file: Path, still: bool, size: tuple[int, int]) -> list[bytes]:
    """Thumbnails of all pictures of a file, as ffmpeg decodes them and a screen of that size shows them."""
    command = ["ffmpeg", "-v", "fatal", "-nostdin", "-i", str(file), "-map", "0:v:0"]
    if still:
        form = ["-frames:v", "1", "-pix_fmt", "rgba", "-c:v", "png", "-f", "image2pipe", "-"]
        data = subprocess.run([*command, *form], capture_output=True, check=True).stdout
        above = Image.open(io.BytesIO(data))
        ground = Image.new("RGB", above.size, "white")
        ground.paste(above, mask=above)
        return [thumbnail(ImageOps.pad(ground, size))]
    fit = f"scale='trunc(iw*sar/2)*2':ih,scale={size[0]}:{size[1]}:force_original_aspect_ratio=decrease"
    small = f"pad={size[0]}:{size[1]}:-1:-1,scale={THUMBNAIL[0]}:{THUMBNAIL[1]}:flags=area,format=gray"
    form = ["-vf", f"{fit},{small}", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    data = subprocess.run([*command, *form], capture_output=True, check=False).stdout
    step = THUMBNAIL[0] * THUMBNAIL[1]
    return [data[at : at + step] for at in range(0, len(data) - step + 1, step)]


def other_pictures(
    starts: Sequence[float], pictures: Sequence[bytes], looks: Sequence[Look], due: float, seconds: float
) -> list[str]:
    """What is wrong with the ``looks`` from ``due`` (monotonic) on, in sentences."""
    compared = [one for one in looks if EVERY_S < one.at - due < seconds - EVERY_S]
    if not compared:
        return ["nobody looked at it"]
    wrong = [one.at - due for one in compared if not _right(starts, pictures, one.thumbnail, one.at - due)]
    if len(wrong) <= WRONG_SHARE * len(compared):
        return []
    return [f"{len(wrong)} of {len(compared)} looks show another picture: {[round(at, 1) for at in wrong[:5]]}"]


def _right(starts: Sequence[float], pictures: Sequence[bytes], seen: bytes, at: float) -> bool:
    first = max(0, bisect_right(starts, at - MAY_DIFFER_S) - 1)
    last = max(1, bisect_right(starts, at + MAY_DIFFER_S))
    near = min(_difference(seen, one) for one in pictures[first:last])
    return (
        near < UNLIKE
        and near < min(_difference(seen, one) for one in pictures[:: max(1, len(pictures) // 200)]) + WORSE
    )


def _difference(one: bytes, other: bytes) -> float:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


def letters_at(looks: Sequence[Look], at: float) -> Image.Image:
    """The lettering that was on the screen at an instant (monotonic)."""
    return min(looks, key=lambda one: abs(one.at - at)).lettering


def same_letters(one: Image.Image, other: Image.Image) -> bool:
    """Whether both bear the same lettering; never where there is none."""
    both, either = (_ink(way(one, other)) for way in (ImageChops.logical_and, ImageChops.logical_or))
    return _ink(one) >= LEAST_INK and both >= SAME_INK * either


def _ink(picture: Image.Image) -> int:
    return picture.histogram()[255]
