"""Presses that were obeyed already: a double click, or a form that is sent again, is one press."""

from collections import deque

MOST = 64
"""Ids that are remembered: far more presses than anybody makes while a double click is on its way."""


class Presses:
    """For the main loop only. Not kept over a restart."""

    def __init__(self) -> None:
        self._ids: deque[str] = deque(maxlen=MOST)

    def is_new(self, press: str) -> bool:
        """Whether the press of this id is to be obeyed; from now on it was. One without an id always is."""
        if press in self._ids:
            return False
        if press:
            self._ids.append(press)
        return True
