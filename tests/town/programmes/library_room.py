"""A library with files in it, as an upload brings them, and what ffprobe says of them."""

import json
import subprocess

from kiosk.town.programmes import jobs, library, uploads
from kiosk.town.programmes.shelves import shelves

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440")
IN_PROFILE = (
    *("-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "high", "-x264-params", "8x8dct=1"),
    *("-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", "-ar", "48000", "-movflags", "+faststart"),
)


def make(path, *words):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *words, str(path)], check=True)
    return path


def film(path, *words, seconds="1"):
    """A film of ``seconds``, coded by ``words``."""
    return make(path, *PICTURE, *TONE, "-t", seconds, *words)


def brought(town, path, name=None):
    """Bring a file up whole; gives the programme's id."""
    place, data = shelves(town.folder), path.read_bytes()
    one = uploads.begin(town, place, name or path.name, len(data), "1", "officer")
    with uploads.opened(place, one, 0) as piece:
        piece.write(data)
    return uploads.finish(town, place, one)


def entry(town, programme):
    with town.store.read() as connection:
        return library.get(connection, programme)


def made(town, path, name=None):
    """Bring a file up and have it worked on; gives the entry."""
    programme = brought(town, path, name)
    assert jobs.step(town)
    return entry(town, programme)


def probed(path):
    """What ffprobe says: the container, and the first stream of each kind."""
    said = subprocess.run(
        ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)],
        check=True,
        capture_output=True,
    )
    found = json.loads(said.stdout)
    streams = {one["codec_type"]: one for one in reversed(found["streams"])}
    return found["format"], streams.get("video"), streams.get("audio")
