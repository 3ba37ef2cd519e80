"""Judges by a reference decode whether a file was shown and heard right. Instants in seconds."""

import array
import math
import statistics
import subprocess
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from kiosk.common.decode import ENTRIES, Track, read_tracks
from kiosk.demo.sampler import CELLS, Sighting, read

STEP_S, MAY_DIFFER_S = 0.1, 0.25
"""How often screen and sound are compared, and how far a change may be from where the decode has it."""
WRONG_SHARE = 0.02
"""Of the looks, so many may be wrong: a busy PC."""
AUDIBLE = 0.002
"""Of full scale."""
SAME_PITCH = 0.05
"""Share by which a tone may be higher or lower."""
RATE = 8000


@dataclass(frozen=True)
class Reference:
    """What ffmpeg decodes of a file: the frames of the bar code, and where it sounds, from the first picture on."""

    starts: tuple[float, ...]
    frames: tuple[int, ...]
    sounds: tuple[float, ...]
    """The loudness of every :data:`STEP_S`."""
    first_sound: float
    pitch: float | None = None
    """In Hz, where it is steady."""


class Piece(NamedTuple):
    """A tenth of a second of what was heard."""

    at: float
    loud: float
    pitch: float = 0.0


def reference(file: Path, still: bool = False, seconds: float = 0.0) -> Reference:
    """Decode a file with ffmpeg; a ``still`` that is animated is shown over and over, for so many ``seconds``."""
    strip = f"crop=iw:2:0:ih-ih/36,scale={CELLS * 8}:2:flags=neighbor,format=bgra"
    rows = _ffmpeg(file, "-map", "0:v:0", "-vf", strip, "-fps_mode", "passthrough", "-f", "rawvideo", "-")
    size = CELLS * 8 * 4 * 2
    codes = [read(rows[at : at + size // 2], CELLS * 8) for at in range(0, len(rows) - size + 1, size)]
    if still and len(codes) < 2:
        return Reference((0.0,), (codes[0][1] if codes else -1,), (), 0.0)
    command = ["ffprobe", "-v", "fatal", "-show_entries", ENTRIES, "-of", "compact", str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    tracks = [track for _, track in sorted(read_tracks(printed.splitlines()).items()) if track.starts]
    if still:
        return _over_and_over(tracks[0], [frame for _, frame in codes], seconds)
    picture = min(tracks, key=lambda track: len(track.starts) if len(track.starts) == len(codes) else math.inf)
    starts = sorted(picture.starts)
    begin = starts[0]
    others = [track for track in tracks if track is not picture]
    sound = _ffmpeg(file, "-vn", "-sn", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")  # the default track
    step = 2 * round(RATE * STEP_S)
    pieces = [sound[at : at + step] for at in range(0, len(sound), step)]
    return Reference(
        tuple(start - begin for start in starts),
        tuple(frame for _, frame in codes),
        tuple(map(loudness, pieces)),
        min(others[0].starts) - begin if others else 0.0,
        steady([pitch(piece) for piece in pieces if loudness(piece) > AUDIBLE]),
    )


def _over_and_over(track: Track, frames: Sequence[int], seconds: float) -> Reference:
    turn = track.end - track.starts[0]
    places = [(start - track.starts[0] + n * turn, frame) for n in range(int(seconds / turn) + 1)
              for start, frame in zip(track.starts, frames, strict=True)]  # fmt: skip
    return Reference(tuple(at for at, _ in places), tuple(frame for _, frame in places), (), 0.0)


def _ffmpeg(file: Path, *arguments: str) -> bytes:
    command = ["ffmpeg", "-v", "fatal", "-nostdin", "-i", str(file), *arguments]
    return subprocess.run(command, capture_output=True, check=False).stdout


def loudness(data: bytes) -> float:
    """Root mean square of samples of 16 bits, as a share of full scale."""
    samples = array.array("h", data[: len(data) // 2 * 2])
    return math.sqrt(sum(one * one for one in samples) / max(1, len(samples))) / 32768


def pitch(data: bytes) -> float:
    """How often samples of 16 bits swing, in Hz."""
    samples = array.array("h", data[: len(data) // 2 * 2])
    crossings = sum(1 for early, late in pairwise(samples) if (early < 0) != (late < 0))
    return crossings * RATE / 2 / max(1, len(samples))


def steady(pitches: Sequence[float]) -> float | None:
    """The pitch of a tone; None for speech and music."""
    middle = statistics.median(pitches) if pitches else 0.0
    same = [one for one in pitches if abs(one - middle) <= SAME_PITCH * middle]
    return middle if middle and len(same) >= 0.9 * len(pitches) else None


def troubles(
    wanted: Reference, seconds: float, seen: Sequence[Sighting] | None, heard: Sequence[Piece], number: int
) -> list[str]:
    """What is wrong, in sentences. ``seen`` (None where it bears no bar code) and ``heard`` count from when it was
    due."""
    looks = [STEP_S * n for n in range(4, int(seconds / STEP_S) - 3)]
    found = [] if heard or not any(one > AUDIBLE for one in wanted.sounds) else ["nothing was recorded"]
    wrong = [at for at in looks if not _right(wanted, _at(seen, at), at, number)] if seen is not None else []
    if seen is not None and len(wrong) > WRONG_SHARE * len(looks):
        told = [(round(at, 1), _at(seen, at)) for at in wrong[:4]]
        found.append(f"{len(wrong)} of {len(looks)} looks show another picture: {told}")
    silent = [at for at in looks if {_audible(heard, at), _sounds(wanted, at)} == {True, False}]
    if len(silent) > max(2.0, 2 * WRONG_SHARE * len(looks)):
        found.append(f"{len(silent)} of {len(looks)} times it sounds otherwise: {[round(at, 1) for at in silent[:4]]}")
    pitches = [piece.pitch for piece in heard if piece.loud > AUDIBLE]
    if wanted.pitch and pitches and abs(statistics.median(pitches) - wanted.pitch) > SAME_PITCH * wanted.pitch:
        found.append(f"a tone of {statistics.median(pitches):.0f} Hz is heard, not of {wanted.pitch:.0f} Hz")
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


def _audible(heard: Sequence[Piece], at: float) -> bool | None:
    near = [piece.loud > AUDIBLE for piece in heard if abs(piece.at - at) <= MAY_DIFFER_S]
    return near[0] if near and len(set(near)) == 1 else None


def _around(place: float) -> range:
    return range(math.floor(place) - 3, math.floor(place) + 4)
