"""News that the town has told of and that do not come: whoever sits on the line may hold them back."""

from kiosk.contract.reports import HeartbeatAnswer
from kiosk.station.journal import Journal
from kiosk.station.library.accepted import Accepted

MEMORY = "news"


class News:
    """What the town's signed answers tell of, against what is held. Kept over restarts, as a PC is off every night.

    For the main loop only.
    """

    def __init__(self, journal: Journal, accepted: Accepted) -> None:
        self._journal, self._accepted = journal, accepted
        self.passes_on = False
        """Whether the town passes activities on to the group's chat; nobody knows before it has answered."""
        self._told = journal.recall(MEMORY, HeartbeatAnswer)
        """The first answer that told of what is still not here; None where all is."""

    @property
    def behind_since_ms(self) -> int:
        """Since when, by the town's clock (UTC milliseconds), the town has told of what is not here; 0: all is."""
        return self._told.now_ms if self._told else 0

    def behind_ms(self, answer: HeartbeatAnswer) -> int:
        """The town has answered: for how many ms has it told of what is not here; 0: all is."""
        told, self.passes_on = self._told, answer.passes_on
        if not self._accepted.is_behind(answer):
            told = None
        elif told is None or not self._accepted.is_behind(told):
            told = answer
        if told != self._told:
            self._told = told
            self._journal.remember(MEMORY, told)
        return max(0, answer.now_ms - told.now_ms) if told else 0
