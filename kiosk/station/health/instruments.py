"""The instruments of the room: what is read beside the devices, and what is done at them; in the probes' thread."""

import time
from collections import deque
from collections.abc import Callable, Mapping

from kiosk.station.health.events import Fact
from kiosk.station.health.facts.daemon import read_daemon
from kiosk.station.health.facts.display_mode import read_modes
from kiosk.station.health.facts.kernel import read_kernel
from kiosk.station.health.facts.line import Line
from kiosk.station.health.facts.power import Throttling, read_mains, read_voltage
from kiosk.station.health.facts.signal import read_signal
from kiosk.station.health.facts.smart import read_smart

SLOW_S = 30.0
"""What costs more, or changes slowly, is read no more often."""


class Instruments:
    """Read once a look. :meth:`order`, :meth:`hurry` and :meth:`expect` may be used from the main loop."""

    def __init__(self, display: str, sound: str, town: str) -> None:
        """``display`` and ``sound`` as in the settings, ``town`` its address."""
        self._display, self._sound = display, sound
        self._line, self._throttling = Line(town), Throttling()
        self._orders: deque[Callable[[], object]] = deque()
        self._slow: dict[str, Fact] = {}
        self._slow_at = 0.0
        self._sounding = False
        """Whether sound is expected: a silent room is not listened to."""

    def expect(self, town_silent: bool, sounding: bool) -> None:
        """Whether the town has not answered of late, and whether a programme with sound is on."""
        self._line.town_silent, self._sounding = town_silent, sounding

    def hurry(self) -> None:
        """Read all at the next look, also what is read seldom."""
        self._slow_at = 0.0

    def order(self, work: Callable[[], object]) -> None:
        """Have this done before the next look: it may take some seconds."""
        self._orders.append(work)

    def read(self) -> Mapping[str, Fact]:
        """Do what was ordered, then read all."""
        while self._orders:
            self._orders.popleft()()
        facts: dict[str, Fact] = read_modes(self._display) | read_daemon() | read_voltage()
        if time.monotonic() >= self._slow_at:
            self._slow_at = time.monotonic() + SLOW_S
            self._slow = read_kernel() | read_smart() | self._throttling.read() | read_mains() | self._line.read()
            self._slow |= read_signal(self._sound) if self._sounding else {"sound.silent": None}
        return facts | self._slow
