"""Reads a media file's own bytes before it is decoded: kinds that are not taken, locks, content that is not there.

ffmpeg says of all these "invalid data", or plays what is there without a word.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kiosk.common.messages import mark

HEAD = 256 * 1024
"""So much of a file's beginning is looked at, in bytes."""
NOUGHTS = 64 * 1024
"""So many noughts at the end are room that a broken-off download never filled."""
SLACK = 1024
"""Bytes that may be missing at the end: some programs miscount their last chunk."""
MOST_BOXES = 100_000
"""No more pieces of a file are looked at: a film in pieces of a second each has so many in fourteen hours."""
MOST_INDEX = 64 * 1024 * 1024

LOCKED = mark("it is locked by DRM (copy protection) and plays on no other device; ask for a file without a lock")
APP = mark("it was saved by a video app that locks its files to itself; ask for the programme as MP4 with H.264")
REAL = mark("RealMedia is not taken; ask for the programme as MP4 with H.264 and AAC, or convert it")
FLASH = mark("Flash is not taken; ask for the programme as MP4 with H.264 and AAC")
HEIC = mark("a HEIC or AVIF picture is not taken; save it as JPEG (on a phone: send it as JPEG, Most Compatible)")
PICTURE = mark("this kind of picture is not taken; save it as PNG or JPEG")
OFFICE = mark("a document is not taken; save its pages as PNG or JPEG, or export the slides as a film (MP4)")
ARCHIVE = mark("it is an archive; unpack it and name the film that is in it")
WEB = mark("it is a web page and no film: the download went wrong; fetch the film again")
CUT_SHORT = mark("the file is cut short or was not fetched whole; fetch it again")

_KINDS = (
    (b".RMF", REAL),
    (b".ra\xfd", REAL),
    (b"QIYI VIDEO", APP),
    (b"QLV\x0b", APP),
    (b"FWS", FLASH),
    (b"CWS", FLASH),
    (b"ZWS", FLASH),
    (b"II*\0", PICTURE),
    (b"MM\0*", PICTURE),
    (b"8BPS", PICTURE),
    (b"\xff\x0a", PICTURE),
    (b"\0\0\0\x0cJXL ", PICTURE),
    (b"\0\0\0\x0cjP  ", PICTURE),
    (b"%PDF", OFFICE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OFFICE),
    (b"Rar!", ARCHIVE),
    (b"7z\xbc\xaf", ARCHIVE),
    (b"\x1f\x8b", ARCHIVE),
)
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_LOCKS = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
    bytes.fromhex("338505438169e6499b74ad12cb86d58c"),
)
_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"styp", b"uuid", b"pnot")
_PCM = re.compile(rb"sowt|twos|lpcm|in24|in32|fl32|fl64|raw |ipcm")


def reason_against(path: Path) -> str | None:
    """Why a file is not taken, by its bytes: a text for the catalogue; None where nothing speaks against it.

    Raises :class:`OSError` where it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
        size = file.seek(0, 2)
        for start, cause in _KINDS:
            if head.startswith(start):
                return cause
        if head.startswith(b"PK\x03\x04"):
            return OFFICE if b"[Content_Types].xml" in head or b"mimetype" in head[:64] else ARCHIVE
        if re.match(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|\?xml[^>]*>\s*<!doctype html)", head, re.IGNORECASE):
            return WEB
        if head.startswith(_ASF):
            return _asf(head, size)
        if head[4:8] in _BOXES:
            return _boxes(file, head, size)
        if head[:4] == b"RIFF":
            return _riff(file, size)
        if head[:4] == b"\x1a\x45\xdf\xa3":
            return _matroska(head, size)
        if head[:4] == b"OggS":
            return _ogg(file, size)
        if _scrambled(head):
            return LOCKED
        return CUT_SHORT if _is_empty(file, size) else None


def is_fast_start(path: Path) -> bool:
    """Whether an MP4's index stands before its content, and once for all: it can be shown while it is being fetched.

    Raises :class:`OSError` where it cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        kinds = [kind for kind, _, _ in _each_box(file, size)]
    return b"moov" in kinds and b"moof" not in kinds and b"mdat" in kinds[kinds.index(b"moov") :]


