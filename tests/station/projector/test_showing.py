"""The watch over one showing: what its file rightly does is no fault, a true hang is one within three seconds."""

import pytest

from kiosk.station.projector.messages import Cue, Progress
from kiosk.station.projector.reports import Showing
from kiosk.station.projector.showing import SETTLE, ShowingRun

STALL, MEMORY_MB = 3.0, 1024
END = 100.0


class Idle:
    """A child that takes no memory."""

    def memory_mb(self) -> int:
        return 1


def on_air(still: float = 0.0, rest: float = 0.0) -> ShowingRun:
    """A programme that is on the screen since 0."""
    run = ShowingRun(Showing("a", Cue(file="/a", display=":0"), 0.0, 0.0, END, still, rest), 0.0)
    run.process = Idle()  # type: ignore[assignment]
    run.begin("a.1", run.showing, 0.0)
    run.is_shown(0.0)
    return run


def reported(run: ShowingRun, until: int, pictures: int = 0, sounds: int | None = 0, media: int = 0) -> str:
    """The first trouble by ``until``, where the counts grow so much a second and stand from 10 s on."""
    for second in range(1, until + 1):
        moving = min(second, 10)
        counted = {"pictures": pictures * moving, "media_ms": media * moving, "lost": 0}
        heard = None if sounds is None else sounds * moving
        run.progressed(Progress(at=float(second), sounds=heard, **counted))
        if trouble := run.trouble(float(second), STALL, MEMORY_MB):
            return f"{second}: {trouble}"
    return ""


def test_e1_true_hang_is_a_fault_within_three_seconds() -> None:
    for film in (on_air(), on_air(still=8.0)):
        assert reported(film, 20, pictures=25, sounds=50, media=1000) == "14: the programme stands still"


def test_e1_picture_that_hangs_while_sound_goes_on_is_a_fault() -> None:
    run = on_air(still=2.0)
    for second in range(1, 40):
        run.progressed(Progress(at=float(second), media_ms=0, pictures=0, lost=0, sounds=second))
        if trouble := run.trouble(float(second), STALL, MEMORY_MB):
            break
    assert (trouble, second) == ("the picture stands still", round(SETTLE + STALL + 2) + 1)


@pytest.mark.parametrize(("still", "trouble"), [(8.0, ""), (0.0, "12: the picture stands still")])
def test_e1_slide_may_stand_as_long_as_it_stands_in_the_file(still: float, trouble: str) -> None:
    run = on_air(still=still)
    found = ""
    for second in range(1, 40):
        run.progressed(
            Progress(at=float(second), media_ms=0, pictures=0, changes=second // 8, lost=0, sounds=50 * second)
        )
        found = found or run.trouble(float(second), STALL, MEMORY_MB) and f"{second}: the picture stands still"
    assert found == trouble


def test_e1_silent_slides_may_rest_as_the_file_does() -> None:
    run = on_air(still=8.0, rest=8.0)
    for second in range(1, 40):
        run.progressed(Progress(at=float(second), media_ms=0, pictures=second // 8, lost=0))
        assert run.trouble(float(second), STALL, MEMORY_MB) == ""


def test_e1_where_sound_is_not_known_to_be_heard_the_picture_may_stand() -> None:
    assert reported(on_air(still=23.0), 30, sounds=None) == ""
    assert reported(on_air(still=10.0), 30, sounds=None) == "18: the programme stands still"


def test_e1_measures_of_a_town_that_made_none_leave_the_limit_as_it_was() -> None:
    assert reported(on_air(), 20, pictures=0, sounds=50) == "8: the picture stands still"
