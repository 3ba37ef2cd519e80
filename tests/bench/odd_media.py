"""Files as rooms rightly get them, each a kind that players stumble over, and files that a town has to refuse.

Their pictures bear the bar code of :mod:`kiosk.demo.testcard`, so that a screen tells which one it shows.
"""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from kiosk.demo.testcard import Clip, make

NUMBER = 200
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
TONE = ("-f", "lavfi", "-i")
WORDS = "1\n00:00:00,500 --> 00:00:01,000\none\n\n2\n00:00:07,000 --> 00:00:07,500\ntwo\n"


@dataclass(frozen=True)
class Odd:
    """One file. ``refused``: a pattern of the cause for which a town refuses it; empty where it has to be shown."""

    name: str
    file: Path
    refused: str = ""
    coded: bool = True
    """Whether its pictures bear the bar code."""
    subtitle: Path | None = None
    look_s: float = 0.0
    """Seconds into it at which its subtitle is on the screen."""
    alike: str = ""
    unlike: str = ""
    """Names of others, whose subtitles have to look the same, or not the same."""


def odd_media(folder: Path) -> Iterator[Odd]:
    """All of them, made in ``folder``."""
    film = film_of(folder, "film.mp4", 8)
    long = film_of(folder, "long.mp4", 8, "-g", "250", "-sc_threshold", "0")
    short = film_of(folder, "short.mp4", 5)
    one = film_of(folder, "one.mp4", 0.04)
    tone = made(folder / "tone.m4a", *TONE, "sine=d=8", "-c:a", "aac")
    tone5 = made(folder / "tone5.m4a", *TONE, "sine=d=5", "-c:a", "aac")
    (folder / "words.srt").write_text(WORDS)
    both, copy = ("-map", "0:v", "-map", "1:a"), ("-c", "copy")

    def joined(name: str, *inputs: object, more: tuple[str, ...] = (*both, *copy)) -> Path:
        return made(folder / name, *(str(word) for one in inputs for word in ("-i", one)), *more)

    for form in ("ts", "mp4", "mkv"):
        yield Odd(f"sound-ends-early-{form}", joined(f"ends-early.{form}", film, tone5))
        yield Odd(f"picture-ends-early-{form}", joined(f"picture-early.{form}", short, tone))
        late = folder / f"sound-first.{form}"
        shift = ("-itsoffset", "1.5", "-i", str(short), "-i", str(tone5))
        yield Odd(f"sound-first-{form}", made(late, *shift, *both, *copy))
    for name, coding in _streams().items():
        stream = made(folder / f"{name}.ts", "-i", str(long), "-i", str(tone), *both, *coding, "-c:a", "mp2")
        yield Odd(name, stream)
    slides = ("-vf", "select='not(mod(n,50))'", "-fps_mode", "passthrough", *H264, "-bf", "0", "-c:a", "aac")
    yield Odd("slides", joined("slides.mp4", film, tone, more=(*both, *slides)))
    yield Odd("one-picture", joined("one-picture.mp4", one, tone))
    words = ("-map", "0:v", "-map", "1:a", "-map", "2", "-c:v", "copy", "-c:a", "copy", "-c:s", "srt")
    yield Odd("sparse-subtitles", joined("sparse.mkv", film, tone, folder / "words.srt", more=words))
    high = made(folder / "high.m4a", *TONE, "sine=f=660:d=8,volume=5", "-c:a", "aac")
    second = (
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-map",
        "2:a",
        *copy,
        "-disposition:a:0",
        "0",
        "-disposition:a:1",
        "default",
    )
    yield Odd("loud-second-track-is-default", joined("two-tracks.mkv", film, tone, high, more=second))
    yield from _stills(folder, film)
    yield from _refused(folder, film, tone)


def _streams() -> dict[str, tuple[str, ...]]:
    hevc = "log-level=error:keyint=250:min-keyint=250:scenecut=0"
    mpeg2 = ("-c:v", "mpeg2video", "-b:v", "2M", "-g", "250", "-bf", "2", "-sc_threshold", "1000000000")
    return {
        "stream-h264": ("-c:v", "copy"),
        "stream-hevc": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", hevc),
        "stream-mpeg2": mpeg2,
    }


