"""Repairs: what is tried, how often, and what is written down of it."""

from pathlib import Path

import pytest

from kiosk.common.messages import Message
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.remedy import Remedy, Tries, consider, tried
from kiosk.station.health.repairs.repairs import APPLY, REMEDIES

MINUTE = 60_000
REMEDY = Remedy(name="r", words="Restart of the player", causes=("c",), after_ms=10_000, most_per_hour=2)


def finding(wrong: bool | None, **facts: str) -> Finding:
    return Finding(cause="c", device="d", wrong=wrong, text=Message("x"), remedy=Message("y"), facts=facts)


def test_remedy_waits_is_tried_within_its_limit_and_counts_what_helped() -> None:
    tries, done = Tries(), list[tuple[int, str]]()
    for at_ms in range(0, 10 * MINUTE, 10_000):
        wrong = not 20_000 <= at_ms < 30_000
        tries, due, ended = consider(tries, [finding(wrong)], (REMEDY,), at_ms)
        done += [(at_ms, "tried") for _ in due] + [(at_ms, str(one.helped)) for one in ended]
    assert done == [(10_000, "tried"), (20_000, "True"), (40_000, "tried"), (70_000, "False")]
    assert tried(tries, (REMEDY,), "c/d")[1].values == {"count": "2", "helped": "1"}
    tries, due, _ = consider(tries, [finding(True)], (REMEDY,), 75 * MINUTE)
    assert due, "an hour later it may be tried again"


@pytest.mark.parametrize("wrong", [None, False])
def test_what_is_not_wrong_or_not_known_is_left_alone(wrong: bool | None) -> None:
    assert consider(Tries(), [finding(wrong)], (REMEDY,), MINUTE)[1] == []


def test_remedy_for_other_facts_is_not_tried() -> None:
    remedy = Remedy(name="r", words="", causes=("c",), when={"sink": "muted"}, most_per_hour=1)
    assert consider(Tries(), [finding(True, sink="none")], (remedy,), 0)[1] == []
    assert consider(Tries(), [finding(True, sink="muted")], (remedy,), 0)[1] != []


def test_root_is_asked_by_a_file_and_the_rest_in_its_place(tmp_path: Path) -> None:
    ordered: list[object] = []
    done: list[str] = []
    host = Host(
        tmp_path, ":0", order=ordered.append, purge=lambda: done.append("purge"),
        fetch_again=lambda: done.append("fetch"), restart_player=done.append,
    )  # fmt: skip
    for remedy in REMEDIES:
        APPLY[remedy.name](host, finding(True, wanted="1920x1080"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["restart-sound", "restart-x"]
    assert len(ordered) == 3 and done[:2] == ["purge", "fetch"]
