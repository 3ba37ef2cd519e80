"""Where the sound of a play went, gathered report by report. Pure."""

from collections import Counter

from kiosk.contract.records import SoundWent

SHARE = 0.1
"""The part of a play that a place must have had of its sound to count."""
_WORST_FIRST: tuple[SoundWent | None, ...] = ("none", "null", None, "device")


class Heard:
    """The reports of one play that told of its sound, about one a second."""

    def __init__(self) -> None:
        self._reports: Counter[SoundWent | None] = Counter()
        self.now: SoundWent | None = None
        """Where the newest report says that it goes."""
        self.told = False
        """Whether any report told of sound."""

    def add(self, taken: bool | None, sink: SoundWent | None) -> None:
        """``taken``: whether a server or device takes it, None where there is no sound yet; ``sink``: where that
        leads."""
        if taken is None:
            return
        self.now, self.told = place(taken, sink), True
        self._reports[self.now] += 1

    def went(self) -> SoundWent | None:
        """The worst place that had its share; None: not known, or there was no sound."""
        total = self._reports.total()
        return next((one for one in _WORST_FIRST if self._reports[one] >= max(1, SHARE * total)), None)


def place(taken: bool, sink: SoundWent | None) -> SoundWent | None:
    """Where sound goes: what takes it may lead nowhere. A server that takes it and was not found is not known."""
    if not taken:
        return "none"
    return None if sink == "none" else sink
