"""Photos from phones: read in a confined process, made small, and looked at for codes. Never parsed in the daemon."""

import asyncio
import contextlib
import struct
import sys
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from kiosk.common.sandbox import environment

CHILD = ("-m", "kiosk.common.photo_child")
MOST_UPLOAD = 12 << 20
"""The longest photo that is taken, in bytes: what a phone's camera makes. Browsers send far less."""
MOST_PHOTO = 300_000
"""Of a photo as it is kept, in bytes."""
MOST_TOLD = MOST_PHOTO + (1 << 20)
"""Of what the process may answer, in bytes: a photo may have taken it over."""
MOST_PIXELS = 64_000_000
WITHIN_S = 20.0
"""How long reading one may take."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the process tells of a photo."""

    codes: tuple[str, ...] = ()
    width: int = 0
    height: int = 0
    trouble: str = ""
    """Why it could not be read; empty where it was."""


@dataclass(frozen=True)
class Photo:
    """A photo as it is kept: a JPEG file of at most :data:`MOST_PHOTO` bytes."""

    jpeg: bytes
    codes: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of the file, in hexadecimal."""
        return sha256(self.jpeg).hexdigest()


class PhotoError(ValueError):
    """A photo that cannot be read; the message is for the log."""


async def read_photo(data: bytes) -> Photo:
    """The photo that is the file ``data``. Raises :class:`PhotoError` where it is none, or takes too long."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment(),
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            told, jpeg = await _asked(process, data)
    except (TimeoutError, ValueError, OSError) as error:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise PhotoError(f"the photo could not be read: {error!r}") from None
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()
    if told.trouble or not jpeg.startswith(b"\xff\xd8") or len(jpeg) > MOST_PHOTO:
        raise PhotoError(told.trouble or "the process gave no JPEG file")
    return Photo(jpeg, told.codes)


async def _asked(process: asyncio.subprocess.Process, data: bytes) -> tuple[Told, bytes]:
    assert process.stdin and process.stdout  # noqa: S101
    with contextlib.suppress(ConnectionError):  # it has given up: its answer says why, or is none
        process.stdin.write(struct.pack(">Q", len(data)) + data)
        await process.stdin.drain()
    answer = bytearray()
    while piece := await process.stdout.read(65536):
        answer += piece
        if len(answer) > MOST_TOLD:
            raise ValueError("the process says too much")
    told, _, jpeg = bytes(answer).partition(b"\n")
    return msgspec.json.decode(told, type=Told), jpeg
