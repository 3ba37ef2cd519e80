"""Root's part of the repairs and of the disks' reports: clean, hardened, and named as the daemon asks."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kiosk.station.health.facts.smart import FOLDER
from kiosk.station.health.repairs import restart_sound, restart_x

UNITS = Path(__file__).parents[2] / "systemd" / "repairs"


@pytest.mark.parametrize(
    "name", ["kiosk-restart@x.service", "kiosk-restart@sound.path", "kiosk-smart.service", "kiosk-smart.timer"]
)
def test_units_of_root_are_clean_under_systemd_analyze_verify(name: str, tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        shutil.copy(unit, tmp_path)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(tmp_path / name)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("unit", ["kiosk-restart@.service", "kiosk-smart.service"])
def test_units_of_root_are_hardened(unit: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", str(UNITS / unit)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_root_waits_for_the_files_that_the_daemon_leaves_and_writes_where_it_reads() -> None:
    path = (UNITS / "kiosk-restart@.path").read_text()
    assert "PathExists=/run/kiosk/restart-%i" in path
    assert {restart_x.REMEDY.name, restart_sound.REMEDY.name} == {"restart-x", "restart-sound"}
    assert f"RuntimeDirectory={FOLDER.name}\n" in (UNITS / "kiosk-smart.service").read_text()
