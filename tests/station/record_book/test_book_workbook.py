"""Workbooks: ours, and the county's own form filled; made in a process that reaches nothing, without any formula."""

import asyncio
import io
import time
import zipfile
from collections.abc import Callable

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from kiosk.station.record_book.confined import IN_VAIN, carry_out
from kiosk.station.record_book.forms import guess
from kiosk.station.record_book.heads import form_cells, form_heads, heads
from kiosk.station.record_book.orders import NO_HEADER, NOT_CONFINED, NOT_READ, TOO_LARGE, FormSheet, Order, Sheet
from kiosk.station.record_book.workbook import MOST_UNPACKED, fill, look, make

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "＝1", "\t=1", '=HYPERLINK("http://x")')


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sheet_of(data: bytes) -> Worksheet:
    return load_workbook(io.BytesIO(data)).worksheets[0]


def values(data: bytes) -> list[tuple[object, ...]]:
    return list(sheet_of(data).iter_rows(values_only=True))


def county_form(change: Callable[[Worksheet], None] = lambda _sheet: None) -> bytes:
    """A title over a header of two rows, five rows to write in, a sum, and a line for signatures."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "播放登记"
    sheet["A1"] = "____年__月学习收看记录表"
    sheet.merge_cells("A1:G1")
    for column, text in enumerate(("序号", "日期", "时间", "节目名称", "收看人数", None, "管理员签字"), 1):
        sheet.cell(2, column).value = text
    sheet.merge_cells("E2:F2")
    for letter in "ABCDG":
        sheet.merge_cells(f"{letter}2:{letter}3")
    sheet["E3"], sheet["F3"] = "党员", "群众"
    sheet["A9"], sheet["E9"] = "合计", "=SUM(E4:E8)"
    sheet["A10"] = "负责人签字："
    sheet.merge_cells("A10:G10")
    change(sheet)
    return saved(book)


def test_text_that_looks_like_a_formula_stays_a_text() -> None:
    data = make([Sheet("a", "=t", ("=c", "b"), tuple((one, "x") for one in FORMULAS), "=r")])
    for line in sheet_of(data).iter_rows():
        assert all(cell.data_type != "f" for cell in line)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_numbers_are_numbers_and_telephones_and_times_are_not() -> None:
    assert values(make([Sheet("a", "t", ("a", "b", "c"), (("12", "0551", "09:00"),))]))[2] == (12, "0551", "09:00")


def test_header_of_two_rows_is_read_with_what_stands_over_several_columns() -> None:
    (found,) = look(county_form())
    assert (found.name, found.header) == ("播放登记", 3)
    assert found.columns == {
        "A": "序号", "B": "日期", "C": "时间", "D": "节目名称", "E": "收看人数 党员", "F": "收看人数 群众",
        "G": "管理员签字",
    }  # fmt: skip


def test_columns_are_guessed_by_their_names() -> None:
    found = guess(look(county_form())[0], heads("viewing"))
    names = {letter: heads("viewing")[int(number)] for letter, number in found.items()}
    assert names.items() >= {
        "A": "No.", "B": "Date", "D": "Programme", "E": "Party members", "F": "Villagers", "G": "Administrator",
    }.items()  # fmt: skip


def test_time_and_people_of_one_column_are_put_together_and_unknown_people_stay_unknown() -> None:
    blank = dict.fromkeys(heads("viewing"), "") | {"Start": "09:00:00", "End": "09:40:00"}
    said = blank | {"Party members": "12", "Villagers": "3"}
    columns = form_heads("viewing")
    found = [dict(zip(columns, form_cells("viewing", tuple(row.values())), strict=True)) for row in (blank, said)]
    assert [(row["Start – end"], row["People in all"]) for row in found] == [("09:00–09:40", ""), ("09:00–09:40", "15")]
    assert guess(FormSheet("a", 1, {"A": "播放时间", "B": "收看人数"}), columns) == {
        "A": str(columns.index("Start – end")), "B": str(columns.index("People in all")),
    }  # fmt: skip


def test_filled_form_keeps_its_layout_and_makes_room_for_more_rows() -> None:
    form = county_form()
    into = FormSheet("播放登记", 3, {"A": "0", "D": "1", "E": "2"})
    rows = tuple((str(n), f"=节目{n}", str(n * 2)) for n in range(1, 9))
    data = fill(Order("fill", form=form, into=into, rows=rows, period="2026年3月"))
    found = values(data)
    assert found[0][0] == "2026年3月学习收看记录表"
    assert [row[0] for row in found[3:13]] == [*range(1, 9), "合计", "负责人签字："]
    assert found[3][3:5] == ("=节目1", 2)
    sheet = sheet_of(data)
    assert {str(one) for one in sheet.merged_cells.ranges} >= {"A1:G1", "A13:G13"}
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


def test_form_without_lines_below_is_filled_as_far_as_it_goes() -> None:
    form = county_form(lambda sheet: sheet.delete_rows(4, 20))
    rows = tuple((str(n),) for n in range(40))
    data = fill(Order("fill", form=form, into=FormSheet("播放登记", 3, {"A": "0"}), rows=rows))
    assert len(values(data)) == 43


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 nonsense", b"\xd0\xcf\x11\xe0 an old .xls", county_form()[:2000]])
def test_what_is_no_workbook_is_told_as_that(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^This file cannot be read"):
        look(data)


def test_workbook_without_a_table_is_told_as_that() -> None:
    with pytest.raises(ValueError, match=r"^No table was found"):
        look(saved(Workbook()))


def test_workbook_that_unpacks_to_far_more_is_not_unpacked() -> None:
    file = io.BytesIO(county_form())
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/media/bomb.bin", bytes(MOST_UNPACKED + 1))
    with pytest.raises(ValueError) as told:
        look(file.getvalue())
    assert str(told.value) == TOO_LARGE


def test_confined_process_answers_and_its_trouble_is_an_answer_too() -> None:
    async def both() -> None:
        made = await carry_out(Order("make", sheets=(Sheet("a", "t", ("x",), (("=1",),)),)))
        assert values(made.workbook)[2] == ("=1",)
        assert (await carry_out(Order("look", form=b"no"))).trouble == NOT_READ
        assert (await carry_out(Order("fill", form=county_form()))).trouble == NO_HEADER

    asyncio.run(both())


@pytest.mark.usefixtures("no_libseccomp")
def test_form_is_not_opened_where_its_reader_cannot_be_confined() -> None:
    assert asyncio.run(carry_out(Order("look", form=county_form()))).trouble == NOT_CONFINED
    assert asyncio.run(carry_out(Order("make", sheets=(Sheet("a", "t", ("x",), ()),)))).workbook, "it is our own"


def test_process_that_takes_too_long_is_ended() -> None:
    began = time.monotonic()
    assert asyncio.run(carry_out(Order("look", form=county_form()), most_s=0.0)).trouble == IN_VAIN
    assert time.monotonic() - began < 5
