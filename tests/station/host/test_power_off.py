"""The PC is shut down only if its clock will wake it: real ``rtcwake`` is stood in for, the files are real."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.station.host.power_off import FILE, Refused, power_off, request

NOW = datetime(2026, 3, 5, 22, tzinfo=UTC)
WAKE = datetime(2026, 3, 6, 7, tzinfo=UTC)


class Pc:
    """Its clock, and what was asked of it."""

    def __init__(self, folder: Path, keeps: bool = True) -> None:
        self.alarm, self.keeps = folder / "wakealarm", keeps
        self.alarm.write_text("")
        self.done: list[str] = []
        self.missing = ""

    def run(self, command: Sequence[str]) -> str | None:
        self.done.append(" ".join(command))
        if command[0] == self.missing:
            return None
        if command[0] == "rtcwake" and self.keeps:
            self.alarm.write_text(f"{command[-1]}\n")
        return ""

    def power_off(self, path: Path) -> None:
        power_off(path, NOW.timestamp(), self.run, self.alarm, lambda seconds: self.done.append(f"wait {seconds}"))


@pytest.fixture
def pc(tmp_path: Path) -> Pc:
    return Pc(tmp_path)


def test_alarm_is_set_and_read_back_before_the_pc_goes(pc: Pc, tmp_path: Path) -> None:
    request(tmp_path, WAKE)
    pc.power_off(tmp_path / FILE)
    assert pc.done == [f"rtcwake -m no -t {int(WAKE.timestamp())}", "wait 5.0", "systemctl poweroff --no-block"]
    assert not (tmp_path / FILE).exists()


def test_pc_whose_clock_keeps_no_alarm_stays_on(pc: Pc, tmp_path: Path) -> None:
    pc.keeps = False
    request(tmp_path, WAKE)
    with pytest.raises(Refused, match=r"not kept.*BIOS"):
        pc.power_off(tmp_path / FILE)
    pc.alarm.unlink()
    request(tmp_path, WAKE)
    with pytest.raises(Refused, match="not kept"):
        pc.power_off(tmp_path / FILE)
    pc.missing = "rtcwake"
    request(tmp_path, WAKE)
    with pytest.raises(Refused, match="rtcwake cannot"):
        pc.power_off(tmp_path / FILE)
    assert not any("systemctl" in one for one in pc.done)
    assert not (tmp_path / FILE).exists(), "or the unit would be started again and again"


@pytest.mark.parametrize("text", ["", "soon", "1772720000", "99999999999", "-5"], ids=str)
def test_file_that_names_no_instant_of_the_coming_days_is_refused(pc: Pc, tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(Refused):
        pc.power_off(tmp_path / FILE)
    assert pc.done == [] and not (tmp_path / FILE).exists()


def test_root_follows_no_link_and_waits_for_no_pipe(pc: Pc, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{int(WAKE.timestamp())}")
    (tmp_path / FILE).symlink_to(secret)
    with pytest.raises(Refused):
        pc.power_off(tmp_path / FILE)
    assert secret.exists() and not (tmp_path / FILE).is_symlink()
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(Refused):
        pc.power_off(tmp_path / FILE)
    assert pc.done == [] and not (tmp_path / FILE).exists()
