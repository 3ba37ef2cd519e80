"""The judge of the cut's benchmark finds what is wrong with a cut, and nothing where nothing is."""

from dataclasses import replace
from fractions import Fraction

import pytest
from bench.cards import alike
from bench.judge_cuts import Cut, Programme, figures, judge, percentile

from kiosk.demo.sampler import BLACK, NOTHING, Sighting, read_any, stretches

FIRST = Programme("first", 101, 2000, 50, Fraction(25))
SECOND = Programme("second", 102, 2002, 60, Fraction(30000, 1001))
CARD = Programme("card", NOTHING, 2000, 1, Fraction(25))
START = 1000.0
MS = 0.001


def shown(one: Programme, at: float, head: int = 0, tail: int = 0) -> list[Sighting]:
    """What a sampler sees of a programme that runs from ``at`` without its first and last pictures."""
    frames = range(head, one.frames - tail)
    return [Sighting(at + float((n - head) / one.rate), one.number, n) for n in frames]


def perfect() -> list[Sighting]:
    poster = [Sighting(START - 5, NOTHING, 0)]
    return [*poster, *shown(FIRST, START), *shown(SECOND, START + 2), Sighting(START + 4.002, NOTHING, 0)]


def the_cut(sightings: list[Sighting]) -> Cut:
    (cut,) = judge(sightings, [FIRST, SECOND], START, edges=False)
    return cut


def test_nothing_is_wrong_with_a_perfect_cut() -> None:
    cut = the_cut(perfect())
    assert (cut.late_ms, cut.run_late_ms) == (pytest.approx(0, abs=0.01), pytest.approx(0, abs=0.01))
    good = Cut("first", "second", late_ms=cut.late_ms, head_lost=0, tail_lost=0, run_late_ms=cut.run_late_ms)
    assert cut == good


def test_head_and_tail_lost_are_counted_in_pictures() -> None:
    cut = the_cut([*shown(FIRST, START, tail=3), *shown(SECOND, START + 2, head=2)])
    assert (cut.head_lost, cut.tail_lost) == (2, 3)


def test_black_counts_where_all_is_black_and_lasts_until_something_is_seen() -> None:
    black = [Sighting(START + 1.99, BLACK, 0), Sighting(START + 2.05, NOTHING, 0)]
    cut = the_cut([*shown(FIRST, START)[:-1], *black, *shown(SECOND, START + 2.08)])
    assert cut.black_ms == pytest.approx(60)
    assert cut.blank_ms == pytest.approx(30)
    assert cut.late_ms == pytest.approx(80)
    assert cut.tail_lost == 1


def test_black_within_the_new_programme_counts_but_none_of_another_cut() -> None:
    seen = [*shown(FIRST, START), *shown(SECOND, START + 2)]
    flash = [Sighting(START + 2.345, BLACK, 0), Sighting(START + 2.365, SECOND.number, 11)]
    early = [Sighting(START + 0.345, BLACK, 0), Sighting(START + 0.365, FIRST.number, 9)]
    by_time = sorted(seen + flash + early, key=lambda one: one.monotonic)
    assert the_cut(by_time).black_ms == pytest.approx(20)


def test_a_picture_that_stands_after_the_cut_is_late_where_it_should_run() -> None:
    late = [replace(one, monotonic=one.monotonic + 0.3) for one in shown(SECOND, START + 2)[1:]]
    cut = the_cut([*shown(FIRST, START), Sighting(START + 2, SECOND.number, 0), *late])
    assert cut.late_ms == pytest.approx(0, abs=0.01)
    assert cut.run_late_ms == pytest.approx(300, abs=0.1)


def test_old_programme_seen_after_the_new_one_is_told() -> None:
    seen = perfect()
    seen.insert(70, Sighting(seen[69].monotonic + MS, FIRST.number, 49))
    assert the_cut(seen).back
    assert not the_cut(perfect()).back


def test_programme_that_never_came_is_lost_whole() -> None:
    cut = the_cut([*shown(FIRST, START), Sighting(START + 2, NOTHING, 0)])
    assert (cut.late_ms, cut.head_lost, cut.tail_lost) == (2002.0, 60, 0)