def _stills(folder: Path, film: Path) -> Iterator[Odd]:
    picture = Image.open(made(folder / "still.png", "-i", str(film), "-frames:v", "1"))
    ways: dict[str, Callable[[Path], object]] = {
        "still.webp": lambda path: picture.save(path, lossless=True),
        "still.bmp": lambda path: picture.save(path),
        "grey16.png": lambda path: made(path, "-i", str(folder / "still.png"), "-pix_fmt", "gray16be"),
        "clear.png": lambda path: _clear(picture).save(path),
        "still.gif": lambda path: picture.save(path),
        "animated.gif": lambda path: _turned(path, film, "scale=320:180:flags=neighbor"),
        "animated.png": lambda path: _turned(path, film, "copy", "-f", "apng", "-plays", "0"),
    }
    for name, save in ways.items():
        save(folder / name)
        yield Odd(f"still-{name.replace('.', '-')}", folder / name)


def _clear(picture: Image.Image) -> Image.Image:
    """Its black on a clear ground: shown on white it is what it was."""
    grey = picture.convert("L")
    clear = Image.new("RGBA", picture.size, "black")
    clear.putalpha(grey.point(lambda light: 0 if light > 127 else 255))
    return clear


def _turned(target: Path, film: Path, filters: str, *form: str) -> Path:
    """Three pictures of a second each."""
    chain = f"select='not(mod(n,25))*lt(n,75)',setpts=N/TB,fps=1,{filters}"
    return made(target, "-i", str(film), "-vf", chain, *form)


def _refused(folder: Path, film: Path, tone: Path) -> Iterator[Odd]:
    """What a room could not show right."""
    halves: dict[str, tuple[str, ...]] = {
        "avi": ("-c:v", "mpeg4", "-c:a", "mp3"),
        "wmv": ("-c:v", "wmv2", "-c:a", "wmav2"),
        "mp4": ("-c", "copy"),
        "mkv": ("-c", "copy"),
        "flv": ("-c:v", "copy", "-c:a", "copy"),
    }
    for form, coding in halves.items():
        whole = made(folder / f"whole.{form}", "-i", str(film), "-i", str(tone), *coding)
        data, half = whole.read_bytes(), folder / f"half.{form}"
        half.write_bytes(data[: len(data) * 6 // 10])
        yield Odd(f"cut-short-{form}", half, "cut short|damaged|not media")
    stream = made(folder / "a.ts", "-i", str(film), "-i", str(tone), "-c", "copy").read_bytes()
    (folder / "reset.ts").write_bytes(stream + stream)
    yield Odd("joined-recordings", folder / "reset.ts", "begin anew")
    for suffix in ("jpg", "png", "webp", "bmp", "gif"):
        still = folder / f"whole-still.{suffix}"
        Image.open(folder / "still.png").convert("RGB").save(still)
        cut = folder / f"cut-still.{suffix}"
        cut.write_bytes(still.read_bytes()[: still.stat().st_size // 2])
        yield Odd(f"cut-still-{suffix}", cut, "cut short|damaged|picture")
    (folder / "old.rmvb").write_bytes(b".RMF\0\0\0\x12" + bytes(4000))
    yield Odd("real-media", folder / "old.rmvb", "RealMedia")
    late = folder / "no-key.mkv"
    raw = made(folder / "from.ts", "-i", str(film), "-c:v", "libx264", "-g", "100", "-sc_threshold", "0")
    data = raw.read_bytes()
    (folder / "from-2.ts").write_bytes(data[len(data) // 10 // 188 * 188 :])
    made(late, "-i", str(folder / "from-2.ts"), "-c", "copy", "-copyinkf")
    yield Odd("begins-between-keys", late, "middle of a scene")


def film_of(folder: Path, name: str, seconds: float, *coding: str) -> Path:
    return make(Clip(NUMBER, name, "x", seconds, (640, 360), video=(*H264, *coding), audio=()), folder)


def made(target: Path, *arguments: str) -> Path:
    subprocess.run(["ffmpeg", "-v", "fatal", "-nostdin", "-y", *arguments, str(target)], check=True)
    return target
