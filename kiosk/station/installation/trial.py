"""The test picture and the test sound, shown by a process of the daemon's user, as a programme is later."""

import contextlib
import json
import os
import pwd
import secrets
import select
import subprocess
import sys
from dataclasses import dataclass
from typing import IO

from kiosk.station.host.places import environment

ANSWER_S, END_S = 60.0, 5.0
"""Seconds that the process may take for a showing, from its start, and to end."""


@dataclass(frozen=True)
class Shown:
    """What the process says: empty sentences where it went well."""

    screen_trouble: str
    sound_trouble: str
    width: int = 0
    height: int = 0


class Trial:
    """Shows a number and plays some tones, until it is closed."""

    def __init__(self, display: str, language: str) -> None:
        """``display`` as in the settings. Raises OSError where the process cannot be started."""
        self.number = str(1000 + secrets.randbelow(9000))
        self.tones = 2 + secrets.randbelow(3)
        command = [sys.executable, "-m", "kiosk.station.player.testcard", display, language, self.number]
        self._process = subprocess.Popen(
            [*_as_user("kiosk"), *command, str(self.tones)],
            env={**os.environ, **environment()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def show(self) -> Shown:
        """Show the picture and play the tones, once more if they were before; returns after the last tone."""
        orders, answers = self._pipes()
        try:
            orders.write("again\n")
            orders.flush()
            if not select.select([answers], [], [], ANSWER_S)[0]:
                return Shown(f"the X server or the sound server does not answer within {ANSWER_S:.0f} s", "")
            return Shown(**json.loads(answers.readline()))
        except (OSError, ValueError):
            return Shown("the process of the test picture ended", "")

    def close(self) -> None:
        """Take the picture off."""
        with contextlib.suppress(OSError):
            self._pipes()[0].close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin and self._process.stdout  # noqa: S101
        return self._process.stdin, self._process.stdout


def _as_user(name: str) -> list[str]:
    """What stands before a command that runs as ``name``; nothing where we are no root, or there is no such user."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return []
    return ["runuser", "--user", name, "--"] if os.geteuid() == 0 else []
