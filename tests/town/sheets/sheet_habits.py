"""More workbooks of unlike habits: what is read in each, which cells need a person, which are odd at least.

A sheet is written as lines with | between the cells.
"""

import io
import re
import zipfile
from datetime import date, time

import xlwt
from town.sheets.sheet_books import N, changed, ods, row, xlsx

HABITS = {}
"""By name: the file's name, its bytes, the option for the month, rows, cells of problems, cells of warnings."""


def habit(name, data, rows=(), problems=(), warnings=(), month=N, file="计划.xlsx"):
    HABITS[name] = (file, data, month, list(rows), list(problems), warnings)


def sheet(rows, merges=(), name="2026年3月", **options):
    lines = [[cell or N for cell in line.split("|")] if isinstance(line, str) else line for line in rows]
    return xlsx((name, lines, list(merges)), **options)


def sheets(*named):
    return xlsx(*((name, [line.split("|") for line in rows], []) for name, rows in named))


HEAD = "日期|时间|节目"
GOOD = "3月2日|9:00|《先锋》"
# --- months, weeks and days around a table ---
habit(
    "two months in a sheet, each with its title and header",
    sheet(["2026年3月计划", HEAD, "5日|9:00|《a》", "", "2026年4月计划", HEAD, "5日|9:00|《b》"], name="S"),
    [row(3, 5, "9:00", N, "a"), row(7, "2026-04-05", "9:00", N, "b")],
)
habit(
    "months as lines across the table, over the year's end",
    sheet(["2026年12月-2027年1月", HEAD, "十二月份", "30日|9:00|《a》", "1月", "5日|9:00|《b》"], name="S"),
    [row(4, "2026-12-30", "9:00", N, "a"), row(6, "2027-01-05", "9:00", N, "b")],
)
habit(
    "a column of months without a name",
    sheet(["|日期|节目", "2026年3月|5日|《a》", "|12日|《b》", "2026年4月|2日|《c》"], ["A2:A3"], name="S"),
    [row(2, 5, N, N, "a"), row(3, 12, N, N, "b"), row(4, "2026-04-02", N, N, "c")],
)
habit(
    "the month on a cover sheet",
    sheets(("封面", ["丰乐镇", "2026年3月播放计划"]), ("计划", ["日期|节目", "9日|《a》"])),
    [row(2, 9, N, N, "a")],
)
habit(
    "two months in the title: a day alone may be of either",
    sheet(["2026年三、四月份计划", HEAD, GOOD, "9日|9:00|《a》", "4月2日|9:00|《b》", "3日|9:00|《c》"], name="S"),
    [
        row(3, 2, "9:00", N, "先锋"),
        row(4, 9, "9:00", N, "a"),
        *(row(n, f"2026-04-0{n - 3}", "9:00", N, t) for n, t in ((5, "b"), (6, "c"))),
    ],
)
habit(
    "two months in the title, and nothing else", sheet(["2026年3-4月", "日期|节目", "2日|《a》"], name="S"), [], ["A3"]
)
habit(
    "year and month in cells of their own",
    sheet([[2026, "年", 3, "月"], ["日期", "节目"], ["5日", "《a》"]], name="S"),
    [row(3, 5, N, N, "a")],
)
habit(
    "a deadline above the month",
    sheet(["播放计划", "请各站点于2月26日前完成准备", "（2026年3月）", "日期|节目", "2日|《a》"], name="S"),
    [row(5, 2, N, N, "a")],
)
habit(
    "the year in the title, the month in the file's name beside when it was made",
    sheet(["二〇二六年播放计划", "日期|节目", "2日|《a》"], name="S"),
    [row(3, 2, N, N, "a")],
    file="20260225三月计划.xlsx",
)
habit(
    "bare days over the month's end",
    sheet(["日期|节目", "30日|《a》", "31日|《b》", "1日|《c》"]),
    [row(2, 30, N, N, "a"), row(3, 31, N, N, "b"), row(4, "2026-04-01", N, N, "c")],
    warnings=["A4"],
)
habit(
    "a table for each day below its date",
    sheet(["3月2日（星期一）", "时间|节目", "9:00|《a》", "", "3月3日（星期二）", "时间|节目", "9:00|《b》"]),
    [row(3, 2, "9:00", N, "a"), row(7, 3, "9:00", N, "b")],
)
habit(
    "a sheet for each day",
    sheets(("3月2日", ["时间|节目", "9:00|《a》"]), ("3月3日", ["时间|节目", "9:00|《b》"])),
    [row(2, 2, "9:00", N, "a"), row(2, 3, "9:00", N, "b")],
    file="2026年.xlsx",
)
habit(
    "a day of the week beside a working week, and one of a list that does not agree",
    sheet(["日期|星期|节目", "2日-6日|周三、周五|《a》", "9日、12日|周一、周三|《b》", "16日-17日|周一|《c》"]),
    [
        *(row(2, day, N, N, "a") for day in (4, 6)),
        *(row(3, day, N, N, "b") for day in (9, 12)),
        *(row(4, day, N, N, "c") for day in (16, 17)),
    ],
    warnings=["B3"],
)
habit(
    "the first and the last day in columns of their own, showings by number",
    sheet(["开始日期|结束日期|时间|节目", "3月2日|3月3日|第一场9:00|《a》", "3月9日|3月5日|9:00|《b》"]),
    [row(2, day, "9:00", N, "a") for day in (2, 3)],
    ["B3"],
)
habit("a week of the year", sheet(["周次|星期|节目", "第10周|周三|《a》"]), [], ["B2"])
habit(
    "a gap between the sheets of two weeks",
    sheets(("第一周", ["日期|节目", "3月2日|《a》"]), ("第四周", ["日期|节目", "3月23日|《b》"])),
    [row(2, 2, N, N, "a"), row(2, 23, N, N, "b")],
    warnings=[N],
    file="2026年3月.xlsx",
)
# --- layouts ---
habit(
    "a calendar: the days as numbers over the programmes",
    sheet(["一|二|三|四|五|六|日", "2|3|4|5|6|7|8", "《a》||14:00《b》||||", "9|10|11|12|13|14|15", "||《c》||||"]),
    [row(3, 2, N, N, "a"), row(3, 4, "14:00", N, "b"), row(5, 11, N, N, "c")],
)
habit(
    "a calendar: the day at the head of each cell",
    sheet([["周一", "周二", "周三"], ["2日\n9:00《a》", "3日", "4日\n《b》"]]),
    [row(2, 2, "9:00", N, "a"), row(2, 4, N, N, "b")],
)
habit(
    "a table turned on its side",
    sheet(["日期|3月2日|3月3日|3月4日", "时间|9:00|9:30-10:00|待定", "节目|《a》|《b》|《c》", "类别|党建|农技|科普"]),
    [row(3, 2, "9:00", N, "a", "党建"), row(3, 3, "9:30", "10:00", "b", "农业实用技术")],
    ["D2"],
)
habit(
    "tables on their sides for two weeks, two showings a day",
    sheet(
        [
            *("2026年3月第一周（3月2日-8日）", "|周一|周二|周三", "时间|9:00|9:00|", "节目|《a》|《b》|停播"),
            *(
                "时间|14:00||",
                "节目|《c》||",
                "第二周（3月9日-15日）",
                "|周一|周二|周三",
                "时间|9:00||",
                "节目|《d》||",
            ),
        ],
        name="S",
    ),
    [
        *(row(4, 2, "9:00", N, "a"), row(4, 3, "9:00", N, "b"), row(6, 2, "14:00", N, "c")),
        row(10, 9, "9:00", N, "d"),
    ],
)
habit(
    "timetables of two weeks below each other, the part of the day before the time",
    sheet(
        [
            *(
                "2026年3月",
                "第一周（3月2日-8日）",
                "||周一|周二|周三|对象",
                "上午|9:00|《a》|||党员",
                "下午|2:30|||《b》",
            ),
            *("注：周二停电", "第二周（3月9日-15日）", "||周一|周二|周三|对象", "上午|9:00|《c》||停播|村民"),
        ]
    ),
    [
        *(row(4, 2, "9:00", N, "a", audience="党员"), row(5, 4, "14:30", N, "b")),
        row(9, 9, "9:00", N, "c", audience="村民"),
    ],
)
habit(
    "parts of the day across, other times for the second half; a timetable of two days",
    xlsx(
        (
            "2026年3月",
            [
                line.split("|")
                for line in ("日期|上午9:00|下午2:30", "3月2日|《a》|", "日期|上午10:00|下午3:00", "3月9日|《b》|《c》")
            ],
            [],
        ),
        ("3月周末", [line.split("|") for line in ("第二周（3月9日-15日）", "时间|周六|周日", "9:00|《d》|《e》")], []),
    ),
    [
        *(row(2, 2, "9:00", N, "a"), row(4, 9, "10:00", N, "b"), row(4, 9, "15:00", N, "c")),
        *(row(3, 14, "9:00", N, "d"), row(3, 15, "9:00", N, "e")),
    ],
)
habit(
    "weeks across, days of the week down",
    sheet(["|第一周（3月2日-8日）|第二周（3月9日-15日）", "周一|《a》|《b》", "周三|9:00《c》|停播"]),
    [row(2, 2, N, N, "a"), row(2, 9, N, N, "b"), row(3, 4, "9:00", N, "c")],
)
habit(
    "times and titles under each day of a week",
    sheet(
        ["第二周（3月9日-15日）", "周一||周二|", "时间|节目|时间|节目", "9:00|《a》|10:00|《b》"], ["A2:B2", "C2:D2"]
    ),
    [row(4, 9, "9:00", N, "a"), row(4, 10, "10:00", N, "b")],
)
habit(
    "parts of the day across, the times in the cells",
    sheet(["日期|上午（9:00）|下午|晚上", "3月2日|8:30《a》|2:30《b》|停播", "3月3日|《c》||7:30《d》"]),
    [
        *(row(2, 2, "8:30", N, "a"), row(2, 2, "14:30", N, "b")),
        *(row(3, 3, "9:00", N, "c"), row(3, 3, "19:30", N, "d")),
    ],
)
habit(
    "units in a row below the header, then the numbers of the columns",
    sheet(["日期|时间|节目|时长", "|||(分钟)", ["1", "2", "3", "4"], ["3月2日", "9:00", "《a》", 45]]),
    [row(4, 2, "9:00", N, "a", N, 45)],
)
habit(
    "titles for two groups under names that are not known",
    sheet(["日期|时间|党员节目|群众节目", "3月2日||《a》|《b》", "3月3日||《c》|"]),
    [row(2, 2, N, N, ["a", "b"]), row(3, 3, N, N, "c")],
    warnings=["C1", "D1"],
)
habit(
    "a column of titles without a name, another of a name that is not known",
    sheet(["日期|节目||备选", "3月2日|《a》|《b》|《c》"]),
    [row(2, 2, N, N, "a")],
    warnings=["C2", "D1"],
)
habit(
    "上午 and 下午 in a column of their own; lengths under 时间; names in English",
    sheet(["日期|上/下午|Start time|节目|时间", "3月2日|下午|2:30|《a》|30分钟"]),
    [row(2, 2, "14:30", N, "a", N, 30)],
)
habit(
    "another table below, of people",
    sheet([HEAD, GOOD, "", "姓名|电话|站点", "张三|5321234|1号站"]),
    [row(2, 2, "9:00", N, "先锋")],
    warnings=["A4"],
)
habit(
    "groups and categories as lines in the first column, an example, a form that is not filled in",
    sheet([HEAD, "例：3月1日|9:00|《示例》", "党员组", GOOD, "群众组", "3月3日|9:00|《a》", "  月  日| 时 分|"]),
    [row(4, 2, "9:00", N, "先锋"), row(6, 3, "9:00", N, "a")],
    warnings=["A2", "A3", "A5"],
)
habit(
    "totals, sign-offs and remarks below the table",
    sheet(
        [
            *(
                "日期|节目|时长",
                "3月2日|《a》|30分钟",
                "小计||30分钟",
                "|《b》|20分钟",
                "共2场",
                "本月共计播放2场，50分钟",
            ),
            *("（此表一式两份）", "以上节目如有调整，以通知为准。", "|丰乐镇组织办", "|2026年2月28日"),
        ]
    ),
    [row(2, 2, N, N, "a", N, 30), row(4, 2, N, N, "b", N, 20)],
)
habit(
    "a second line for what there is to say of a programme",
    sheet([HEAD, GOOD, "||主讲：张三", "||（党员组）", "3月3日|9:00|《a》"], ["A2:A4", "B2:B4"]),
    [row(2, 2, "9:00", N, "先锋"), row(5, 3, "9:00", N, "a")],
    warnings=["C3", "C4"],
)
# --- cells that belong together ---
habit(
    "times, titles and lengths line by line",
    sheet([["日期", "时间", "节目", "时长"], ["3月2日", "9:00-9:30\n9:30-10:00", "《a》\n《b》", "30分钟\n28分钟"]]),
    [row(2, 2, "9:00", "9:30", "a", N, 30), row(2, 2, "9:30", "10:00", "b", N, 28)],
    warnings=["B2"],
)
habit(
    "days and titles line by line",
    sheet([["日期", "时间", "节目"], ["3月2日\n3月9日", "9:00", "《a》\n《b》"]]),
    [],
    ["C2"],
)
habit(
    "a time before a title without brackets, no column for it",
    sheet(["日期|节目", "3月2日|9:00-10:00 先锋", "3月3日|上午9点 水稻"]),
    [row(2, 2, "9:00", "10:00", "先锋"), row(3, 3, "9:00", N, "水稻")],
)
habit(
    "called off: in the title, the time, the date, the note",
    sheet(
        [
            "日期|时间|节目|备注",
            *(
                "3月2日|9:00|《a》（停播）|",
                "3月3日|9:00（取消）|《b》|",
                "3月4日（停播）|9:00|《c》|",
                "3月5日|9:00|《d》|已取消",
            ),
            *(
                "3月6日|9:00|农忙停播|",
                "3月7日|9:00|《e》|如停电则取消",
                "3月8日|9:00|《f》《g》（停播）|",
                "3月9日|妇女节||",
            ),
        ]
    ),
    [row(7, 7, "9:00", N, "e", note="如停电则取消")],
    ["C8"],
    ["C2", "B3", "A4", "D5", "D7"],
)
habit(
    "a day that the note takes out of each Wednesday",
    sheet(["日期|节目|备注", "每周三|《a》|18日除外"]),
    [row(2, day, N, N, "a", note="18日除外") for day in (4, 11, 18, 25)],
    warnings=["C2"],
)
habit(
    "全天 as start and as end; lengths with their unit in the format, or as minutes and seconds",
    sheet(
        [
            ["日期", "开始", "结束", "节目", "时长(分:秒)"],
            ["3月2日", "全天", "全天", "《a》", time(1, 30)],
            ["3月3日", N, N, "《b》", 1.5],
        ],
        formats={"E2": "h:mm", "E3": '0.0"小时"'},
    ),
    [row(2, 2, N, N, "a", N, 1.5), row(3, 3, N, N, "b", N, 90)],
)
habit("a half without its unit", sheet([["日期", "节目", "时长"], ["3月2日", "《a》", 0.5]]), [], ["C2"])
habit("a date in place of a title", sheet([["日期", "节目"], ["3月2日", date(2026, 3, 3)]]), [], ["B2"])


