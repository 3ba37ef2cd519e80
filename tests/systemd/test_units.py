"""The shipped units: sound to systemd itself, and doing what they promise under a real service manager."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from user_session import UserSession, until

from kiosk.station.host import power_off
from kiosk.town.programmes import library
from kiosk.town.programmes.shelves import shelves
from kiosk.town.town import found_town
from kiosk.town.work import beats

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "systemd").glob("*.service"))
SHIPPED_COMMAND = "/opt/kiosk/.venv/bin/kiosk"

# What a user's own service manager cannot do, and what would hide the test's own files (in /tmp, or in a home).
DROP_IN = """\
[Unit]
After=
[Service]
User=
SupplementaryGroups=
DevicePolicy=auto
ProtectKernelTunables=no
ProtectKernelLogs=no
PrivateTmp=no
ProtectHome=no
ReadWritePaths={folder}
ExecStart=
ExecStart={command}
WatchdogSec={watchdog_s}
StandardOutput=append:{output}
StandardError=append:{output}
"""

BEATING = """\
import subprocess, sys, time
from kiosk.common.systemd import READY, WATCHDOG, notify, watchdog_interval
programme = subprocess.Popen(["sleep", "1000"])
print("programme", programme.pid, flush=True)
notify(READY)
while True:
    notify(WATCHDOG)
    time.sleep(watchdog_interval())
