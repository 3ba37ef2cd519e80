"""The line as downloads use it: limited, measured, and given up to reports."""

import pytest

from kiosk.station.link import bandwidth
from kiosk.station.link.bandwidth import Bandwidth


class HandTime:
    """Time that passes when somebody waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(bandwidth.time, "monotonic", lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandTime:
    return HandTime(monkeypatch)


def test_a_limit_is_kept_and_pieces_are_small_enough_to_flow(clock: HandTime) -> None:
    line = Bandwidth(100_000, clock.wait)
    assert line.piece <= 25_000
    began = clock.now
    for _ in range(100):
        line.count(line.piece)
    assert 100 * line.piece / (clock.now - began + 1) <= 100_000
    assert line.bytes_per_s == pytest.approx(100_000, rel=0.1)


def test_the_speed_is_that_of_the_line_and_not_of_the_waits_for_reports(clock: HandTime) -> None:
    reports = iter([True, True, False] * 1000)
    line = Bandwidth(0, clock.wait, lambda: next(reports))
    line.start_timing()
    for _ in range(300):
        clock.wait(0.1)
        line.count(20_000)
    assert line.bytes_per_s == pytest.approx(200_000, rel=0.02)


def test_neither_a_download_nor_a_report_starves(clock: HandTime) -> None:
    line = Bandwidth(0, clock.wait, lambda: True)
    began, stood = clock.now, 0.0
    while clock.now - began < 600:
        before = clock.now
        line.count(1000)
        stood += clock.now - before
        clock.wait(0.1)
    assert 0.5 < stood / 600 < 0.8, "a report without end has most of the line, and a download its turns"


def test_what_does_not_report_is_not_waited_for(clock: HandTime) -> None:
    began = clock.now
    Bandwidth(0, clock.wait).give_way()
    assert clock.now == began
