"""Switches the screen's power as it is wanted, reads it back, and repeats until it has taken."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kiosk.station.health.events import Fact
from kiosk.station.host.cec import Cec, adapters
from kiosk.station.host.commands import Run, run
from kiosk.station.host.dpms import Dpms

By = Literal["black", "dpms", "cec"]
"""How the screen rests: it shows black, loses the signal, or is told to by CEC."""


@dataclass(frozen=True)
class Want:
    """What the screen is to do. Another ``occasion`` is a new wish, even if the rest is the same."""

    on: bool = True
    by: By = "black"
    occasion: int = 0


class ScreenPower:
    """:meth:`want` is for the main loop, :meth:`keep` for the probes' thread, which may wait for some seconds.

    A wish is repeated until the screen has been read back as wanted. By CEC once is enough: somebody who then switches
    the screen off or on by its remote control has their way until the next wish. The signal has no remote control.
    """

    def __init__(self, display: str, run: Run = run, adapters: Callable[[], Sequence[str]] = adapters) -> None:
        """``display`` is the X server's, ``adapters`` are those for CEC."""
        self._dpms, self._cec = Dpms(display, run), Cec(run, adapters)
        self._want = Want()
        self._under_way: Want | None = None
        self._done = False
        """Whether that was read back as it is wanted."""
        self._tries = 0
        self._rested: set[By] = set()
        """How the screen was put to rest, and not seen awake since."""

    def want(self, want: Want) -> bool:
        """Say what is wanted from now on. Returns whether that is new, and :meth:`keep` should be called soon."""
        new = want != self._want
        self._want = want
        return new

    def keep(self) -> Mapping[str, Fact]:
        """Do what is wanted and not done. Facts: ``screen.dpms``, ``screen.cec`` (as read back; None: not asked, or no
        answer), ``screen.other_source``, ``screen.wanted`` and ``screen.tries``, how often it was tried in vain."""
        want = self._want
        if want != self._under_way:
            self._under_way, self._done, self._tries = want, False, 0
        dpms = cec = None
        other = False
        right = []
        if "dpms" in self._rested or want.by == "dpms":
            dpms, taken = self._keep_dpms(want)
            right.append(taken)
        if "cec" in self._rested or want.by == "cec":
            cec, other, taken = self._keep_cec(want)
            right.append(taken)
        if all(right):
            self._done, self._tries = True, 0
        elif not self._done and not other:
            self._tries += 1
        return {
            "screen.dpms": dpms,
            "screen.cec": cec,
            "screen.other_source": other,
            "screen.wanted": "on" if want.on else "rest",
            "screen.tries": self._tries,
        }

    def _keep_dpms(self, want: Want) -> tuple[str | None, bool]:
        found, wanted = self._dpms.read(), "off" if not want.on and want.by == "dpms" else "on"
        if found is not None and found != wanted:
            if wanted == "off":
                self._rested.add("dpms")
                self._dpms.rest()
            else:
                self._dpms.wake()
            found = self._dpms.read()
        if found == wanted == "on":
            self._rested.discard("dpms")
        return found, found == wanted

    def _keep_cec(self, want: Want) -> tuple[str | None, bool, bool]:
        found, wanted = self._cec.read(), "standby" if not want.on and want.by == "cec" else "on"
        other = found == "on" and self._cec.other_source()
        if found in ("on", "standby") and found != wanted and not self._done and not other:
            if wanted == "standby":
                self._rested.add("cec")
                self._cec.rest()
            else:
                self._cec.wake()
            found = self._cec.read()
        if found == wanted == "on":
            self._rested.discard("cec")
        return found, other, found == wanted
