"""The decode of one file on the clock that libVLC follows: its beginning, its end, and its faults. Pure.

A fault is what a room could not show right: content that is missing, damaged, or due at times that make no sense.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import pairwise
from statistics import median

from kiosk.common.messages import Message, mark

ENTRIES = (
    "packet=stream_index,pts_time,dts_time,duration_time,size,pos,flags:"
    "frame=stream_index,best_effort_timestamp_time,pkt_duration_time,duration_time"
)
"""What ffprobe is told to print, as ``compact``."""
SOUND_TAIL_S = 0.5
"""Sound that goes on for so long after the last picture is padding of its coding; what is longer is heard out."""
BACK_S = 1.0
"""Time stamps that go back by more, in seconds, begin anew: joined recordings."""
HOLE_S = 2.0
"""Seconds in which neither picture nor sound may come where the sound, and the picture if any, go on afterwards."""
JUMP_S, JUMP_TIMES = 30.0, 250
"""Seconds without anything, and times the usual distance of pictures, that are taken for a jump of the time stamps."""
DAMAGED_S = 2.0
"""Seconds in which there is data, but nothing that can be decoded."""
LATE_KEY_S = {"mpegts": 1.0, "mpeg": 1.0}
"""Seconds before the first whole picture: broadcasts that were recorded begin anywhere."""
LATE_KEY_ELSE_S = 0.5


@dataclass
class Track:
    """One stream: when its packets are due, and what was decoded of them; seconds."""

    packets: "array[float]" = field(default_factory=lambda: array("d"))
    starts: "array[float]" = field(default_factory=lambda: array("d"))
    ends: "array[float]" = field(default_factory=lambda: array("d"))
    reach: float = 0.0
    """Where its last packet ends in the file, in bytes."""

    @property
    def end(self) -> float:
        """The end of the last picture or piece of sound."""
        return max(self.ends)

    @property
    def last(self) -> float:
        """The end of what was decoded; of what is not decoded (subtitles), the last packet."""
        return max(self.ends or self.packets, default=0.0)


def read_tracks(lines: Iterable[str]) -> dict[int, Track]:
    """The tracks by their index, from what ffprobe prints of :data:`ENTRIES`."""
    tracks: dict[int, Track] = {}
    lengths: dict[tuple[int, float], float] = {}
    for line in lines:
        kind, *pairs = line.rstrip("\n").split("|")
        if kind not in ("packet", "frame"):
            continue
        values = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        index = number(values.get("stream_index", ""))
        if index is None:
            continue
        track = tracks.setdefault(int(index), Track())
        if kind == "packet":
            track.reach = max(track.reach, (_first(values, "pos") or 0.0) + (_first(values, "size") or 0.0))
            due = _first(values, "pts_time", "dts_time")
            if due is not None and "D" not in values.get("flags", ""):  # D: outside of an MP4's edit list
                track.packets.append(due)
                lengths[int(index), due] = number(values.get("duration_time", "")) or 0.0
            continue
        start = _first(values, "best_effort_timestamp_time")
        if start is not None:
            length = _first(values, "pkt_duration_time", "duration_time")
            known = lengths.get((int(index), start), 0.0)
            if length:  # what a film has millions of is not kept
                lengths.pop((int(index), start), None)
            track.starts.append(start)
            track.ends.append(start + (length or known))
    return tracks


def number(text: str) -> float | None:
    """A figure that ffmpeg printed; None where it is none, infinite or without sense."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None


def _first(values: dict[str, str], *names: str) -> float | None:
    return next((value for name in names if (value := number(values.get(name, ""))) is not None), None)


def span(lead: Track, sound: Track | None) -> tuple[float, float]:
    """Beginning and end: from the first picture on, to the last one's end, or the sound's where that goes on.

    ``lead`` is the picture's track, or the sound's where there is no picture.
    """
    end = lead.end
    if sound and sound.starts and sound.end > end + SOUND_TAIL_S:
        end = sound.end
    return min(lead.starts), end


@dataclass(frozen=True)
class Rhythm:
    """When picture and sound come, in seconds from the first of both in the file on; None where there is none."""

    still: float | None
    """The longest that one picture stands."""
    rest: float
    """The longest in which neither another picture nor any sound comes."""
    picture: tuple[float, float] | None
    """Beginning and end."""
    sound: tuple[float, float] | None


