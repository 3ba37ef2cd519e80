"""The screen's power by DPMS (``xset``): the X server drops the signal, and says whether it has."""

import re
from dataclasses import dataclass

from kiosk.station.host.commands import Run

_MONITOR = re.compile(r"Monitor is (?:in )?(On|Standby|Suspend|Off)\b")


@dataclass(frozen=True)
class Dpms:
    """The screens of one X display."""

    display: str
    run: Run

    def read(self) -> str | None:
        """``on`` or ``off``; None where the X server does not answer or has no DPMS."""
        found = _MONITOR.search(self._xset("q") or "")
        return None if found is None else "on" if found[1] == "On" else "off"

    def wake(self) -> None:
        """Send the signal again."""
        self._xset("dpms", "force", "on")

    def rest(self) -> None:
        """Drop the signal."""
        self._xset("dpms", "force", "off")

    def _xset(self, *words: str) -> str | None:
        return self.run(("xset", "-display", self.display, *words))
