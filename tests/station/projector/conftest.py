"""A projector with its stage on the screen."""

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest
from rig import Rig
from screen import POSTER, Sampler, XServer, children_of


@pytest.fixture
def rig(screen: XServer, sampler: Sampler) -> Iterator[Rig]:
    """The poster is on the screen, no programme is."""
    rig = Rig(screen)
    rig.until(lambda: rig.stage.up)
    rig.until(lambda: sampler.seen[-1].programme == POSTER)
    yield rig
    rig.close()
    rig.until(lambda: screen.windows() == 0)


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """A test that fails half-way must not fail the next one by its children."""
    yield
    for pid in children_of(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
