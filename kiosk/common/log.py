"""The log of station and town: one line for each record, on standard error, for systemd's journal."""

import logging
import time
from collections.abc import Callable

from kiosk.common.terminal import escape

PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
FROM_NETWORK = (
    "uvicorn",
    "asyncio",
    "kiosk.common.web_server",
    "kiosk.station.panel",
    "kiosk.town.api",
    "kiosk.town.console",
)
"""Loggers whose lines anybody in the network can cause."""
PERIOD_S = 60.0
MOST_LINES = 10
"""Lines of one kind and period that :data:`FROM_NETWORK` may write."""


def log_to_stderr(level: str) -> None:
    """Log ``level`` and above; each line carries the priority prefix (sd-daemon(3)) that systemd's journal reads."""
    handler = logging.StreamHandler()
    handler.setFormatter(JournalFormatter("%(name)s: %(message)s"))
    handler.addFilter(LineLimit())
    logging.basicConfig(level=level.upper(), handlers=[handler])


class JournalFormatter(logging.Formatter):
    """Escapes the message into one line; the lines of a traceback stay lines, escaped and indented: none of them can
    be mistaken for a record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as lines for the journal."""
        prefix = f"<{PRIORITY.get(record.levelno, 6)}>"
        first, *traceback = super().format(record).split("\n")
        return "\n".join([prefix + first, *(f"{prefix}    {escape(line)}" for line in traceback)])

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The first line: name and message."""
        return escape(super().formatMessage(record))


class LineLimit(logging.Filter):
    """Drops what comes too often from the network, and says how much that was with the next line of its kind."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._written: dict[tuple[str, str], tuple[float, int]] = {}
        """For each logger and kind of message: when its period began, and how many records came since."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        if not any(record.name == name or record.name.startswith(f"{name}.") for name in FROM_NETWORK):
            return True
        kind, now = (record.name, str(record.msg)), self._clock()
        began, came = self._written.get(kind, (now, 0))
        if now - began >= PERIOD_S:
            if came > MOST_LINES:
                record.msg, record.args = f"{record.getMessage()} (and {came - MOST_LINES} more like it)", None
            began, came = now, 0
        self._written[kind] = (began, came + 1)
        return came < MOST_LINES
