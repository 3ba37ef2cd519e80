"""A press is obeyed once, also where others come between it and its repetition."""

from kiosk.station.control.presses import MOST, Presses


def test_a_press_that_comes_again_is_obeyed_once() -> None:
    presses = Presses()
    assert [presses.is_new(press) for press in ("a", "b", "a", "b", "", "")] == [True, True, False, False, True, True]
    for number in range(MOST):
        assert presses.is_new(f"p{number}")
    assert not presses.is_new("p0")
