"""The public posting: what it says, what it keeps to itself, and that it can be read."""

import logging
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec.structs import replace
from PIL import Image

from kiosk.common import fonts
from kiosk.common.planned import Why
from kiosk.contract.playlist import Heading, Playlist, Programme, Recommended, Slot
from kiosk.contract.station import Person, StationDocument
from kiosk.station.display import lettering, poster_image
from kiosk.station.display.layout import pages
from kiosk.station.display.marks import Mark
from kiosk.station.display.poster import Poster, card, compose
from kiosk.station.display.poster_image import count, draw

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
    rows = compose(week, None, NOW, language="zh").days[0].rows
    assert [(row.moment, row.over, row.mark) for row in rows] == [
        ("past", True, ""), ("to-come", False, ""), ("to-come", False, ""),
    ]  # fmt: skip


def test_d4_today_s_rows_say_in_words_how_they_stand() -> None:
    slots = tuple(
        Slot(date="2026-03-05", start=f"{hour:02}:00:00", end=f"{hour:02}:30:00", programmes=("p0",))
        for hour in range(6, 12)
    )
    found = [
        Mark("shown"),
        Mark("partly", (Why("not-fetched"),)),
        Mark("not-shown", (Why("stopped", "meeting"), Why("not-running", "off"))),
        Mark("not-shown", (Why("unknown"),)),
        Mark("now"),
        Mark("to-come"),
    ]
    made = compose(playlist(1, slots=slots), None, NOW, language="zh", marks=dict(zip(slots, found, strict=True)))
    assert [row.mark for row in made.days[0].rows] == [
        "已播", "部分播出：节目尚未下载", "未播：停播；电脑关机或系统未运行", "未播", "正在播放", "待播",
    ]  # fmt: skip


def test_d4_a_slot_that_began_yesterday_stands_in_today_s_table() -> None:
    night = Slot(date="2026-03-04", start="23:00:00", end="01:00:00", programmes=("p0",))
    made = compose(playlist(1, slots=(night,)), None, NOW, language="zh")
    assert [(day.today, [row.times for row in day.rows]) for day in made.days] == [
        (False, ["23:00–01:00"]), (True, ["23:00–01:00"]),
    ]  # fmt: skip


def test_d4_today_without_a_programme_is_said_where_the_week_has_some() -> None:
    week = playlist(1, slots=(Slot(date="2026-03-06", start="09:00:00", end="10:00:00", programmes=("p0",)),))
    assert [(day.date, len(day.rows)) for day in compose(week, None, NOW, language="zh").days] == [
        ("2026-03-05", 0), ("2026-03-06", 1),
    ]  # fmt: skip


def test_d4_this_week_never_bears_the_next_one_s_title() -> None:
    """What is published on Saturday for Monday is composed with what is in force, and its title is the newer one."""
    week = playlist(1, title="第11周", first_day="2026-03-05", last_day="2026-03-15")
    old = Heading(title="第10周", first_day="2026-03-02", last_day="2026-03-08")
    new = Heading(title="第11周", first_day="2026-03-09", last_day="2026-03-15")
    assert compose(replace(week, headings=(old, new)), None, NOW, language="zh").title == "第10周"
    assert compose(replace(week, headings=(new,)), None, NOW, language="zh").title == "本周播放节目"
    assert compose(week, None, NOW, language="zh").title == "第11周", "one publication names all of its days"
    monday = datetime(2026, 3, 9, 8, tzinfo=ZONE)
    assert compose(replace(week, headings=(old, new)), None, monday, language="zh").title == "第11周"


def test_d4_the_panel_s_address_is_on_it() -> None:
    made = compose(playlist(1), None, NOW, language="zh", address="http://192.168.1.20:8080")
    assert made.address == "管理员网页：http://192.168.1.20:8080"
    assert compose(playlist(1), None, NOW, language="zh").address == ""


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
    really = poster_image.write

    def noted(pen: Any, at: tuple[int, int], text: str, size: int, *more: Any, **how: Any) -> None:
        found.append((text, size))
        really(pen, at, text, size, *more, **how)

    monkeypatch.setattr(poster_image, "write", noted)
    return found


LONG = tuple("党史故事半条被子与新时代农村基层党组织建设的实践和思考第三讲上集"[n : n + 30] for n in range(3))


