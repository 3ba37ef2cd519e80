"""The judges of the benchmarks for bad files and recovery find what is wrong, and nothing where nothing is."""

from dataclasses import replace

import pytest
from bench import judge_odd as odd
from bench.judge_bad import Planned, Row, troubles
from bench.judge_odd import Piece, Reference
from bench.judge_recovery import Loop, back
from bench.looks import Look, lettering, other_pictures, same_letters, thumbnail
from PIL import Image, ImageDraw

from kiosk.demo.sampler import BLACK, NOTHING, Sighting

BAD, NEXT = 101, 240
ONE = Planned("bad", due=100.0, end=108.0, next_number=NEXT)
COMPLETED = Row("completed", "", 108.0)
FAILED = Row("failed", "it cannot be decoded", 103.0)
LOOP = Loop(1000.0, (21, 22, 23), 30.0)


def screen(*changes: tuple[float, int]) -> list[Sighting]:
    return [Sighting(at, programme, 0) for at, programme in changes]


GOOD = screen((90, NOTHING), (100, BAD), (108, NEXT), (110, NOTHING))
GONE = screen((90, NOTHING), (100, BAD), (103.5, NOTHING), (108, NEXT), (110, NOTHING))


def test_file_that_completes_or_fails_in_time_is_no_trouble() -> None:
    assert troubles(ONE, COMPLETED, GOOD) == []
    assert troubles(ONE, FAILED, GONE) == []
    assert troubles(ONE, replace(FAILED, ended=95.0), screen((90, NOTHING), (108, NEXT))) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (None, "no row"),
        (replace(FAILED, cause=""), "'failed', ''"),
        (Row("interrupted", "cut by the plan", 108.0), "'interrupted'"),
        (replace(COMPLETED, ended=118.5), "closed 18.5 s after it was due"),
    ],
)
def test_record_that_is_missing_wrong_or_late_is_told(row: Row | None, said: str) -> None:
    [told] = troubles(ONE, row, GONE)
    assert said in told


def test_long_programme_has_to_fail_soon_or_at_its_end() -> None:
    long = replace(ONE, end=200.0)
    seen = screen((100, BAD), (103.5, NOTHING), (200, NEXT))
    assert troubles(long, replace(FAILED, ended=109.0), seen[:1] + seen[2:]) != [], "its picture stays"
    assert troubles(long, replace(FAILED, ended=109.0), seen) == []
    [told] = troubles(long, replace(FAILED, ended=150.0), seen)
    assert "closed 50.0 s after" in told


def test_hostile_disks_file_may_vanish_but_the_next_clip_may_not() -> None:
    thing = replace(ONE, may_vanish=True)
    assert troubles(thing, None, GONE) == []
    assert len(troubles(thing, None, screen((90, NOTHING)))) == 1


@pytest.mark.parametrize("what", [BLACK, BAD])
def test_failed_file_that_stays_or_leaves_black_is_told(what: int) -> None:
    [told] = troubles(ONE, FAILED, screen((100, BAD), (103.2, what), (108, NEXT)))
    assert ("black" if what == BLACK else "picture [101]") in told


@pytest.mark.parametrize("seen", [screen((100, BAD)), screen((100, BAD), (109.1, NEXT)), []])
def test_next_clip_that_is_late_or_missing_is_told(seen: list[Sighting]) -> None:
    [told] = troubles(ONE, COMPLETED, seen)
    assert "the next clip, 240, is not seen within 1 s" in told


def at(monotonic: float, programme: int, position: float) -> Sighting:
    return Sighting(monotonic, programme, round(position * 25))


def test_right_picture_is_the_loops_programme_within_a_second() -> None:
    assert LOOP.right(at(1012.0, 21, 12.0)) and LOOP.right(at(1042.0, 22, 11.1)) and LOOP.right(at(1092.0, 21, 2.9))
    assert not LOOP.right(at(1012.0, 22, 12.0))
    assert not LOOP.right(at(1012.0, 21, 10.9))
    assert not LOOP.right(Sighting(1012.0, NOTHING, 0))
    assert (LOOP.turn(1065.0), LOOP.position(1065.0)) == (2, 5.0)


