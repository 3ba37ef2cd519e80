"""What a programme's process may reach, as its cue and the environment name it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from screen import XServer

from kiosk.station.player.reach import programme_reach, sound_sockets, stage_reach, x_socket
from kiosk.station.projector.messages import Cue

OWN = Path("/run/kiosk/play-1")
WITHOUT_A_NETWORK_NAMESPACE = """
import ctypes, sys
from Xlib import display
from kiosk.common import sandbox
from kiosk.station.player.reach import stage_reach
xcb = ctypes.CDLL("libxcb.so.1")
xcb.xcb_connect.restype = ctypes.c_void_p
if sys.argv[2] == "without":
    sandbox.CLONE_NEWNET = sandbox.CLONE_NEWUSER = -1
print(sandbox.confine(stage_reach(sys.argv[1])))
display.Display(sys.argv[1])
print("libxcb", xcb.xcb_connection_has_error(ctypes.c_void_p(xcb.xcb_connect(sys.argv[1].encode(), None))))
"""


@pytest.mark.parametrize("display", [":3", ":3.0", "unix:3"])
def test_x_server_is_reached_by_its_path(display: str) -> None:
    assert x_socket(display) == ("/tmp/.X11-unix/X3",)


@pytest.mark.parametrize("namespace", ["with", "without"])
def test_x_is_reached_with_and_without_a_network_namespace(screen: XServer, namespace: str) -> None:
    """By python-xlib, and by libxcb, which libVLC uses."""
    command = [sys.executable, "-c", WITHOUT_A_NETWORK_NAMESPACE, screen.name, namespace]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    trouble, connected = done.stdout.split("\n")[:2]
    assert connected == "libxcb 0"
    assert ("no network namespace" in trouble) == (namespace == "without" or os.getuid() != 0 and bool(trouble))


def test_x_server_of_another_computer_is_not_reached() -> None:
    assert x_socket("elsewhere:3") == ()


@pytest.mark.parametrize(
    ("named", "folders"),
    [
        ("unix:/run/kiosk-sound/native", ("/run/kiosk-sound",)),
        ("/run/kiosk-sound/native", ("/run/kiosk-sound",)),
        ("{room}unix:/run/a/native unix:/run/b/native", ("/run/a", "/run/b")),
        ("unix:/native", ()),  # the whole computer lies in that folder
        ("", ("/run/user/7/pulse", "/run/pulse")),
        ("tcp:elsewhere", ("/run/user/7/pulse", "/run/pulse")),
    ],
)
def test_sound_server_is_reached_by_the_folder_of_its_socket(
    monkeypatch: pytest.MonkeyPatch, named: str, folders: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PULSE_SERVER", named)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert sound_sockets() == folders


def test_programme_reaches_its_file_and_subtitles_and_the_sound_that_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULSE_SERVER", "unix:/run/kiosk-sound/native")
    monkeypatch.setenv("XAUTHORITY", "/run/x/authority")
    monkeypatch.setenv("HOME", "/home/kiosk")
    reach = programme_reach(OWN, Cue(file="/films/1", subtitles=("/films/1.srt",), display=":0"))
    cookies = ("/home/kiosk/.config/pulse/cookie", "/home/kiosk/.pulse-cookie")
    assert reach.files == ("/films/1", "/films/1.srt", "/run/x/authority", *cookies)
    assert reach.sockets == ("/tmp/.X11-unix/X0", "/run/kiosk-sound")
    assert (reach.folder, reach.devices, reach.alsa) == (OWN, ("/dev/dri",), False)
    alsa = programme_reach(OWN, Cue(file="/films/1", display=":0", sound="alsa"))
    assert (alsa.devices, alsa.alsa) == (("/dev/dri", "/dev/snd"), True)
    for without in (alsa, programme_reach(OWN, Cue(file="/films/1", display=":0", sound="none")), stage_reach(":0")):
        assert without.sockets == ("/tmp/.X11-unix/X0",)
        assert not set(cookies) & set(without.files)


def test_stage_has_nothing_to_write_to_and_no_device() -> None:
    assert (stage_reach(":0").folder, stage_reach(":0").devices) == (None, ())
