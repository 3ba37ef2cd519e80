"""The line between station and town, and the town itself: cut, slowed, silenced and killed at random."""

import contextlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

State = Literal["open", "shut", "silent", "slow", "deaf"]
"""``shut``: connections are broken and refused; ``silent``: they are taken, and nothing passes; ``slow``: 64 kB/s, and
150 ms late; ``deaf``: what the station sends passes, the town's answers are lost."""
CHUNK = 4096
SLOW_S = CHUNK / (64 * 1024)
LATE_S = 0.15


class Line:
    """Listens on loopback and passes on to the town's port, as well as its :attr:`state` lets it."""

    def __init__(self, town_port: int) -> None:
        self._town = ("127.0.0.1", town_port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._state: State = "open"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def state(self) -> State:
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state = state
        if state == "shut":
            with self._lock:
                for one in self._open:
                    _break(one)

    def _listen(self) -> None:
        while True:
            station, _ = self._listener.accept()
            if self._state == "shut":
                _break(station)
                continue
            threading.Thread(target=self._carry, args=(station,), daemon=True).start()

    def _carry(self, station: socket.socket) -> None:
        try:
            town = socket.create_connection(self._town, timeout=10)
        except OSError:
            _break(station)
            return
        town.settimeout(None)
        with self._lock:
            self._open |= {station, town}
        back = threading.Thread(target=self._pass, args=(town, station, True), daemon=True)
        back.start()
        self._pass(station, town, False)
        back.join()
        with self._lock:
            self._open -= {station, town}
        station.close()
        town.close()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                while self._state == "silent":
                    time.sleep(0.05)
                if self._state == "slow":
                    time.sleep(SLOW_S + (LATE_S if not answers else 0))
                if self._state == "deaf" and answers:
                    break
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class TownServer:
    """``kiosk town serve`` on a port of its own."""

    def __init__(self, folder: Path, port: int, log: Path) -> None:
        self._command = [sys.executable, "-m", "kiosk", "town", "--folder", str(folder), "serve", "--port", str(port)]
        self._log = log
        self.start()

    def start(self) -> None:
        """Be there, or be there again."""
        with self._log.open("a") as out:
            self._process = subprocess.Popen(
                self._command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    def end(self, number: int = signal.SIGKILL) -> None:
        """Go, as a crash would by default."""
        self._process.send_signal(number)
        self._process.wait(20)


class Trouble:
    """Takes line and town away and gives them back, until it is told to stop."""

    def __init__(self, line: Line, town: TownServer, seed: str) -> None:
        self._line, self._town = line, town
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.done: list[str] = []
        """What was done, in its order."""
        self._thread.start()

    def stop(self) -> None:
        """All is well from now on."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        kinds: list[Callable[[], str]] = [self._town_killed, *(self._line_is(how) for how in ("shut", "slow", "deaf"))]
        kinds.append(self._line_is("silent"))
        while not self._over.wait(self._chance.uniform(0.5, 6)):
            self.done.append(self._chance.choice(kinds)())

    def _town_killed(self) -> str:
        self._town.end()
        self._over.wait(self._chance.uniform(0, 4))
        self._town.start()
        return "town killed"

    def _line_is(self, state: State) -> Callable[[], str]:
        def spoil() -> str:
            self._line.state = state
            self._over.wait(self._chance.uniform(0.5, 6))
            self._line.state = "open"
            return f"line {state}"

        return spoil


def _break(one: socket.socket) -> None:
    """Reset a connection."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.shutdown(socket.SHUT_RDWR)
        one.close()
