"""config.toml as typed settings: every error at once, each with its path, and nothing guessed.

The file holds what is peculiar to this PC (screen, sound, folders, ports). What the town decides (opening hours,
thresholds, people) comes in the station document, and secrets lie in the state folder; neither belongs here. A missing
table or key means its default, so an empty file is a sound one.
"""

import ipaddress
import logging
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from kiosk.common.strict import Place, problems, shown
from kiosk.station.host.events import KeyName
from kiosk.station.schedule import fetch_hours

log = logging.getLogger(__name__)

Folder = Annotated[str, Meta(pattern=r"\A/[^\x00]*\Z", description='an absolute path, such as "/var/lib/kiosk"')]
OptionalFile = Annotated[str, Meta(pattern=r"\A(/[^\x00]*)?\Z", description='an absolute path, or "" for none')]
Display = Annotated[
    str, Meta(pattern=r"\A:\d{1,5}(\.\d{1,3})?\Z", description='an X display of this machine, such as ":0"')
]
VoutModule = Annotated[
    str, Meta(pattern=r"\A[a-z0-9_]{0,40}\Z", description='a libVLC video output, such as "xcb_x11", or "" for any')
]
SoundDevice = Annotated[
    str, Meta(pattern=r"\A[A-Za-z0-9:,=_.-]{0,80}\Z", description='an ALSA device, such as "hw:0,3", or "" for any')
]
HoursOfDay = Annotated[
    str,
    Meta(
        pattern=r"\A" + fetch_hours.PATTERN,
        description='hours such as "22:00-06:00", several by commas, or "" for any time',
    ),
]
KeyNames = tuple[
    Annotated[str, Meta(pattern=r"\A(KEY|BTN)_[A-Z0-9_]{1,40}\Z", description='a key such as "KEY_OK"')], ...
]
Pixels = Annotated[int, Meta(ge=0, le=16_384)]
Port = Annotated[int, Meta(ge=1, le=65_535)]


MAX_BYTES = 16 * 1024
"""The longest file of settings: six times the example. tomllib takes a second for what is made to be slow in it."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Base of one ``[table]`` of the file."""


class Station(Table, frozen=True, kw_only=True):
    """``[station]``: where things lie, and the language of the room."""

    state: Folder = "/var/lib/kiosk"
    """What must survive a power cut: the record, the accepted weeks, the programmes, the station's key and token."""
    runtime: Folder = "/run/kiosk"
    """What may go at a power cut: sockets of the children, the poster's picture."""
    language: Literal["zh", "en"] = "zh"
    """Of the poster, the panel and the messages on the screen."""


class Screen(Table, frozen=True, kw_only=True):
    """``[screen]``: the X screen that the room looks at."""

    display: Display = ":0"
    video_output: VoutModule = ""
    """libVLC's video output module; empty leaves the choice to libVLC."""
    hardware_decoding: bool = True
    """Let the graphics card decode; switch it off where pictures are torn or green."""
    width: Pixels = 0
    """In pixels; 0, together with ``height`` 0, is the whole screen."""
    height: Pixels = 0


class Sound(Table, frozen=True, kw_only=True):
    """``[sound]``: where the children's sound goes."""

    output: Literal["pulse", "alsa", "none"] = "pulse"
    device: SoundDevice = ""
    """ALSA's name of what the sound server plays on; empty: the connected screen, else the first card."""


class Projector(Table, frozen=True, kw_only=True):
    """``[projector]``: the child processes that show the programmes."""

    lead_ms: Annotated[int, Meta(ge=2_000, le=60_000)] = 8_000
    """How long before its instant the next programme's process is started, in ms."""
    ready_ahead: Annotated[int, Meta(ge=1, le=10)] = 3
    """How many of the coming programmes are known ahead, so that a broken one is replaced before its time."""
    stall_ms: Annotated[int, Meta(ge=500, le=60_000)] = 3_000
    """A child whose picture has stood still for this long, in ms, is replaced at the same position."""
    memory_mb: Annotated[int, Meta(ge=256, le=16_384)] = 1_024
    """A child that takes more than this, in MB of 2**20 bytes, is ended and replaced."""


class Town(Table, frozen=True, kw_only=True):
    """``[town]``: the line to the town. The town's address comes from the enrolment."""

    heartbeat_s: Annotated[int, Meta(ge=5, le=3_600)] = 60
    timeout_s: Annotated[int, Meta(ge=2, le=600)] = 30
    """How long one request may stand still, in seconds, before it is given up and tried again."""
    report_delay_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 1_000
    """How long after a play has closed it is reported, in ms."""
    ca_file: OptionalFile = ""
    """Certificates (PEM) by which the town's HTTPS is judged; empty: the system's."""


class Fetch(Table, frozen=True, kw_only=True):
    """``[fetch]``: when, and how fast, programmes are fetched. Reports and the week itself are small and always go."""

    hours: HoursOfDay = ""
    """Local; what is on today's timetable, and urgent notices, are fetched at any hour all the same."""
    limit_kbs: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """In kB (1,000 bytes) a second; 0 for no limit."""


class Panel(Table, frozen=True, kw_only=True):
    """``[panel]``: the administrator's pages on the local network."""

    enabled: bool = True
    listen: str = "0.0.0.0"  # noqa: S104 - the administrator's phone is on the room's network
    """Address to listen on; ``127.0.0.1`` keeps the pages on this PC."""
    port: Port = 8080