"""

CONFINING = """\
import ctypes, os, time
from pathlib import Path
from kiosk.common.sandbox import Reach, confine
if os.getuid() == 0:  # as User= does in the system's manager
    os.setgid(65534)
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE
print("unconfined", repr(confine(Reach(Path("{folder}")))), os.getuid(), flush=True)
time.sleep(1000)
"""


def derive(session: UserSession, unit: str, folder: Path, command: str, watchdog_s: int = 3) -> None:
    """Install the shipped unit with another command and a short watchdog."""
    (session.units / unit).write_text((ROOT / "systemd" / unit).read_text())
    drop_in = session.units / f"{unit}.d" / "test.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(DROP_IN.format(folder=folder, command=command, watchdog_s=watchdog_s, output=session.output))
    session.systemctl("daemon-reload")


EXPOSURE = {
    "kiosk-power-off": 16,
    "kiosk-sound": 25,
    "kiosk-station": 21,
    "kiosk-town": 20,
    "kiosk-town-work": 20,
    "kiosk-x": 20,
}
"""The most that `systemd-analyze security` may count, in tenths."""


def test_all_units_are_shipped() -> None:
    assert {unit.stem for unit in UNITS} == EXPOSURE.keys()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_is_clean_under_systemd_analyze_verify(unit: Path, tmp_path: Path) -> None:
    command = tmp_path / "kiosk"
    command.symlink_to(Path(sys.executable).with_name("kiosk"))
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(SHIPPED_COMMAND, str(command)))
    verify = ["systemd-analyze", "verify", "--recursive-errors=no"]
    done = subprocess.run([*verify, str(copy)], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    copy.write_text(copy.read_text().replace("[Service]\n", "[Service]\nRestartSecond=1\n"))
    assert "Unknown key" in subprocess.run([*verify, str(copy)], capture_output=True, text=True).stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_is_hardened(unit: Path) -> None:
    most = f"--threshold={EXPOSURE[unit.stem]}"
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", most, str(unit)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_x_server_stays_within_its_unit() -> None:
    """A PAM session would move it out of the unit's control group, where none of its limits hold."""
    assert "PAMName" not in re.sub("#.*", "", (ROOT / "systemd/kiosk-x.service").read_text())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_command_in_unit_exists(unit: Path) -> None:
    (command,) = re.findall(rf"^ExecStart={re.escape(SHIPPED_COMMAND)} (.*)$", unit.read_text(), re.MULTILINE)
    words = [word for word in command.split(" --")[0].split() if word]
    done = subprocess.run([sys.executable, "-m", "kiosk", *words, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for option in re.findall(r"--[a-z-]+", command):
        assert option in done.stdout


@pytest.mark.parametrize("unit", ["kiosk-station", "kiosk-town", "kiosk-town-work"])
def test_programme_confines_itself_whole_under_the_units_restrictions(
    session: UserSession, tmp_path: Path, unit: str
) -> None:
    """Under those that concern system calls: for the others a user's manager makes a namespace with no true user."""
    (tmp_path / "confining.py").write_text(CONFINING.format(folder=tmp_path))
    shipped = (ROOT / "systemd" / f"{unit}.service").read_text()
    kept = re.findall(r"^(?:Restrict|SystemCall|NoNew|LockPer).*$", shipped, re.MULTILINE)
    assert len(kept) == 9
    command = [f"ExecStart={sys.executable} {tmp_path}/confining.py", f"StandardOutput=append:{session.output}"]
    (session.units / "confining.service").write_text("\n".join(["[Service]", *kept, *command]))
    session.systemctl("daemon-reload")
    session.systemctl("start", "--no-block", "confining")
    until("confined", lambda: "unconfined" in session.printed())
    assert "unconfined ''" in session.printed()


READING = """
from kiosk.town.sheets.child import Order
from kiosk.town.sheets.confined import read_sheet
read = read_sheet("2026年3月计划\\n日期,时间,节目名称\\n3月2日,9:00,《水稻》\\n".encode(), Order(0, "计划"))
print("read", [row.titles for row in read.rows], [one.message.text for one in read.problems])
"""


def test_workbook_is_read_by_a_confined_process_under_the_town_s_restrictions(
    session: UserSession, tmp_path: Path
) -> None:
    script = tmp_path / "reading.py"
    script.write_text(READING)
    derive(session, "kiosk-town.service", tmp_path, f"{sys.executable} {script}", watchdog_s=0)
    session.systemctl("start", "--no-block", "kiosk-town")
    until("read", lambda: "read [" in session.printed())
    session.systemctl("stop", "kiosk-town")
    assert "read [('水稻',)] []" in session.printed()


def programmes(session: UserSession) -> list[str]:
    return re.findall(r"programme (\d+)", session.printed())


@pytest.mark.parametrize(("by", "restarts"), [("SIGKILL", 1), ("SIGSTOP", 1)])
def test_killed_or_frozen_service_is_restarted_and_its_children_end(
    session: UserSession, tmp_path: Path, by: str, restarts: int
) -> None:
    (tmp_path / "beating.py").write_text(BEATING)
    derive(session, "kiosk-station.service", tmp_path, f"{sys.executable} {tmp_path}/beating.py")
    session.systemctl("start", "kiosk-station")  # returns once READY=1 has come
    (first,) = programmes(session)
    session.systemctl("kill", "--kill-whom=main", f"--signal={by}", "kiosk-station")
    until("started anew", lambda: len(programmes(session)) == 2)
    until("active again", lambda: session.show("kiosk-station", "ActiveState") == "active")
    assert session.show("kiosk-station", "NRestarts") == str(restarts)
    until("gone", lambda: session.inside("kill", "-0", first).returncode != 0)
    assert session.inside("kill", "-0", programmes(session)[1]).returncode == 0


def test_service_that_feeds_the_watchdog_is_left_alone(session: UserSession, tmp_path: Path) -> None:
    (tmp_path / "beating.py").write_text(BEATING)
    derive(session, "kiosk-station.service", tmp_path, f"{sys.executable} {tmp_path}/beating.py", watchdog_s=1)
    session.systemctl("start", "kiosk-station")
    seen = set()
    until(
        "fed for longer than it may starve",
        lambda: seen.add(session.show("kiosk-station", "WatchdogTimestampMonotonic")) or len(seen) == 5,
    )
    assert session.show("kiosk-station", "NRestarts") == "0"
    session.systemctl("stop", "kiosk-station")
    assert session.show("kiosk-station", "Result") == "success"


def test_settings_that_cannot_be_used_are_not_tried_again(session: UserSession, tmp_path: Path) -> None:
    command = tmp_path / "kiosk"
    command.symlink_to(Path(sys.executable).with_name("kiosk"))
    derive(session, "kiosk-station.service", tmp_path, f"{command} station --config {tmp_path}/absent.toml")
    assert session.inside("systemctl", "--user", "start", "kiosk-station").returncode != 0
    until("given up", lambda: session.show("kiosk-station", "ActiveState") == "failed")
    assert session.show("kiosk-station", "ExecMainStatus") == "78"
    assert session.show("kiosk-station", "NRestarts") == "0"
    assert "there is no such file" in session.printed()


def test_second_process_of_the_town_converts_under_its_unit_s_restrictions_is_replaced_when_frozen_and_stops_cleanly(
    session: UserSession, tmp_path: Path
) -> None:
    town = found_town(tmp_path / "town", "丰乐镇", by="test")
    dropped = shelves(town.folder).drop / "水稻.mkv"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", "-t", "0.4", "-c:v", "mpeg4")
    subprocess.run(["ffmpeg", "-v", "error", *picture, str(dropped)], check=True)
    os.utime(dropped, (0, 0))
    kiosk = Path(sys.executable).with_name("kiosk")
    derive(session, "kiosk-town-work.service", tmp_path, f"{kiosk} town --folder {tmp_path}/town work", watchdog_s=5)
    session.systemctl("start", "kiosk-town-work")  # returns once READY=1 has come

    def beats_now() -> int:
        with town.store.read() as connection:
            found = beats.read(connection).get(beats.PROCESS)
        return found.beat_ms if found else 0

    def converted() -> list[str]:
        with town.store.read() as connection:
            return [one.file for one in library.ready(connection)]

    until("heard of", beats_now)
    until("made an MP4", converted)
    before = session.show("kiosk-town-work", "MainPID")
    session.systemctl("kill", "--kill-whom=main", "--signal=SIGSTOP", "kiosk-town-work")
    until("started anew", lambda: session.show("kiosk-town-work", "MainPID") not in ("0", before))
    frozen_ms = beats_now()
    until("heard of again", lambda: beats_now() > frozen_ms)
    until("active again", lambda: session.show("kiosk-town-work", "ActiveState") == "active")
    session.systemctl("stop", "kiosk-town-work")
    assert session.show("kiosk-town-work", "Result") == "success", session.printed()
    town.close()


def test_wish_to_be_shut_down_starts_the_unit_of_root_and_a_clock_that_keeps_no_alarm_leaves_the_pc_on(
    session: UserSession, tmp_path: Path
) -> None:
    path, service = (ROOT / "systemd" / f"kiosk-power-off.{kind}" for kind in ("path", "service"))
    request = f"/run/kiosk/{power_off.FILE}"
    assert f"PathExists={request}\n" in path.read_text() and f"power-off {request}\n" in service.read_text()
    programs, runtime = tmp_path / "bin", tmp_path / "kiosk"
    for folder in (programs, runtime):
        folder.mkdir()
    for name in ("rtcwake", "systemctl"):  # neither the alarm nor the power of the PC that runs the test
        (programs / name).write_text(f"#!/bin/sh\necho {name} $* >>{tmp_path}/asked\nexit 1\n")
        (programs / name).chmod(0o755)
    command = f"{Path(sys.executable).with_name('kiosk')} power-off {runtime}/{power_off.FILE}"
    derive(session, service.name, tmp_path, command)
    with (session.units / f"{service.name}.d" / "test.conf").open("a") as drop_in:
        drop_in.write(f"Environment=PATH={programs}\n")
    (session.units / path.name).write_text(path.read_text().replace("/run/kiosk", str(runtime)))
    session.systemctl("daemon-reload")
    session.systemctl("start", path.name)
    wake = datetime.now(UTC) + timedelta(hours=9)
    power_off.request(runtime, wake)
    until("refused", lambda: "the PC stays on: rtcwake cannot set the alarm" in session.printed())
    assert (tmp_path / "asked").read_text() == f"rtcwake -m no -t {int(wake.timestamp())}\n"
    assert not (runtime / power_off.FILE).exists()