def rhythm(picture: Track | None, sound: Track | None, begin: float, end: float) -> Rhythm:
    """Of a film whose programme lasts from ``begin`` to ``end``."""
    tracks = [track for track in (picture, sound) if track and track.starts]
    first = min((min(track.starts) for track in tracks), default=0.0)
    spans = [(min(track.starts) - first, track.end - first) if track in tracks else None for track in (picture, sound)]
    signs = merge(*(sorted([*track.starts, track.end]) for track in tracks))
    return Rhythm(
        still=_longest([begin, *sorted(picture.starts), end], begin) if picture in tracks and picture else None,
        rest=_longest([*signs, end], begin),
        picture=spans[0],
        sound=spans[1],
    )


def _longest(instants: list[float], begin: float) -> float:
    """The longest step from ``begin`` on."""
    return max((late - max(begin, early) for early, late in pairwise(instants)), default=0.0)


def fault(picture: Track | None, sound: Track | None, kind: str) -> Message | None:
    """What in a file a room could not show right; ``kind`` is ffmpeg's name of the container. None if nothing."""
    tracks = [track for track in (picture, sound) if track and track.starts]
    for track in tracks:
        if (at := next((late for late, early in pairwise(track.starts) if early < late - BACK_S), None)) is not None:
            return _told(
                mark(
                    "its time stamps begin anew after {at} s: it was joined from several recordings; "
                    "give the parts one by one, or convert it to MP4"
                ),
                at - track.starts[0],
            )
    if picture in tracks and picture and picture.packets:
        missing = min(picture.starts) - min(picture.packets)
        if missing > LATE_KEY_S.get(kind, LATE_KEY_ELSE_S):
            return _told(
                mark(
                    "it begins in the middle of a scene, its first {at} s cannot be decoded; fetch it again, or cut it"
                ),
                missing,
            )
    for track in tracks:
        if (at := _damage(track)) is not None:
            return _told(
                mark("what it holds after {at} s cannot be decoded: it is damaged or cut short; fetch it again"),
                at - track.starts[0],
            )
    if (hole := _hole(tracks, sound)) is not None:
        start = min(track.starts[0] for track in tracks)
        return _told(
            mark(
                "after {at} s nothing comes for {length} s: its time stamps jump, or a part is missing; "
                "convert it to MP4, or fetch it again"
            ),
            hole[0] - start,
            hole[1] - hole[0],
        )
    return None


def _told(text: str, at: float, length: float = 0.0) -> Message:
    return Message(text, {"at": f"{at:.1f}", "length": f"{length:.0f}"})


def _damage(track: Track) -> float | None:
    """Where there are packets and nothing was decoded of them for :data:`DAMAGED_S`."""
    packets = sorted(track.packets)
    after = max(packets, default=0.0) + 2 * DAMAGED_S
    position = 0
    for end, start in [*zip(track.ends, track.starts[1:], strict=False), (track.ends[-1], after)]:
        if start - end <= DAMAGED_S:
            continue
        while position < len(packets) and packets[position] <= end + DAMAGED_S / 2:
            position += 1
        inside = position
        while inside < len(packets) and packets[inside] < start - DAMAGED_S / 2:
            inside += 1
        if inside - position >= 2:
            return end
    return None


def _hole(tracks: list[Track], sound: Track | None) -> tuple[float, float] | None:
    """The first stretch in which nothing comes, from no track, though it should: sound has no slides."""
    usual = max((_usual(track) for track in tracks), default=0.0)
    last_starts = [track.starts[-1] for track in tracks]
    reached: float | None = None
    for start, end in merge(*(zip(track.starts, track.ends, strict=True) for track in tracks)):
        if reached is not None:
            length = start - reached
            go_on = sound in tracks and all(last >= start for last in last_starts) and length > HOLE_S
            if go_on or (length > JUMP_S and length > JUMP_TIMES * usual):
                return reached, start
        reached = max(end, start) if reached is None else max(reached, end)
    return None


def _usual(track: Track) -> float:
    return median(_steps(track)) if len(track.starts) > 2 else JUMP_S


def _steps(track: Track) -> Iterator[float]:
    return (late - early for early, late in pairwise(track.starts))
