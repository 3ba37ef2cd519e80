"""The guards of the room's servers, with a real PulseAudio and a real X server: ready, alive, closed to strangers."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from screen import kill_all

from kiosk.station.host import places, x_server
from kiosk.station.host.sound_server import CARD_SINK, NULL_SINK, choose, command, find_device, has_eld, outputs, script

ROOT = Path(__file__).parents[3]


class Guarded:
    """A server under its guard, which tells this test what it tells systemd."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._heard.bind(str(folder / "notify"))
        self._heard.settimeout(15)
        environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), "RUNTIME_DIRECTORY": str(folder)}
        self.guard = subprocess.Popen(command, env=environment)

    def told(self, within: float = 15) -> str:
        self._heard.settimeout(within)
        try:
            return self._heard.recv(1000).decode()
        except TimeoutError:
            return ""

    @property
    def server(self) -> int:
        children = Path(f"/proc/{self.guard.pid}/task/{self.guard.pid}/children").read_text().split()
        return int(children[0])

    def end(self) -> int:
        self.guard.terminate()
        return self.guard.wait(10)


@contextmanager
def guarded(folder: Path, *command: str) -> Iterator[Guarded]:
    found = Guarded(folder, *command)
    try:
        yield found
    finally:
        if found.guard.poll() is None:
            server = found.server
            found.guard.kill()
            kill_all([server])
            found.guard.wait()


GUARD_SOUND = """
import os, sys
from kiosk.station.commands.host import serve_sound
from kiosk.station.host import server
os.umask(0o027)  # as the unit has it
server.EVERY_S = 0.2
serve_sound(["--config", sys.argv[1]])
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A runtime folder that other users can enter: pytest's own they cannot."""
    with tempfile.TemporaryDirectory() as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.fixture
def sound(folder: Path) -> Iterator[Guarded]:
    (folder / "config.toml").write_text("")
    with guarded(folder, sys.executable, "-c", GUARD_SOUND, str(folder / "config.toml")) as found:
        assert found.told() == "READY=1\nWATCHDOG=1"
        yield found


NOBODY = 65534


