"""What reaches systemd's socket, byte for byte."""

import os
import re
import socket
from pathlib import Path

import pytest

from kiosk.common.systemd import READY, WATCHDOG, boot_id, notify, status, watchdog_interval
from kiosk.contract.wire import Id, convert


@pytest.mark.parametrize("abstract", [False, True])
def test_lines_arrive_in_one_message(abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"@kiosk-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(5)
        manager.bind(name.replace("@", "\0", 1))
        assert notify(READY, status("on air:\n《春耕》"))
        assert manager.recv(4096).decode() == "READY=1\nSTATUS=on air: 《春耕》"


def test_a3_title_adds_no_line_to_what_systemd_is_told() -> None:
    assert status("on air: a\nWATCHDOG=trigger\x1b[2J\u202e\u2028STOPPING=1") == (
        "STATUS=on air: a WATCHDOG=trigger\\u001b[2J\\u202e STOPPING=1"
    )


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert notify(WATCHDOG) is False


def test_dead_socket_does_not_stop_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    assert notify(WATCHDOG) is False


def test_full_socket_does_not_hang_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        assert any(not notify(WATCHDOG) for _ in range(5000))


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("30000000", "own", 15.0),
        ("30000000", None, 15.0),
        ("30000000", "1", None),
        ("0", "own", None),
        ("", "own", None),
    ],
)
def test_watchdog_is_fed_at_half_its_time_and_by_its_process_alone(
    usec: str, pid: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    if pid:
        monkeypatch.setenv("WATCHDOG_PID", pid.replace("own", str(os.getpid())))
    assert watchdog_interval() == seconds


def test_boot_id_fits_the_record() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", convert(boot_id(), Id, "boot"))
