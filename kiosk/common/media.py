"""Measures a media file with Debian's ffprobe and ffmpeg: true length, loudness, size and hash.

The files come from anywhere, so ffmpeg may open nothing but the file itself, only as one of the listed formats, and has
a bounded time. A file that a room cannot show right is refused, with the cause and what to ask for instead.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from kiosk.common import confined
from kiosk.common.container import REAL, reason_against
from kiosk.common.decode import ENTRIES, Rhythm, fault, number, read_tracks, rhythm, span
from kiosk.common.ffmpeg import MediaError, Run, run_confined
from kiosk.common.messages import Message, mark
from kiosk.common.still_child import Told
from kiosk.common.stills import is_still
from kiosk.contract.playlist import PEAK_LIMIT
from kiosk.contract.wire import Count

RULES = 3
"""Counts the rules by which files are measured and refused: what was measured by older ones is measured again."""
PROBE_S = 120
DECODE_S = 6 * 3600
LOUDNESS_S = 1800
"""How long the tools may take over one file, in seconds."""
LONGEST_S = 366 * 86_400
"""The longest programme that the contract can name, in seconds."""
SILENT_CLUFS = -7000
"""What EBU R 128 gives for silence, in hundredths of LUFS: its absolute gate."""
PROMISE, LOOSE_PROMISE = (0.4, 0.01), (2.0, 0.1)
"""By how much a file may end before what its container promises: seconds, and a share of the promise."""
LOOSE = {"mp3", "mxf", "asf"}
"""Formats whose promise may be a guess."""
UNREAD, UNREAD_SHARE = 64 * 1024, 0.02
"""Bytes at the end that may hold no packet in a format without a length, and their share of the file."""
NO_PROMISE = {"aac", "h264", "hevc", "mpegts", "mpeg", "mpegvideo"}
"""Formats without a length of their own: ffmpeg guesses it from the bit rate."""
CHUNK = 1024 * 1024

_CODECS = {"avs2": "AVS2", "avs3": "AVS3", "dra": "DRA", "unknown": "?", "none": "?"}
"""Names of codings that ffmpeg knows, and cannot decode."""
_INTEGRATED = re.compile(r"^\s+I:\s+(-?[0-9.]+|nan|-inf) LUFS$", re.MULTILINE)
_PEAK = re.compile(r"^\s+Peak:\s+(-?[0-9.]+|nan|-?inf) dBFS$", re.MULTILINE)


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """A media file, measured."""

    size: int
    """In bytes."""
    sha256: str
    duration_ms: int | None
    """From the first picture (or sound, where there is no picture) to the end of the last; None for stills."""
    loudness_clufs: int | None
    """Integrated loudness (EBU R 128) in hundredths of LUFS; None without sound, or in silence."""
    peak_cdbtp: int | None
    """True peak (ITU-R BS.1770) in hundredths of dB relative to full scale; None without sound, or in silence."""
    video: str | None
    """The codec's name; None where there is sound only, for which the kiosk shows a title card."""
    audio: str | None
    width: int
    height: int
    audio_track: int = 0
    """Which of the sound tracks was measured, from 0: the one to play."""
    still_ms: int | None = None
    rest_ms: int | None = None
    picture_start_ms: int | None = None
    picture_end_ms: int | None = None
    sound_start_ms: int | None = None
    sound_end_ms: int | None = None
    """As a programme has them (contract.playlist)."""
    rules: int = 1
    """The :data:`RULES` that held."""


def measure(
    path: Path,
    sha256: str | None = None,
    run: Run = run_confined,
    *,
    loudness: bool = True,
    to_convert: bool = False,
) -> Media:
    """Measure ``path``; ``sha256`` where its hash is known already, ``loudness`` False where it does not matter.

    ``run``: how the tools are run. ``to_convert``: it is not to be played as it is. All that opens more of it than its
    head is confined. Raises :class:`MediaError`, and as :func:`run_confined`.
    """
    size = path.stat().st_size
    sha256 = sha256 or hash_file(path)
    with path.open("rb") as file:
        head = file.read(16)
    if is_still(head):
        return _still(path, size, sha256)
    reason = reason_against(path)
    if reason is not None and not (to_convert and reason == REAL):
        raise MediaError(path, Message(reason))
    found = _probe(path, run)
    video, audio = _chosen(path, found)
    duration_ms, times = _times(run, path, found.format, video, audio)
    tracks = [stream.index for stream in found.streams if stream.codec_type == "audio"]
    audio_track = tracks.index(audio.index) if audio else 0
    level, peak = _loudness_and_peak(run, path, audio_track) if audio and loudness else (None, None)
    return Media(
        size=size,
        sha256=sha256,
        duration_ms=duration_ms,
        loudness_clufs=level,
        peak_cdbtp=peak,
        video=video.codec_name if video else None,
        audio=audio.codec_name if audio else None,
        width=video.width if video else 0,
        height=video.height if video else 0,
        audio_track=audio_track,
        rules=RULES,
        **_milliseconds(times),
    )


