"""D6: a screen that programmes are not let in to any more is found out, though the stage still holds it."""

from kiosk.station.control.screen import DOUBT_EVERY, DOUBT_SECONDS, Screen
from kiosk.station.events import ChildGone, StageGone
from kiosk.station.projector.messages import SCREEN_GONE


class Stage:
    """A stage that is up, and counts how often it had to connect anew."""

    up, screen = True, "up"
    anew = 0

    def tick(self, now: float) -> None:
        pass

    def gone(self, event: StageGone, now: float) -> bool:
        return True

    def connect_anew(self, why: str) -> None:
        self.anew += 1


class Quiet:
    """Whatever else there is: nothing comes of it."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def handle(self, *_: object) -> list[object]:
        return []

    tick = handle

    def on_air(self) -> None:
        return None

    def screen_went(self) -> None:
        pass


def test_d6_stage_connects_anew_where_programmes_find_no_screen() -> None:
    stage, rest = Stage(), Quiet()
    screen = Screen(stage, rest, rest, rest, rest, str, str, dict)  # type: ignore[arg-type]

    def ticks(seconds: float) -> int:
        rest.now += seconds
        screen.tick()
        return stage.anew

    screen.handle(ChildGone("a.1", 1))
    assert ticks(DOUBT_SECONDS) == 0, "a bad file"
    screen.handle(ChildGone("a.2", SCREEN_GONE))
    screen.handle(StageGone(SCREEN_GONE))
    assert ticks(DOUBT_SECONDS) == 0, "X has gone, and the stage knows"
    screen.handle(ChildGone("a.3", SCREEN_GONE))
    assert ticks(DOUBT_SECONDS / 2) == 0
    assert ticks(DOUBT_SECONDS / 2) == 1
    screen.handle(ChildGone("a.4", SCREEN_GONE))
    assert ticks(DOUBT_SECONDS) == 1, "the poster must not flicker"
    screen.handle(ChildGone("a.5", SCREEN_GONE))
    assert ticks(DOUBT_EVERY) == 2
