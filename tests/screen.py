"""A real X screen for tests, a sampler that reads it from outside, and clips whose pictures name their frame."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from Xlib import display

from kiosk.demo.sampler import BLACK, NOTHING, Sighting
from kiosk.demo.testcard import Clip

RED, GREEN, BLUE, GOLD, LONG = 11, 12, 13, 14, 15
SECONDS = 4
"""Length of every clip but the long one."""
LONG_SECONDS = 40
RATE = 25
POSTER = NOTHING
"""What the sampler sees where the poster is: no bar code, and not black."""

_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "28", "-pix_fmt", "yuv420p")
_MPEG2 = ("-c:v", "mpeg2video", "-b:v", "900k", "-pix_fmt", "yuv420p")
CLIPS = {
    "red.mp4": Clip(RED, "red.mp4", "red", SECONDS, (640, 360), video=_H264, ground="0x7f1f1f"),
    "green.ts": Clip(
        GREEN, "green.ts", "green", SECONDS, (720, 576), aspect="64/45", video=_MPEG2, audio=("-c:a", "mp2"),
        ground="0x1f7f1f",
    ),
    "blue.mkv": Clip(BLUE, "blue.mkv", "blue", SECONDS, (1280, 720), video=_H264, ground="0x1f1f9f"),
    "gold.avi": Clip(
        GOLD, "gold.avi", "gold", SECONDS, (640, 360), video=("-c:v", "mpeg4", "-q:v", "7"),
        audio=("-c:a", "libmp3lame"), ground="0x7f6f1f",
    ),
    "long.mp4": Clip(LONG, "long.mp4", "long", LONG_SECONDS, (320, 180), video=_H264, ground="0x5f1f6f"),
}  # fmt: skip
"""Of unlike formats and sizes; the number tells them apart on the screen."""


LOOKS = ("-nolisten", "tcp", "-noreset")
"""Without -noreset the server starts afresh when its last client goes, and drops who comes at that moment."""


class XServer:
    """Xvfb."""

    def __init__(
        self,
        number: int | None = None,
        size: tuple[int, int] = (1280, 720),
        depth: int = 24,
        cookie: Path | None = None,
    ) -> None:
        """``number`` is the display to be; None lets the server choose. With ``cookie``, only who shows what the file
        there holds is let in; the file is made."""
        self.number = number
        self._auth: list[str] = []
        if cookie is not None:
            words = (socket.gethostname().encode(), b"", b"MIT-MAGIC-COOKIE-1", os.urandom(16))
            cookie.write_bytes(b"\x01\x00" + b"".join(len(word).to_bytes(2, "big") + word for word in words))
            self._auth = ["-auth", str(cookie)]
        self._shape = f"{size[0]}x{size[1]}x{depth}"
        self.start()

    def start(self) -> None:
        """Be there, or be there again under the same number."""
        out, into = os.pipe()
        wanted = [f":{self.number}"] if self.number is not None else []
        self._process = subprocess.Popen(
            ["Xvfb", *wanted, "-displayfd", str(into), "-screen", "0", self._shape, *LOOKS, *self._auth],
            pass_fds=[into],
            stderr=subprocess.DEVNULL,
        )
        os.close(into)
        with os.fdopen(out) as answer:
            self.number = int(answer.readline())

    @property
    def name(self) -> str:
        return f":{self.number}"

    def windows(self) -> int:
        """How many windows are on the screen, in sight or not."""
        connection = display.Display(self.name)
        try:
            return len(connection.screen().root.query_tree().children)
        finally:
            connection.close()

    def stop(self) -> None:
        """Go away, as when somebody restarts X."""
        self._process.kill()
        self._process.wait()


class Sampler:
    """The sightings of ``kiosk.demo.sampler``, run as a process of its own: tests must not share the GIL with it."""

    def __init__(self, display_name: str, every_ms: int = 5) -> None:
        self.seen: list[Sighting] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kiosk.demo.sampler", display_name, str(every_ms)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.wait(lambda sighting: True)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            at, programme, frame = line.split()
            self.seen.append(Sighting(float(at), int(programme), int(frame)))

    def wait(self, truth: Callable[[Sighting], bool], seconds: float = 20, since: float = 0.0) -> Sighting:
        """The first sighting at or after ``since`` (monotonic) for which ``truth`` holds; waits for it."""
        deadline = time.monotonic() + seconds
        while True:
            for sighting in list(self.seen):
                if sighting.monotonic >= since and truth(sighting):
                    return sighting
            assert time.monotonic() < deadline, f"not seen within {seconds} s; last: {self.seen[-3:]}"
            time.sleep(0.01)

    def wait_for(self, programme: int, seconds: float = 20, since: float = 0.0) -> Sighting:
        """The first sighting of a programme (or :data:`POSTER`, :data:`BLACK`)."""
        return self.wait(lambda sighting: sighting.programme == programme, seconds, since)

    def at(self, monotonic: float) -> Sighting:
        """What the screen showed at an instant that lies in the past."""
        return [sighting for sighting in list(self.seen) if sighting.monotonic <= monotonic][-1]

    def between(self, begin: float, end: float) -> list[Sighting]:
        """All that was seen from ``begin`` to ``end``, beginning with what was on the screen at ``begin``."""
        return [self.at(begin), *(one for one in list(self.seen) if begin < one.monotonic <= end)]

    def programmes(self, begin: float, end: float) -> list[int]:
        """The same as programme numbers, repetitions left out."""
        numbers: list[int] = []
        for sighting in self.between(begin, end):
            if not numbers or numbers[-1] != sighting.programme:
                numbers.append(sighting.programme)
        return numbers

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def position(sighting: Sighting) -> float:
    """Seconds into its clip that a sighting shows."""
    return sighting.frame / RATE


def kill_all(pids: Iterable[int]) -> None:
    """Kill these processes; one that is gone already needs no killing."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def children_of(parent: int, module: str = "kiosk.station.player.programme") -> dict[int, str]:
    """Process ids of the descendants of ``parent`` that run ``module``, each with its state (R, S, T, Z)."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, ppid = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            words = (entry / "cmdline").read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(ppid) == parent and (module in words or state == "Z"):
            found[int(entry.name)] = state
    return found


__all__ = ["BLACK", "NOTHING", "POSTER", "Sampler", "Sighting", "XServer", "children_of", "position"]
