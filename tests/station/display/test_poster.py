"""The public posting: what it says, what it keeps to itself, and that it can be read."""

import logging
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from PIL import Image

from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot
from kiosk.contract.station import Person, StationDocument
from kiosk.station.display import poster_image
from kiosk.station.display.poster import Poster, compose
from kiosk.station.display.poster_image import draw

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 5, 9, 10, tzinfo=ZONE)
SIZES = [(1280, 720), (1920, 1080), (720, 1280)]
TITLES = ("党史故事：半条被子", "春耕备耕实用技术（上）", "农村法律常识：土地承包纠纷怎么办", "冬春季呼吸道疾病预防")
PROGRAMMES = tuple(
    Programme(id=f"p{n}", title=title, category="党建", file="a.mp4", duration_ms=1, size=1, sha256="0" * 64)
    for n, title in enumerate(TITLES)
)


def playlist(slots_a_day: int, first: date = date(2026, 3, 2), days: int = 7, **changes: Any) -> Playlist:
    slots = tuple(
        Slot(
            date=(first + timedelta(days=day)).isoformat(),
            start=f"{8 + n * 14 // slots_a_day:02}:{n * 840 // slots_a_day % 60:02}:00",
            end=f"{8 + n * 14 // slots_a_day:02}:{n * 840 // slots_a_day % 60:02}:50",
            programmes=(f"p{(n + day) % 4}", f"p{n % 4}"),
        )
        for day in range(days)
        for n in range(slots_a_day)
    )
    whole = Playlist(
        town="fengle",
        group="villages",
        version=1,
        issued_ms=0,
        first_day="2026-03-02",
        last_day="2026-03-08",
        programmes=PROGRAMMES,
        slots=slots,
    )
    return msgspec.structs.replace(whole, **changes)


DOCUMENT = StationDocument(
    town="fengle",
    station="room-1",
    group="villages",
    version=1,
    issued_ms=0,
    name="第一村",
    town_name="丰乐镇党建办",
    town_telephone="0555-1234567",
    people=(Person(id="a", name="王秘密", post="A", telephone="13900000000"),),
)


def test_a_week_is_monday_to_sunday_with_today_marked() -> None:
    found = compose(playlist(2), DOCUMENT, NOW, language="zh")
    assert found.days_of == "3月2日 周一 – 3月8日 周日"
    assert [day.name for day in found.days][3:5] == ["3月5日 周四 · 今天", "3月6日 周五"]
    assert [day.today for day in found.days] == [False] * 3 + [True] + [False] * 3
    assert (found.station, found.footer, found.banner) == ("第一村", "丰乐镇党建办  电话 0555-1234567", "")


def test_slots_of_other_weeks_are_left_out() -> None:
    found = compose(playlist(1, first=date(2026, 2, 26), days=15), None, NOW, language="zh")
    assert [day.date for day in found.days] == [f"2026-03-0{day}" for day in range(2, 9)]


def test_the_week_is_that_of_the_rooms_time_zone() -> None:
    """Sunday 16:30 UTC is Monday in Shanghai."""
    found = compose(None, None, datetime(2026, 3, 8, 16, 30, tzinfo=UTC), language="en")
    assert found.days_of == "Monday 9/3 – Sunday 15/3"


def test_a_row_has_times_titles_occasion_and_the_category_that_all_share() -> None:
    mixed = (PROGRAMMES[0], msgspec.structs.replace(PROGRAMMES[1], category="农业"), *PROGRAMMES[2:])
    slot = Slot(date="2026-03-05", start="14:00:00", end="15:30:00", programmes=("p0", "p2", "p0"), occasion="主题党日")
    night = Slot(date="2026-03-05", start="23:00:00", end="01:00:00", programmes=("p0", "p1"))
    (day,) = compose(playlist(1, programmes=mixed, slots=(night, slot)), None, NOW, language="zh").days
    assert [(row.times, row.occasion, row.category) for row in day.rows] == [
        ("14:00–15:30", "主题党日", "党建"),
        ("23:00–01:00", "", ""),
    ]
    assert day.rows[0].titles == (TITLES[0], TITLES[2]), "each title once"


