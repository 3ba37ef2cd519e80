"""Judges by a reference decode whether a file was shown and heard right. Instants in seconds."""

import array
import math
import subprocess
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk.common.decode import ENTRIES, read_tracks
from kiosk.demo.sampler import CELLS, Sighting, read

STEP_S, MAY_DIFFER_S = 0.1, 0.25
"""How often screen and sound are compared, and how far a change may be from where the decode has it."""
WRONG_SHARE = 0.02
"""Of the looks, so many may be wrong: a busy PC."""
AUDIBLE = 0.002
"""Of full scale."""
RATE = 8000


@dataclass(frozen=True)
class Reference:
    """What ffmpeg decodes of a file: the frames of the bar code, and where it sounds, from the first picture on."""

    starts: tuple[float, ...]
    frames: tuple[int, ...]
    sounds: tuple[float, ...]
    """The loudness of every :data:`STEP_S`."""
    first_sound: float


def reference(file: Path, still: bool = False) -> Reference:
    """Decode a file with ffmpeg."""
    strip = f"crop=iw:2:0:ih-ih/36,scale={CELLS * 8}:2:flags=neighbor,format=bgra"
    rows = _ffmpeg(file, "-map", "0:v:0", "-vf", strip, "-fps_mode", "passthrough", "-f", "rawvideo", "-")
    size = CELLS * 8 * 4 * 2
    codes = [read(rows[at : at + size // 2], CELLS * 8) for at in range(0, len(rows) - size + 1, size)]
    if still:
        return Reference((0.0,), (codes[0][1] if codes else -1,), (), 0.0)
    command = ["ffprobe", "-v", "fatal", "-show_entries", ENTRIES, "-of", "compact", str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    tracks = [track for _, track in sorted(read_tracks(printed.splitlines()).items()) if track.starts]
    picture = min(tracks, key=lambda track: len(track.starts) if len(track.starts) == len(codes) else math.inf)
    starts = sorted(picture.starts)
    begin = starts[0]
    others = [track for track in tracks if track is not picture]
    sound = _ffmpeg(file, "-map", "0:a:0?", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")
    step = 2 * round(RATE * STEP_S)
    return Reference(
        tuple(start - begin for start in starts),
        tuple(frame for _, frame in codes),
        tuple(loudness(sound[at : at + step]) for at in range(0, len(sound), step)),
        min(others[0].starts) - begin if others else 0.0,
    )


def _ffmpeg(file: Path, *arguments: str) -> bytes:
    command = ["ffmpeg", "-v", "fatal", "-nostdin", "-i", str(file), *arguments]
    return subprocess.run(command, capture_output=True, check=False).stdout


def loudness(data: bytes) -> float:
    """Root mean square of samples of 16 bits, as a share of full scale."""
    samples = array.array("h", data[: len(data) // 2 * 2])
    return math.sqrt(sum(one * one for one in samples) / max(1, len(samples))) / 32768


def troubles(
    wanted: Reference, seconds: float, seen: Sequence[Sighting], heard: Sequence[tuple[float, float]], number: int
) -> list[str]:
    """What is wrong, in sentences. ``seen`` and ``heard`` (instant, loudness) count from when it was due."""
    looks = [STEP_S * n for n in range(4, int(seconds / STEP_S) - 3)]
    wrong = [at for at in looks if not _right(wanted, _at(seen, at), at, number)]
    found = [] if heard or not any(one > AUDIBLE for one in wanted.sounds) else ["nothing was recorded"]
    if len(wrong) > WRONG_SHARE * len(looks):
        told = [(round(at, 1), _at(seen, at)) for at in wrong[:4]]
        found.append(f"{len(wrong)} of {len(looks)} looks show another picture: {told}")
    silent = [at for at in looks if {_audible(heard, at), _sounds(wanted, at)} == {True, False}]
    if len(silent) > max(2.0, 2 * WRONG_SHARE * len(looks)):
        found.append(f"{len(silent)} of {len(looks)} times it sounds otherwise: {[round(at, 1) for at in silent[:4]]}")
    return found


def _at(seen: Sequence[Sighting], at: float) -> tuple[int, int]:
    place = bisect_right(seen, at, key=lambda sighting: sighting.monotonic)
    return (seen[place - 1].programme, seen[place - 1].frame) if place else (0, 0)


def _right(wanted: Reference, shown: tuple[int, int], at: float, number: int) -> bool:
    first = max(0, bisect_right(wanted.starts, at - MAY_DIFFER_S) - 1)
    last = max(1, bisect_right(wanted.starts, at + MAY_DIFFER_S))
    return shown[0] == number and shown[1] in wanted.frames[first:last]


def _sounds(wanted: Reference, at: float) -> bool | None:
    """Whether it sounds then; None near a change."""
    place = (at - wanted.first_sound) / STEP_S
    near = [wanted.sounds[n] > AUDIBLE if 0 <= n < len(wanted.sounds) else False for n in _around(place)]
    return near[0] if len(set(near)) == 1 else None


def _audible(heard: Sequence[tuple[float, float]], at: float) -> bool | None:
    near = [loud > AUDIBLE for instant, loud in heard if abs(instant - at) <= MAY_DIFFER_S]
    return near[0] if near and len(set(near)) == 1 else None


def _around(place: float) -> range:
    return range(math.floor(place) - 3, math.floor(place) + 4)