def ask_sound(folder: Path, *words: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
    client = {**os.environ, **places.environment(sound=folder)}
    as_user = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    return subprocess.run(["pactl", *words], env=client, **as_user, capture_output=True, text=True, timeout=10)


def test_sound_server_is_closed_to_modules_strangers_and_orders_to_end(sound: Guarded, folder: Path) -> None:
    assert NULL_SINK in ask_sound(folder, "list", "short", "sinks").stdout
    assert ask_sound(folder, "load-module", "module-null-sink").returncode != 0
    assert ask_sound(folder, "exit").returncode != 0
    cookie = folder / "cookie"
    assert cookie.stat().st_mode & 0o777 == 0o640
    if os.getuid() == 0:  # else another user cannot be played
        assert ask_sound(folder, "info", user=NOBODY).returncode != 0
        cookie.chmod(0o644)  # as for the group
        assert ask_sound(folder, "info", user=NOBODY).returncode == 0
    modules = ask_sound(folder, "list", "short", "modules").stdout
    assert set(re.findall(r"module-[\w-]+", modules)) <= {
        "module-null-sink",
        "module-native-protocol-unix",
        "module-alsa-sink",
    }
    assert sound.end() == 0


def test_nothing_can_be_recorded_but_what_is_played(sound: Guarded, folder: Path) -> None:
    """No capture source: the one source there is repeats what the null sink swallows."""
    sources = ask_sound(folder, "list", "short", "sources").stdout.split("\n")
    assert [line.split("\t")[1] for line in sources if line] == [f"{NULL_SINK}.monitor"]


def test_sound_server_that_hangs_is_not_told_alive_and_one_that_ends_takes_its_guard_along(
    sound: Guarded, folder: Path
) -> None:
    assert sound.told() == "WATCHDOG=1"
    server = sound.server
    os.kill(server, signal.SIGSTOP)
    while sound.told(0.5):
        pass
    assert sound.told(0.5) == ""
    os.kill(server, signal.SIGCONT)
    assert sound.told() == "WATCHDOG=1"
    os.kill(server, signal.SIGKILL)
    assert sound.guard.wait(5) == 1


GUARD_X = """
import sys
from pathlib import Path
from kiosk.station.host.server import keep
from kiosk.station.host.x_server import write_authority
folder, display = Path(sys.argv[1]), sys.argv[2]
write_authority(folder / "authority")
server = ["Xvfb", display, "-nolisten", "tcp", "-noreset", "-auth", str(folder / "authority")]
sys.exit(keep(server, ["xdpyinfo"], {"DISPLAY": display, "XAUTHORITY": str(folder / "authority")}))
"""


def test_x_server_lets_in_who_has_the_cookie_by_python_xlib_and_by_libx11(tmp_path: Path) -> None:
    display = f":{40_000 + os.getpid() % 10_000}"
    connect = f"from Xlib import display; display.Display({display!r})"
    with guarded(tmp_path, sys.executable, "-c", GUARD_X, str(tmp_path), display) as x:
        assert x.told() == "READY=1\nWATCHDOG=1"
        cookie = (tmp_path / "authority").read_bytes()
        for authority, code in ((tmp_path / "authority", 0), (tmp_path / "none", 1)):
            environment = {**os.environ, "XAUTHORITY": str(authority), "DISPLAY": display}
            for client in (["xdpyinfo"], [sys.executable, "-c", connect]):
                assert subprocess.run(client, env=environment, capture_output=True).returncode == code, client
        assert x.end() == 0
    x_server.write_authority(tmp_path / "authority")  # as at a restart
    assert (tmp_path / "authority").read_bytes() == cookie
    assert (tmp_path / "authority").stat().st_mode & 0o077 == 0


def test_x_server_is_started_without_a_cursor_the_network_or_a_reset() -> None:
    words = x_server.command(":0.0", Path("/run/kiosk-x"))
    assert words[:3] == [x_server.PROGRAM, ":0", "vt7"]
    assert {"-nocursor", "-noreset", "-keeptty"} <= set(words)
    assert " ".join(words).count("-nolisten tcp") == 1
    config = x_server.CONFIG.read_text()
    for option in ("DontVTSwitch", "DontZap", "BlankTime", "Composite", "Ignore"):
        assert option in config


PCM = """\
00-00: ALC887-VD Analog : ALC887-VD Analog : playback 1 : capture 1
00-02: ALC887-VD Alt Analog : ALC887-VD Alt Analog : capture 1
00-03: HDMI 0 : HDMI 0 : playback 1
00-07: HDMI 1 : HDMI 1 : playback 1
01-00: USB Audio : USB Audio : playback 1
"""


@pytest.mark.parametrize(
    ("pcm", "screen", "device"),
    [
        (PCM, "hw:0,7", ("hw:0,7", True)),
        (PCM, "", ("hw:0,0", False)),
        (PCM.splitlines()[2], "", ("hw:0,3", False)),
        (PCM.splitlines()[1], "", ("", False)),
        ("", "", ("", False)),
        ("not of this kernel", "", ("", False)),
    ],
)
def test_sound_goes_to_the_connected_screen_else_to_the_first_card(
    pcm: str, screen: str, device: tuple[str, bool]
) -> None:
    assert choose(outputs(pcm), lambda output: output.device == screen) == device


def test_screen_that_takes_sound_is_known_by_its_eld() -> None:
    """As alsa-utils prints it, written from its documentation: there is no such card here."""
    head = "numid=11,iface=PCM,name='ELD',device=3\n  ; type=BYTES,access=r--v----,values={}\n  : values={}\n"
    assert has_eld(head.format(36, "0x10,0x00,0x08"))
    assert not has_eld(head.format(0, ""))
    assert not has_eld("")


def test_pc_without_cards_has_no_device(tmp_path: Path) -> None:
    assert find_device(tmp_path / "pcm") == ("", False)
    (tmp_path / "pcm").write_text(PCM)
    assert find_device(tmp_path / "pcm") == ("hw:0,0", False)


GUARD_SLEEP = """
import sys
from kiosk.station.host import server
sys.exit(server.keep(["sleep", "60"], ["true"], {}, outdated=lambda: True))
"""


def test_server_whose_devices_are_outdated_is_ended_for_its_unit_to_start_it_anew(tmp_path: Path) -> None:
    with guarded(tmp_path, sys.executable, "-c", GUARD_SLEEP) as server:
        assert server.told() == "READY=1\nWATCHDOG=1"
        assert server.guard.wait(10) == 1


def test_card_that_cannot_be_opened_leaves_the_sink_that_swallows_all(tmp_path: Path) -> None:
    lines = script("hw:9,9", tmp_path).splitlines()
    assert lines.index(".nofail") < next(n for n, line in enumerate(lines) if CARD_SINK in line) < lines.index(".fail")
    (tmp_path / "cookie").write_bytes(bytes(256))
    (tmp_path / "start.pa").write_text(script("hw:9,9", tmp_path))
    environment = {**os.environ, "PULSE_RUNTIME_PATH": str(tmp_path / "own"), "HOME": str(tmp_path)}
    server = subprocess.Popen(command(tmp_path / "start.pa"), env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while (asked := ask_sound(tmp_path, "get-default-sink")).returncode and time.monotonic() < deadline:
            time.sleep(0.05)
        assert asked.stdout.strip() == NULL_SINK
    finally:
        server.terminate()
        server.wait()


def test_the_daemon_s_unit_names_the_servers_where_they_are() -> None:
    unit = (ROOT / "systemd/kiosk-station.service").read_text()
    for name, value in places.environment().items():
        assert f"{name}={value}" in unit
