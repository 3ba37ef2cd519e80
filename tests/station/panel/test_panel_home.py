"""The first page: what is on air and why, how much is left, what Start will do, what counts, and what is wrong."""

from dataclasses import replace
from datetime import timedelta

import pytest
from panel_room import NOW, SIX, Browser, Room

from kiosk.contract.instants import FAR
from kiosk.station.panel import words
from kiosk.station.panel.snapshot import Showing, Snapshot, Stopped
from kiosk.station.record_book.count import Count
from kiosk.station.schedule import timetable as tt
from kiosk.station.schedule.situation import Situation

MOST_BYTES = 60 * 1024


def explained() -> tt.Explanation:
    return tt.explain(tt.compile_playlist(None), NOW, Situation())


def test_elapsed_and_left_are_said_to_the_second(room: Room) -> None:
    said = words.of(replace(room.snapshot, now=NOW + timedelta(seconds=5)), "en")
    assert (said.left, said.left_percent) == ("At 10:05, 19:55 left", 34)
    assert room.snapshot.on_air is not None
    long = replace(room.snapshot.on_air, end=NOW + timedelta(hours=1, seconds=1))
    assert words.of(replace(room.snapshot, on_air=long), "en").left == "At 10:00, 1:00:01 left"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_why_is_the_same_sentence_as_of_the_command(administrator: Browser, room: Room, language: str) -> None:
    from kiosk.station.panel.why import sentence

    room.snapshot = replace(room.snapshot, why=explained(), on_air=None)
    administrator.get(f"/language?to={language}")
    assert sentence(explained(), language, NOW.tzinfo) in administrator.text()  # type: ignore[arg-type]


def test_nothing_is_explained_of_a_screen_that_is_not_there(room: Room) -> None:
    shown = replace(room.snapshot, why=explained())
    assert words.of(shown, "en").why and not words.of(replace(shown, display="none", on_air=None), "en").why


def test_start_says_what_it_will_do(administrator: Browser, room: Room) -> None:
    stopped = replace(room.snapshot, stopped=Stopped("meeting", SIX), on_air=None)
    room.snapshot = replace(stopped, on_start=Showing("春耕技术（上）", NOW, NOW + timedelta(minutes=20), "slot"))
    assert "接着播放《春耕技术（上）》此刻应播的内容，15:00 结束" in administrator.text()
    room.snapshot = stopped
    assert "现在没有安排节目" in administrator.text()


def test_what_counts_is_for_the_administrator_and_unknown_is_said(administrator: Browser, room: Room) -> None:
    room.snapshot = replace(room.snapshot, count=Count(3, 4, 385, 600))
    assert "本周已播 3 次，镇里要求 4 次。 本月已播 6.4 小时，镇里要求 10.0 小时。" in administrator.text()
    assert "本周已播" not in Browser(administrator.base).text()
    room.snapshot = replace(room.snapshot, count=None)
    assert "暂无法统计" in administrator.text()


def test_a_full_home_is_small(administrator: Browser, room: Room) -> None:
    from test_panel_browser import full

    room.snapshot = full(replace(room.snapshot, today=room.snapshot.today * 5, why=explained()))
    page = administrator.get()
    files = [administrator.get(f"/{name}").content for name in ("panel.css", "panel.js")]
    assert len(page.content) + sum(map(len, files)) < MOST_BYTES


def test_far_ends_are_no_trouble() -> None:
    assert words.of(Snapshot(now=NOW, station="x", on_air=Showing("x", NOW, FAR, "slot")), "en").left
