"""Runs a program of the system and gives back what it printed."""

import logging
import subprocess
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

SECONDS = 10
"""After so many seconds a program that does not end is killed."""
Run = Callable[[Sequence[str]], str | None]


def run(command: Sequence[str]) -> str | None:
    """What ``command`` printed; None where it is not installed, fails, or does not end."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        log.debug("%s: %s", command[0], error)
        return None
    if done.returncode:
        log.debug("%s ended with %d: %s", " ".join(command), done.returncode, done.stderr.strip())
        return None
    return done.stdout
