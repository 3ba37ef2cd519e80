"""Files that no room should be sent: sound ones damaged in every way by a fixed seed, and some made by hand."""

import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import formats

SEED = 20260301
LENGTHS = (2.0,) * 7 + (3.0, 4.0, 8.0)
"""Signed lengths to draw from, in seconds: a picture that stands is looked for from 2 s before the end backwards."""
TWO_HOURS = 7200.0
BASES = (*formats.FILMS, *formats.STILLS, *formats.SOUNDS)


@dataclass(frozen=True)
class Bad:
    """A bad file. ``seconds`` is the length that is signed for it."""

    name: str
    file: Path
    seconds: float
    hostile: Callable[[Path], None] | None = None
    """What a hostile disk does to the file in the station's library, after it was fetched."""


def damaged(folder: Path, count: int) -> list[Bad]:
    """``count`` files made of the sound ones: truncated, flipped, spliced, misnamed. The same ones each time."""
    dice = random.Random(SEED)
    sound = {one.clip.file: formats.make(one).read_bytes() for one in BASES}
    names = list(sound)
    ways = [_truncate, _flip, _splice, _misname]
    made = []
    for number in range(count):
        name = names[number % len(names)]
        way = ways[number // len(names) % len(ways)]
        what, data, suffix = way(dice, sound, name)
        file = folder / f"{number:03d}-{what}{suffix}"
        file.write_bytes(data)
        made.append(Bad(file.stem, file, dice.choice(LENGTHS)))
    return made


Sound = dict[str, bytes]


def _truncate(dice: random.Random, sound: Sound, name: str) -> tuple[str, bytes, str]:
    """Cut short: after a few bytes, after the header, somewhere."""
    data = sound[name]
    ends = [dice.randrange(1, 64), dice.randrange(64, 4096), dice.randrange(len(data)), len(data) * 9 // 10]
    return "truncated", data[: dice.choice(ends)], Path(name).suffix


def _flip(dice: random.Random, sound: Sound, name: str) -> tuple[str, bytes, str]:
    """Wrong bits: a few, or one byte in a hundred; all over the file, or in its first kilobytes."""
    data = bytearray(sound[name])
    reach = dice.choice([len(data), min(len(data), 4096)])
    for _ in range(dice.choice([1, 16, 256, reach // 100 + 1])):
        data[dice.randrange(reach)] ^= 1 << dice.randrange(8)
    return "flipped", bytes(data), Path(name).suffix


def _splice(dice: random.Random, sound: Sound, name: str) -> tuple[str, bytes, str]:
    """Put together of two files, or of one with a piece out of it, twice in it, or of noughts."""
    data, other = sound[name], sound[dice.choice(list(sound))]
    a, b = sorted((dice.randrange(len(data)), dice.randrange(len(data))))
    kinds = {
        "joined": data[:b] + other[dice.randrange(len(other)) :],
        "gap": data[:a] + data[b:],
        "twice": data[:b] + data[a:],
        "noughts": data[:a] + bytes(b - a) + data[b:],
        "two-in-one": data + other,
    }
    what = dice.choice(list(kinds))
    return f"spliced-{what}", kinds[what], Path(name).suffix


def _misname(dice: random.Random, sound: Sound, name: str) -> tuple[str, bytes, str]:
    """Another suffix, or the first bytes of another format."""
    suffix = Path(dice.choice([other for other in sound if Path(other).suffix != Path(name).suffix])).suffix
    if dice.random() < 0.5:
        return "misnamed", sound[name], suffix
    head = sound[dice.choice(list(sound))][: dice.choice([4, 16, 64, 512])]
    return "false-head", head + sound[name][len(head) :], Path(name).suffix


def hand_made(folder: Path, url: str) -> Iterator[Bad]:
    """Those that no dice make. Below ``url`` is what nobody may ask for: the suffix of the file that names it."""
    for name, data, suffix in _texts(url):
        file = folder / f"{name}{suffix}"
        file.write_bytes(data)
        yield Bad(name, file, 3.0)
    two_hours = _two_hours(folder / "two-hours.avi")
    yield Bad("lies-about-its-length", two_hours, 8.0)
    yield Bad("two-hours", two_hours, TWO_HOURS)
    yield Bad("large-still", _large_still(folder / "large.png"), 3.0)
    yield Bad("large-film", _film(folder / "large.mkv", "4096x4096", "10", 1), 4.0)
    yield Bad("tiny-film", _film(folder / "tiny.mkv", "16x16", "25", 2), 2.0)
    yield Bad("thousand-frames", _film(folder / "thousand.mkv", "320x180", "1000", 2), 2.0)
    yield Bad("one-frame-in-ten-seconds", _film(folder / "slow.mkv", "320x180", "1/10", 30), 4.0)
    yield Bad("size-changes", _resized(folder / "resized.ts"), 3.0)


def _texts(url: str) -> Iterator[tuple[str, bytes, str]]:
    dice = random.Random(SEED)
    head = formats.make(formats.FILMS[0]).read_bytes()[:64]
    lists = {
        ".m3u": f"#EXTM3U\n#EXTINF:3,x\n{url}/m3u\n",
        ".m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{url}/m3u8\n#EXT-X-ENDLIST\n",
        ".pls": f"[playlist]\nNumberOfEntries=1\nFile1={url}/pls\nVersion=2\n",
        ".asx": f'<asx version="3.0"><entry><ref href="{url}/asx"/></entry></asx>',
        ".xspf": f'<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList><track>'
        f"<location>{url}/xspf</location></track></trackList></playlist>",
        ".smil": f'<smil><body><video src="{url}/smil"/></body></smil>',
        ".ffconcat": f"ffconcat version 1.0\nfile {url}/ffconcat\n",
        ".sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 33\n",
        ".ram": f"{url}/ram\n",
        ".strm": f"{url}/strm\n",
    }
    for suffix, text in lists.items():
        yield f"names-a-url-{suffix[1:]}", text.encode(), suffix
    yield "names-this-pc", b"#EXTM3U\nfile:///etc/passwd\n/etc/hostname\n", ".m3u"
    yield "empty", b"", ".mp4"
    yield "one-byte", b"\0", ".mp4"
    yield "blank", bytes(65536), ".mkv"
    yield "noise", dice.randbytes(262_144), ".ts"
    yield "noise-behind-a-head", head + dice.randbytes(262_144), ".mp4"
    yield "text", "第一周 推荐节目\n".encode() * 2000, ".mp4"
    yield "web-page", b"<!DOCTYPE html><title>404</title><script>while(1);</script>", ".mp4"
    yield "program", Path(sys.executable).resolve().read_bytes()[:500_000], ".mp4"
    yield "endless-box", struct.pack(">I4sQ", 1, b"mdat", 2**63 - 1) + bytes(4096), ".mp4"
    yield "boxes-in-boxes", b"".join(struct.pack(">I4s", 8000 - 8 * n, b"moov") for n in range(1000)), ".mp4"
    yield "only-a-tag", b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(2000), ".mp3"
    wave = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\xff\xff" + b"\xff" * 12
    yield "wave-of-4-gb", wave + b"data\xff\xff\xff\xff", ".wav"
    yield "subtitles", b"1\n00:00:00,000 --> 00:00:02,000\nno film\n" * 50, ".srt"


def hostile_disk(folder: Path) -> Iterator[Bad]:
    """What a disk may turn a whole and verified file into, under the same name. The files are sound, each its own."""
    sound = formats.make(formats.FILMS[0]).read_bytes()
    things: dict[str, Callable[[Path], None]] = {
        "a-folder": lambda path: path.mkdir(),
        "a-full-folder": lambda path: (path / "in" / "it").mkdir(parents=True),
        "a-pipe": lambda path: _run("mkfifo", str(path)),
        "a-link-to-itself": lambda path: path.symlink_to(path.name),
        "a-link-to-nothing": lambda path: path.symlink_to("/nonexistent/film"),
        "a-link-to-a-device": lambda path: path.symlink_to("/dev/zero"),
        "cut-to-nothing": lambda path: path.touch(),
        "noughts-of-the-same-length": lambda path: path.write_bytes(bytes(len(sound) + 16)),
    }
    for number, (name, thing) in enumerate(things.items()):
        file = folder / f"{name}.mp4"
        file.write_bytes(sound + struct.pack(">I4sQ", 16, b"free", number))  # unlike hashes
        yield Bad(name, file, 3.0, thing)
    for name, size in (("a-folder-of-the-same-length", 4096), ("a-pipe-of-the-same-length", 0)):
        file = folder / f"{name}.mp4"
        file.write_bytes(sound[:size])
        yield Bad(name, file, 3.0, things["a-folder" if size else "a-pipe"])


def _two_hours(target: Path) -> Path:
    """One second of film whose head claims two hours."""
    _film(target, "640x360", "25", 1, ("-c:v", "mpeg4", "-q:v", "5"))
    data = bytearray(target.read_bytes())
    frames = int(TWO_HOURS * 25)
    for mark, place in ((b"avih", 24), (b"strh", 40)):
        at = data.index(mark) + place
        data[at : at + 4] = struct.pack("<I", frames)
    target.write_bytes(data)
    return target


def _large_still(target: Path) -> Path:
    """A PNG of 20,000 by 20,000 pixels: a megabyte in the file, over a gigabyte on the screen."""
    side = 20_000

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    squeeze = zlib.compressobj(1)
    row = b"\0" + b"\x30\x60\x90" * side
    pixels = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    target.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    return target


def _film(target: Path, size: str, rate: str, seconds: float, video: tuple[str, ...] = ()) -> Path:
    picture = f"testsrc2=s={size}:r={rate}:d={seconds}"
    video = video or ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    _run("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture, *video, str(target))
    return target


def _resized(target: Path) -> Path:
    """A transport stream that changes its size and its rate in the middle."""
    parts = [_film(target.with_name(f"part-{n}.ts"), size, rate, 1) for n, (size, rate) in enumerate(SIZES)]
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


SIZES = (("320x240", "25"), ("1280x720", "50"), ("64x64", "10"))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