def whole(poster: Poster, size: tuple[int, int], written: list[tuple[str, int]]) -> list[list[str]]:
    """What is written on each page."""
    found = []
    for page in range(count(poster, *size)):
        written.clear()
        draw(poster, *size, page)
        found.append([text for text, _ in written])
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("how", [{}, {"stopped": True, "reason": "meeting"}])
def test_d4_a_week_of_21_slots_with_long_titles_is_posted_whole(
    size: tuple[int, int], how: dict[str, Any], written: list[tuple[str, int]]
) -> None:
    """Every row stands with its whole title, with the banner too; a day is on one page only."""
    programmes = tuple(replace(one, title=LONG[n % 3]) for n, one in enumerate(PROGRAMMES))
    week = playlist(3, programmes=programmes)
    poster = compose(week, DOCUMENT, NOW, language="zh", **how)
    pages = whole(poster, size, written)
    assert 3 <= len(pages) <= 8
    assert [page[1] for page in pages] == [f"{n}/{len(pages)}" for n in range(1, len(pages) + 1)]
    for day in poster.days:
        named = [n for n, page in enumerate(pages) if day.name in page]
        assert len(named) == (2 if day.today else 1), day.name
        text = "".join(pages[named[-1]])
        for row in day.rows:
            assert row.times in text
            assert all(f"《{title}》" in text for title in row.titles), row
    assert not any("…" in text for page in pages for text in page)
    assert all(bool(how) == any("已停播" in text for text in page) for page in pages)


@pytest.mark.parametrize("size", SIZES)
def test_d4_forty_slots_of_today_go_on_on_as_many_pages_as_it_takes(
    size: tuple[int, int], written: list[tuple[str, int]]
) -> None:
    poster = compose(playlist(40, first=NOW.date(), days=1), DOCUMENT, NOW, language="zh")
    pages = whole(poster, size, written)
    texts = [text for page in pages for text in page]
    assert [texts.count(row.times) for row in poster.days[0].rows] == [1] * 40
    assert "3月5日 周四 · 今天（续）" in pages[1]


def test_d4_1080p_shows_what_720p_shows_in_proportion(written: list[tuple[str, int]]) -> None:
    poster = compose(playlist(3), DOCUMENT, NOW, language="zh")
    small, large = (whole(poster, size, written) for size in SIZES[:2])
    assert len(small) == len(large)
    assert [len(page) for page in small] == [len(page) for page in large]


@pytest.mark.parametrize("size", SIZES)
def test_d4_a_title_of_400_characters_is_not_cut(size: tuple[int, int], written: list[tuple[str, int]]) -> None:
    title = "".join(chr(0x4E00 + n) for n in range(398))
    week = playlist(1, programmes=tuple(replace(one, title=title) for one in PROGRAMMES))
    pages = whole(compose(week, DOCUMENT, NOW, language="zh"), size, written)
    assert title in "".join(text for page in pages for text in page if ":" not in text)


@pytest.mark.parametrize("size", [*SIZES, (640, 360), (1024, 768)])
def test_d4_long_texts_leave_the_table_its_room(size: tuple[int, int], written: list[tuple[str, int]]) -> None:
    """A typed reason of a hundred characters, and names and a title of four hundred."""
    document = replace(DOCUMENT, name="村" * 400, town_name="镇" * 400)
    how: dict[str, Any] = {"stopped": True, "reason": "修" * 100, "until": datetime(2026, 3, 7, 18, tzinfo=ZONE)}
    poster = compose(replace(playlist(3), title="周" * 400), document, NOW, language="zh", **how)
    frame = poster_image._laid_out(poster, *size)[1]
    assert frame.bottom - frame.top > min(size) // 3
    rows = [text for page in whole(poster, size, written) for text in page if "–" in text and ":" in text]
    assert len(rows) == 24, "today's stand twice"
    assert "18:00" in "".join(frame.banner)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("slots", [1, 2, 3, 12])
