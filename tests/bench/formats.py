"""Clips of all the picture formats that a room may be sent, each picture with its bar code: what the benches play.

``python tests/bench/formats.py FOLDER`` makes them all; the benches keep them in a cache in the temporary folder.
"""

import hashlib
import math
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from kiosk.demo import testcard
from kiosk.demo.testcard import Clip, bar_code

SECONDS = 3.0
CACHE = Path(tempfile.gettempdir(), "kiosk-bench-clips")
QUIET, SOFT, PLAIN, LOUD = 0.02, 0.06, 0.15, 0.5
"""Levels of the tone, from a whisper to a shout: 28 dB apart."""

_X264 = ("-c:v", "libx264", "-preset", "medium", "-crf", "28", "-pix_fmt", "yuv420p")
_X265 = ("-c:v", "libx265", "-preset", "fast", "-crf", "30", "-pix_fmt", "yuv420p", "-x265-params", "log-level=error")
_MPEG2 = ("-c:v", "mpeg2video", "-b:v", "4M", "-maxrate", "6M", "-bufsize", "1835k", "-g", "12", "-pix_fmt", "yuv420p")
_LONG = ("-g", "250", "-sc_threshold", "0")
_AAC = ("-c:a", "aac", "-b:a", "96k", "-ac", "2")
_MP2 = ("-c:a", "mp2", "-b:a", "192k", "-ac", "2")
_MP3 = ("-c:a", "libmp3lame", "-b:a", "96k", "-ac", "2")


@dataclass(frozen=True)
class Format:
    """A clip, and what there is to know of its format."""

    clip: Clip
    interlaced: bool = False
    """Fields of different moments, upper one first; the bar code is the same in both."""
    voice: str = ""
    """What is heard, as a source of ffmpeg's, where that is not the clip's tone on both sides."""

    @property
    def name(self) -> str:
        """Short and plain, as in tables; the programme's id."""
        return self.clip.title

    @property
    def number(self) -> int:
        """The programme number of its bar code."""
        return self.clip.number

    @property
    def has_picture(self) -> bool:
        """A sound has none but a title card."""
        return "-vn" not in self.clip.video

    @property
    def seen_as(self) -> int:
        """The programme number that is seen on the screen: a sound's is 0."""
        return self.number if self.has_picture else 0

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
        return Fraction(self.clip.rate)

    @property
    def frames(self) -> int:
        """How many different pictures it has."""
        moves = self.has_picture and "-frames:v" not in self.clip.video
        return math.ceil(self.clip.seconds * self.rate) if moves else 1

    @property
    def shape(self) -> Fraction:
        """Width to height, as it is to be seen."""
        width, height = self.clip.size
        return Fraction(width, height) * Fraction(self.clip.aspect)


def _film(
    number: int,
    file: str,
    video: Sequence[str],
    audio: Sequence[str],
    size: tuple[int, int] = (1280, 720),
    rate: str = "25",
    aspect: str = "1",
    level: float = PLAIN,
    interlaced: bool = False,
) -> Format:
    ground = f"0x{0x20 + number * 37 % 96:02x}{0x30 + number * 53 % 80:02x}{0x20 + number * 71 % 112:02x}"
    tone = 220 + 20 * number
    name = file.replace(".", "-")
    clip = Clip(number, file, name, SECONDS, size, rate, aspect, tuple(video), tuple(audio), tone, level, ground)
    return Format(clip, interlaced)


