"""Whatever stands in a sheet or a file: it is read or told, and nothing raises. Seeded: a failure comes again."""

import io
import random
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
from click.testing import CliRunner
from town.sheets.sheet_books import BOOKS, changed, xlsx

from kiosk.town.commands.town import town
from kiosk.town.sheets.child import Order
from kiosk.town.sheets.confined import read_sheet
from kiosk.town.sheets.formats import Unreadable
from kiosk.town.sheets.grid import Cell, Grid, Merge
from kiosk.town.sheets.holidays import holiday
from kiosk.town.sheets.reading import read_bytes
from kiosk.town.sheets.sheet import read_grids
from kiosk.town.sheets.told import as_json, lines

LETTERS = "0123456789.-/:;、，《》（）()年月日号周一二三四五六天每至到上下中午晚点半时分秒小第集讲逢无 \n'\"—〜①②#=apm×"
WORDS = [
    "3月5日",
    "2026年",
    "每周三",
    "周一至周五",
    "上午",
    "9:00",
    "15分钟",
    "《a》",
    "（上）",
    "第1-3集",
    "第二周",
    "3.1",
    "同上",
    "合计",
    "注：",
    "农历",
    "至",
    "、",
    "休息",
    "全天",
    "第一个周三",
    "最后一个",
    "逢六",
    "1小时",
    "半",
    "次日",
    "24:00",
    "99月99日",
]
VALUES = (
    *(
        -1.0,
        1e300,
        0.0,
        1e-9,
        3.1,
        46086.5,
        2**62,
        -5,
        True,
        date(1, 1, 1),
        date(9999, 12, 31),
        datetime(1900, 1, 1, 5),
    ),
    *(datetime(9999, 12, 31, 23, 59, 59, 999999), time(0), time(23, 59, 59, 999999)),
    *(timedelta(-1), timedelta(99999)),
)
HEADS = (
    ("日期", "星期", "时间", "节目名称", "类别", "时长", "对象", "备注"),
    ("周次", "星期", "开始", "结束", "节目", "时长(分)"),
    ("时间", "内容"),
    ("日期", "上午（9:00）", "下午", "晚上7:00"),
    ("时间", "周一", "周二", "周三", "周四"),
    ("日期", "节目", "日期", "节目"),
)


def any_cell(chance):
    kind = chance.random()
    if kind < 0.2:
        return Cell()
    if kind < 0.25:
        return Cell(None, chance.choice(["formula", "error"]), "#REF!")
    if kind < 0.4:
        return Cell(chance.choice(VALUES), format=chance.choice(["", "0.00", 'm"月"d"日"']))
    if kind < 0.65:
        return Cell("".join(chance.choices(LETTERS, k=chance.randint(1, 14))))
    return Cell("".join(chance.choices(WORDS, k=chance.randint(1, 4))))


def any_grid(chance):
    head = chance.choice(HEADS)
    rows = [[Cell(chance.choice(["2026年3月计划", "第二周（3月9日-15日）", "计划"]))]]
    for _ in range(chance.randint(1, 2)):
        rows.append([Cell(name) for name in head])
        rows += [[any_cell(chance) for _ in head] for _ in range(chance.randint(0, 8))]
    merges = []
    for _ in range(chance.randint(0, 3)):
        top, left = chance.randrange(len(rows)), chance.randrange(len(head))
        merges.append(Merge(top, left, min(len(rows) - 1, top + chance.randint(0, 3)), left + chance.randint(0, 2)))
    return Grid(chance.choice(["Sheet1", "3月", "第1周"]), rows, merges)


def test_any_cells_are_read_or_told():
    for seed in range(250):
        chance = random.Random(seed)
        reading = read_grids([any_grid(chance)], holiday, "", chance.choice([None, date(2026, 3, 1)]))
        assert as_json(reading, str)["rows"] is not None
        assert len(list(lines(reading, str))) == len(reading.rows)


def damaged(chance, data):
    """The bytes with some places overwritten or taken out; of a zip sometimes within its parts."""
    if data[:2] == b"PK" and chance.random() < 0.7:
        file = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
            for name in old.namelist():
                part = bytearray(old.read(name))
                if chance.random() < 0.4:
                    at = chance.randrange(len(part))
                    part[at : at + chance.randint(0, 40)] = bytes([chance.randrange(32, 127)])
                if chance.random() > 0.03:
                    new.writestr(name, bytes(part))
        return file.getvalue()
    broken = bytearray(data)
    for _ in range(chance.randint(1, 10)):
        at = chance.randrange(len(broken))
        broken[at : at + chance.choice([1, 1, 1, 100])] = bytes([chance.randrange(256)])
    return bytes(broken)


def test_any_damage_to_a_file_is_told():
    books = [data for _, data, *_ in BOOKS.values()]
    read = 0
    for seed in range(300):
        chance = random.Random(seed)
        try:
            read_bytes(damaged(chance, chance.choice(books)), "x")
            read += 1
        except Unreadable as error:
            assert error.message.text
            assert error.remedy.text
    assert 10 < read < 290


def test_pictures_in_a_workbook_do_not_count_as_its_size():
    data = xlsx(("2026年3月", [["日期", "节目"], ["3月5日", "《先锋》"]], []))
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/photo.bmp", bytes(40 << 20))
    assert read_bytes(file.getvalue(), "x")[0].rows[1][1].value == "《先锋》"


def test_parts_of_a_workbook_that_are_missing_are_told():
    data = xlsx(("2026年3月", [["日期", "节目"]], []))
    for part in ("xl/worksheets/sheet1.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels"):
        with pytest.raises(Unreadable):
            read_bytes(changed(data, part, lambda _: None), "x")


@pytest.mark.usefixtures("no_libseccomp")
def test_workbook_is_not_opened_where_its_reader_cannot_be_confined(tmp_path):
    """And the reader is told nothing of this process's environment."""
    (problem,) = read_sheet("日期,节目\n3月2日,《水稻》\n".encode(), Order(0, "计划")).problems
    assert "no system call filter (none)" in problem.message.render(str)
    (tmp_path / "计划.csv").write_bytes("日期,节目\n3月2日,《水稻》\n".encode())
    typed = CliRunner().invoke(town, ["sheet", str(tmp_path / "计划.csv"), "--language", "en"])
    assert (typed.exit_code, "this computer cannot lock the reader in" in typed.stderr) == (1, True)
