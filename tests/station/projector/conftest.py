"""A projector with its stage on the screen."""

from collections.abc import Iterator

import pytest
from rig import Rig
from screen import POSTER, Sampler, XServer


@pytest.fixture
def rig(screen: XServer, sampler: Sampler) -> Iterator[Rig]:
    """The poster is on the screen, no programme is."""
    rig = Rig(screen)
    rig.until(lambda: rig.stage.up)
    rig.until(lambda: sampler.seen[-1].programme == POSTER)
    yield rig
    rig.close()
    rig.until(lambda: screen.windows() == 0)