FILMS = (
    _film(101, "h264-720p25.mp4", _X264, _AAC),
    _film(102, "h264-1080p25.mp4", _X264, _AAC, (1920, 1080), level=LOUD),
    _film(103, "h264-upright.mp4", _X264, _AAC, (720, 1280), level=SOFT),
    _film(104, "h264-2997.mp4", _X264, _AAC, rate="30000/1001", level=QUIET),
    _film(105, "h264-50p.mkv", _X264, _AAC, rate="50"),
    _film(106, "h264-50p.ts", _X264, _AAC, rate="50", level=LOUD),
    _film(107, "hevc-720p25.mp4", (*_X265, "-tag:v", "hvc1"), _AAC, level=SOFT),
    _film(108, "hevc-1080p25.mkv", _X265, _AAC, (1920, 1080)),
    _film(109, "mpeg2.ts", _MPEG2, _MP2, (720, 576), aspect="64/45"),
    _film(110, "mpeg2-b.ts", (*_MPEG2, "-bf", "2"), _MP2, (720, 576), aspect="16/15", level=LOUD),
    _film(
        111,
        "mpeg2-interlaced.ts",
        (*_MPEG2, "-flags", "+ildct+ilme", "-top", "1"),
        _MP2,
        (720, 576),
        aspect="64/45",
        level=SOFT,
        interlaced=True,
    ),
    _film(112, "mpeg2.mpg", (*_MPEG2, "-bf", "2", "-f", "vob"), _MP2, (720, 576), aspect="16/15", level=QUIET),
    _film(113, "mpeg4.avi", ("-c:v", "mpeg4", "-q:v", "4"), _MP3, (640, 480)),
    _film(114, "wmv2.wmv", ("-c:v", "wmv2", "-b:v", "2M"), ("-c:a", "wmav2", "-b:a", "96k"), (640, 480), level=LOUD),
    _film(
        115,
        "flv1.flv",
        ("-c:v", "flv", "-b:v", "2M"),
        (*_MP3, "-ar", "44100"),
        (640, 360),
        rate="30000/1001",
        level=SOFT,
    ),
    _film(
        116,
        "vp8.webm",
        ("-c:v", "libvpx", "-b:v", "1M", "-deadline", "good", "-cpu-used", "4"),
        ("-c:a", "libvorbis", "-b:a", "96k"),
        (768, 576),
    ),
    _film(
        117,
        "vp9.webm",
        ("-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "good", "-cpu-used", "5"),
        ("-c:a", "libopus", "-b:a", "96k"),
        level=QUIET,
    ),
    _film(141, "h264-gop250.ts", (*_X264, *_LONG), _AAC),
    _film(142, "h264-gop50.ts", (*_X264, "-g", "50", "-sc_threshold", "0"), _AAC, level=SOFT),
    _film(143, "hevc-gop250.ts", (*_X265[:-1], f"{_X265[-1]}:keyint=250:min-keyint=250:scenecut=0"), _AAC),
    _film(144, "hevc-gop50.ts", (*_X265[:-1], f"{_X265[-1]}:keyint=50:min-keyint=50:scenecut=0"), _AAC, level=SOFT),
    _film(145, "mpeg2-gop250.ts", (*_MPEG2, *_LONG, "-bf", "2"), _MP2, (720, 576), aspect="64/45"),
    _film(146, "mpeg2-gop50.ts", (*_MPEG2, *_LONG, "-g", "50"), _MP2, (720, 576), aspect="64/45", level=SOFT),
)
"""All picture formats: numbers 101 to 117, and transport streams with few key pictures, a clip of 75 pictures having
one or two: 141 to 146. Transport streams with ffmpeg's own delay of 1.4 s."""

STILLS = (
    _film(121, "still.png", ("-frames:v", "1"), ()),
    _film(122, "still-43.jpg", ("-frames:v", "1", "-q:v", "3"), (), (1024, 768)),
)
"""Pictures that stand; they bear frame 0."""

SOUNDS = (
    _film(131, "sound.mp3", ("-vn",), _MP3, level=LOUD),
    _film(132, "sound.m4a", ("-vn",), _AAC),
    _film(133, "sound.ogg", ("-vn",), ("-c:a", "libvorbis", "-b:a", "96k"), level=SOFT),
)
"""Without a picture of their own."""


def make(one: Format, folder: Path = CACHE) -> Path:
    """The clip's file, made in ``folder`` when it is first asked for. Raises CalledProcessError with ffmpeg's words."""
    recipe = _inputs(one)
    if one.has_picture:
        recipe += ["-vf", _interlaced(one.clip) if one.interlaced else testcard.picture(one.clip)]
    recipe += [*one.clip.video, *one.clip.audio, "-t", str(one.clip.seconds)]
    digest = hashlib.sha256("\0".join(recipe).encode()).hexdigest()[:8]  # another recipe makes another file
    target = folder / f"{digest}-{one.clip.file}"
    if target.exists():
        return target
    folder.mkdir(exist_ok=True)
    half = folder / f"half-made-{target.name}"  # a bench that is broken off leaves no clip that looks whole
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *recipe, str(half)], check=True)
    half.rename(target)
    return target


def _inputs(one: Format) -> list[str]:
    clip = one.clip
    width, height = clip.size
    rate = one.rate * 2 if one.interlaced else one.rate
    ground = f"color=c={clip.ground}:s={width}x{height}:r={rate}:d={clip.seconds}"
    tone = f"sine=f={clip.tone}:r=48000:d={clip.seconds},volume={clip.level}*8"
    inputs = [ground] if one.has_picture else []
    inputs += [one.voice or tone] if clip.audio else []
    return [word for source in inputs for word in ("-f", "lavfi", "-i", source)]


def _interlaced(clip: Clip) -> str:
    """Two moments to a frame: the block that wanders is drawn 50 times a second, the bar code 25 times."""
    width, height = clip.size
    block = f"drawtext=fontfile={testcard.FONT}:fontcolor=0xf2c14e:fontsize={height // 4}:text=■:x=mod(t*{width}\\,w)"
    return ",".join(
        (
            f"{block}:y={height // 4}",
            "tinterlace=interleave_top",
            bar_code(clip.number, width, height),
            f"setsar={clip.aspect}",
        )
    )


def main() -> None:
    """Make all clips in the folder that the command line names, or in the cache."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CACHE
    for one in (*FILMS, *STILLS, *SOUNDS):
        made = make(one, folder)
        print(f"{made.name}: {made.stat().st_size // 1024} KB", file=sys.stderr)


if __name__ == "__main__":
    main()
