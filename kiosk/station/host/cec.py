"""The screen's power by HDMI-CEC (``cec-ctl``): read, set, and never the input taken from another source."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kiosk.station.host.commands import Run

Power = Literal["on", "standby", "to-on", "to-standby"]
TV = "0"
"""Logical address of the screen (CEC 1.4, table 5)."""
NO_ADDRESS = "f.f.f.f"
_POWER = re.compile(r"pwr-state: (on|standby|to-on|to-standby) ")
_SOURCE = re.compile(r"ACTIVE_SOURCE.*?phys-addr: ([0-9a-f](?:\.[0-9a-f]){3})", re.DOTALL)
_PHYSICAL = re.compile(r"Physical Address\s*: ([0-9a-f](?:\.[0-9a-f]){3})")
_LOGICAL = re.compile(r"Logical Address Mask\s*: (0x[0-9a-f]+)")


def adapters() -> list[str]:
    """The CEC adapters of this PC, such as ``/dev/cec0``. Most graphics cards have none."""
    return sorted(str(path) for path in Path("/dev").glob("cec[0-9]*"))


@dataclass(frozen=True)
class Cec:
    """The screen at the first adapter that has one. Each call may take some seconds."""

    run: Run
    adapters: Callable[[], Sequence[str]]

    def read(self) -> Power | None:
        """The screen's power as it says itself; None where there is no adapter, or it does not answer."""
        found = _POWER.search(self._ask("--give-device-power-status") or "")
        return found[1] if found else None  # type: ignore[return-value]

    def other_source(self) -> bool:
        """Whether the screen shows something else than this PC: its source answers with another address."""
        found, adapter = _SOURCE.search(self._ask("--request-active-source") or ""), self._adapter()
        return found is not None and adapter is not None and found[1] != adapter[1]

    def wake(self) -> None:
        """Have a screen in standby go on and show this PC. Not where it is on: that may take the input from another."""
        self._ask("--image-view-on")
        if (adapter := self._adapter()) is not None:
            self._ask("--active-source", f"phys-addr={adapter[1]}")

    def rest(self) -> None:
        """Have the screen go into standby. Not where :meth:`other_source` says that another source is looked at."""
        self._ask("--standby")

    def _ask(self, *words: str) -> str | None:
        """Send a message; ``cec-ctl`` wants an addressee also where the standard makes it a broadcast."""
        adapter = self._adapter()
        return self.run(("cec-ctl", "-d", adapter[0], "--to", TV, *words)) if adapter else None

    def _adapter(self) -> tuple[str, str] | None:
        """The first adapter with a screen, and its physical address. It is made a playback device where it is none:
        after each plugging in."""
        for device in self.adapters():
            told = self.run(("cec-ctl", "-d", device)) or ""
            physical, logical = _PHYSICAL.search(told), _LOGICAL.search(told)
            if physical is not None and physical[1] != NO_ADDRESS:
                if logical is not None and int(logical[1], 16) == 0:
                    self.run(("cec-ctl", "-d", device, "--playback", "--osd-name", "kiosk"))
                return device, physical[1]
        return None