def _milliseconds(times: Rhythm) -> dict[str, int | None]:
    """The fields of a :class:`Media` of that name."""
    picture, sound = times.picture or (None, None), times.sound or (None, None)
    seconds = {
        "still_ms": times.still,
        "rest_ms": times.rest,
        "picture_start_ms": picture[0],
        "picture_end_ms": picture[1],
        "sound_start_ms": sound[0],
        "sound_end_ms": sound[1],
    }
    return {name: None if value is None else round(value * 1000) for name, value in seconds.items()}


def _still(path: Path, size: int, sha256: str) -> Media:
    unread = mark("the picture cannot be read; save it as PNG or JPEG")
    words = [sys.executable, "-m", "kiosk.common.still_child", str(path.absolute())]
    try:
        done = confined.run(words, files=[path.absolute()], within_s=PROBE_S)
        told = msgspec.json.decode(done.stdout, type=Told)
    except (subprocess.TimeoutExpired, ValueError):
        raise MediaError(path, Message(unread)) from None
    if told.cause is not None:
        raise MediaError(path, told.cause)
    return Media(
        size=size,
        sha256=sha256,
        duration_ms=None,
        loudness_clufs=None,
        peak_cdbtp=None,
        video="still",
        audio=None,
        width=told.width,
        height=told.height,
        rules=RULES,
    )


def hash_file(path: Path, tick: Callable[[int], None] = lambda _: None) -> str:
    """SHA-256 of a file; ``tick`` is called with the bytes that went by."""
    seen = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            seen.update(chunk)
            tick(len(chunk))
    return seen.hexdigest()


class _Disposition(msgspec.Struct, frozen=True):
    attached_pic: int = 0
    """Whether the picture is a cover."""
    default: int = 0
    """Whether the track is marked as the one to play."""


class _Stream(msgspec.Struct, frozen=True):
    index: Count
    codec_type: str = ""
    codec_name: str = "unknown"
    width: Count = 0
    height: Count = 0
    nb_frames: str = ""
    avg_frame_rate: str = ""
    disposition: _Disposition = _Disposition()


class _Format(msgspec.Struct, frozen=True):
    format_name: str = ""
    duration: str = ""


class _Found(msgspec.Struct, frozen=True):
    """The fields of ffprobe's answer that are used."""

    streams: tuple[_Stream, ...] = ()
    format: _Format = _Format()


def _probe(path: Path, run: Run) -> _Found:
    output = run("ffprobe", path, PROBE_S, ["-show_format", "-show_streams", "-of", "json"], []).stdout
    try:
        return msgspec.json.decode(output, type=_Found)
    except (ValueError, RecursionError) as error:
        cause = mark("what ffprobe says of it cannot be read ({error}); convert it, to MP4")
        raise MediaError(path, Message(cause, {"error": str(error)})) from None


def _chosen(path: Path, found: _Found) -> tuple[_Stream | None, _Stream | None]:
    """The picture and the sound track that libVLC plays: the first that is marked as default, else the first."""
    pictures = [s for s in found.streams if s.codec_type == "video" and not s.disposition.attached_pic]
    sounds = [s for s in found.streams if s.codec_type == "audio"]
    if not pictures and not sounds:
        raise MediaError(path, Message(mark("no picture and no sound in it; is it a programme?")))
    if len(pictures) > 1:
        cause = mark("it holds {count} picture tracks (a thumbnail, or several channels); keep the one that is meant")
        raise MediaError(path, Message(cause, {"count": str(len(pictures))}))
    sound = next((s for s in sounds if s.disposition.default), sounds[0] if sounds else None)
    return (pictures[0] if pictures else None), sound


