"""The parsers of the town's office: what an officer writes, and what the tools say of the media that it names."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz_contract import PLAYLIST_WORDS
from fuzz_parser import Parser, Read

from kiosk.common.ffmpeg import MediaError
from kiosk.town.publishing.source import SourceError

ROOT = Path(__file__).parents[2]


def _source(kind: str) -> Callable[[Path], Read]:
    """A source as the officer writes it, up to where its files would be measured."""

    def made(folder: Path) -> Read:
        from kiosk.town.publishing import publish, source
        from kiosk.town.stations.registry import _settings
        from kiosk.town.town import found_town

        found = found_town(folder / "town", "丰乐镇", town="fengle", root_keys=1, threshold=1, by="test")
        path = folder / "source.json"
        terms = publish.PublishTerms("test")

        def nothing(_town: Any, path: Path, programmes: Any, _tick: Any) -> tuple[tuple[()], dict[str, Path]]:
            if absent := source.missing(source.wanted(path, programmes), lambda place: place.suffix == ".mp4"):
                raise SourceError(path, absent)
            return (), {}

        publish.gather = nothing

        def read(data: bytes) -> None:
            path.write_bytes(data)
            if kind == "week":
                publish.publish(found, path, terms, lambda *_: None)
            elif kind == "urgent":
                publish.publish_urgent(found, path, terms, lambda *_: None)
            else:
                _settings(path)

        return read

    return made


def _weeks() -> list[bytes]:
    return [(ROOT / "playlists/week.json").read_bytes()]


def _notices() -> list[bytes]:
    notice = {
        "id": "flood-1", "title": "防汛", "start": "2026-03-02T09:00:00+08:00", "end": "2026-03-02T10:00:00+08:00",
        "mode": "loop", "stations": ["room-1"], "volume": 90,
        "programmes": [{"id": "p", "file": "a.mp4", "title": "题", "subtitles": [{"language": "zh", "file": "a.srt"}]}],
    }  # fmt: skip
    return [json.dumps({"notices": [notice]}, ensure_ascii=False).encode()]


def _documents() -> list[bytes]:
    tree = {
        "place": "村委会",
        "opening": {"week": [[{"start": "08:00:00", "end": "20:00:00"}]] * 7},
        "people": [{"id": "li", "name": "李", "post": "A"}],
        "equipment": [{"id": "tv", "kind": "screen", "name": "电视"}],
        "thresholds": {"plays_per_week": 4},
        "screen_power": {"off": "black"},
    }
    return [json.dumps(tree, ensure_ascii=False).encode()]


def _missing(folder: Path) -> Read:
    """Names of files, against the disk as it is."""
    from kiosk.town.publishing.source import Wanted, missing

    def read(data: bytes) -> None:
        names = data.decode("utf-8", "replace").split("\n")
        missing(Wanted("programme p", folder / name, name) for name in names if "\0" not in name)

    return read


def _media(folder: Path) -> Read:
    """What ffprobe and ffmpeg say: three parts, with a line of four dashes between them."""
    from kiosk.common import media
    from kiosk.contract.playlist import Programme
    from kiosk.contract.wire import decode, encode

    path = folder / "film.mp4"
    path.write_bytes(b"film")
    said: list[str] = []

    def run(tool: str, *arguments: Any) -> "subprocess.CompletedProcess[str]":
        text = said.pop(0) if said else ""
        if tool == "ffprobe" and len(arguments) == 5:
            arguments[-1].write(text)
        return subprocess.CompletedProcess([tool], 0, text, text)

    def read(data: bytes) -> None:
        said[:] = data.decode("utf-8", "replace").split("----\n")
        found = media.measure(path, "0" * 64, run)
        programme = Programme(
            id="p",
            title="t",
            file="film.mp4",
            size=found.size,
            sha256=found.sha256,
            duration_ms=found.duration_ms or 1,
            loudness_clufs=found.loudness_clufs,
            peak_cdbtp=found.peak_cdbtp,
        )
        assert decode(encode(programme), Programme, "programme") == programme

    return read


def _measures() -> list[bytes]:
    streams = [
        {"index": 0, "codec_type": "video", "codec_name": "h264", "width": 1280, "height": 720},
        {"index": 1, "codec_type": "audio", "codec_name": "aac", "disposition": {"attached_pic": 0}},
    ]
    found = {"streams": streams, "format": {"format_name": "mov,mp4,m4a", "duration": "6.000000"}}
    lines = "packet|stream_index=0|pts_time={0}|size=9|pos=9|flags=K_\n"
    lines += "frame|stream_index=0|best_effort_timestamp_time={0}\n"
    packets = "".join(lines.format(f"{n * 0.04:.6f}") for n in range(150))
    summary = "  Integrated loudness:\n    I:         -23.0 LUFS\n  True peak:\n    Peak:       -1.5 dBFS\n"
    return ["----\n".join([json.dumps(found), packets, summary]).encode()]


_WORDS = (
    *PLAYLIST_WORDS,
    b"0001-01-01T00:00:00+00:00",
    b"9999-12-31T23:59:59-12:00",
    b"2026-W10-1T00Z",
    b"a.mp4",
    b"other",
)
PARSERS = (
    Parser("week's source", (SourceError,), _weeks, _source("week"), _WORDS),
    Parser("urgent notices' source", (SourceError,), _notices, _source("urgent"), _WORDS),
    Parser("station's source", (SourceError,), _documents, _source("station"), _WORDS),
    Parser("names of files", (), lambda: [b"a.mp4\n\xe5\x86\x9c.mp4\nb.srt"], _missing, (b"x" * 300, b"..", b"/")),
    Parser(
        "what ffprobe says",
        (MediaError,),
        _measures,
        _media,
        (b"nan", b"-inf", b"1e308", b"9" * 5000, b"LUFS", b"I: ", b"packet,", b"----\n", b"N/A", b"1_0"),
    ),
)
