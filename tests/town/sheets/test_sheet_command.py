"""`kiosk town sheet FILE` as a person types it: what it prints, how it ends, the workbook with coloured cells."""

import io
import json

import openpyxl
import pytest
from click.testing import CliRunner
from town.sheets.sheet_books import N, changed, ods, with_formulas, xls, xlsx

from kiosk.town.commands.town import town

HEAD = ["日期", "时间", "节目名称", "类别", "时长"]
ROWS = [
    ["2026年3月计划"],
    HEAD,
    ["3月5日", "9:00-10:00", "《先锋》", "党建", "50分钟"],
    ["待定", "9:00", "《水稻》", "农技", "很长"],
    ["3月9日", "9:00", "《榜样》", "=1+1", "约20分钟"],
]


@pytest.fixture
def sheet(tmp_path):
    """Runs `kiosk town sheet` on bytes; gives its exit code, stdout and stderr."""

    def run(data, *arguments, name="计划.xlsx"):
        path = tmp_path / name
        path.write_bytes(data)
        done = CliRunner().invoke(town, ["sheet", str(path), *map(str, arguments)])
        assert "Traceback" not in done.output
        return done.exit_code, done.stdout, done.stderr

    return run


def test_json_has_the_agreed_shape(sheet):
    code, out, _ = sheet(xlsx(("三月", ROWS[:3], [])), "--json")
    assert code == 0
    assert json.loads(out) == {
        "month": "2026-03",
        "rows": [
            {
                "sheet": "三月",
                "row": 3,
                "date": "2026-03-05",
                "start": "09:00:00",
                "end": "10:00:00",
                "titles": ["先锋"],
                "category": "党建",
                "duration_ms": 3_000_000,
                "audience": None,
                "note": None,
            }
        ],
        "problems": [],
        "warnings": [],
    }


def test_each_finding_has_cell_text_sentence_and_remedy_in_both_languages(sheet):
    code, out, _ = sheet(xlsx(("三月", ROWS, [])), "--json")
    assert code == 1
    found = json.loads(out)
    assert found["problems"][0] == {
        "cell": "A4",
        "text": "待定",
        "message": "工作表“三月”第 4 行 A 列：看不懂这个日期",
        "remedy": "日期请写成 2026-03-05 或 3月5日",
    }
    assert [problem["cell"] for problem in found["problems"]] == ["A4", "E4", "D5"]
    assert [set(warning) for warning in found["warnings"]] == [{"cell", "text", "message", "remedy"}]
    code, out, _ = sheet(xlsx(("三月", ROWS, [])), "--json", "--language", "en")
    assert json.loads(out)["problems"][0]["message"].startswith('sheet "三月", row 4, column A: ')


def test_without_json_rows_and_sentences_are_printed(sheet):
    code, out, err = sheet(xlsx(("三月", ROWS, [])))
    assert code == 1
    assert out.splitlines()[0] == "2026-03-05 09:00-10:00 《先锋》 50 min · 党建 (三月 3)"
    assert "要改：工作表“三月”第 4 行 A 列：“待定” 看不懂这个日期；日期请写成 2026-03-05 或 3月5日" in err
    assert "请留意：" in err


def test_month_of_the_option_counts_where_the_sheet_names_none(sheet):
    data = xlsx(("Sheet1", [HEAD[:3], ["5日", "9:00", "《先锋》"]], []))
    assert sheet(data, "--json")[0] == 1
    code, out, _ = sheet(data, "--json", "--month", "2026-03")
    assert (code, json.loads(out)["rows"][0]["date"]) == (0, "2026-03-05")
    code, _, err = sheet(data, "--month", "March")
    assert code == 2
    assert "2026-03" in err


def test_text_that_would_command_the_terminal_is_shown_escaped(sheet):
    data = "日期,节目名称\n2026-03-05,《a\x1b[2J》\n".encode()
    code, out, _ = sheet(data, name="a.csv")
    assert code == 0
    assert "\x1b" not in out