def _times(
    run: Run, path: Path, container: _Format, video: _Stream | None, audio: _Stream | None
) -> tuple[int, Rhythm]:
    """The length in ms by the decode (containers and libVLC mis-report that of transport streams), and the rhythm."""
    with tempfile.TemporaryFile("w+") as output:
        fields = ["-threads", "0", "-show_entries", ENTRIES, "-of", "compact"]
        run("ffprobe", path, DECODE_S, fields, [], output)
        output.seek(0)
        tracks = read_tracks(output)
    for stream, cause in (
        (video, mark("its picture is coded as {codec}, which cannot be decoded; ask for it as MP4 with H.264")),
        (audio, mark("its sound is coded as {codec}, which cannot be decoded; ask for it as MP4 with AAC sound")),
    ):
        track = tracks.get(stream.index) if stream else None
        if stream and track and track.packets and not track.starts:
            raise MediaError(path, Message(cause, {"codec": _CODECS.get(stream.codec_name, stream.codec_name)}))
    picture, sound = (tracks.get(stream.index) if stream else None for stream in (video, audio))
    lead = picture or sound
    if lead is None or not lead.starts:
        raise MediaError(path, Message(mark("its packets carry no times; convert it, to MP4 for instance")))
    kind = container.format_name.split(",")[0]
    unread = path.stat().st_size - max(track.reach for track in tracks.values())
    if kind in NO_PROMISE and unread > max(UNREAD, UNREAD_SHARE * path.stat().st_size):
        cause = mark("what it holds after {at} s cannot be read: it is damaged; fetch it again, or convert it to MP4")
        raise MediaError(path, Message(cause, {"at": f"{lead.end - lead.starts[0]:.1f}"}))
    if (wrong := fault(picture, sound, kind)) is not None:
        raise MediaError(path, wrong)
    begin, end = span(lead, sound)
    if not 0 < end - begin <= LONGEST_S:
        cause = mark("by its packets' times it lasts {days} days; convert it, to MP4")
        raise MediaError(path, Message(cause, {"days": f"{(end - begin) / 86_400:.0f}"}))
    first = min(track.starts[0] for track in (picture, sound) if track and track.starts)
    found = max(track.last for track in tracks.values()) - min(0.0, first)
    promised = max(0.0 if kind in NO_PROMISE else number(container.duration) or 0.0, _frames_s(kind, video))
    seconds, share = LOOSE_PROMISE if kind in LOOSE else PROMISE
    if promised - found > max(seconds, promised * share):
        cause = mark(
            "it promises {promised} s, its content ends after {found} s; "
            "the file is cut short: fetch it again, or convert it"
        )
        raise MediaError(path, Message(cause, {"promised": f"{promised:.0f}", "found": f"{found:.0f}"}))
    return round((end - begin) * 1000), rhythm(picture, sound, begin, end)


def _frames_s(kind: str, video: _Stream | None) -> float:
    """The length that an AVI's count of pictures promises, in seconds: of a cut one ffmpeg tells what is there."""
    if kind != "avi" or video is None:
        return 0.0
    above, _, below = video.avg_frame_rate.partition("/")
    rate = (number(above) or 0.0) / (number(below) or 1.0)
    return (number(video.nb_frames) or 0.0) / rate if rate else 0.0


def _loudness_and_peak(run: Run, path: Path, track: int) -> tuple[int | None, int | None]:
    """In hundredths; a mono track counts as heard: from both loudspeakers, 3 LU louder than from one."""
    meter = "ebur128=framelog=verbose:peak=true:dualmono=true"
    arguments = ["-map", f"0:a:{track}", "-vn", "-sn", "-dn", "-filter:a", meter, "-f", "null", "-"]
    log = run("ffmpeg", path, LOUDNESS_S, [], arguments).stderr
    loudness, peak = (_hundredths(found.findall(log)) for found in (_INTEGRATED, _PEAK))
    return (
        loudness if loudness is not None and loudness > SILENT_CLUFS else None,
        peak if peak is not None and abs(peak) <= PEAK_LIMIT else None,
    )


def _hundredths(found: list[str]) -> int | None:
    """The last figure that ffmpeg printed, times a hundred; None where it is none."""
    value = number(found[-1]) if found else None
    return None if value is None else round(value * 100)
