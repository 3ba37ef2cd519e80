"""Test pictures with a title, a running clock and a bar code from which a screen sample tells programme and frame.

The bar code is a strip over the lowest 18th of the picture, 32 cells of equal width, white for 1: four cells ``1010``,
eight of programme number, sixteen of frame number (most significant first), four of check: the XOR of the seven nibbles
before. ``python -m kiosk.demo.testcard FOLDER`` makes the example programmes of ``playlists/`` anew.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from kiosk.common.fonts import CHINESE

FONT, _ = CHINESE[0]
CELLS = 32


@dataclass(frozen=True)
class Clip:
    """A clip to make. ``seconds`` of picture, ``size`` in pixels, ``aspect`` the sample aspect ratio."""

    number: int
    file: str
    title: str
    seconds: float = 8.0
    size: tuple[int, int] = (1280, 720)
    rate: str = "25"
    aspect: str = "1"
    video: tuple[str, ...] = ("-c:v", "libx264", "-preset", "medium", "-crf", "30", "-pix_fmt", "yuv420p")
    audio: tuple[str, ...] = ("-c:a", "aac", "-b:a", "48k", "-ac", "1")
    tone: int = 440
    level: float = 0.1
    ground: str = "0x1f3a5f"


def bar_code(number: int, width: int, height: int) -> str:
    """The ffmpeg filters that draw the strip; the frame number is ffmpeg's own ``n``."""
    strip = height // 18
    edges = [round(cell * width / CELLS) for cell in range(CELLS + 1)]

    def box(cell: int, when: str = "") -> str:
        enable = f":enable='{when}'" if when else ""
        wide = edges[cell + 1] - edges[cell]
        return f"drawbox=x={edges[cell]}:y={height - strip}:w={wide}:h={strip}:color=white:t=fill{enable}"

    def bit(power: int) -> str:
        return f"mod(floor(n/{1 << power}),2)"

    filters = [f"drawbox=x=0:y={height - strip}:w={width}:h={strip}:color=black:t=fill", box(0), box(2)]
    filters += [box(4 + place) for place in range(8) if number >> (7 - place) & 1]
    filters += [box(12 + place, bit(15 - place)) for place in range(16)]
    for place in range(4):
        power = 3 - place
        fixed = (10 >> power & 1) + (number >> (4 + power) & 1) + (number >> power & 1)
        terms = "+".join(bit(power + nibble) for nibble in (0, 4, 8, 12))
        filters.append(box(28 + place, f"mod({fixed}+{terms},2)"))
    return ",".join(filters)


def picture(clip: Clip) -> str:
    """The whole filter chain of a clip's picture."""
    width, height = clip.size
    box = height // 12
    text = f"drawtext=fontfile={FONT}:fontcolor=white:x=(w-tw)/2"
    return ",".join(
        (
            f"{text}:fontsize={height // 11}:y=h*0.36:text='{clip.title}'",
            rf"{text}:fontsize={height // 18}:y=h*0.56:text='%{{pts\:hms}}'",
            f"drawbox=x='mod(t*{width // 8},{width})':y={height // 4}:w={box}:h={box}:color=0xf2c14e:t=fill",
            bar_code(clip.number, width, height),
            f"setsar={clip.aspect}",
        )
    )


def make(clip: Clip, folder: Path) -> Path:
    """Make the clip in ``folder`` unless it is there. Raises CalledProcessError with ffmpeg's words."""
    target = folder / clip.file
    if target.exists():
        return target
    width, height = clip.size
    ground = f"color=c={clip.ground}:s={width}x{height}:r={clip.rate}:d={clip.seconds}"
    tone = f"sine=f={clip.tone}:r=48000:d={clip.seconds},volume={clip.level}*8"
    sound = ["-f", "lavfi", "-i", tone] if clip.audio else []
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", ground, *sound, "-vf", picture(clip)]
    command += [*clip.video, *clip.audio, "-t", str(clip.seconds), "-metadata", f"title={clip.title}", str(target)]
    subprocess.run(command, check=True)
    return target


EXAMPLES = (
    Clip(1, "kaichang.mp4", "终端站点 开场", 6),
    Clip(
        2,
        "shuidao.ts",
        "水稻病虫害绿色防治",
        9,
        (720, 576),
        aspect="64/45",
        video=("-c:v", "mpeg2video", "-b:v", "900k", "-bf", "2", "-pix_fmt", "yuv420p"),
        audio=("-c:a", "mp2", "-b:a", "64k", "-muxdelay", "0", "-muxpreload", "0"),
        tone=330,
        ground="0x2d5a27",
    ),
    Clip(3, "minfadian.mkv", "民法典小讲堂", 8, (1920, 1080), tone=392, ground="0x5f1f2e"),
    Clip(
        4,
        "jiankang.webm",
        "高血压的日常管理",
        7,
        (854, 480),
        video=("-c:v", "libvpx", "-b:v", "400k", "-deadline", "good", "-cpu-used", "4"),
        audio=("-c:a", "libvorbis", "-ac", "1", "-b:a", "48k"),
        tone=494,
        ground="0x1f5f5b",
    ),
    Clip(
        5,
        "xianjin.avi",
        "身边的榜样",
        8,
        (640, 360),
        video=("-c:v", "mpeg4", "-q:v", "7", "-bf", "0"),
        audio=("-c:a", "libmp3lame", "-b:a", "48k", "-ac", "1"),
        tone=523,
        ground="0x4a2f5f",
    ),
)

if __name__ == "__main__":
    for example in EXAMPLES:
        made = make(example, Path(sys.argv[1]))
        sys.stdout.write(f"{made.name}: {made.stat().st_size // 1024} KB\n")
