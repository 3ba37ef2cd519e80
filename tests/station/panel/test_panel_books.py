"""The papers' pages: books, the county's form, attendance, posting, items, administrators. Each deed as a browser does
it, and what must not happen: script in a page, formulas in a table, a row twice, anything without log-in."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests
from browser import WAIT_MS, scrolls_sideways, serious_findings
from msgspec.structs import replace as changed
from openpyxl import Workbook, load_workbook
from panel_room import NOW, PIN, Browser
from paper_room import DOCUMENT, PaperRoom
from PIL import Image
from playwright.sync_api import Browser as Chromium

from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import MonthPlan, PlanEntry, Playlist, Programme, Slot
from kiosk.contract.records import Action, Attendance, Correction, Item
from kiosk.contract.station import Person, SpotCheck
from kiosk.station.display.menu_image import draw
from kiosk.station.display.menu_words import spot_check
from kiosk.station.events import AdministratorSet
from kiosk.station.journal.plays import readable
from kiosk.station.panel import people
from kiosk.station.panel.desk import MAX_BODY
from kiosk.station.record_book.forms import MOST_BYTES

SCRIPT = "<script>alert(1)</script>"
EVIL = ("=1+1", "@x", SCRIPT, "' OR 1=1 --", "{{ 7*7 }}")
PAGES = (
    "/books", *(f"/books/{book}" for book in ("viewing", "feedback", "equipment", "running", "roster", "upkeep")),
    "/books/power", "/books/faults", "/books/evidence", "/books/viewing/form", "/attendance?day=2026-03-01",
    "/attendance/sheet", "/inspector", "/items", "/activity?day=2026-03-01", "/administrators", "/posting",
)  # fmt: skip
PUBLIC = ("/public", "/rules", "/new-pin")
ALIKE = {
    *(f"/books/{book}" for book in ("equipment", "roster", "upkeep", "evidence", "power", "faults", "running")),
    *("/attendance/sheet", "/activity?day=2026-03-01", "/rules"),
}
"""Pages of the same elements as others."""
FEEDBACK = {"day": "2026-03-04", "whose": "王大伟", "about": "", "text": "听懂了", "done": ""}


@pytest.fixture
def room(papers: PaperRoom) -> PaperRoom:
    programme = Programme(id="p1", title="春耕技术（上）", file="a.mp4", duration_ms=60_000, size=1, sha256="ab" * 32)
    plan = PlanEntry(date="2026-03-20", start="09:00:00", title="水稻育秧", audience="党员")
    papers.ordinary_week()
    papers.snapshot = replace(
        papers.snapshot,
        playlist=Playlist(
            town="t", group="g", version=1, title="第一周推荐", issued_ms=0, first_day="2026-03-01",
            last_day="2026-03-31", programmes=(programme,),
            slots=(Slot(date="2026-03-06", start="09:00:00", end="10:00:00", programmes=("p1",)),),
            month_plans=(MonthPlan(month="2026-03", title="三月计划", entries=(plan,)),),
        ),
    )  # fmt: skip
    return papers


def hidden(browser: Browser, path: str, action: str) -> dict[str, str]:
    page = browser.get(path).text
    form = re.search(rf'<form method="post" action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form, f"{path} has no form to {action}"
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[1]))


def send(browser: Browser, path: str, action: str, **fields: str) -> requests.Response:
    return browser.post(action, hidden(browser, path, action) | fields)


def recorded(room: PaperRoom) -> list[object]:
    assert room.journal.settle(5)
    _, entries = room.journal.waiting(after=0)
    return [readable(bytes(one.record), one.seq) for one in entries]


# --- books ---


def test_pages_of_the_record_ask_for_a_pin_and_public_ones_do_not(base: str, room: PaperRoom) -> None:
    stranger = Browser(base)
    for path in PAGES:
        if path != "/posting":
            assert stranger.session.get(base + path, allow_redirects=False).status_code == 303, path
    for path in (*PUBLIC, "/posting"):
        assert stranger.get(path).status_code == 200
    assert stranger.session.get(f"{base}/books.xlsx", allow_redirects=False).status_code == 303


def test_public_pages_hold_no_name_telephone_attendance_or_fault(base: str, room: PaperRoom) -> None:
    room.fault(4, 9)
    for path in (*PUBLIC, "/posting"):
        page = Browser(base).text(path)
        for private in ("陈家明", "李桂兰", "王大伟", "13800000001", "没有接上", "panel"):
            assert private not in page, (path, private)
    page = Browser(base).text("/public")
    for public in ("第一周推荐", "三月计划", "水稻育秧", "0551-1234567"):
        assert public in page
    assert "一、按时开放。" in Browser(base).text("/rules")


def test_row_is_entered_shown_and_corrected_with_a_reason(administrator: Browser, room: PaperRoom) -> None:
    assert send(administrator, "/books/feedback", "/books/feedback", **FEEDBACK).status_code == 303
    page = administrator.get("/books/feedback?month=2026-03").text
    entry = re.search(r'href="(/book-entry/[^"]+)"', page)
    assert entry
    assert "王大伟" in page
    refused = send(administrator, entry[1], entry[1], **FEEDBACK | {"whose": "王大卫"})
    assert refused.status_code == 422
    assert "请简单写明原因" in refused.text
    sent = send(administrator, entry[1], entry[1], **FEEDBACK | {"whose": "王大卫", "reason": "写错了"})
    assert sent.status_code == 303
    assert "王大卫" in administrator.text("/books/feedback?month=2026-03")
    assert "王大伟" in administrator.text("/books/feedback?month=2026-03"), "what stood there before can be read"
    withdrawn = send(administrator, entry[1], entry[1], **FEEDBACK | {"reason": "记重了", "button": "withdraw"})
    assert withdrawn.status_code == 303
    assert administrator.get(entry[1]).status_code == 404


def test_row_that_cannot_be_entered_comes_back_as_it_was_typed(administrator: Browser, room: PaperRoom) -> None:
    sent = send(administrator, "/books/feedback", "/books/feedback", **FEEDBACK | {"day": "5. March", "whose": SCRIPT})
    assert sent.status_code == 422
    assert "日期不对" in sent.text
    assert "&lt;script&gt;" in sent.text
    assert not any(isinstance(one, Action) and one.action == "book-feedback" for one in recorded(room))


def test_form_sent_twice_is_one_row(administrator: Browser, room: PaperRoom) -> None:
    fields = hidden(administrator, "/books/feedback", "/books/feedback") | FEEDBACK
    for _ in range(3):
        assert administrator.post("/books/feedback", fields).status_code == 303
    assert sum(isinstance(one, Action) and one.action == "book-feedback" for one in recorded(room)) == 1


def test_form_from_another_origin_or_without_its_token_is_refused(administrator: Browser, room: PaperRoom) -> None:
    fields = hidden(administrator, "/books/feedback", "/books/feedback") | FEEDBACK
    assert administrator.post("/books/feedback", fields, Origin="http://evil.example").status_code == 403
    assert administrator.post("/books/feedback", fields | {"token": "0" * 64}).status_code == 403
    assert administrator.post("/books/feedback", fields | {"press": "../../x"}).status_code == 400
    assert administrator.post("/books/viewing", fields).status_code == 404, "nobody types into what the kiosk records"


@pytest.mark.parametrize("book", ["equipment", "upkeep"])  # between them every kind of field
def test_script_and_formulas_in_every_field_are_nothing_but_text(
    administrator: Browser, room: PaperRoom, book: str
) -> None:
    page = administrator.get(f"/books/{book}").text
    names = re.findall(r'<(?:input id="f-|textarea id="f-)(\w+)"', page)
    for n, evil in enumerate(EVIL):
        fields = dict.fromkeys(names, evil) | {"day": f"2026-03-{n + 1:02d}"}
        fields |= {name: "" for name in ("quantity", "next_day") if name in names}
        assert send(administrator, f"/books/{book}", f"/books/{book}", **fields).status_code == 303
    page = administrator.get(f"/books/{book}?month=2026-03").text
    assert SCRIPT not in page
    assert unescape(page).count("{{ 7*7 }}")
    found = load_workbook(io.BytesIO(administrator.get("/books.xlsx?month=2026-03").content))
    cells = [cell for sheet in found.worksheets for line in sheet.iter_rows() for cell in line]
    assert any(cell.value == "=1+1" for cell in cells)
    assert all(cell.data_type != "f" for cell in cells)


@pytest.mark.parametrize("month", ["2026-13", "9999-12", "0001-01", "x", "2026-03-01", "%00"])
def test_month_that_there_cannot_be_is_this_month_or_one_that_can(
    administrator: Browser, room: PaperRoom, month: str
) -> None:
    assert administrator.get(f"/books?month={month}").status_code == 200


def test_record_that_cannot_be_read_is_said_and_the_panel_goes_on(
    administrator: Browser, room: PaperRoom, state: Path
) -> None:
    room.journal.stop(5)
    (state / "journal.db").write_bytes(b"no database" * 1000)
    assert administrator.get("/books").status_code == 503
    assert administrator.get("/").status_code == 200


# --- the county's form ---


def county_form() -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    for column, text in enumerate(("序号", "日期", "节目名称", "收看人数（党员）", "备注"), 1):
        sheet.cell(1, column).value = text
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def bring(browser: Browser, data: bytes, **headers: str) -> requests.Response:
    fields = hidden(browser, "/books/viewing/form", "/books/viewing/form")
    return browser.session.post(
        f"{browser.base}/books/viewing/form", fields, files={"file": ("县表.xlsx", data)},
        headers={"Origin": browser.base} | headers, allow_redirects=False, timeout=20,
    )  # fmt: skip


def test_county_form_is_brought_matched_and_filled(administrator: Browser, room: PaperRoom) -> None:
    assert bring(administrator, county_form()).status_code == 303
    filled = administrator.get("/books/viewing/form.xlsx?month=2026-03")
    rows = list(load_workbook(io.BytesIO(filled.content)).worksheets[0].iter_rows(values_only=True))
    assert [row[:3] for row in rows[1:3]] == [
        (1, "2026-03-01", "春耕技术（上）"),
        (2, "2026-03-01", "水稻病虫害绿色防治"),
    ]
    page = administrator.get("/books/viewing/form").text
    chosen = dict(re.findall(r'<select id="(column-\w)".*?<option value="(\d+)" selected', page, re.DOTALL))
    assert chosen["column-C"] == "4"
    sheet = re.search(r'name="sheet" value="([^"]+)"', page)
    assert sheet
    fields = hidden(administrator, "/books/viewing/form", "/books/viewing/columns")
    sent = administrator.post("/books/viewing/columns", fields | {"column-A": "4", "column-B": "99"})
    assert sent.status_code == 303
    filled = administrator.get("/books/viewing/form.xlsx?month=2026-03")
    rows = list(load_workbook(io.BytesIO(filled.content)).worksheets[0].iter_rows(values_only=True))
    assert rows[1][:2] == ("春耕技术（上）", None)
    given_up = administrator.post("/books/viewing/columns", fields | {"press": "ef" * 16, "button": "give-up"})
    assert given_up.status_code == 303
    assert administrator.session.get(
        f"{administrator.base}/books/viewing/form.xlsx", allow_redirects=False
    ).headers["location"] == "/books/viewing/form"  # fmt: skip


def test_file_that_is_no_form_says_what_to_do(administrator: Browser, room: PaperRoom) -> None:
    found = bring(administrator, b"MZ this is a program")
    assert found.status_code == 422
    assert "另存为 .xlsx" in found.text
    assert "请先选择文件" in bring(administrator, b"").text


def test_upload_of_2_gb_is_refused_before_it_is_read(administrator: Browser, room: PaperRoom) -> None:
    cookies = "; ".join(f"{one.name}={one.value}" for one in administrator.session.cookies)
    connection = HTTPConnection(administrator.base.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", "/books/viewing/form")
    head = {"Cookie": cookies, "Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(2 << 30)}
    for name, value in head.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_upload_without_a_length_is_cut_off_where_it_becomes_too_long(administrator: Browser, room: PaperRoom) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(MOST_BYTES // 65_536 + MAX_BODY // 65_536 + 2):
            yield b"x" * 65_536

    headers = {"Content-Type": "multipart/form-data; boundary=b", "Origin": administrator.base}
    try:
        answer = administrator.session.post(
            f"{administrator.base}/books/viewing/form", endless(), headers=headers, timeout=20
        )
        assert answer.status_code == 413
    except requests.RequestException:  # the panel has closed while we were sending on
        pass
    assert administrator.get("/books").status_code == 200


def test_nobody_uploads_without_log_in_or_token(base: str, administrator: Browser, room: PaperRoom) -> None:
    files = {"file": ("a.xlsx", county_form())}
    stranger = Browser(base)
    path = f"{base}/books/viewing/form"
    assert stranger.session.post(path, files=files, allow_redirects=False).headers["location"] == "/login"
    assert administrator.session.post(path, {"token": "x"}, files=files).status_code == 403


# --- attendance ---


def attend(browser: Browser, day: str, *more: tuple[str, str]) -> requests.Response:
    path = f"/attendance?day={day}"
    page = browser.get(path).text
    plays = [("play", one) for one in re.findall(r'name="play" value="([^"]+)" checked', page)]
    fields = [*hidden(browser, path, path).items(), *plays, *more]
    return multipart(browser, path, fields)


def multipart(
    browser: Browser, path: str, fields: list[tuple[str, str]], photo: bytes | None = None
) -> requests.Response:
    sent: list[tuple[str, tuple[str | None, str | bytes]]] = [(name, (None, value)) for name, value in fields]
    sent += [("photo", ("sheet.jpg", photo))] if photo is not None else []
    return browser.session.post(
        browser.base + path, files=sent, headers={"Origin": browser.base}, allow_redirects=False, timeout=30
    )


def test_attendance_by_the_roster_is_counted_and_corrected(administrator: Browser, room: PaperRoom) -> None:
    sent = attend(administrator, "2026-03-01", ("who-a", "present"), ("who-m1", "leave"), ("others", "7"))
    assert sent.status_code == 303
    (there,) = [one for one in recorded(room) if isinstance(one, Attendance)]
    assert (there.expected, there.present, there.on_leave, there.others, there.members) == (4, 1, 1, 7, ("a",))
    assert len(there.plays) == 2
    page = administrator.text("/books/viewing?month=2026-03")
    assert page.count("收看人数（党员）： 1") == 2
    path = f"/attendance/{there.id}"
    fields = {"expected": "4", "present": "2", "on_leave": "1", "others": "7", "remark": ""}
    assert send(administrator, path, path, **fields).status_code == 422, "without a reason"
    assert send(administrator, path, path, **fields | {"reason": "漏了一人"}).status_code == 303
    assert administrator.text("/books/viewing?month=2026-03").count("收看人数（党员）： 2") == 2


def test_two_people_write_at_once_and_neither_overwrites_what_they_have_not_seen(
    administrator: Browser, room: PaperRoom
) -> None:
    day = "/attendance?day=2026-03-01"
    plays = [("play", one) for one in re.findall(r'name="play" value="([^"]+)" checked', administrator.get(day).text)]
    first, second = ([*hidden(administrator, day, day).items(), *plays, ("others", n)] for n in ("3", "5"))
    for _ in range(2):
        assert multipart(administrator, day, first).status_code == 303, "the same press twice"
    refused = multipart(administrator, day, second)
    assert refused.status_code == 422 and "其他人" in refused.text
    (there,) = [one for one in recorded(room) if isinstance(one, Attendance)]
    path = f"/attendance/{there.id}"
    numbers = {"expected": "4", "present": "0", "on_leave": "0", "remark": "", "reason": "数错了"}
    first_, second_ = (hidden(administrator, path, path) | numbers for _ in range(2))
    for _ in range(2):
        assert administrator.post(path, first_ | {"others": "4"}).status_code == 303
    refused = administrator.post(path, second_ | {"others": "3", "remark": "水稻"})
    assert refused.status_code == 422 and "其他人" in refused.text and 'value="4"' in refused.text
    assert [one.value for one in recorded(room) if isinstance(one, Correction)] == ["4"]


def test_photo_of_the_signed_sheet_is_kept_and_named_by_its_hash(administrator: Browser, room: PaperRoom) -> None:
    path = "/attendance?day=2026-03-01"
    play = re.findall(r'name="play" value="([^"]+)" checked', administrator.get(path).text)[0]
    fields = [*hidden(administrator, path, path).items(), ("play", play), ("others", "3")]
    assert "照片无法读取" in multipart(administrator, path, fields, b"no photo").text
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(picture, "JPEG")
    assert multipart(administrator, path, fields, picture.getvalue()).status_code == 303
    (there,) = [one for one in recorded(room) if isinstance(one, Attendance)]
    assert there.evidence == "photo"
    assert administrator.get(f"/photo/{there.photos[0]}.jpg").content.startswith(b"\xff\xd8")
    assert Browser(administrator.base).get(f"/photo/{there.photos[0]}.jpg").status_code == 404


def test_attendance_without_numbers_is_asked_for_again_and_not_guessed(administrator: Browser, room: PaperRoom) -> None:
    for others in ("", "-1", "1e3", "１", "99999999"):
        assert attend(administrator, "2026-03-01", ("others", others)).status_code == 422
    assert not any(isinstance(one, Attendance) for one in recorded(room))


def test_more_present_than_expected_is_refused(administrator: Browser, room: PaperRoom) -> None:
    room.snapshot = replace(room.snapshot, document=None)
    numbers = (("expected", "3"), ("present", "3"), ("on_leave", "1"), ("others", "0"))
    assert "超过了应到人数" in attend(administrator, "2026-03-01", *numbers).text


def test_roster_of_a_large_village_fits_the_form(administrator: Browser, room: PaperRoom) -> None:
    many = tuple(Person(id=f"m{n}", name=f"村民{n}") for n in range(300))
    room.snapshot = replace(room.snapshot, document=changed(DOCUMENT, version=9, people=many))
    marks = [(f"who-m{n}", "present") for n in range(300)]
    assert attend(administrator, "2026-03-01", *marks, ("others", "0")).status_code == 303
    assert next(one.present for one in recorded(room) if isinstance(one, Attendance)) == 300


def test_spot_check_is_answered_by_a_photo_of_the_screen(administrator: Browser, room: PaperRoom) -> None:
    check = SpotCheck(id="c1", asked_ms=to_ms(NOW))
    room.snapshot = replace(room.snapshot, document=changed(DOCUMENT, spot_check=check))
    room.refresh()
    code = room.checks.code()

    def photo_of(shown: str) -> bytes:
        """The television from some metres away, not quite straight."""
        screen, file = Image.new("RGB", (1280, 720), "#205030"), io.BytesIO()
        screen.paste(draw(spot_check(shown, "zh"), 1280, 720), (0, 300))
        wall = Image.new("RGB", (1600, 1200), "#b0a090")
        wall.paste(screen.resize((800, 450)), (400, 350))
        wall.rotate(4, Image.Resampling.BICUBIC).save(file, "JPEG", quality=70)
        return file.getvalue()

    def send_photo(data: bytes) -> str:
        fields = [*hidden(administrator, "/", "/spot-check").items(), ("code", "")]
        return multipart(administrator, "/spot-check", fields, data).headers["location"]

    assert send_photo(b"no photo") == "/?spot=unread#spot"
    assert send_photo(photo_of("")) == "/?spot=no-code#spot"
    assert send_photo(photo_of("000000")) == "/?spot=wrong#spot", "a photo of another day"
    assert send_photo(photo_of(code)) == "/?spot=#spot"
    (answer,) = [one for one in recorded(room) if isinstance(one, Attendance)]
    assert (answer.spot_check, answer.code, answer.plays, answer.present) == ("c1", code, ("play-1",), 0)
    assert administrator.get(f"/photo/{answer.photos[0]}.jpg").status_code == 200


# --- posting and items ---


def test_putting_up_is_kept_as_evidence(administrator: Browser, room: PaperRoom) -> None:
    assert send(administrator, "/posting", "/posting", where="公示栏").status_code == 303
    (item,) = [one for one in recorded(room) if isinstance(one, Item)]
    assert (item.item_kind, item.text, item.category) == ("posting", "公示栏", "plan")
    assert "本月张贴 1 次" in administrator.text("/inspector")


def test_inspector_sees_amber_where_nothing_speaks_for_it(administrator: Browser, room: PaperRoom) -> None:
    page = administrator.text("/inspector")
    assert "有标牌： 还没有依据" in page
    assert "有记录： 还没有依据" in page, "the town has not countersigned it"
    assert "有制度： 有依据" in page
    send(administrator, "/books/evidence", "/books/evidence", day="2026-03-05", standard="有标牌", text="门口已挂牌")
    assert "有标牌： 有依据" in administrator.text("/inspector")


def test_town_s_own_standards_stand_in_the_place_of_the_usual(administrator: Browser, room: PaperRoom) -> None:
    document = changed(DOCUMENT, standards=("有活动场所", "有人管理"), version=5)
    room.snapshot = replace(room.snapshot, document=document)
    page = administrator.text("/inspector")
    assert "有活动场所： 有依据" in page
    assert "有人管理： 还没有依据" in page
    assert "有标牌" not in page


def test_result_goes_to_the_town_as_a_record_and_comes_back_as_it_was_typed(
    administrator: Browser, room: PaperRoom
) -> None:
    fields = hidden(administrator, "/items", "/items") | {"kind": "result", "title": "用上了"}
    bad = multipart(administrator, "/items", [*(fields | {"households": "many", "text": SCRIPT}).items()])
    assert bad.status_code == 422
    assert "&lt;script&gt;" in bad.text
    good = {"households": "12", "area": "30亩", "programme": "p1", "text": "第一行\n第二行"}
    assert multipart(administrator, "/items", [*(fields | good).items()]).status_code == 303
    (item,) = [one for one in recorded(room) if isinstance(one, Item)]
    assert (item.households, item.area, item.programme, item.text) == (12, "30亩", "p1", "第一行\n第二行")


def test_text_for_the_group_chat_says_only_what_the_record_says(administrator: Browser, room: PaperRoom) -> None:
    page = administrator.text("/activity?day=2026-03-01")
    assert "播放节目：春耕技术（上）" in page
    assert "播放时长：80 分钟" in page
    assert "应到" not in page, "nobody has said who was there"
    path = "/activity?day=2026-03-01"
    assert 'id="pass"' not in administrator.get(path).text, "the town has no channel for it"
    room.snapshot = replace(room.snapshot, passes_on=True)
    fields = hidden(administrator, path, path) | {"title": "三月党日", "text": "学习\n讨论"}
    assert multipart(administrator, path, [*(fields | {"title": " "}).items()]).status_code == 422
    for _ in range(2):
        assert multipart(administrator, path, [*fields.items()]).status_code == 303
    (item,) = [one for one in recorded(room) if isinstance(one, Item)]
    assert (item.item_kind, item.title, item.text) == ("activity", "三月党日", "学习\n讨论")
    assert "三月党日" in administrator.text(path)
    room.snapshot = replace(room.snapshot, passes_on=False)
    assert multipart(administrator, path, [*(fields | {"press": "cd" * 16}).items()]).status_code == 422


# --- administrators ---


def named(browser: Browser, name: str, pin: str, again: str = "", **more: str) -> requests.Response:
    fields = hidden(browser, "/administrators", "/administrators")
    return browser.post("/administrators", fields | {"name": name, "pin": pin, "again": again or pin} | more)


def test_named_administrators_are_in_the_record_by_their_names(base: str, room: PaperRoom) -> None:
    browser = Browser(base)
    browser.log_in()
    assert named(browser, "陈家明", "918273").headers["location"] == "/login", "the common PIN has ended"
    assert Browser(base).log_in(PIN).status_code == 403
    assert browser.log_in("918273").status_code == 303
    assert named(browser, "李桂兰", "564738").status_code == 303
    other = Browser(base)
    assert other.log_in("564738").status_code == 303
    send(other, "/books/feedback", "/books/feedback", **FEEDBACK)
    (row,) = [one for one in recorded(room) if isinstance(one, Action) and one.action == "book-feedback"]
    assert row.by == "李桂兰"
    assert [one.by for one in room.posted if isinstance(one, AdministratorSet)] == ["panel", "陈家明"]


def test_forgotten_pin_is_set_anew_by_the_other_one(base: str, state: Path, room: PaperRoom) -> None:
    people.name(state, "陈家明", "918273")
    people.name(state, "李桂兰", "564738")
    lost, helper = Browser(base), Browser(base)
    assert lost.log_in("918273").status_code == 303
    helper.log_in("564738")
    assert named(helper, "陈家明", "112358").status_code == 303
    assert lost.session.get(f"{base}/books", allow_redirects=False).status_code == 303, "the old session has ended"
    assert lost.log_in("918273").status_code == 403
    assert lost.log_in("112358").status_code == 303


@pytest.mark.parametrize(
    ("name", "pin", "again", "words"),
    [
        ("王", "123456", "123456", "不能太简单"),
        ("王", "12345", "12345", "6 位数字"),
        ("王", "918274", "918275", "不一致"),
        ("", "918274", "918274", "请写姓名"),
        ("王" * 41, "918274", "918274", "不超过 40"),
        ("王", "918273", "918273", "另选一个密码"),
    ],
)
def test_what_is_wrong_with_a_new_administrator_is_said(
    base: str, state: Path, room: PaperRoom, name: str, pin: str, again: str, words: str
) -> None:
    people.name(state, "陈家明", "918273")
    browser = Browser(base)
    browser.log_in("918273")
    assert words in named(browser, name, pin, again).text
    assert [one.name for one in people.load(state)] == ["陈家明"]


def test_third_administrator_and_taking_out_the_last_one_are_refused(base: str, state: Path, room: PaperRoom) -> None:
    people.name(state, "陈家明", "918273")
    browser = Browser(base)
    browser.log_in("918273")
    assert "至少要有一位" in named(browser, "陈家明", "", button="out").text
    people.name(state, "李桂兰", "564738")
    with pytest.raises(people.Refused):
        people.name(state, "王大伟", "998877")
    assert named(browser, "李桂兰", "", button="out").status_code == 303
    assert [one.name for one in people.load(state)] == ["陈家明"]


def test_people_file_that_is_damaged_locks_them_out_and_the_page_stands(
    base: str, state: Path, room: PaperRoom
) -> None:
    (state / people.FILE).write_text("[{")
    assert Browser(base).get("/").status_code == 200
    assert Browser(base).log_in(PIN).status_code == 303, "the installer's PIN still opens it"


def shows_code(room: PaperRoom, code: str = "K314159") -> None:
    room.snapshot = replace(room.snapshot, picture_check=code)


def paired(browser: Browser, code: str) -> requests.Response:
    fields = hidden(browser, "/administrators", "/administrators/pair")
    return browser.post("/administrators/pair", fields | {"button": "pair", "code": code})


def test_paired_phone_stays_in_through_guesses_and_a_month(
    base: str, state: Path, room: PaperRoom, administrator: Browser
) -> None:
    people.name(state, "陈家明", "918273")
    administrator.log_in("918273")
    shows_code(room)
    assert paired(administrator, "000000").status_code == 422
    assert paired(administrator, " 314 159 ").status_code == 303
    administrator.session.cookies.pop("kiosk-panel-session")  # as after a month
    stranger = Browser(base)
    for n in range(30):  # from the lock-out on, the thousand that follow are not looked at
        stranger.log_in(f"{n:06}")
    assert stranger.log_in("918273").status_code == 429
    assert administrator.get("/books").url.endswith("/books")
    people.name(state, "陈家明", "112358")
    assert administrator.get("/books").url.endswith("/login"), "another PIN ends it"


def test_pairing_without_a_code_on_the_screen_is_refused(administrator: Browser, room: PaperRoom) -> None:
    for code in ("", "314159", "K"):
        assert paired(administrator, code).status_code == 422
    assert "kiosk-panel-paired" not in administrator.session.cookies


def test_paired_phone_that_logs_out_is_out(administrator: Browser, room: PaperRoom) -> None:
    shows_code(room)
    paired(administrator, "314159")
    kept = administrator.session.cookies.get("kiosk-panel-paired")
    assert kept
    administrator.post("/logout", administrator.fields("/", "/logout"))
    administrator.session.cookies.set("kiosk-panel-paired", kept)
    assert administrator.get("/books").url.endswith("/login"), "an old cookie opens nothing"


def test_forgotten_pin_is_set_anew_once_where_the_town_allows_it(base: str, state: Path, room: PaperRoom) -> None:
    people.name(state, "陈家明", "918273")
    browser = Browser(base)
    assert "请联系镇里" in browser.text("/new-pin")
    shows_code(room)
    room.snapshot = replace(room.snapshot, pin_reset="r2")
    fields = hidden(browser, "/new-pin", "/new-pin") | {"button": "set", "name": "陈家明", "pin": "112358"}
    fields |= {"again": "112358"}
    assert browser.post("/new-pin", fields | {"code": "000000"}).status_code == 422
    assert browser.post("/new-pin", fields | {"code": "314159"}).headers["location"] == "/login"
    assert browser.log_in("112358").status_code == 303
    (used,) = [one for one in room.posted if isinstance(one, AdministratorSet)]
    assert (used.by, used.action, used.name, used.reset) == ("town", "pin-reset", "陈家明", "r2")
    room.snapshot = replace(room.snapshot, pin_reset="")
    assert browser.post("/new-pin", fields | {"pin": "998877", "again": "998877", "code": "314159"}).status_code == 303
    assert browser.log_in("998877").status_code == 403, "without the town's word it sets nothing"


# --- in a real browser ---


def test_no_page_of_the_papers_has_a_serious_finding_or_scrolls_sideways(
    chromium: Chromium, base: str, room: PaperRoom
) -> None:
    """At 320 pixels; axe once, as the other language has the same elements, and longer words."""
    context = chromium.new_context(base_url=base, viewport={"width": 320, "height": 640})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto("/login")
    page.fill("#pin", PIN)
    page.keyboard.press("Enter")
    page.wait_for_selector("#sound")
    for language in ("zh", "en"):
        page.goto(f"/language?to={language}")
        for path in (one for one in (*PAGES, *PUBLIC) if one not in ALIKE):
            page.goto(path)
            assert not scrolls_sideways(page), path
            if language == "zh":
                assert serious_findings(page) == [], path
    context.close()


def test_text_is_copied_on_an_address_without_the_clipboard_of_the_browser(
    chromium: Chromium, base: str, room: PaperRoom
) -> None:
    context = chromium.new_context(base_url=base)
    context.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto("/login")
    page.fill("#pin", PIN)
    page.keyboard.press("Enter")
    page.wait_for_selector("#sound")
    page.goto("/activity?day=2026-03-01")
    page.click("#copy")
    page.wait_for_selector("#copied:not([hidden])")
    context.close()
