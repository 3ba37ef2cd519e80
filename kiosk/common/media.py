"""Measures a media file with Debian's ffprobe and ffmpeg: true length, loudness, size and hash.

The files come from anywhere, so ffmpeg may open nothing but the file itself, only as one of the listed formats, and has
a bounded time.
"""

import hashlib
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec

from kiosk.contract.playlist import PEAK_LIMIT
from kiosk.contract.wire import Count

FORMATS = (
    "mov,mp4,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,asf,ogg,h264,hevc,mxf,gif,mp3,aac,wav,flac,"
    "image2,png_pipe,jpeg_pipe,mjpeg,webp_pipe,bmp_pipe"
)
"""ffmpeg's names of what may be opened: nothing that names further files, as HLS and concat do."""
PROBE_S = 120
LOUDNESS_S = 1800
"""How long the tools may take over one file, in seconds."""
LONGEST_S = 366 * 86_400
"""The longest programme that the contract can name, in seconds."""
SILENT_CLUFS = -7000
"""What EBU R 128 gives for silence, in hundredths of LUFS: its absolute gate."""
CHUNK = 1024 * 1024

_STILLS = {"image2", "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe"}
_INTEGRATED = re.compile(r"^\s+I:\s+(-?[0-9.]+|nan|-inf) LUFS$", re.MULTILINE)
_PEAK = re.compile(r"^\s+Peak:\s+(-?[0-9.]+|nan|-?inf) dBFS$", re.MULTILINE)


class MediaError(Exception):
    """A file cannot be measured; the message names the file, the cause and the remedy."""


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """A media file, measured."""

    size: int
    """In bytes."""
    sha256: str
    duration_ms: int | None
    """From the first picture (or sound, where there is no picture) to the end of the last; None for a still."""
    loudness_clufs: int | None
    """Integrated loudness (EBU R 128) in hundredths of LUFS; None without sound, or in silence."""
    peak_cdbtp: int | None
    """True peak (ITU-R BS.1770) in hundredths of dB relative to full scale; None without sound, or in silence."""
    video: str | None
    """The codec's name; None where there is sound only, for which the kiosk shows a title card."""
    audio: str | None
    width: int
    height: int


def measure(path: Path, sha256: str | None = None) -> Media:
    """Measure ``path``; ``sha256`` where its hash is known already. Raises :class:`MediaError`."""
    size = path.stat().st_size
    sha256 = sha256 or hash_file(path)
    found = _probe(path)
    video = next((s for s in found.streams if s.codec_type == "video" and not s.disposition.attached_pic), None)
    audio = next((s for s in found.streams if s.codec_type == "audio"), None)
    timed = video or audio
    if timed is None:
        raise MediaError(f"{path}: no picture and no sound in it; is it a programme?")
    loudness, peak = _loudness_and_peak(path) if audio else (None, None)
    still = bool(_STILLS & set(found.format.format_name.split(",")))
    return Media(
        size=size,
        sha256=sha256,
        duration_ms=None if still else _duration(path, timed.index, found.format.duration),
        loudness_clufs=loudness,
        peak_cdbtp=peak,
        video=video.codec_name if video else None,
        audio=audio.codec_name if audio else None,
        width=video.width if video else 0,
        height=video.height if video else 0,
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


class _Stream(msgspec.Struct, frozen=True):
    index: Count
    codec_type: str = ""
    codec_name: str = "unknown"
    width: Count = 0
    height: Count = 0
    disposition: _Disposition = _Disposition()


class _Format(msgspec.Struct, frozen=True):
    format_name: str = ""
    duration: str = ""


class _Found(msgspec.Struct, frozen=True):
    """The fields of ffprobe's answer that are used."""

    streams: tuple[_Stream, ...] = ()
    format: _Format = _Format()


def _probe(path: Path) -> _Found:
    output = _run("ffprobe", path, PROBE_S, ["-show_format", "-show_streams", "-of", "json"], []).stdout
    try:
        return msgspec.json.decode(output, type=_Found)
    except (ValueError, RecursionError) as error:
        raise MediaError(f"{path}: what ffprobe says of it cannot be read ({error}); convert it, to MP4") from None


def _duration(path: Path, stream: int, claimed: str) -> int:
    """The stream's true length in ms: containers and libVLC mis-report that of transport streams."""
    fields = ["-select_streams", str(stream), "-show_entries", "packet=pts_time,dts_time,duration_time", "-of", "csv"]
    output = _run("ffprobe", path, PROBE_S, fields, []).stdout
    starts: list[float] = []
    end = 0.0
    for line in output.splitlines():
        pts, dts, length = (_number(text) for text in (line.split(",") + ["", "", ""])[1:4])
        start = pts if pts is not None else dts
        if start is not None:
            starts.append(start)
            end = max(end, start + (length or 0.0))
    if not starts or end <= min(starts):
        raise MediaError(f"{path}: its packets carry no times; convert it, to MP4 for instance")
    duration = end - min(starts)
    if duration > LONGEST_S:
        raise MediaError(f"{path}: by its packets' times it lasts {duration / 86_400:.0f} days; convert it, to MP4")
    promised = _number(claimed)
    if promised is not None and promised - duration > max(5.0, promised * 0.1):
        raise MediaError(
            f"{path}: it promises {promised:.0f} s, its content ends after {duration:.0f} s; "
            "the file is cut short: fetch it again, or convert it"
        )
    return round(duration * 1000)


def _loudness_and_peak(path: Path) -> tuple[int | None, int | None]:
    """In hundredths; a mono track counts as heard: from both loudspeakers, 3 LU louder than from one."""
    meter = "ebur128=framelog=verbose:peak=true:dualmono=true"
    arguments = ["-map", "0:a:0", "-vn", "-sn", "-dn", "-filter:a", meter, "-f", "null", "-"]
    log = _run("ffmpeg", path, LOUDNESS_S, [], arguments).stderr
    loudness, peak = (_hundredths(found.findall(log)) for found in (_INTEGRATED, _PEAK))
    return (
        loudness if loudness is not None and loudness > SILENT_CLUFS else None,
        peak if peak is not None and abs(peak) <= PEAK_LIMIT else None,
    )


def _hundredths(found: list[str]) -> int | None:
    """The last figure that ffmpeg printed, times a hundred; None where it is none."""
    value = _number(found[-1]) if found else None
    return None if value is None else round(value * 100)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e9 else None  # neither NaN nor infinite


def _run(
    tool: str, path: Path, timeout_s: int, before: list[str], after: list[str]
) -> subprocess.CompletedProcess[str]:
    """Run an ffmpeg tool on one local file, without the network and any other file."""
    guard = ["-hide_banner", "-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS]
    level = ["-v", "error"] if tool == "ffprobe" else ["-v", "info", "-nostats", "-nostdin"]
    command = [tool, *level, *guard, *before, "-i", f"file:{path}", *after]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=timeout_s, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise MediaError(f"{path}: {tool} is not installed, so it cannot be measured; apt-get install ffmpeg") from None
    except subprocess.TimeoutExpired:
        raise MediaError(
            f"{path}: {tool} was not done after {timeout_s} s; convert the file, to MP4 for instance"
        ) from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix(f"file:{path}: ")
        raise MediaError(f"{path}: not media that the kiosk can play ({reason}); convert it, to MP4 for instance")
    return done
