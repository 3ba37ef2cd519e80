"""One child process with its reader thread: orders are sent as lines, its messages are posted as events."""

import contextlib
import fcntl
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from kiosk.station.events import Crashed, Event, Post
from kiosk.station.projector.messages import MAX_LINE, Message, line, parsed
from kiosk.station.projector.shared_memory import remove_segments

log = logging.getLogger(__name__)

_INHERITED = (
    *("PATH", "LANG", "LC_ALL", "HOME", "XDG_RUNTIME_DIR", "PYTHONPATH"),
    *("XAUTHORITY", "PULSE_SERVER", "PULSE_COOKIE"),
)
"""The variables of the daemon's environment that a child gets."""
PIPE_BYTES = 1 << 20
"""Bytes of orders that a child may leave unread."""
MOST_LINES, WITHIN_S = 200, 10.0
"""A child says a line or two a second. One that says so many within so many seconds is no player any more, and would
fill the inbox: it is ended."""
PAGE = os.sysconf("SC_PAGE_SIZE")

M = TypeVar("M", bound=Message)


class Process:
    """A child process that runs ``module``. No method waits for it; its reader thread reaps it.

    ``translate`` turns a message of the child into an event, ``gone`` its exit code.
    """

    def __init__(
        self,
        module: str,
        name: str,
        post: Post,
        says: type[M] | object,
        translate: Callable[[M], Event],
        gone: Callable[[int], Event],
        arguments: tuple[str, ...] = (),
        folder: Path | None = None,
    ) -> None:
        """``folder``: a folder of the child's own, its first argument, removed when it has ended."""
        self._name = name
        self._post = post
        self._decoder: msgspec.json.Decoder[M] = msgspec.json.Decoder(says)
        self._translate = translate
        self._gone = gone
        self._folder = folder
        own = () if folder is None else (str(folder),)
        environment = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *own, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"XDG_RUNTIME_DIR": "/tmp", **environment},  # noqa: S108 - only silences libraries that ask for one
        )
        assert self._process.stdin and self._process.stdout  # noqa: S101
        self._orders, self._says = self._process.stdin, self._process.stdout
        self._closing = threading.Lock()
        """Held while the pipe of orders is written to or closed: its number may be another file's at once."""
        os.set_blocking(self._orders.fileno(), False)
        with contextlib.suppress(OSError):  # the system may allow no more; then there is room for 64 kB
            fcntl.fcntl(self._orders, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        threading.Thread(target=self._read, name=name, daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id of the child."""
        return self._process.pid

    def memory_mb(self) -> int:
        """Resident memory of the child, shared pages included, in MB of 2**20 bytes; 0 when it is gone."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError):
            return 0
        return pages * PAGE >> 20

    def send(self, message: Message) -> None:
        """Send an order, without waiting: a child that does not read its orders is killed.

        An order to a child that is gone is lost; its reader thread posts that it has ended.
        """
        order = line(message)
        try:
            with self._closing:
                written = os.write(self._orders.fileno(), order)
        except BlockingIOError:
            written = 0
        except (OSError, ValueError):
            log.debug("%s is gone and did not get %s", self._name, type(message).__name__)
            return
        if written != len(order):
            log.warning("%s hangs: %d kB of orders are unread; it is ended", self._name, PIPE_BYTES >> 10)
            self.kill()

    def kill(self) -> None:
        """Kill it at once."""
        self._process.kill()

    def _read(self) -> None:
        try:
            said: deque[float] = deque(maxlen=MOST_LINES)
            while text := self._says.readline(MAX_LINE):
                said.append(time.monotonic())
                if len(said) == MOST_LINES and said[-1] - said[0] < WITHIN_S:
                    log.warning("%s said %d lines within %.0f s; it is ended", self._name, MOST_LINES, WITHIN_S)
                    self.kill()
                    break
                message = parsed(self._decoder, text)
                if message is not None:
                    self._post(self._translate(message))
                else:
                    log.warning("%s sent a line that is no message: %.80r", self._name, text)
            returncode = self._process.wait()
            remove_segments(self.pid)
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
            self._post(self._gone(returncode))
            self._says.close()
            with self._closing:
                self._orders.close()
        except BrokenPipeError:
            pass
        except Exception as error:
            self._post(Crashed(self._name, repr(error)))