def test_picture_is_back_when_it_is_right_for_good() -> None:
    before, gone, stale = at(1010.0, 21, 10.0), Sighting(1010.2, NOTHING, 0), at(1010.9, 21, 8.0)
    fine, later = at(1011.0, 21, 11.0), at(1013.0, 21, 13.0)
    assert back(LOOP, [before, gone, fine, later]) == 1011.0
    assert back(LOOP, [before, gone, fine, stale, later]) == 1013.0
    assert back(LOOP, [before, gone, fine, stale]) is None
    assert back(LOOP, [before, fine, later]) is None, "nothing was lost yet"


ODD = Reference(tuple(n / 25 for n in range(75)), tuple(range(75)), (0.1,) * 30, 0.0, 440.0)
"""Three seconds of film with sound."""


def odd_seen(frame: int | None = None) -> list[Sighting]:
    return [Sighting(n / 25, 200, n if frame is None else frame) for n in range(75)]


def odd_heard(loud: float, pitch: float = 440) -> list[Piece]:
    return [Piece(n / 10, loud, pitch) for n in range(30)]


def test_odd_file_that_is_shown_and_heard_as_it_is_decoded_is_right() -> None:
    assert odd.troubles(ODD, 3.0, odd_seen(), odd_heard(0.1), 200) == []


def test_odd_file_that_shows_another_picture_or_is_silent_is_told() -> None:
    assert "another picture" in odd.troubles(ODD, 3.0, odd_seen(frame=3), odd_heard(0.1), 200)[0]
    assert "another picture" in odd.troubles(ODD, 3.0, odd_seen(), odd_heard(0.1), 201)[0]
    assert "sounds otherwise" in odd.troubles(ODD, 3.0, odd_seen(), odd_heard(0.0), 200)[0]
    assert odd.troubles(ODD, 3.0, odd_seen(), [], 200) == ["nothing was recorded"]
    assert "660 Hz is heard, not of 440" in odd.troubles(ODD, 3.0, odd_seen(), odd_heard(0.1, 660), 200)[0]


def shade(grey: int) -> bytes:
    return thumbnail(Image.new("RGB", (320, 180), (grey,) * 3))


def looked(*greys: int) -> list[Look]:
    nothing = lettering(Image.new("RGB", (320, 180)))
    return [Look(100 + n / 4, shade(grey), nothing) for n, grey in enumerate(greys)]


def test_pictures_without_a_bar_code_are_compared_with_the_decode() -> None:
    starts, pictures = (0.0, 1.0, 2.0), [shade(grey) for grey in (20, 120, 220)]
    right = [20] * 4 + [120] * 4 + [220] * 4
    assert other_pictures(starts, pictures, looked(*right), 100, 3) == []
    assert "another picture" in other_pictures(starts, pictures, looked(*[20] * 12), 100, 3)[0], "it stands"
    assert "another picture" in other_pictures(starts, pictures, looked(*[70] * 12), 100, 3)[0], "none of them"
    assert other_pictures(starts, pictures, [], 100, 3) == ["nobody looked at it"]


def test_lettering_tells_one_subtitle_from_another_and_from_none() -> None:
    def subtitle(left: int, width: int) -> Image.Image:
        picture = Image.new("RGB", (320, 180), (31, 58, 95))
        ImageDraw.Draw(picture).rectangle((left, 140, left + width, 150), fill="white")
        return lettering(picture)

    assert same_letters(subtitle(100, 60), subtitle(100, 60))
    assert not same_letters(subtitle(100, 60), subtitle(130, 60))
    assert not same_letters(subtitle(100, 0), subtitle(100, 0)), "no lettering at all"
