"""Subtitles in the encodings and formats that rooms get, and films that nothing here can open, each with its cause."""

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from odd_media import Odd, film_of, made

CHINESE = "农村远程教育\n欢迎观看节目"
OTHER = "水稻病虫防治\n民法典讲堂课"
"""As many letters: boxes in their place would look the same."""
LOOK_S = 2.5
_ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Text\nDialogue: 0,0:00:00.50,0:00:05.50,Default,{{\\i0}}{}\n"
)


def subtitles(folder: Path) -> Iterator[Odd]:
    """The same words in each of them; what is no subtitle is refused."""
    srt = _srt(CHINESE)
    yield from subtitled(folder, "utf8.srt", srt.encode(), "", "utf-8", OTHER)
    traditional = _srt("農村遠程教育\n歡迎觀看節目")
    ways = {
        "gbk.srt": (srt.encode("gbk"), "gbk"),
        "big5.srt": (traditional.encode("big5"), "big5"),
        "utf16.srt": (srt.encode("utf-16"), "utf-16"),
        "bare-utf16.srt": (srt.encode("utf-16-be"), "utf-16-be"),
        "words.vtt": (("WEBVTT\n\n00:00.500 --> 00:05.500 line:90%\n" + CHINESE + "\n").encode(), "utf-8"),
    }
    for name, (data, encoding) in ways.items():
        yield from subtitled(folder, name, data, "", encoding)
    ass = _ASS.format(CHINESE.replace("\n", "\\N")).encode("utf-16")
    yield from subtitled(folder, "words.ass", ass, "", "utf-16", words=CHINESE)
    for name, data in {"program.srt": b"\x7fELF\2\1\1\0" * 600, "prose.srt": CHINESE.encode() * 50}.items():
        yield from subtitled(folder, name, data, "no subtitle in it|no known encoding", "")


def subtitled(
    folder: Path, name: str, data: bytes, refused: str, encoding: str, other: str = "", words: str = ""
) -> Iterator[Odd]:
    """A film with those subtitles, and one with the same words as SRT in UTF-8, which is what they have to look like.

    ``other``: words that have to look otherwise.
    """
    file = folder / name
    file.write_bytes(data)
    film = film_of(folder, f"{name.replace('.', '-')}.mp4", 7)
    plain = film_of(folder, f"{name.replace('.', '-')}-plain.mp4", 6.6)
    if refused:
        yield Odd(f"subtitles-{name}", film, refused, subtitle=file)
        return
    reference, stem = f"reference-{name}", f"reference-{name.replace('.', '-')}"
    words = words or _first(data.decode(encoding))
    (folder / f"{stem}.srt").write_text(_srt(words), encoding="utf-8")
    unlike = f"other-{name}" if other else ""
    yield Odd(reference, plain, subtitle=folder / f"{stem}.srt", look_s=LOOK_S, alike=reference, unlike=unlike)
    yield Odd(f"subtitles-{name}", film, subtitle=file, look_s=LOOK_S, alike=reference)
    if other:
        (folder / f"{stem}-other.srt").write_text(_srt(other), encoding="utf-8")
        film = film_of(folder, f"{name.replace('.', '-')}-other.mp4", 7.4)
        yield Odd(unlike, film, subtitle=folder / f"{stem}-other.srt", look_s=LOOK_S)


def _srt(words: str) -> str:
    return f"1\n00:00:00,500 --> 00:00:05,500\n{words}\n\n"


def _first(text: str) -> str:
    """The words of the first subtitle."""
    return re.split(r"-->[^\n]*\n", text, maxsplit=1)[1].split("\n\n")[0].strip()


def locked(folder: Path) -> Iterator[Odd]:
    """Locked by DRM, or coded as nothing here decodes."""
    film = film_of(folder, "to-lock.mp4", 5)
    key = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb")
    kid = ("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
    cenc = made(folder / "locked.mp4", "-i", str(film), "-c", "copy", *key, *kid)
    yield Odd("locked-mp4", cenc, "DRM")
    wmv = made(folder / "open.wmv", "-i", str(film), "-c:v", "wmv2").read_bytes()
    yield Odd("locked-wmv", _written(folder / "locked.wmv", _locked_asf(wmv)), "DRM")
    stream = made(folder / "open.ts", "-i", str(film), "-c", "copy").read_bytes()
    yield Odd("scrambled-stream", _written(folder / "scrambled.ts", _scrambled(stream)), "DRM")
    yield Odd("avs2-stream", _written(folder / "avs2.ts", _typed(stream, 0xD2)), "AVS2")
    heic = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"heic", 0, b"mif1", b"heic") + bytes(4000)
    yield Odd("heic", _written(folder / "IMG_0001.heic", heic), "HEIC")


def _written(target: Path, data: bytes) -> Path:
    target.write_bytes(data)
    return target


def _locked_asf(data: bytes) -> bytes:
    """With a content encryption object as the last one of its header."""
    lock = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e") + struct.pack("<Q", 24 + 16) + bytes(16)
    size, count = struct.unpack_from("<QI", data, 16)
    head = data[:16] + struct.pack("<QI", size + len(lock), count + 1) + data[28:size]
    return head + lock + data[size:]


def _scrambled(data: bytes) -> bytes:
    """Its payload marked as scrambled by an even key, and made so."""
    packets = [bytearray(data[at : at + 188]) for at in range(0, len(data), 188)]
    for packet in packets:
        if (packet[1] & 0x1F) << 8 | packet[2] >= 0x100:
            packet[3] |= 0x80
            packet[60:] = bytes(byte ^ 0x5A for byte in packet[60:])
    return b"".join(packets)


def _typed(data: bytes, kind: int) -> bytes:
    """With its H.264 declared as another coding in the programme's map."""
    found = bytearray(data)
    for at in range(0, len(data), 188):
        if data[at + 5 : at + 6] == b"\x02" and data[at + 1] & 0x40:
            length = (data[at + 6] & 0x0F) << 8 | data[at + 7]
            entry = at + 5 + 12 + ((data[at + 15] & 0x0F) << 8 | data[at + 16])
            found[entry] = kind
            end = at + 5 + 3 + length
            found[end - 4 : end] = struct.pack(">I", _crc(bytes(found[at + 5 : end - 4])))
    return bytes(found)


def _crc(data: bytes) -> int:
    """CRC-32 of MPEG."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value
