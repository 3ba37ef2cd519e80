"""Whole workbooks of unlike habits, built here, each with the rows that a person would read in it."""

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta

import openpyxl
import xlwt
from openpyxl.styles import Font

N = None


def xlsx(*sheets, formats=(), hidden_rows=(), hidden_columns=(), struck=()):
    """An .xlsx of sheets, each (name, rows, merges); options hold for the first one."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows, merges in sheets:
        sheet = book.create_sheet(name)
        for r, line in enumerate(rows, 1):
            for c, value in enumerate(line, 1):
                if value is not None:
                    sheet.cell(r, c, value)
        for merge in merges:
            sheet.merge_cells(merge)
    first = book.worksheets[0]
    for cell, code in dict(formats).items():
        first[cell].number_format = code
    for row in hidden_rows:
        first.row_dimensions[row].hidden = True
    for column in hidden_columns:
        first.column_dimensions[column].hidden = True
    for cell in struck:
        first[cell].font = Font(strike=True)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def changed(data, part, change):
    """A zipped workbook with one of its parts changed; None takes it away."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            text = change(text) if name == part else text
            if text is not None:
                new.writestr(name, text)
    return file.getvalue()


def with_formulas(data, **formulas):
    """The first sheet's cells as formulas, with the values that they have; a text's value stands in the formula."""

    def change(sheet):
        text = sheet.decode()
        for cell, formula in formulas.items():
            style = re.search(rf'<c r="{cell}"( s="[0-9]+")?', text)[1] or ""
            value = re.search(rf'<c r="{cell}"[^>]*><v>([^<]*)</v></c>', text)
            kind, result = (
                ("", value[1])
                if value and 't="s"' not in value[0]
                else (' t="str"', formula.replace('"', "").replace("&", ""))
            )
            escaped = formula.replace("&", "&amp;")
            made = f'<c r="{cell}"{style}{kind}><f>{escaped}</f><v>{result}</v></c>'
            text = re.sub(rf'<c r="{cell}"[^>]*?(?:/>|>.*?</c>)', lambda _, made=made: made, text, count=1)
        return text.encode()

    return changed(data, "xl/worksheets/sheet1.xml", change)


