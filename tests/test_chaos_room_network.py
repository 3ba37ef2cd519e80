"""The panel under a crowd, in small: a server of its own process with few file descriptors, and an administrator."""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from chaos.crowd import crowded, told
from station.panel.panel_room import PIN, Browser

from kiosk.station.panel import pin

FILE_LIMIT = 256
PANEL = """
import sys, threading
from pathlib import Path
from station.panel.panel_room import Room, port_of
from kiosk.station.config import Panel as Settings
from kiosk.station.panel.server import Panel
room = Room()
panel = Panel(Settings(listen="127.0.0.1", port=0), Path(sys.argv[1]), room.post, lambda: room.snapshot)
panel.start()
print(port_of(panel), flush=True)
sys.stdin.read()
panel.stop()
sys.exit(len(room.posted))
"""


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[tuple[int, psutil.Process]]:
    """A panel in a process that may open 256 files: its port, and the process."""
    pin.save(tmp_path, pin.choose(PIN))
    process = subprocess.Popen(
        [sys.executable, "-c", PANEL, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parent / 'station'}"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILE_LIMIT, FILE_LIMIT)),  # noqa: PLW1509
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), psutil.Process(process.pid)
        process.communicate("", timeout=20)
        assert process.returncode == 0, "no thread of it has ended"
    finally:
        process.kill()
        process.wait()


def test_a1_administrator_gets_in_while_a_crowd_holds_connections(panel: tuple[int, psutil.Process]) -> None:
    port, process = panel
    most, took = 0, []
    with crowded(port, 600, 40, 50, 1.0) as crowd:
        time.sleep(1.5)
        browser = Browser(f"http://127.0.0.1:{port}")
        assert browser.log_in().status_code == 303
        for _ in range(20):
            browser.session.close()  # each page from a connection of its own
            asked = time.monotonic()
            assert "/logout" in browser.get().text
            took.append(time.monotonic() - asked)
            most = max(most, process.num_fds())
            time.sleep(0.05)
        said = told(crowd)
    assert said["connected"] > 600
    assert sorted(took)[-2] <= 2.0
    assert most < FILE_LIMIT * 3 // 4
