"""A real ``systemd --user`` in namespaces of its own, to run units derived from the shipped ones."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 30.0
START = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
[ -d /sys/fs/cgroup ] || mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
/lib/systemd/systemd --user
"""


def until(what: str, found: Callable[[], T]) -> T:
    """Wait until ``found()`` is true and return it; fail with ``what`` if it does not become so."""
    end = time.monotonic() + PATIENCE_S
    while not (result := found()):
        assert time.monotonic() < end, f"still not: {what}"
        time.sleep(0.05)
    return result


class UserSession:
    """One service manager. It must not be process 1 of its namespace, so a shell is, and waits for it."""

    def __init__(self, folder: Path) -> None:
        self.units = folder / "units"
        self.output = folder / "output"
        self._run = folder / "run"
        self.units.mkdir()
        self._run.mkdir(mode=0o700)
        self._log = (folder / "systemd.log").open("wb")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(self._run),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "SYSTEMD_UNIT_PATH": f"{self.units}:",
        }
        as_root = [] if os.geteuid() == 0 else ["sudo", "-n", "-E"]
        self._outer = subprocess.Popen(
            [*as_root, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", START],
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
        )
        until("systemd --user listens", self._listens)
        inner = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text().split()[0]
        self._enter = [*as_root, "nsenter", "--target", inner, "--mount", "--pid", "--root", "--"]

    def _listens(self) -> bool:
        assert self._outer.poll() is None, f"systemd --user ended: {Path(self._log.name).read_text()}"
        return (self._run / "systemd/private").exists()

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command where the services run."""
        return subprocess.run([*self._enter, *command], env=self._environment, capture_output=True, text=True)

    def systemctl(self, *arguments: str) -> str:
        done = self.inside("systemctl", "--user", *arguments)
        assert done.returncode == 0, done.stderr + self.printed()
        return done.stdout

    def show(self, unit: str, key: str) -> str:
        return self.systemctl("show", "--property", key, "--value", unit).strip()

    def printed(self) -> str:
        """What the services have printed so far; the derived units append it there."""
        return self.output.read_text() if self.output.exists() else ""

    def close(self) -> None:
        """End the manager in order, so that it takes its control groups away."""
        self.inside("systemctl", "--user", "--no-block", "exit")
        try:
            self._outer.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._outer.send_signal(signal.SIGKILL)
            self._outer.wait()
        self._log.close()