def _asf(head: bytes, size: int) -> str | None:
    if any(lock in head for lock in _ASF_LOCKS):
        return LOCKED
    at = head.find(_ASF_FILE)
    if at < 0:
        return None
    is_broadcast = head[at + 88] & 1 if len(head) > at + 88 else 1
    written = int.from_bytes(head[at + 40 : at + 48], "little")
    return CUT_SHORT if not is_broadcast and written > size + SLACK else None


def _boxes(file: BinaryIO, head: bytes, size: int) -> str | None:
    """Of MP4, MOV, 3GP and their like."""
    if head[4:8] == b"ftyp":
        brands = head[8 : min(256, int.from_bytes(head[:4], "big"))]
        if brands[:4] in _HEIF:
            return HEIC
    index, content = b"", (0, 0)
    for kind, start, end in _each_box(file, size):
        if end > size:
            return CUT_SHORT
        if kind == b"moov":
            file.seek(start)
            index = file.read(min(end - start, MOST_INDEX))
        if kind == b"mdat":
            content = (start, end)
    if not index:
        return CUT_SHORT
    if b"sinf" in index and re.search(rb"drm[ims]|enc[va]|pssh", index):
        return LOCKED
    return CUT_SHORT if not _PCM.search(index) and _is_empty(file, content[1], content[0]) else None


def _each_box(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each box, up to the first that is none."""
    start = 0
    for _ in range(MOST_BOXES):
        if start + 8 > size:
            return
        file.seek(start)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = size - start
        if kind not in _BOXES or length < 8:
            return
        yield kind, start, start + length
        start += length


def _riff(file: BinaryIO, size: int) -> str | None:
    """Of AVI and WAV. A length of 0 or near the greatest number was never filled in: a live recording."""
    start = 0
    for _ in range(MOST_BOXES):
        if start + 8 > size:
            return None
        file.seek(start)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or length == 0 or length > 0x7FFF_0000:
            return None
        if start + 8 + length > size + SLACK:
            return CUT_SHORT
        start += 8 + length + length % 2
    return None


def _matroska(head: bytes, size: int) -> str | None:
    at = head.find(b"\x18\x53\x80\x67", 0, 4096)
    if at < 0 or not head[at + 4]:
        return None
    octets = 9 - head[at + 4].bit_length()
    length = int.from_bytes(head[at + 4 : at + 4 + octets], "big") & ((1 << 7 * octets) - 1)
    is_live = length == (1 << 7 * octets) - 1
    return CUT_SHORT if not is_live and at + 4 + octets + length > size + SLACK else None


def _ogg(file: BinaryIO, size: int) -> str | None:
    file.seek(max(0, size - 128 * 1024))
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return CUT_SHORT
    pieces = tail[at + 27 : at + 27 + tail[at + 26]]
    return CUT_SHORT if not -SLACK <= at + 27 + len(pieces) + sum(pieces) - len(tail) <= 0 else None


def _scrambled(head: bytes) -> bool:
    """Whether a transport stream (pay TV) or a DVD's programme stream is scrambled."""
    if head[:1] == b"\x47" and head[188:189] == b"\x47":
        flags = head[3::188]
        return sum(1 for flag in flags if flag & 0xC0) * 10 > len(flags)
    return head[:4] == b"\0\0\1\xba" and any(
        found.group()[6] & 0xF0 in (0x90, 0xA0, 0xB0) for found in re.finditer(b"\0\0\1\xe0...", head, re.DOTALL)
    )


def _is_empty(file: BinaryIO, end: int, start: int = 0) -> bool:
    """Whether there are only noughts before ``end``."""
    length = min(NOUGHTS, (end - start) // 4)
    file.seek(end - length)
    return length > 0 and not any(file.read(length))