def test_what_is_past_is_past_and_nothing_is_claimed_as_played() -> None:
    slots = tuple(
        Slot(date="2026-03-05", start=f"{hour}:00:00", end=f"{hour}:30:00", programmes=("p0",))
        for hour in ("08", "09", "10")
    )
    week = playlist(1, slots=slots)

    def moments(**how: Any) -> list[str]:
        return [row.moment for row in compose(week, None, NOW, language="zh", **how).days[0].rows]

    assert moments() == ["past", "now", "to-come"]
    assert moments(stopped=True) == ["past", "to-come", "to-come"], "a stopped room shows nothing now"
    assert moments(clock="untrusted") == ["past", "to-come", "to-come"]


@pytest.mark.parametrize(
    ("how", "banner"),
    [
        ({"stopped": True, "reason": "meeting"}, "已停播：开会"),
        ({"stopped": True, "reason": "<b>停水</b>"}, "已停播：<b>停水</b>"),
        ({"stopped": True}, "已停播"),
        (
            {"stopped": True, "reason": "repair", "until": datetime(2026, 3, 5, 10, 0, tzinfo=UTC)},
            "已停播：维修，到 18:00 为止",
        ),
        (
            {"stopped": True, "reason": "farm-season", "until": datetime(2026, 3, 7, 6, 0, tzinfo=ZONE)},
            "已停播：农忙，到 3月7日 周六 06:00 为止",
        ),
        ({"clock": "untrusted"}, "时钟还没有校准，校准前暂不按表播放。"),
        ({"clock": "holdover"}, ""),
    ],
)
def test_a_quiet_screen_says_why(how: dict[str, Any], banner: str) -> None:
    assert compose(playlist(1), None, NOW, language="zh", **how).banner == banner


def test_no_plan_and_an_empty_week_are_said() -> None:
    assert compose(None, None, NOW, language="en").banner == "No plan has come from the town yet."
    assert compose(playlist(1, slots=()), None, NOW, language="en").banner.startswith("The town has planned no")


def test_recommended_titles_are_those_of_this_week() -> None:
    items = (
        Recommended(programme="p0", plays=2, first_day="2026-03-01", last_day="2026-03-02"),
        Recommended(programme="p1", plays=2, first_day="2026-03-08", last_day="2026-03-31"),
        Recommended(programme="p2", plays=2, first_day="2026-02-01", last_day="2026-03-01"),
    )
    assert compose(playlist(1, recommended=items), None, NOW, language="zh").recommended == TITLES[:2]


def test_nothing_private_is_on_it() -> None:
    text = msgspec.json.encode(compose(playlist(2), DOCUMENT, NOW, language="zh")).decode()
    assert "王秘密" not in text
    assert "13900000000" not in text


def test_it_crosses_to_the_child_as_json() -> None:
    found = compose(playlist(2), DOCUMENT, NOW, language="zh", stopped=True, reason="power")
    assert msgspec.json.decode(msgspec.json.encode(found), type=Poster) == found


def test_composing_ten_thousand_slots_is_cheap() -> None:
    week = playlist(1400)
    began = time.process_time()
    found = compose(week, DOCUMENT, NOW, language="zh")
    assert time.process_time() - began < 5
    assert sum(len(day.rows) for day in found.days) == 9800
    picture = draw(found, 1280, 720)
    assert time.process_time() - began < 20
    assert picture.size == (1280, 720)


# --- the picture ---


def ink(picture: Image.Image, colour: str) -> int:
    """How many pixels have exactly this colour."""
    wanted = tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return sum(count for count, found in picture.getcolors(picture.width * picture.height) or [] if found == wanted)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slots", [0, 1, 2, 5, 12])
