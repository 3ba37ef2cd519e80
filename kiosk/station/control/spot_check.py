"""The town's spot check: a code on the room's screen, and who has typed it in within the time, entered into the record.

The code goes by the check and what is on the screen (``contract.station.spot_code``), so it is seen, and not guessed.
"""

import secrets
from collections.abc import Callable

import msgspec

from kiosk.contract.records import Attendance
from kiosk.contract.station import StationDocument, Thresholds, spot_code
from kiosk.station.clock.clock import Clock
from kiosk.station.journal import Journal
from kiosk.station.record_book.events import SpotCheckAnswered

KEY = "spot-check"


class _Answered(msgspec.Struct, frozen=True):
    check: str


class SpotChecks:
    """For the main loop only. ``play`` gives the id of the play on the screen, empty for none; ``screen`` whether there
    is a screen."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        document: Callable[[], StationDocument | None],
        play: Callable[[], str],
        screen: Callable[[], bool],
        report_soon: Callable[[], None],
    ) -> None:
        self._journal, self._clock, self._document, self._report_soon = journal, clock, document, report_soon
        self._play, self._screen = play, screen
        self._shown: dict[str, str] = {}
        """Plays whose code was shown for the check under way, by the code."""
        self._of = ""

    def asked(self) -> str:
        """The check that the room is to answer now; empty where there is none, or its time is over."""
        document = self._document()
        check = document.spot_check if document else None
        if check is None or self._clock.state == "untrusted":
            return ""
        answered = self._journal.recall(KEY, _Answered)
        over_ms = check.asked_ms + (document.thresholds if document else Thresholds()).spot_check_ms
        if (answered and answered.check == check.id) or self._clock.now_ms() >= over_ms:
            return ""
        return check.id

    def code(self) -> str:
        """What stands on the screen now; empty while nothing is asked, or there is no screen."""
        check = self.asked()
        if check != self._of:
            self._of, self._shown = check, {}
        if not check or not self._screen():
            return ""
        play = self._play()
        code = spot_code(check, play)
        self._shown[code] = play
        return code

    @property
    def shown(self) -> str | None:
        """The check whose code has stood on the screen, for the heartbeat."""
        return self._of if self._of and self._shown else None

    def answer(self, event: SpotCheckAnswered) -> bool:
        """Somebody has typed a code in. False where it was not on the screen for the check under way."""
        typed = "".join(one for one in event.code if one.isascii() and one.isdigit())
        if not self.asked() or self.asked() != self._of or typed not in self._shown:
            return False
        play = self._shown[typed]
        self._journal.record(
            Attendance(
                id=f"spot-{event.press or secrets.token_hex(16)}", at_ms=self._clock.now_ms(), by=event.by,
                plays=(play,) if play else (), evidence="spot-check", code=typed, spot_check=self._of,
            )
        )  # fmt: skip
        self._journal.remember(KEY, _Answered(self._of))
        self._report_soon()
        return True
