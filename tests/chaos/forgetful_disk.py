"""A folder on a disk that forgets at a power cut what was not synced: its process, and how the process is driven.

The process (``python -m chaos.forgetful_disk FOLDER``) serves the mount and obeys a line of JSON at a time.
"""

import contextlib
import errno
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from chaos.forgetful import Folder
from chaos.forgetful_mount import Mount


class Server:
    """The process: serves, and obeys a line of JSON at a time."""

    def __init__(self, place: Path) -> None:
        self._place, self._root = place, Folder(0o755)
        self._mount: Mount | None = None
        self._left, self._victim = 0, 0
        self._changes = 0
        """Since the power came."""
        self._last: tuple[str, float] | None = None
        """The change after which the power went by itself, and when (CLOCK_MONOTONIC, in seconds)."""

    def run(self) -> None:
        """Until standard input ends."""
        while True:
            waiting = [sys.stdin, *([self._mount.fuse] if self._mount else [])]
            ready, _, _ = select.select(waiting, [], [])
            if sys.stdin in ready:
                line = sys.stdin.readline()
                if not line:
                    break
                self._obey(**json.loads(line))
            elif self._mount is not None and (name := self._mount.serve()):
                self._count(name)
        self._off()

    def _obey(self, do: str, seed: str = "", after: int = 0, victim: int = 0) -> None:
        if do == "on":
            self._root = self._root.after_cut(random.Random(seed))
            self._mount, self._last, self._changes = Mount(self._root, self._place), None, 0
        elif do == "off":
            self._off()
        elif do == "arm":
            self._left, self._victim = after, victim
        sys.stdout.write(json.dumps({"done": do, "changes": self._changes, "last": self._last}) + "\n")
        sys.stdout.flush()

    def _count(self, name: str) -> None:
        """The victim that has been armed dies at its n-th change, and the power goes with it."""
        self._changes += 1
        if self._left:
            self._left -= 1
            if self._left == 0:
                at = time.monotonic()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._victim, signal.SIGKILL)
                self._last = name, at
                self._off()

    def _off(self) -> None:
        self._left = 0
        if self._mount is not None:
            self._mount.off()
            self._mount = None


class Disk:
    """A folder that forgets, mounted at ``place`` while it has power."""

    def __init__(self, place: Path) -> None:
        self.changes = 0
        """How many changes the disk took from the last :meth:`on` to the :meth:`off` after it."""
        place.mkdir(exist_ok=True)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "chaos.forgetful_disk", str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            start_new_session=True,  # Ctrl-C is for the run, which still has to look into the folder
        )

    def on(self, seed: str) -> None:
        """Give it power; it has what was durable at the cut, and of the rest what chance left."""
        self._order(do="on", seed=seed)

    def off(self) -> tuple[str, float] | None:
        """Cut the power, if it is not cut yet. Where an armed cut came: after which change, and when (monotonic)."""
        answer = self._order(do="off")
        last, self.changes = answer["last"], answer["changes"]
        return (str(last[0]), float(last[1])) if last else None

    def arm(self, after: int, victim: int) -> None:
        """Cut the power after so many changes more, and kill the process ``victim`` at that instant."""
        self._order(do="arm", after=after, victim=victim)

    def close(self) -> None:
        """Be gone."""
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.wait(10)
        self._server.stdout.close()

    def _order(self, **order: object) -> dict[str, Any]:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        answer: dict[str, Any] = json.loads(self._server.stdout.readline() or "{}")
        if not answer:
            raise OSError(errno.EIO, "the forgetful disk's process has ended; what it said stands above")
        return answer


if __name__ == "__main__":
    Server(Path(sys.argv[1])).run()
