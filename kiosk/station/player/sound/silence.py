"""The sound of a programme that has none, and what every kind of sound does for its programme."""

import time
from typing import Literal

Taken = Literal["taken", "none"]
"""Whether a sound server or device takes the sound."""


class Silence:
    """Nothing is ever heard. Base of the kinds of sound, which replace what they need. Instants are monotonic."""

    quiet = 0.0
    """Seconds before the programme's end at which :meth:`fade_out` has to be called."""

    def try_start(self) -> None:
        """A trial start begins: the sound's head is decoded again."""

    def learn(self, began: float, lead: float | None) -> float:
        """The trial start that began at ``began`` is over. Returns how long after a start its sound comes, in seconds.

        ``lead`` is the time from a start to the cut; None where the programme has sound only.
        """
        return 0.0

    def expect(self, at: float, end: float) -> None:
        """The cut will be at ``at``, the programme's end at ``end``. May be called again with other instants."""

    def run(self) -> None:
        """Time runs from now, still unheard."""

    def rise(self) -> None:
        """The cut has come: be heard."""

    def fade_out(self) -> None:
        """The end has nearly come: be heard no more."""

    def hush(self) -> float:
        """Be heard no more, before the end. Returns the instant from which on it is silent."""
        return time.monotonic()

    def set_volume(self, percent: int) -> None:
        """In percent, cubic, on top of the gain that evens loudness out."""

    def taken(self) -> Taken | None:
        """Whether its sound is taken now; None: not known, or the programme has none."""
        return None

    def heard(self) -> int | None:
        """How many pieces of sound have been heard so far; None where that is not known."""
        return None

    def mend(self) -> None:
        """Be heard again, if the way to the loudspeaker was lost."""
