"""A press is obeyed once, also where others come between it and its repetition."""

from kiosk.station.control.presses import MOST, Presses


def test_a_press_that_comes_again_is_obeyed_once() -> None:
    presses = Presses()
    assert [presses.is_new(press) for press in ("a", "b", "a", "b", "", "")] == [True, True, False, False, True, True]
    assert all(presses.is_new("") for _ in range(2 * MOST)), "one without an id always counts"
    assert not presses.is_new("a"), "and pushes no id out of memory"
