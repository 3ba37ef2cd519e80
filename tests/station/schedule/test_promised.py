"""What the plan promises (``common.planned``) is what the timetable would put on air, for any week."""

from hypothesis import HealthCheck, given, settings
from timetable_weeks import TICKS, Week, weeks

from kiosk.common.planned import LEAST_MS, Accepted, promised
from kiosk.contract.instants import to_ms
from kiosk.station.schedule.situation import Situation
from kiosk.station.schedule.timetable import compile_playlist, decide


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(weeks(on_grid=False))
def test_d5_the_showings_promised_are_those_that_the_timetable_puts_on_air(week: Week) -> None:
    timetable, begin, end = compile_playlist(week.playlist), week.moment(0), week.moment(TICKS)
    shown: dict[tuple[int, str], int] = {}
    now = begin
    while now < end:
        decision = decide(timetable, now, Situation())
        if (on_air := decision.on_air) and on_air.origin == "slot":
            key = (to_ms(on_air.start), on_air.programme.id)
            shown[key] = shown.get(key, 0) + to_ms(min(decision.next_change, end)) - to_ms(now)
        now = decision.next_change
    expected = {key: length for key, length in shown.items() if length >= LEAST_MS}
    found: dict[tuple[int, str], int] = {}
    for one in promised([Accepted(0, week.playlist)], to_ms(begin), to_ms(end)):
        key = (one.start_ms, one.programme.id)
        found[key] = found.get(key, 0) + sum(end - start for start, end in one.pieces)
    assert found == expected