def shared(data, text, written):
    """The first sheet's texts in a part of their own, as Excel writes them; ``text`` is written as ``written``."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        texts = re.findall(r"<is>(.*?)</is>", book.read("xl/worksheets/sheet1.xml").decode())
    numbers = iter(range(len(texts)))
    data = changed(
        data,
        "xl/worksheets/sheet1.xml",
        lambda part: re.sub(
            r't="inlineStr"([^>]*)><is>.*?</is>', lambda m: f't="s"{m[1]}><v>{next(numbers)}</v>', part.decode()
        ).encode(),
    )
    kind = "openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    relation = f'<Relationship Type="http://schemas.{kind}" Target="sharedStrings.xml" Id="rId99"/></Relationships>'
    data = changed(
        data, "xl/_rels/workbook.xml.rels", lambda part: part.replace(b"</Relationships>", relation.encode())
    )
    items = "".join(f"<si>{one}</si>" for one in texts).replace(f"<t>{text}</t>", written)
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as book:
        book.writestr("xl/sharedStrings.xml", f'<sst xmlns="{space}">{items}</sst>')
    return file.getvalue()


habit(
    "words struck through within a cell",
    shared(
        sheet([HEAD, GOOD, "3月3日|9:00|《水稻》"]),
        "《先锋》",
        "<r><rPr><strike/></rPr><t>《旧》</t></r><r><t>《先锋》</t></r>",
    ),
    [row(3, 3, "9:00", N, "水稻")],
    ["C2"],
)
STRUCK = (
    '<office:automatic-styles xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"><style:style '
    'style:name="T1"><style:text-properties style:text-line-through-style="solid"/></style:style>'
    "</office:automatic-styles><office:body>"
)
habit(
    "words struck through in an .ods",
    changed(
        ods(
            "2026年3月",
            [
                ["日期", "节目"],
                [
                    "3月2日",
                    '<table:table-cell office:value-type="string"><text:p><text:span text:style-name="T1">《旧》'
                    "</text:span>《a》</text:p></table:table-cell>",
                ],
                ["3月3日", "《b》"],
            ],
        ),
        "content.xml",
        lambda part: part.replace(b"<office:body>", STRUCK.encode()),
    ),
    [row(3, 3, N, N, "b")],
    ["B2"],
    file="a.ods",
)


def struck_xls():
    book = xlwt.Workbook()
    page = book.add_sheet("2026年3月")
    page.write(0, 0, "日期")
    page.write(0, 1, "节目")
    page.write(1, 0, "3月2日")
    page.write_rich_text(1, 1, [("《旧》", xlwt.easyfont("struck_out true")), "《a》"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


habit("words struck through in an .xls", struck_xls(), [], ["B2"])
habit(
    "a text by a formula that was never calculated",
    changed(
        sheet([HEAD, GOOD, "x|10:00|《a》"]),
        "xl/worksheets/sheet1.xml",
        lambda part: re.sub(rb'<c r="A3"[^>]*>.*?</c>', b'<c r="A3" t="str"><f>TEXT(46083,"m")</f></c>', part, count=1),
    ),
    [row(2, 2, "9:00", N, "先锋")],
    ["A3"],
)
# --- files ---
habit(
    "a .csv with full-width commas in its cells",
    f"日期,节目,备注\n3月2日,《a》,党员{'，群众' * 9}\n".encode(),
    [row(2, 2, N, N, "a", note="党员" + "，群众" * 9)],
    month="2026-03",
    file="a.csv",
)
habit(
    "a .csv with a lone quotation mark",
    '日期,时间,节目\n3月2日,9:00,"先锋\n3月3日,9:00,榜样\n'.encode(),
    [row(2, 2, "9:00", N, "先锋"), row(3, 3, "9:00", N, "榜样")],
    month="2026-03",
    file="a.csv",
)
habit(
    "a .csv of a program: texts as formulas, a time with a day that is none",
    '日期,时间,节目\n="3月2日",1899/12/30 9:30,《a》\n2-Mar-26,="14:00",《b》\n'.encode(),
    [row(2, 2, "9:30", N, "a"), row(3, 2, "14:00", N, "b")],
    month="2026-03",
    file="a.csv",
)
habit(
    "text in UTF-16 without its mark, the numbers as Excel holds them",
    "日期\t时间\t节目\t时长\r\n46083\t0.375\t《a》\t0.03125\r\n".encode("utf-16-le"),
    [row(2, 2, "9:00", N, "a", N, 45)],
    file="a.txt",
)
habit(
    "an .ods with a comment, blank rows written once, a formula without a value",
    changed(
        ods(
            "2026年3月",
            [
                ["日期", "节目"],
                [
                    "3月2日",
                    '<table:table-cell office:value-type="string"><office:annotation><text:p>看看</text:p>'
                    "</office:annotation><text:p>《a》</text:p><text:p>《b》</text:p></table:table-cell>",
                ],
                ['<table:table-cell table:formula="of:=TODAY()"/>', "《c》"],
            ],
        ),
        "content.xml",
        lambda part: part.replace(
            b'<table:table-row><table:table-cell table:formula="',
            b'<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
            b'<table:table-row><table:table-cell table:formula="',
        ),
    ),
    [row(2, 2, N, N, ["a", "b"])],
    ["A6"],
    file="a.ods",
)