def test_d4_rows_are_a_twentieth_of_the_screen_and_letters_can_be_read_from_five_metres(
    size: tuple[int, int], slots: int, written: list[tuple[str, int]]
) -> None:
    """On a 43 inch screen (53 cm high) 1/26 of the height is 20 mm: 4 mm for each metre. The foot may have less."""
    poster = compose(playlist(slots), DOCUMENT, NOW, language="zh", stopped=True, address="http://10.0.0.5:8080")
    short = min(size)
    for page in pages(poster, size[0], size[1] * 3 // 4, short):
        assert page.measure.line >= short / 20
        assert page.measure.size >= short / 26
    for page in range(count(poster, *size)):
        draw(poster, *size, page)
    assert min(letters for _, letters in written) >= short // 27
    assert ("管理员网页：http://10.0.0.5:8080", short // 27) in written


def test_d4_today_stands_in_one_column() -> None:
    poster = compose(playlist(12), DOCUMENT, NOW, language="zh")
    today = [page for page in pages(poster, 1228, 540, 720) if all(b.day.today for c in page.columns for b in c)]
    assert today and {page.measure.columns for page in today} == {1}


def test_d4_recommended_titles_are_all_there(written: list[tuple[str, int]]) -> None:
    items = tuple(
        Recommended(programme=f"p{n}", plays=2, first_day="2026-03-02", last_day="2026-03-08") for n in range(4)
    )
    pages = whole(compose(playlist(1, recommended=items), None, NOW, language="zh"), SIZES[0], written)
    text = "".join(pages[-1])
    assert "本周推荐" in text and all(f"《{title}》" in text for title in TITLES)


@pytest.mark.parametrize("text", ["😀 春节", "مرحبا بكم", "שלום עולם", "ไทย", "㐀䶮"])
def test_e6_letters_that_the_first_font_lacks_are_drawn_from_others(text: str) -> None:
    lettering.faces()
    numbers = {number for number, _ in lettering.runs(text)}
    assert numbers - {0}, "another font has them"
    for number, piece in lettering.runs(text):
        box = lettering.font(64, number).getmask(lettering.NOBODY_HAS)
        assert all(bytes(lettering.font(64, number).getmask(c)) != bytes(box) for c in piece if not c.isspace())


def test_e6_words_from_right_to_left_keep_their_order() -> None:
    assert [piece for _, piece in lettering.runs("《مرحبا بكم في القرية》")] == ["《", "مرحبا بكم في القرية", "》"]


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


@pytest.mark.parametrize(
    "control", ["\n", "\r", "\x85", "\u2028", "\u2029", "\x1c", "\x1e", "\0", "\t", "\u202e", "\ud800"]
)
def test_e6_a_title_with_control_characters_is_drawn_on_one_line(control: str) -> None:
    week = playlist(2)
    titles = tuple(replace(one, title=f"水稻{control}育秧") for one in week.programmes)
    made = compose(replace(week, programmes=titles, title=f"第{control}周"), None, NOW, language="zh")
    assert poster_image.draw(made, 1280, 720).getcolors(1 << 20)


def test_lines_do_not_begin_with_closing_punctuation() -> None:
    for width in range(100, 400, 7):
        lines = lettering.wrap("《农村法律常识：土地承包》《水稻，病虫害（上）》and more words", 24, width)
        assert not [line for line in lines[1:] if line[0] in "》）：，"]
        assert not [line for line in lines if line[-1] in "《（"]


@pytest.mark.parametrize("others", [(), (("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 0),)])
def test_without_a_chinese_font_the_picture_and_the_log_name_the_remedy(
    others: tuple[tuple[str, int], ...],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    written: list[tuple[str, int]],
) -> None:
    monkeypatch.setattr(fonts, "CHINESE", ())
    monkeypatch.setattr(lettering, "OTHERS", others)
    cached = [lettering.faces, lettering.font, lettering._font_of, lettering._advance, lettering.wrap]
    for one in (*cached, poster_image._laid_out):
        one.cache_clear()
    try:
        with caplog.at_level(logging.ERROR):
            found = draw(compose(playlist(1), DOCUMENT, NOW, language="en"), 1280, 720)
    finally:
        for one in (*cached, poster_image._laid_out):
            one.cache_clear()
    assert found.size == (1280, 720)
    assert "fonts-wqy-microhei" in caplog.text
    assert any("fonts-wqy-microhei" in text for text, _ in written)


def test_title_card_stands_in_the_middle_and_no_line_is_cut() -> None:
    lines = ("主题党日", "学习贯彻全会精神" * 9, "19:00 开始")
    one = card("zh", "丰乐镇 第一村", lines)
    assert count(one, 1280, 720) == 1
    for size in ((1280, 720), (1024, 768)):
        drawn = draw(one, *size)
        assert drawn.size == size and drawn.getpixel((2, 2)) == drawn.getpixel((2, size[1] - 2)) == (0x8F, 0x14, 0x14)
        inked = drawn.convert("L").point(lambda value: 255 if value > 128 else 0).getbbox()
        assert inked is not None and min(inked[0], size[0] - inked[2]) > size[0] // 25, "a margin at both sides"