def marked(path):
    book = openpyxl.load_workbook(path)
    cells = {}
    for worksheet in book.worksheets:
        for line in worksheet.iter_rows():
            for cell in line:
                if cell.comment:
                    cells[worksheet.title, cell.coordinate] = (cell.fill.start_color.rgb, cell.comment.text)
    return book, cells


def test_workbook_comes_back_with_bad_cells_coloured_and_commented(sheet, tmp_path):
    out = tmp_path / "marked.xlsx"
    data = xlsx(("三月", ROWS, ["A1:E1"]), formats={"A3": "@"})
    assert sheet(data, "--mark", out)[0] == 1
    book, cells = marked(out)
    assert {place: colour for place, (colour, _) in cells.items()} == {
        ("三月", "A4"): "FFFF9999",
        ("三月", "E4"): "FFFF9999",
        ("三月", "D5"): "FFFF9999",
        ("三月", "E5"): "FFFFEB9C",
    }
    assert cells["三月", "A4"][1] == "看不懂这个日期；日期请写成 2026-03-05 或 3月5日"
    assert [str(merge) for merge in book["三月"].merged_cells.ranges] == ["A1:E1"]
    assert book["三月"]["A4"].value == "待定"
    listed = [line[0].value for line in book["待改之处"].iter_rows()]
    assert len(listed) == 4
    assert "第 4 行 A 列" in listed[0]


def test_marked_workbook_holds_values_and_no_formula(sheet, tmp_path):
    out = tmp_path / "marked.xlsx"
    data = with_formulas(
        xlsx(("3月", [HEAD, ["3月5日", "9:00", "x", N, 30], ["待定", N, "《b》"]], [])), C2='"《先"&"锋》"', E2="10*3"
    )
    sheet(data, "--mark", out, "--month", "2026-03")
    book, _ = marked(out)
    values = [cell for line in book["3月"].iter_rows() for cell in line]
    assert not any(cell.data_type == "f" for cell in values)
    assert [book["3月"][name].value for name in ("C2", "E2")] == ["《先锋》", 30]


@pytest.mark.parametrize("kind", ["xls", "ods", "csv", "refused"])
def test_workbook_of_another_kind_comes_back_as_xlsx_of_its_values(sheet, tmp_path, kind):
    rows = [["日期", "时间", "节目名称"], ["待定", "9:00", "=cmd|' /C calc'!A0"], ["3月5日", "9:00", "《先锋》"]]
    data = {
        "xls": lambda: xls("3月", rows),
        "ods": lambda: ods("3月", [[str(value).replace("'", "&apos;") for value in row] for row in rows]),
        "csv": lambda: "\n".join(",".join(row) for row in rows).encode("gb18030"),
        "refused": lambda: xlsx_that_openpyxl_refuses(rows),
    }[kind]()
    out = tmp_path / "marked.xlsx"
    assert sheet(data, "--mark", out, "--month", "2026-03", name=f"计划.{kind}")[0] == 1
    book, cells = marked(out)
    first = book.worksheets[0]
    assert cells[first.title, "A2"][0] == "FFFF9999"
    assert first["C3"].value == "《先锋》"
    assert first["C2"].data_type == "s"  # a text that looks like a formula stays a text


def xlsx_that_openpyxl_refuses(rows):
    """As WPS writes some: a style that openpyxl does not take."""
    data = xlsx(("3月", [[str(v) if not str(v).startswith("=") else "’" for v in row] for row in rows], []))
    data = changed(
        data,
        "xl/worksheets/sheet1.xml",
        lambda part: part.replace("’".encode(), b"=cmd|' /C calc'!A0"),
    )
    data = changed(
        data,
        "xl/styles.xml",
        lambda part: part.replace(b"<fill><patternFill />", b'<fill><patternFill patternType="wps" />', 1),
    )
    with pytest.raises(ValueError, match="."):
        openpyxl.load_workbook(io.BytesIO(data))
    return data


def test_file_that_cannot_be_read_gets_a_list_all_the_same(sheet, tmp_path):
    out = tmp_path / "marked.xlsx"
    code, _, err = sheet(b"%PDF-1.7", "--mark", out)
    assert code == 1
    assert "PDF" in err
    assert "PDF" in openpyxl.load_workbook(out).worksheets[0]["A1"].value
