"""Runs a server of the room for its unit: ready once it answers, alive as long as it does.

A server that hangs says nothing by itself. Here its own client asks it; after the unit's ``WatchdogSec`` without an
answer systemd kills both and starts them anew.
"""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from kiosk.common.systemd import READY, WATCHDOG, notify

log = logging.getLogger(__name__)

EVERY_S = 2.0
"""Seconds between two questions; until the first answer it is asked more often."""
EVERY_AT_START_S = 0.1
ANSWER_S = 10.0
"""Seconds that an answer may take."""


def keep(
    command: Sequence[str],
    question: Sequence[str],
    environment: Mapping[str, str],
    outdated: Callable[[], bool] = lambda: False,
) -> int:
    """Run the server ``command`` until it ends or SIGTERM comes. Returns the exit code: 0 after SIGTERM, else 1.

    ``question`` is a command that succeeds if the server answers. A server that is ``outdated`` is ended, so that its
    unit starts it anew. Raises OSError if command or question cannot be started.
    """
    wanted = {**os.environ, **environment}
    watched = {name: value for name, value in wanted.items() if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
    server = subprocess.Popen(command, env=watched, stdin=subprocess.DEVNULL)
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = True
        server.terminate()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    ready = False
    while server.poll() is None:
        if _answers(question, watched):
            notify(WATCHDOG) if ready else notify(READY, WATCHDOG)
            ready = True
            if outdated():
                log.info("%s is started anew, for other devices", command[0])
                server.terminate()
        _wait(server, EVERY_S if ready else EVERY_AT_START_S)
    if not ended:
        log.error("%s ended with code %d", command[0], server.returncode)
    return 0 if ended else 1


def _answers(question: Sequence[str], environment: Mapping[str, str]) -> bool:
    quiet = subprocess.DEVNULL
    try:
        return subprocess.run(question, env=environment, timeout=ANSWER_S, stdout=quiet, stderr=quiet).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _wait(server: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Until the server ends, but no longer than ``seconds``."""
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