def test_first_picture_of_a_player_is_its_start_and_its_lateness_adds_up() -> None:
    third = replace(FIRST, name="third", number=103)
    seen = [Sighting(START - 3, BLACK, 0), *shown(FIRST, START), *shown(SECOND, START + 2.05)]
    seen += shown(third, START + 4.002 + 0.11)
    cuts = judge(seen, [FIRST, SECOND, third], None, edges=False)
    assert [round(cut.late_ms or 0) for cut in cuts] == [50, 110]


def test_edges_are_judged_where_the_screen_is_ours_before_and_after() -> None:
    into, _, out_of = judge(perfect(), [FIRST, SECOND], START, edges=True)
    assert (into.old, into.new, into.head_lost, into.tail_lost) == ("", "first", 0, None)
    assert (out_of.old, out_of.new, out_of.late_ms, out_of.tail_lost) == ("second", "", None, 0)
    black = [*perfect()[:-1], Sighting(START + 4.002, BLACK, 0), Sighting(START + 4.2, NOTHING, 0)]
    assert judge(black, [FIRST, SECOND], START, edges=True)[-1].black_ms == pytest.approx(198, abs=0.1)


def test_card_without_a_code_is_judged_by_the_time_around_it() -> None:
    seen = [Sighting(START - 5, NOTHING, 0), *shown(FIRST, START), Sighting(START + 2.004, NOTHING, 0)]
    seen += [Sighting(START + 3.004, NOTHING, 0), *shown(SECOND, START + 4.01)]
    to_card, from_card = judge(seen, [FIRST, CARD, SECOND], START, edges=False)
    assert to_card.late_ms == pytest.approx(4)
    assert from_card.late_ms == pytest.approx(10)
    assert (to_card.tail_lost, from_card.head_lost) == (0, 0)


def test_sampler_that_was_held_up_is_known() -> None:
    seen = [*shown(FIRST, START), *shown(SECOND, START + 2.02)]
    seen.insert(50, Sighting(START + 2.004, FIRST.number, 49))
    assert the_cut(seen).blink_ms == pytest.approx(16)
    assert the_cut(perfect()).blink_ms == 0


def test_figures_take_the_worst_and_count_early_as_off() -> None:
    cuts = [
        Cut("a", "b", black_ms=12.34, late_ms=-40.04, head_lost=0, tail_lost=2),
        Cut("b", "c", late_ms=3.0, head_lost=1, tail_lost=0),
        Cut("c", "d", late_ms=1.0, head_lost=0, tail_lost=0),
        Cut("d", "", tail_lost=1),
    ]
    expected = {"black_ms_max": 12.3, "late_ms_p50": 3.0, "late_ms_p99": 40.0, "head_lost_max": 1, "tail_lost_max": 2}
    assert figures(cuts) == expected


def test_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.0
    assert percentile(list(map(float, range(1, 201))), 99) == 198.0
    assert percentile([7.0], 99) == 7.0


def test_codes_in_letterboxed_pictures_are_read_by_their_shape() -> None:
    places = stretches([Fraction(4, 3), Fraction(9, 16)], 1280, 720)
    assert places == [(0, 1280), (160, 1120), (437, 842)]
    code = f"1010{101:08b}{33:016b}"
    check = 0
    for nibble in range(7):
        check ^= int(code[4 * nibble : 4 * nibble + 4], 2)
    code += f"{check:04b}"
    for left, right in places:
        wide = right - left
        strip = b"".join(bytes((235 * int(code[x * 32 // wide]),) * 3) + b"\0" for x in range(wide))
        row = bytes(4 * left) + strip + bytes(4 * (1280 - right))
        assert read_any(row, places) == (101, 33)
    assert read_any(bytes(4 * 1280), places) == (BLACK, 0)


def test_title_card_is_told_from_the_poster_and_a_clock_is_none() -> None:
    poster = [bytes((243, 250, 253, 0)) * 1280] * 24
    clock = [*poster[:-1], poster[-1][: 4 * 1000] + bytes(4 * 280)]
    card = [bytes((243, 250, 253, 0)) * 1280] * 20 + [bytes((40, 30, 30, 0)) * 1280] * 4
    assert alike(poster, clock)
    assert not alike(poster, card)
