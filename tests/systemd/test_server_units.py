"""The units of the X server and the sound server, with real servers, under a real service manager."""

import os
import re
import sys
from pathlib import Path

import pytest
from user_session import UserSession, until

ROOT = Path(__file__).parents[2]
DROP_IN = """\
[Unit]
After=
[Service]
User=
Group=
Nice=0
StandardInput=null
TTYPath=
DevicePolicy=auto
ProtectKernelTunables=no
ProtectKernelLogs=no
PrivateTmp=no
ProtectHome=no
ReadWritePaths={folder}
OOMScoreAdjust=0
ExecStart=
ExecStart={command}
WatchdogSec=2
RestartSec=100ms
StandardOutput=append:{output}
StandardError=append:{output}
"""
# An X server that needs no card in place of Xorg, and the client that the tests have.
GUARD = """\
import os, sys
from kiosk.station.commands import host
from kiosk.station.host import server, x_server
server.EVERY_S = 0.3
os.geteuid = lambda: 1  # the unit's user is not root, who would give the cookie to the folder's owner: it may not here
looks = ["-nolisten", "tcp", "-noreset"]
x_server.command = lambda display, folder: ["Xvfb", display, *looks, "-auth", str(folder / "authority")]
x_server.QUESTION = ("xdpyinfo",)
getattr(host, sys.argv[1])(["--config", sys.argv[2]])
"""


def derive(session: UserSession, unit: str, folder: Path, command: str) -> None:
    (session.units / unit).write_text((ROOT / "systemd" / unit).read_text())
    drop_in = session.units / f"{unit}.d" / "test.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(DROP_IN.format(folder=folder, command=command, output=session.output))
    session.systemctl("daemon-reload")


def server_of(session: UserSession, name: str) -> str:
    return session.inside("pgrep", "-x", name).stdout.strip()


@pytest.mark.parametrize(
    ("unit", "serve", "server"), [("kiosk-sound", "serve_sound", "pulseaudio"), ("kiosk-x", "serve_screen", "Xvfb")]
)
def test_server_runs_under_its_unit_s_limits_and_is_replaced_when_killed_or_frozen(
    session: UserSession, tmp_path: Path, unit: str, serve: str, server: str
) -> None:
    display = f":{50_000 + os.getpid() % 10_000}"
    (tmp_path / "config.toml").write_text(f'[screen]\ndisplay = "{display}"\n')
    (tmp_path / "guard.py").write_text(GUARD)
    derive(session, f"{unit}.service", tmp_path, f"{sys.executable} {tmp_path}/guard.py {serve} {tmp_path}/config.toml")
    session.systemctl("start", unit)  # returns once READY=1 has come
    before = server_of(session, server)
    status = session.inside("cat", f"/proc/{before}/status").stdout
    assert re.findall(r"^(?:NoNewPrivs|Seccomp):\s+(\d)", status, re.M) == ["1", "2"]
    assert re.findall(r"^CapBnd:\s+(\w+)", status, re.M) == ["0" * 16]
    cookie = tmp_path / "run" / unit / {"kiosk-x": "authority", "kiosk-sound": "cookie"}[unit]
    held = cookie.read_bytes()
    for by in ("KILL", "STOP"):
        session.inside("kill", f"-{by}", before)
        until("another server", lambda: server_of(session, server) not in ("", before))  # noqa: B023
        until("active again", lambda: session.show(unit, "ActiveState") == "active")
        before = server_of(session, server)
    assert cookie.read_bytes() == held  # who held it before comes in again
    session.systemctl("stop", unit)
    assert session.show(unit, "Result") == "success"
    assert server_of(session, server) == ""