def xls(name, rows, merges=(), formats=()):
    """An .xls; ``merges`` are (top, bottom, left, right) from 0, ``formats`` by (row, column)."""
    book = xlwt.Workbook()
    sheet = book.add_sheet(name)
    covered = {(m[0], m[2]): m for m in merges}
    for r, line in enumerate(rows):
        for c, value in enumerate(line):
            if value is None:
                continue
            style = xlwt.easyxf(num_format_str=dict(formats).get((r, c), "General"))
            if isinstance(value, str) and value.startswith("#"):
                sheet.row(r).set_cell_error(c, value)
            elif (r, c) in covered:
                sheet.write_merge(*covered[r, c], value, style)
            else:
                sheet.write(r, c, value, style)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ods(name, rows, spans=()):
    """An .ods; ``spans`` gives (rows, columns) by (row, column) from 0. A cell is a text, or XML as it stands."""
    spans = dict(spans)
    covered = {
        (r + dr, c + dc) for (r, c), (rs, cs) in spans.items() for dr in range(rs) for dc in range(cs) if dr or dc
    }
    lines = []
    for r, line in enumerate(rows):
        cells = []
        for c, value in enumerate(line):
            if (r, c) in covered:
                cells.append("<table:covered-table-cell/>")
                continue
            rs, cs = spans.get((r, c), (1, 1))
            span = (
                f' table:number-rows-spanned="{rs}" table:number-columns-spanned="{cs}"' if (rs, cs) != (1, 1) else ""
            )
            if value is None:
                cells.append(f"<table:table-cell{span}/>")
            elif value.startswith("<"):
                cells.append(value)
            else:
                cells.append(
                    f'<table:table-cell{span} office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
                )
        lines.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
    spaces = "".join(
        f' xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for short, name in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="{name}">{"".join(lines)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return file.getvalue()


def row(number, day, start, end, titles, category=N, minutes=N, audience=N, note=N):
    """An expected row: day of March 2026 or a whole date; times as 9:00; titles as one text or several."""
    day = date(2026, 3, day).isoformat() if isinstance(day, int) else day
    clock = [f"{text:0>5}:00" if text and text.count(":") == 1 else text for text in (start, end)]
    titles = [titles] if isinstance(titles, str) else titles
    return number, day, *clock, titles, category, N if minutes is N else round(minutes * 60_000), audience, note


BOOKS = {}
"""By name: the file's name, its bytes, the option for the month, the expected rows, how many cells are odd at least."""


def book(name, data, rows, month=N, file="计划.xlsx", warnings=()):
    BOOKS[name] = (file, data, month, rows, warnings)


book(
    "title rows, two-row header, merged dates, totals and sign-off",
    xlsx(
        (
            "Sheet1",
            [
                ["丰乐镇2026年3月周推荐月计划表"],
                ["填报单位：丰乐镇党委", N, N, N, "填报日期：2026年2月25日"],
                ["序号", "日期", "星期", "播放时间", "节目", N, "时长", "对象", "备注"],
                [N, N, N, N, "名称", "类别"],
                [1, "3月2日", "周一", "上午9:00—10:00", "《水稻病虫害防治》", "农技", "45分钟", "村民"],
                [2, "3月5日", "周四", "下午2:30-4:00", "《民法典》（上）（下）", "普法", "1小时30分", "党员", "带笔记"],
                [3, N, N, "晚7点半", "《榜样》《先锋》", "典型", "15′30″"],
                ["合计", N, N, N, "3场", N, "150分钟"],
                ["制表人：李四", N, N, N, "审核：王五"],
                ["注：1.请各站点提前30分钟开机。"],
                ["2.播放后填写记录。"],
            ],
            ["A1:I1", "A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:F3", "G3:G4", "H3:H4", "I3:I4", "B6:B7", "C6:C7"],
        )
    ),
    [
        row(5, 2, "9:00", "10:00", "水稻病虫害防治", "农业实用技术", 45, "村民"),
        row(6, 5, "14:30", "16:00", ["民法典（上）", "民法典（下）"], "法律法规", 90, "党员", "带笔记"),
        row(7, 5, "19:30", N, ["榜样", "先锋"], "典型事迹", 15.5),
    ],
)
book(
    "real dates and times, Chinese formats, start and end apart",
    xlsx(
        (
            "3月",
            [
                ["日期", "开始", "结束", "片名", "分类", "片长"],
                [date(2026, 3, 3), time(9, 0), time(9, 30), "先锋", "党建", time(0, 25)],
                [datetime(2026, 3, 4), 0.604166666667, 0.645833333333, "水稻", "种植", timedelta(minutes=50)],
                [46090, time(19, 30), N, "榜样", "文艺", 30],
            ],
            [],
        ),
        formats={
            "A2": 'm"月"d"日"',
            "A3": '[$-804]yyyy"年"m"月"d"日";@',
            "A4": "[$-804]aaaa",
            "B3": "h:mm",
            "C3": "h:mm",
        },
    ),
    [
        row(2, 3, "9:00", "9:30", "先锋", "党建", 25),
        row(3, 4, "14:30", "15:30", "水稻", "农业实用技术", 50),
        row(4, 9, "19:30", N, "榜样", "文化", 30),
    ],
    month="2026-03",
)
book(
    "weeks as lines across the table, the header anew for each",
    xlsx(
        (
            "2026年3月",
            [
                ["第一周（3月2日—3月8日）"],
                ["星期", "时间", "播放内容", "备注"],
                ["周三", "9:00", "《先锋》"],
                ["周五", "14:00起", "《水稻》"],
                ["第二周（3月9日—3月15日）"],
                ["星期", "时间", "播放内容", "备注"],
                ["周三", "9:00", "《榜样》"],
                ["周五", "休息"],
                ["周日", N, "《高血压》"],
            ],
            ["A1:D1", "A5:D5"],
        )
    ),
    [
        row(3, 4, "9:00", N, "先锋"),
        row(4, 6, "14:00", N, "水稻"),
        row(7, 11, "9:00", N, "榜样"),
        row(9, 15, N, N, "高血压"),
    ],
)
book(
    "each Wednesday, Monday to Friday, fixed days; no time is a recommendation",
    xlsx(
        (
            "计划",
            [
                ["2026年3月推荐节目"],
                ["播放日期", "播放时段", "节目名称", "节目类别", "播放对象"],
                ["每周三", "晚7:30-9:00", "《民法典》", "法律", "全体党员"],
                ["5日、15日、25日", "9点", "主题党日", "主题党日", "党员"],
                ["3月30日—31日", "全天", "《科普》", "科普", "村民"],
            ],
            [],
        )
    ),
    [
        *(row(3, day, "19:30", "21:00", "民法典", "法律法规", N, "全体党员") for day in (4, 11, 18, 25)),
        *(row(4, day, "9:00", N, "主题党日", "党建", N, "党员") for day in (5, 15, 25)),
        *(row(5, day, N, N, "科普", "科普", N, "村民") for day in (30, 31)),
    ],
)
book(
    "dates as numbers with a point: the neighbours and the days of the week decide",
    xlsx(
        (
            "2026.3",
            [
                ["日期", "星期", "时间", "内容"],
                [3.2, N, "9:00", "先锋"],
                [3.9, N, "9:00", "水稻"],
                [3.1, N, "9:00", "榜样"],
                [3.16, N, "9:00", "高血压"],
                [3.2, "周五", "9:00", "民法典"],
                [3.3, N, "9:00", "科普"],
            ],
            [],
        ),
        formats={"A7": "0.00"},
    ),
    [
        row(2, 2, "9:00", N, "先锋"),
        row(3, 9, "9:00", N, "水稻"),
        row(4, 10, "9:00", N, "榜样"),
        row(5, 16, "9:00", N, "高血压"),
        row(6, 20, "9:00", N, "民法典"),
        row(7, 30, "9:00", N, "科普"),
    ],
    warnings=("A4",),
)
book(
    "date and time in one column called 时间, length in minutes in the header",
    xlsx(
        (
            "Sheet1",
            [
                ["2026年三月份播放安排"],
                ["序号", "时间", "内容", "时长（分钟）", "来源"],
                [1, "3月5日 9:00-10:00", "先锋", 55, "县委组织部"],
                [2, "3月6日（周五）下午3点", "水稻", "45", "县农业农村局"],
                [3, datetime(2026, 3, 9, 9, 30), "榜样", 30, N],
            ],
            ["A1:E1"],
        )
    ),
    [
        row(3, 5, "9:00", "10:00", "先锋", N, 55),
        row(4, 6, "15:00", N, "水稻", N, 45),
        row(5, 9, "9:30", N, "榜样", N, 30),
    ],
)
book(
    "several sheets, months over the year's end, one hidden",
    xlsx(
        ("12月", [["2026年12月计划"], ["日期", "时间", "节目"], ["12月30日—1月1日", "9:00", "先锋"]], []),
        ("1月", [["日期", "时间", "节目"], ["1月4日", "9:00", "水稻"], ["5日", N, "榜样"]], []),
        ("说明", [["本表由各村站点执行"]], []),
    ),
    [
        row(3, "2026-12-30", "9:00", N, "先锋"),
        row(3, "2026-12-31", "9:00", N, "先锋"),
        row(3, "2027-01-01", "9:00", N, "先锋"),
        row(2, "2027-01-04", "9:00", N, "水稻"),
        row(3, "2027-01-05", N, N, "榜样"),
    ],
    file="2026年12月-2027年1月.xlsx",
)
book(
    "an .xls that is called .xlsx",
    xls(
        "三月",
        [
            ["丰乐镇2026年3月计划", N, N, N],
            ["日期", "时间", "节目名称", "时长"],
            [date(2026, 3, 5), time(9, 30), "《先锋》", "15分钟"],
            [N, "14:00-15:00", "《水稻》", "40分钟"],
            [3.1, "9:00", "《榜样》", N],
        ],
        merges=[(0, 0, 0, 3), (2, 3, 0, 0)],
        formats={(2, 0): 'm"月"d"日"', (2, 1): "h:mm", (4, 0): "0.00"},
    ),
    [
        row(3, 5, "9:30", N, "先锋", N, 15),
        row(4, 5, "14:00", "15:00", "水稻", N, 40),
        row(5, 10, "9:00", N, "榜样"),
    ],
)
book(
    "an .ods whose merges calamine does not tell",
    ods(
        "3月",
        [
            ["日期", "时间", "节目名称", "类别"],
            ["3月5日", "9:00", "《先锋》", "党建"],
            [N, "14:00", "《水稻》", N],
            ["3月6日", "9:00", "《榜样》", N],
        ],
        spans={(1, 0): (2, 1), (1, 3): (3, 1)},
    ),
    [
        row(2, 5, "9:00", N, "先锋", "党建"),
        row(3, 5, "14:00", N, "水稻", "党建"),
        row(4, 6, "9:00", N, "榜样", "党建"),
    ],
    month="2026-03",
    file="计划.ods",
)
TEXT = (
    '日期,时间,节目名称,类别,备注\n3月5日,9：00—9：30,《先锋》,党建,\n,下午2点,《水稻》,农技,"带本,子"\n'
    "3月7日,休息,,,\n"
)
TEXT_ROWS = [
    row(2, 5, "9:00", "9:30", "先锋", "党建"),
    row(3, 5, "14:00", N, "水稻", "农业实用技术", N, N, "带本,子"),
]
book("a .csv in GBK", TEXT.encode("gb18030"), TEXT_ROWS, month="2026-03", file="三月.csv")
book("a .csv in UTF-8 with a mark", TEXT.encode("utf-8-sig"), TEXT_ROWS, month="2026-03", file="三月.csv")
book(
    "text in UTF-16 with tabs, as Excel saves it",
    TEXT.replace(",9", "\t9").replace('"带本,子"', "带本；子").replace(",", "\t").replace("；", ",").encode("utf-16"),
    TEXT_ROWS,
    month="2026-03",
    file="2026年3月.txt",
)
book(
    "merges that cover a time, a title and a category for several rows; a row that is only taller",
    xlsx(
        (
            "2026-03",
            [
                ["日期", "时间", "节目名称", "类别"],
                ["3月2日", "9:00-9:30", "《先锋》", "党建"],
                ["3月3日"],
                ["3月4日", N, "《水稻》"],
                [N, N, N],
                ["3月5日"],
                ["3月6日", "14:00", "《榜样》", N],
            ],
            ["B2:B3", "C2:C3", "D2:D5", "A4:A5", "B4:B5", "C4:C5", "B6:C6"],
        )
    ),
    [
        row(2, 2, "9:00", "9:30", "先锋", "党建"),
        row(3, 3, "9:00", "9:30", "先锋", "党建"),
        row(4, 4, N, N, "水稻", "党建"),
        row(7, 6, "14:00", N, "榜样"),
    ],
)
book(
    "no showing in many words, a cancelled one, blank rows within",
    xlsx(
        (
            "Sheet1",
            [
                ["2026年3月"],
                ["日期", "星期", "时间", "节目名称", "备注"],
                ["3月2日", "一", "9:00", "《先锋》"],
                ["3月3日", "二", "—", "无"],
                ["3月4日", "三", N, "不安排"],
                [],
                ["3月5日", "四", "9:00", "《水稻》", "停播"],
                ["3月6日", "五", "休息"],
                ["3月7日", "六"],
                ["3月8日", "日", N, N, "妇女节"],
                ["清明节放假，停播"],
                ["3月9日", "一", "9:00", "《榜样》", "无"],
            ],
            ["A11:E11"],
        )
    ),
    [row(3, 2, "9:00", N, "先锋"), row(12, 9, "9:00", N, "榜样", N, N, N, "无")],
)
book(
    "a hidden row and an unknown column; month from the file's name",
    xlsx(
        (
            "Sheet1",
            [
                ["日 期", "时 间", "推荐节目", "栏目", "热度"],
                ["5日", "9:00", "《先锋》", "党史", "高"],
                ["6日", "9:00", "《旧》", "党史", "低"],
                ["7日", "9:00", "《水稻》", "养殖", "高"],
            ],
            [],
        ),
        hidden_rows=[3],
    ),
    [row(2, 5, "9:00", N, "先锋", "党建"), row(4, 7, "9:00", N, "水稻", "农业实用技术")],
    file="丰乐镇2026年3月播放计划(定稿).xlsx",
    warnings=("A3", "E1"),
)
book(
    "days of the week against dates, overlaps, a length beyond its time, a make-up workday and a holiday",
    xlsx(
        (
            "Sheet1",
            [
                ["2026年2月"],
                ["日期", "星期", "时间", "节目名称", "时长"],
                ["2月5日", "周五", "9:00-10:00", "《先锋》", "55分钟"],
                ["2月6日", "周五", "9:00-9:30", "《水稻》", "45分钟"],
                [N, N, "9:20-10:00", "《榜样》", "35分钟"],
                ["2月14日", "周六", "9:00", "《民法典》"],
                ["2月17日", "周二", "9:00", "《科普》"],
            ],
            [],
        )
    ),
    [
        row(3, "2026-02-05", "9:00", "10:00", "先锋", N, 55),
        row(4, "2026-02-06", "9:00", "9:30", "水稻", N, 45),
        row(5, "2026-02-06", "9:20", "10:00", "榜样", N, 35),
        row(6, "2026-02-14", "9:00", N, "民法典"),
        row(7, "2026-02-17", "9:00", N, "科普"),
    ],
    warnings=("B3", "E4", "C5", "A6", "A7"),
)
book(
    "week numbers merged beside the days of the week; a header in three rows with line breaks",
    xlsx(
        (
            "安排",
            [
                ["远程教育2026年3月份周推荐月计划"],
                ["周次", "播出安排", N, "推荐\n节目", N, N],
                [N, "日期", "起止\n时间", "名  称", "类 别", "时 长"],
                ["第一周", "3.2（一）", "9:00~9:45", "1.《先锋》\n2.《榜样》", "党建", "20分钟、25分钟"],
                [N, "3.4（三）", "15:00~16:00", "《水稻》第1-2集", "农业技术", "共1小时"],
                ["第二周", "3.9（一）", "9:00~9:45", "《高血压》", "健康", "约40分钟"],
            ],
            ["A2:A3", "B2:C2", "D2:F2", "A4:A5"],
        )
    ),
    [
        row(4, 2, "9:00", "9:45", ["先锋", "榜样"], "党建", 45),
        row(5, 4, "15:00", "16:00", ["水稻第1集", "水稻第2集"], "农业实用技术", 60),
        row(6, 9, "9:00", "9:45", "高血压", "卫生健康", 40),
    ],
)
book(
    "formulas with their values, a total by formula",
    with_formulas(
        xlsx(
            (
                "3月",
                [
                    ["日期", "时间", "节目", "时长(分)"],
                    [46086, "9:00", "《先锋》", 30],
                    [46087, 0.375, "x", 20],
                    ["合计", N, N, 50],
                ],
                [],
            ),
            formats={"A2": 'm"月"d"日"', "A3": 'm"月"d"日"', "B3": "h:mm"},
        ),
        A3="A2+1",
        D4="SUM(D2:D3)",
        C3='"《水"&"稻》"',
    ),
    [row(2, 5, "9:00", N, "先锋", N, 30), row(3, 6, "9:00", N, "水稻", N, 20)],
    month="2026-03",
)
book(
    "the days as lines across the table",
    xlsx(
        (
            "Sheet1",
            [
                ["2026年3月第二周推荐"],
                ["序号", "时间", "节目名称", "类别"],
                ["3月9日 星期一"],
                [1, "9:00", "《先锋》", "党建"],
                [2, "10:00", "《水稻》", "农技"],
                ["3月10日 星期二"],
                [1, "9:00", "《榜样》", "典型"],
            ],
            ["A1:D1", "A3:D3", "A6:D6"],
        )
    ),
    [
        row(4, 9, "9:00", N, "先锋", "党建"),
        row(5, 9, "10:00", N, "水稻", "农业实用技术"),
        row(7, 10, "9:00", N, "榜样", "典型事迹"),
    ],
)
book(
    "two showings in a cell, a title row without a year, English header",
    xlsx(
        (
            "Plan",
            [
                ["Date", "Time", "Title", "Category", "Length (min)"],
                ["2026-03-05", "9:00-9:30、14:00-14:30", "Rice", "农技", 30],
            ],
            [],
        )
    ),
    [row(2, 5, "9:00", "9:30", "Rice", "农业实用技术", 30), row(2, 5, "14:00", "14:30", "Rice", "农业实用技术", 30)],
)
book(
    "a timetable of a week: days across, times down, the title merged over two days",
    xlsx(
        (
            "Sheet1",
            [
                ["2026年3月第二周播放安排（3月9日—3月15日）"],
                ["时间", "周一", "周二", "周三", "周四", "周五", "周六", "周日"],
                ["9:00-10:00", "《先锋》", N, "《水稻》", "《榜样》", N, "休息", "休息"],
                ["晚7点半", N, N, "《民法典》"],
                ["注：请按时收看"],
            ],
            ["A1:H1", "B3:C3"],
        )
    ),
    [
        row(3, 9, "9:00", "10:00", "先锋"),
        row(3, 10, "9:00", "10:00", "先锋"),
        row(3, 11, "9:00", "10:00", "水稻"),
        row(3, 12, "9:00", "10:00", "榜样"),
        row(4, 11, "19:30", N, "民法典"),
    ],
)
book(
    "a timetable of parts of the day across, dates down",
    xlsx(
        (
            "2026年3月",
            [
                ["日期", "上午（9:00-10:00）", "下午2:30", "备注"],
                ["3月2日\n星期一", "《先锋》", "《水稻》"],
                ["3月3日\n星期二", "休息", "《榜样》"],
                ["合计", "1场", "2场"],
            ],
            [],
        )
    ),
    [
        row(2, 2, "9:00", "10:00", "先锋"),
        row(2, 2, "14:30", N, "水稻"),
        row(3, 3, "14:30", N, "榜样"),
    ],
)
book(
    "two tables side by side under one title, ditto marks, who made it below",
    xlsx(
        (
            "Sheet1",
            [
                ["2026年3月播放计划"],
                ["日期", "时间", "节目名称", "日期", "时间", "节目名称"],
                ["3月2日", "9:00", "《先锋》", "3月16日", "9:00", "《榜样》"],
                ["3月9日", "同上", "《水稻》", "3月23日", "〃", "《民法典》"],
                [],
                [N, N, "丰乐镇党建办公室"],
                [N, N, "2026年2月25日"],
            ],
            ["A1:F1"],
        )
    ),
    [
        row(3, 2, "9:00", N, "先锋"),
        row(4, 9, "9:00", N, "水稻"),
        row(3, 16, "9:00", N, "榜样"),
        row(4, 23, "9:00", N, "民法典"),
    ],
    warnings=("C6", "C7"),
)
book(
    "the dates as lines in the column of the times; subtotals between; the note speaks of a change",
    xlsx(
        (
            "Sheet1",
            [
                ["2026年3月"],
                ["时间", "节目", "时长", "备注"],
                ["3月2日（星期一）"],
                ["9:00-9:30", "《先锋》", "25:30"],
                ["9:30-10:00", "《水稻》第1、2集", "各14分钟", "停电，改至6日"],
                ["小计", N, "53分30秒"],
                ["3月3日（星期二）"],
                ["9:00", "《榜样》", "循环"],
            ],
            [],
        )
    ),
    [
        row(4, 2, "9:00", "9:30", "先锋", N, 25.5),
        row(5, 2, "9:30", "10:00", ["水稻第1集", "水稻第2集"], N, 28, N, "停电，改至6日"),
        row(8, 3, "9:00", N, "榜样"),
    ],
    warnings=("D5",),
)
book(
    "a week's list of recommendations; the day and hour only for some",
    xlsx(
        (
            "第2周",
            [
                ["2026年3月第2周推荐节目（3月9日-3月15日）"],
                ["序号", "节目名称", "类别", "时长", "推荐播放时间"],
                [1, "《先锋》", "党建", "30分钟", "周三晚7:30"],
                [2, "《水稻》", "农技", "20分钟"],
                [3, "《文艺》", "文化", "1小时", "周六、周日上午9:00"],
            ],
            [],
        )
    ),
    [
        row(3, 11, "19:30", N, "先锋", "党建", 30),
        row(4, 11, N, N, "水稻", "农业实用技术", 20),
        row(5, 14, "9:00", N, "文艺", "文化", 60),
        row(5, 15, "9:00", N, "文艺", "文化", 60),
    ],
)
book(
    "ranges narrowed by the day of the week",
    xlsx(
        (
            "2026年3月",
            [
                ["日期", "星期", "时间", "节目名称"],
                ["3月1日-31日", "三", "19:30", "《先锋》"],
                ["3月2日-20日每周五", N, "9:00", "《水稻》"],
                ["3月9日-15日", "周一至周二", "10:00", "《榜样》"],
            ],
            [],
        )
    ),
    [
        *(row(2, day, "19:30", N, "先锋") for day in (4, 11, 18, 25)),
        *(row(3, day, "9:00", N, "水稻") for day in (6, 13, 20)),
        *(row(4, day, "10:00", N, "榜样") for day in (9, 10)),
    ],
)
book(
    "the part of the day in a column of its own, or behind the date",
    xlsx(
        (
            "Sheet1",
            [
                ["2026年3月"],
                ["日期", "时段", "时间", "节目名称"],
                ["3月5日", "上午", "9:00-10:00", "《先锋》"],
                [N, "下午", "2:30-4:00", "《水稻》"],
                ["3月6日下午", N, time(2, 30), "《榜样》"],
                ["3月7日,周六", "晚上", "7:30", "《民法典》"],
            ],
            [],
        )
    ),
    [
        row(3, 5, "9:00", "10:00", "先锋"),
        row(4, 5, "14:30", "16:00", "水稻"),
        row(5, 6, "14:30", N, "榜样"),
        row(6, 7, "19:30", N, "民法典"),
    ],
)
book(
    "month and day in columns of their own",
    xlsx(("2026年", [["月", "日", "时间", "节目"], [3, 5, "9:00", "《先锋》"], [N, 6, "9:00", "《水稻》"]], ["A2:A3"])),
    [row(2, 5, "9:00", N, "先锋"), row(3, 6, "9:00", N, "水稻")],
)
book(
    "a fixed week for the month",
    xlsx(("2026年3月", [["星期", "时间", "节目"], ["周三", "9:00", "《先锋》"], ["周五", "休息"]], [])),
    [row(2, day, "9:00", N, "先锋") for day in (4, 11, 18, 25)],
    warnings=("A2",),
)
book(
    "date and time under one name, the titles under a name that nobody knows, lengths as minutes and seconds",
    xlsx(
        (
            "Sheet1",
            [
                ["2026年3月"],
                ["日期/时间", "党教片", "类别", "时长(分:秒)"],
                ["3月5日 9:00-10:00", "《先锋》", "党建", "55:30"],
                ["3月6日", "《水稻》", "农技", "5:30"],
            ],
            [],
        )
    ),
    [row(3, 5, "9:00", "10:00", "先锋", "党建", 55.5), row(4, 6, N, N, "水稻", "农业实用技术", 5.5)],
    warnings=("B2",),
)
book(
    "recommendations for a week below its dated rows",
    xlsx(
        (
            "2026年3月",
            [
                ["周次", "日期", "时间", "节目名称"],
                ["第一周（3月2日-3月4日）", "3月3日", "9:00", "《先锋》"],
                ["第二周（3月9日-3月11日）", N, N, "《水稻》"],
                [N, "3月10日", "9:00", "《榜样》"],
            ],
            ["A3:A4"],
        )
    ),
    [
        row(2, 3, "9:00", N, "先锋"),
        *(row(3, day, N, N, "水稻") for day in (9, 10, 11)),
        row(4, 10, "9:00", N, "榜样"),
    ],
)
book(
    "morning and afternoon side by side, with times and titles of their own, around one date",
    xlsx(
        (
            "2026年3月",
            [
                ["日期", "上午", "", "下午", ""],
                ["", "时间", "节目", "时间", "节目"],
                ["3月2日", "9:00-10:00", "《先锋》", "14:00-15:00", "《水稻》"],
                ["3月3日", "9:00-10:00", "《榜样》", "无", ""],
                ["3月4日", "", "", "2:30-3:30", "《民法典》"],
            ],
            ["A1:A2", "B1:C1", "D1:E1"],
        )
    ),
    [
        row(3, 2, "9:00", "10:00", "先锋"),
        row(4, 3, "9:00", "10:00", "榜样"),
        row(3, 2, "14:00", "15:00", "水稻"),
        row(5, 4, "14:30", "15:30", "民法典"),
    ],
)
book(
    "one heading over titles of two categories",
    xlsx(
        (
            "2026年3月",
            [
                ["日期", "时间", "推荐节目", ""],
                ["", "", "党建类", "农技类"],
                ["3月2日", "9:00-10:00", "《先锋》", "《水稻》"],
                ["3月3日", "9:00-10:00", "《榜样》", ""],
            ],
            ["C1:D1"],
        )
    ),
    [row(3, 2, "9:00", "10:00", ["先锋", "水稻"]), row(4, 3, "9:00", "10:00", "榜样")],
)
book(
    "weeks down, days of the week across, a time before each title",
    xlsx(
        (
            "2026年3月",
            [
                ["", "周一", "周二", "周三", "周四", "周五"],
                [
                    "第一周(3月2日-6日)",
                    "9:00 《先锋》",
                    "9:00《水稻》",
                    "—",
                    "9:00-10:00《榜样》\n14:00《民法典》",
                    "《科普》",
                ],
                ["第二周(3月9日-13日)", "9:00 《先锋》", "", "", "", ""],
            ],
            [],
        )
    ),
    [
        row(2, 2, "9:00", N, "先锋"),
        row(2, 3, "9:00", N, "水稻"),
        row(2, 5, "9:00", "10:00", "榜样"),
        row(2, 5, "14:00", N, "民法典"),
        row(2, 6, N, N, "科普"),
        row(3, 9, "9:00", N, "先锋"),
    ],
)
book(
    "no column for the time: it stands before the title",
    xlsx(
        (
            "2026年3月",
            [["日期", "节目"], ["3月2日", "9:00《先锋》"], ["3月3日", "9:00-10:00 《水稻》；14:00《榜样》"]],
            [],
        )
    ),
    [row(2, 2, "9:00", N, "先锋"), row(3, 3, "9:00", "10:00", "水稻"), row(3, 3, "14:00", N, "榜样")],
)
