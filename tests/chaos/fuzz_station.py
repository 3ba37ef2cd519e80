"""The parsers of a station's settings, and of what its machine and its children say."""

import functools
from pathlib import Path
from typing import Any

from fuzz_parser import Parser, Read

from kiosk.station.config import ConfigError

ROOT = Path(__file__).parents[2]
TOML_WORDS = (
    *(b"[station]\n", b"[town]\n", b"ca_file", b"listen", b" = ", b"a.b.c", b"{a = 1}", b"[[", b"]]", b"#", b'"""'),
    *(b"0x_", b"1_000", b"inf", b"nan", b"1979-05-27T07:32:00-99:00", b"1e400", b"lead_ms", b"true", b"\\U00110000"),
    *(b"9" * 5000, b"a." * 20_000, b"[" + b"a." * 20_000 + b"b]\n", b"a = 1\n" * 5000, b"[" * 200, b"width = 1\n"),
    *(b'"/' + b"x" * 300 + b'"', b'"/root/x"'),
)


def _config(folder: Path) -> Read:
    from kiosk.station import config

    path = folder / "config.toml"

    def read(data: bytes) -> object:
        path.write_bytes(data)
        return config.load(path)

    return read


def _settings() -> list[bytes]:
    few = b'[town]\nheartbeat_s = 60\nca_file = "/x"\n[panel]\nlisten = "127.0.0.1"\n[station]\nstate = "/var/kiosk"\n'
    return [(ROOT / "config.example.toml").read_bytes(), few, few[:40]]


def _machine(folder: Path) -> Read:
    """What the kernel and systemd say of the machine, through the probes, the rules, and into the record."""
    import datetime

    from kiosk.contract.station import Equipment, Thresholds
    from kiosk.station.health import probes
    from kiosk.station.health.faults import as_fault
    from kiosk.station.health.observation import Observation
    from kiosk.station.health.rules import RuleState, judge
    from kiosk.station.journal.chain import valid

    now = datetime.datetime(2026, 3, 5, tzinfo=datetime.UTC)
    screen = Equipment(id="tv", kind="screen", name="电视", connector="HDMI-A-1")
    keypad = Equipment(id="k", kind="usb", name="键盘", usb="046d:c31c")
    zone = folder / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (folder / "proc").mkdir()
    probes.Path = lambda place: folder / str(place).lstrip("/")  # type: ignore[misc, assignment]

    def read(data: bytes) -> None:
        (folder / "proc/meminfo").write_bytes(data)
        (zone / "temp").write_bytes(data)
        text = data.decode("utf-8", "replace")
        pairs = [line.partition("=")[::2] for line in text.split(",")]
        facts = probes.screen(dict(pairs)) | probes.usb(frozenset(name for name, _ in pairs))
        facts |= probes.memory() | probes.temperature()
        _, news = judge(RuleState(), Observation(facts=facts), Thresholds(hysteresis_ms=0), (screen, keypad), now, True)
        for one in news:
            valid(as_fault(one, record_id="f", station="room-1"))

    return read


MACHINE = [
    b"MemTotal:       16303420 kB\nMemFree:         1203420 kB\nMemAvailable:    9303420 kB\n",
    b"47000\n",
    b"HDMI-A-1=connected,DP-1=disconnected,046d:c31c,VGA-1=unknown",
]


def _children(_folder: Path) -> Read:
    """A child's lines, as its reader takes them: each is an event, or is passed over."""
    import msgspec

    from kiosk.station.projector import messages

    decoders: list[Any] = [msgspec.json.Decoder(messages.FromChild), msgspec.json.Decoder(messages.FromStage)]

    def read(data: bytes) -> None:
        for line in data.split(b"\n"):
            for decoder in decoders:
                messages.parsed(decoder, line)

    return read


@functools.cache
def _child_seeds() -> list[bytes]:
    from kiosk.station.projector.messages import Failed, Grabbed, Progress, Ready, Shown, Staged, line

    return [
        line(Ready(kind="film", video_output="xcb_x11")),
        line(Shown(at=12.5)),
        line(Progress(at=13.5, media_ms=1000, pictures=25, lost=0)),
        line(Failed(cause="it cannot be decoded")),
        line(Staged(width=1920, height=1080)),
        line(Grabbed(at=1.5, picture=b"\xff\xd8\xff\xd9")),
    ]


PARSERS = (
    Parser("config.toml", (ConfigError,), _settings, _config, TOML_WORDS),
    Parser("machine's facts", (), lambda: MACHINE, _machine, (b"MemAvailable:", b"=connected", b",", b"\xb2", b"=")),
    Parser("children's lines", (), _child_seeds, _children, (b"say", b"1e999", b"shown", b"progress", b"\n")),
)