class Health(Table, frozen=True, kw_only=True):
    """``[health]``: how often the devices are probed. The thresholds come in the town's station document."""

    probe_s: Annotated[int, Meta(ge=1, le=3_600)] = 10
    disk_free_mb: Annotated[int, Meta(ge=64, le=1_048_576)] = 1_024
    """Below this much free space, in MB of 2**20 bytes, programmes that no week names are purged."""
    hysteresis_s: Annotated[int, Meta(ge=0, le=86_400)] = 0
    """How long a problem must last before it is a fault, in seconds; 0 is what the town says."""


class Record(Table, frozen=True, kw_only=True):
    """``[record]``: how long the station keeps its own copy of what it has told the town."""

    keep_days: Annotated[int, Meta(ge=60, le=36_500)] = 1_826
    """Days after the town countersigned an entry until it is removed here: five years. What the town has not stays."""


class Keys(Table, frozen=True, kw_only=True):
    """``[keys]``: what the keys of a remote, keypad or button box mean, by the kernel's names for them."""

    enabled: bool = True
    up: KeyNames = ("KEY_UP",)
    down: KeyNames = ("KEY_DOWN",)
    left: KeyNames = ("KEY_LEFT",)
    right: KeyNames = ("KEY_RIGHT",)
    ok: KeyNames = ("KEY_OK", "KEY_SELECT", "KEY_ENTER", "KEY_KPENTER")
    menu: KeyNames = ("KEY_MENU", "KEY_COMPOSE", "KEY_HOMEPAGE")
    back: KeyNames = ("KEY_BACK", "KEY_ESC", "KEY_EXIT")
    start: KeyNames = ("KEY_PLAY", "KEY_PLAYCD")
    stop: KeyNames = ("KEY_STOP", "KEY_STOPCD")
    toggle: KeyNames = ("KEY_PLAYPAUSE",)
    """Start where the room is stopped, else Stop."""
    louder: KeyNames = ("KEY_VOLUMEUP",)
    softer: KeyNames = ("KEY_VOLUMEDOWN",)
    mute: KeyNames = ("KEY_MUTE",)
    sensor: KeyNames = ()
    """What a motion sensor sends that is seen as an input device."""

    def names(self) -> dict[KeyName, KeyNames]:
        """The names of each meaning."""
        return {key: getattr(self, key) for key in get_args(KeyName)}


class Log(Table, frozen=True, kw_only=True):
    """``[log]``: how much the daemon writes to the system's journal."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Table, frozen=True, kw_only=True):
    """All settings. ``Config()`` is the defaults."""

    station: Station = Station()
    screen: Screen = Screen()
    sound: Sound = Sound()
    projector: Projector = Projector()
    town: Town = Town()
    fetch: Fetch = Fetch()
    panel: Panel = Panel()
    health: Health = Health()
    record: Record = Record()
    keys: Keys = Keys()
    log: Log = Log()


class ConfigError(ValueError):
    """Settings that cannot be used. ``problems`` holds one sentence each, with the path of the key at fault."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))
        self.problems = problems


def load(path: Path | str) -> Config:
    """Read the settings in ``path``. Raises :class:`ConfigError` with everything that is wrong, not just the first."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(path, ["there is no such file; copy config.example.toml to it and adapt it"]) from None
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}; mend its owner or mode"]) from None
    if len(data) > MAX_BYTES:
        raise ConfigError(path, [f"longer than {MAX_BYTES} bytes: these are no settings; begin with the example"])
    try:
        text = data.decode("utf-8-sig")
        tree = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(path, [f"not UTF-8 at byte {error.start}; save it as UTF-8"]) from None
    except ValueError as error:  # also what tomllib lets through from int(), of thousands of digits
        raise ConfigError(path, [f"not TOML: {error}"]) from None
    except RecursionError:
        raise ConfigError(path, ["not TOML: nested too deeply"]) from None
    config, wrong = parse(tree)
    if wrong:
        raise ConfigError(path, wrong)
    if not text.strip():  # as a power cut leaves it
        log.warning("%s is empty, so every setting is at its default; if it was not meant so, put the copy back", path)
    return config


def parse(tree: dict[str, Any]) -> tuple[Config, list[str]]:
    """Turn a TOML tree into settings and the list of what is wrong with it; a wrong value is left at its default."""
    found = list(problems(tree, Config, _show))
    good = {name: dict(value) if isinstance(value, dict) else value for name, value in tree.items()}
    for (*table, key), _ in found:
        del (good[table[0]] if table else good)[key]
    config = msgspec.convert(good, Config)
    return config, [problem.sentence for problem in found] + _check(config)


def _show(place: Place) -> str:
    """A setting as the file has it: ``[panel] port``."""
    return f"[{place[0]}] {place[1]}" if len(place) > 1 else place[0]


def _check(config: Config) -> list[str]:
    """Checks that need more than one setting, or this PC."""
    found = []
    if (config.screen.width == 0) != (config.screen.height == 0):
        found.append("[screen] width, height: set both, or leave both at 0 for the whole screen")
    if config.town.ca_file and not _is_file(config.town.ca_file):
        found.append(f"[town] ca_file: there is no file {config.town.ca_file}; mend the path, or leave it empty")
    try:
        ipaddress.ip_address(config.panel.listen)
    except ValueError:
        found.append(
            f"[panel] listen: {shown(config.panel.listen)} is not an IP address of this machine; "
            'the default is "0.0.0.0", all of them'
        )
    return found


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:  # a name that is too long, a folder that cannot be entered
        return False
