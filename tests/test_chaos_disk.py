"""The judge of the disk's fault run finds what is wrong with a record, and nothing where nothing is."""

import pytest
from chaos.judge_disk import Row, Verdict, judge

from kiosk.demo.judge import Seen

IDS = {71: "red", 72: "blue"}
SEEN = [Seen(71, 10_000, 25_000), Seen(72, 25_000, 40_000), Seen(71, 40_000, 47_000), Seen(71, 52_000, 55_000)]
ROWS = [Row("a", "red", 10_001, 25_000), Row("b", "blue", 25_000, 40_001), Row("c", "red", 40_000, 45_000)]
LAST = Row("d", "red", 52_100, 55_000)
EVERY = {"a", "b", "c", "d", "boot"}


def verdict(rows: list[Row], acknowledged: set[str] = EVERY, stored: set[str] = EVERY) -> Verdict:
    return judge(SEEN, rows, IDS, acknowledged, stored, 99_000)


def test_a_true_record_is_found_true() -> None:
    found = verdict([*ROWS, LAST])
    assert (found.plays_shown, found.rows, found.notes) == (4, 4, ())
    assert (found.doubled, found.acknowledged_lost, found.invented, found.lost_to_damage) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("rows", "figure"),
    [
        ([*ROWS, LAST, Row("e", "red", 41_000, 46_000)], "doubled"),
        ([*ROWS, LAST, Row("e", "blue", 60_000, 61_000)], "invented"),
        ([*ROWS, Row("d", "blue", 52_100, 55_000)], "invented"),
        (ROWS, "lost_to_damage"),
    ],
)
def test_a_wrong_row_is_found(rows: list[Row], figure: str) -> None:
    assert getattr(verdict(rows), figure) == 1


def test_what_was_acknowledged_and_is_not_there_is_found() -> None:
    assert verdict([*ROWS, LAST], stored=EVERY - {"boot"}).acknowledged_lost == 1


def test_rows_of_plays_that_nobody_saw_claim_nothing_and_late_showings_may_wait() -> None:
    unseen = Row("u", "red", 30_000, 30_000)
    assert verdict([*ROWS, LAST, unseen]).notes == ()
    assert judge(SEEN, ROWS, IDS, set(), set(), 54_000).lost_to_damage == 0