def test_the_picture_fills_its_size_and_keeps_its_margins(size: tuple[int, int], slots: int) -> None:
    found = draw(compose(playlist(slots) if slots else None, DOCUMENT, NOW, language="zh"), *size)
    assert found.size == size
    assert ink(found, poster_image.HEAD) > size[0] * size[1] // 20
    edges = [found.crop((size[0] - 8, 0, *size)), found.crop((0, 0, 8, size[1])), found.crop((0, size[1] - 4, *size))]
    assert [ink(edge, poster_image.INK) + ink(edge, poster_image.HEAD_INK) for edge in edges] == [0, 0, 0]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What is written on the picture, and how large."""
    found: list[tuple[str, int]] = []
    really = poster_image._write

    def noted(pen: Any, at: tuple[int, int], text: str, size: int, *more: Any, **how: Any) -> None:
        found.append((text, size))
        really(pen, at, text, size, *more, **how)

    monkeypatch.setattr(poster_image, "_write", noted)
    return found


@pytest.mark.parametrize("size", SIZES)
def test_a_long_week_shows_today_first_and_says_what_is_left_out(
    size: tuple[int, int], written: list[tuple[str, int]]
) -> None:
    draw(compose(playlist(12), DOCUMENT, NOW, language="zh"), *size)
    texts = [text for text, _ in written]
    rows = sum("–" in text and ":" in text for text in texts)
    assert "3月5日 周四 · 今天" in texts
    assert rows >= 12, "today is whole"
    assert f"另有 {84 - rows} 场未在此列出。" in texts
    assert "3月2日 周一" not in texts, "what is past goes first"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slots", [1, 2])
def test_an_ordinary_week_is_shown_whole(size: tuple[int, int], slots: int, written: list[tuple[str, int]]) -> None:
    draw(compose(playlist(slots), DOCUMENT, NOW, language="zh"), *size)
    texts = [text for text, _ in written]
    assert sum("–" in text and ":" in text for text in texts) == 7 * slots
    assert not any("未在此列出" in text for text in texts)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slots", [1, 2, 12])
def test_every_letter_can_be_read_from_four_metres(
    size: tuple[int, int], slots: int, written: list[tuple[str, int]]
) -> None:
    """On a 43 inch screen (53 cm high) 1/32 of the height is 17 mm: more than 4 mm for each metre."""
    draw(compose(playlist(slots), DOCUMENT, NOW, language="zh", stopped=True), *size)
    assert min(letters for _, letters in written) >= min(size) // 32


def test_dark_on_light_with_strong_contrast() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    p = poster_image
    for dark, light in [
        (p.INK, p.PAPER),
        (p.INK, p.TODAY),
        (p.INK, p.BANNER),
        (p.QUIET, p.PAPER),
        (p.QUIET, p.TODAY),
        (p.NOW, p.TODAY),
        (p.NOW, p.PAPER),
        (p.HEAD, p.TODAY),
        (p.HEAD, p.PAPER),
        (p.HEAD, p.HEAD_INK),
    ]:
        assert (luminance(light) + 0.05) / (luminance(dark) + 0.05) >= 4.5, (dark, light)


def test_lines_do_not_begin_with_closing_punctuation() -> None:
    for width in range(60, 400, 7):
        lines = poster_image._wrap("《农村法律常识：土地承包》《水稻，病虫害（上）》and more words", 24, width, 9)
        assert not [line for line in lines[1:] if line[0] in "》）：，"]
        assert not [line for line in lines if line[-1] in "《（"]


def test_a_day_that_goes_on_in_the_next_column_is_named_again(written: list[tuple[str, int]]) -> None:
    draw(compose(playlist(16), DOCUMENT, NOW, language="zh"), 1280, 720)
    assert [text for text, _ in written].count("3月5日 周四 · 今天") >= 2


@pytest.mark.parametrize("fonts", [(), (("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 0, False),)])
def test_without_a_chinese_font_the_picture_and_the_log_name_the_remedy(
    fonts: tuple[tuple[str, int, bool], ...],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    written: list[tuple[str, int]],
) -> None:
    monkeypatch.setattr(poster_image, "FONTS", fonts)
    for cached in (poster_image.font, poster_image._advance, poster_image._wrap):
        cached.cache_clear()
    try:
        with caplog.at_level(logging.ERROR):
            found = draw(compose(playlist(1), DOCUMENT, NOW, language="en"), 1280, 720)
    finally:
        for cached in (poster_image.font, poster_image._advance, poster_image._wrap):
            cached.cache_clear()
    assert found.size == (1280, 720)
    assert "fonts-wqy-microhei" in caplog.text
    assert any("fonts-wqy-microhei" in text for text, _ in written)
