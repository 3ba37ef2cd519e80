"""Programs of the system that are asked for something, within a time."""

import logging
import os
import subprocess
from collections.abc import Mapping

log = logging.getLogger(__name__)

WITHIN_S = 5


def output(*words: str, environment: Mapping[str, str] | None = None, within_s: float = WITHIN_S) -> bytes | None:
    """What a program says; None where it is not there, fails, or does not end in ``within_s`` seconds."""
    env = {**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})}
    try:
        return subprocess.run(words, capture_output=True, timeout=within_s, check=True, env=env).stdout
    except (OSError, subprocess.SubprocessError) as error:
        log.debug("cannot ask %s: %s", words[0], error)
        return None
