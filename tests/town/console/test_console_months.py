"""The month in the console: a workbook is dropped, mended, its titles confirmed, and published under a passphrase."""

import io
import re
from datetime import timedelta
from urllib.parse import urlencode

import openpyxl
import pytest
from browser import scrolls_sideways, serious_findings
from playwright.sync_api import Browser
from town.console.conftest import Visitor, settled
from town.months.month_sheets import monday, plan, said, workbook
from town.published import TERMS, accepted, tick

from kiosk.town.console import signers
from kiosk.town.months import library
from kiosk.town.programmes import library as programmes
from kiosk.town.publishing.publish import publish
from kiosk.town.signing import keys
from kiosk.town.stations import registry

SECRET = "一路春风到丰乐镇的稻田"
GOOD = (0, "9:00", "《水稻》", "农技", "", "", "")
BAD = ("3月三十三日", "9:00", "《开场》", "党建", "", "", "")
SCRIPT = "<script>alert(1)</script>\"'><img src=x>"


@pytest.fixture
def town(office, source):
    """A town with rooms in two groups and the programmes ``opening`` and ``rice``."""
    registry.add_station(office, "chen", "all", "陈家村", None, by="test")
    registry.add_station(office, "lin", "north", "林家湾", None, by="test")
    days = {"first_day": monday().isoformat(), "last_day": monday().isoformat()}
    publish(office, source(**days, slots=[], recommended=[], month_plans=[]), TERMS, tick)
    return office


def drop(browser: Visitor, data: bytes, path: str = "/months", name: str = "计划.xlsx", **fields: object) -> str:
    """Upload a workbook; the page that follows."""
    form = {"token": browser.token} | fields
    answer = browser.post(
        browser.url + path, data=form, files={"sheet": (name, data)}, allow_redirects=False, timeout=30
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def revision(page: str) -> str:
    return re.search(r'name="revision" value="(\d+)"', page)[1]


def mend(browser: Visitor, month: str, row: int, column: int, text: str, at: str = "", sheet: str = "计划"):
    cell = {"sheet": sheet, "row": row, "column": column, "before": "x", "text": text}
    return browser.submit(f"{month}/mend", revision=at or revision(browser.look(month).text), **cell)


def confirmed(browser: Visitor, month: str) -> None:
    """Confirm what is chosen beforehand on the page of the titles."""
    page = browser.look(f"{month}/titles").text
    titles = re.findall(r'name="title" value="([^"]*)"', page)
    chosen = re.findall(r'<option value="([^"]*)" selected>', page)
    blank = [""] * len(titles)
    browser.submit(f"{month}/titles", title=titles, held=blank, choice=chosen, other=blank)


def sign(browser: Visitor, month: str, *groups: str, **fields: object):
    hidden = browser.hidden(f"{month}/publish")
    asked = urlencode({"from": hidden["from"], "to": hidden["to"], "group": list(groups)}, doseq=True)
    hidden = browser.hidden(f"{month}/publish?{asked}", f"{month}/publish") | {"group": list(groups)}
    return browser.submit(f"{month}/publish", **hidden | fields)


def test_workbook_is_shown_as_a_table_with_what_needs_a_person_in_colour(officer, town):
    month = drop(officer, workbook(BAD, title="2026年3月计划"))
    page = officer.look(month).text
    assert '<td class="bad">3月三十三日</td>' in page
    assert "没有这一天" in page and 'value="3月三十三日"' in page
    assert mend(officer, month, 2, 0, "3月3日").status_code == 303
    page = officer.look(month).text
    assert 'class="bad"' not in page and "修改已保存" in page
    assert "每个单元格都看懂了" in page


def test_marked_workbook_goes_back_and_a_mended_one_takes_its_place(officer, town):
    month = drop(officer, workbook(BAD, title="2026年3月计划"))
    answer = officer.look(f"{month}/marked")
    assert "attachment" in answer.headers["content-disposition"]
    assert openpyxl.load_workbook(io.BytesIO(answer.content))["计划"]["A3"].comment is not None
    new = workbook(("3月3日", *BAD[1:]), title="2026年3月计划")
    drop(officer, new, f"{month}/sheet", revision=revision(officer.look(month).text))
    assert "每个单元格都看懂了" in officer.look(month).text
    draft = openpyxl.load_workbook(io.BytesIO(officer.look(f"{month}/draft").content)).worksheets[0]
    assert "2026年4月" in draft["A1"].value


def test_two_officers_see_each_other_and_the_second_decides(officer, visitor, town, office):
    month = drop(officer, workbook(BAD, title="2026年3月计划"))
    settled(office, "王强", "officer")
    other = visitor()
    other.log_in("王强")
    seen = revision(other.look(month).text)
    assert mend(officer, month, 2, 0, "3月3日", seen).status_code == 303
    answer = mend(other, month, 2, 0, "3月4日", seen)
    assert answer.status_code == 409
    assert "李萍 刚刚改过" in answer.text and "3月3日" in answer.text
    sheet = {"sheet": ("b.xlsx", workbook(BAD))}
    form = {"token": other.token, "revision": seen}
    assert other.post(f"{other.url}{month}/sheet", data=form, files=sheet, timeout=20).status_code == 409


def test_month_is_published_once_the_passphrase_is_typed_and_the_session_signs_on(officer, town):
    month = drop(officer, plan(GOOD, (1, "10:00", "《开场》", "党建", "", "", "")))
    assert "签名并发布" not in officer.look(f"{month}/publish").text, "no title is confirmed yet"
    confirmed(officer, month)
    page = officer.look(f"{month}/publish").text
    assert "发布密钥还没有口令" in page and "不知道：从未联系过" in page
    assert sign(officer, month, "all", "north", passphrase=SECRET, again="other").status_code == 422
    assert not keys.is_locked(town.keys_folder)
    assert sign(officer, month, "all", "north", passphrase=SECRET, again=SECRET).status_code == 303
    for group in ("all", "north"):
        assert [slot.programmes for slot in accepted(town, group).slots] == [("rice",), ("opening",)]
    before = accepted(town).version
    old = officer.hidden(f"{month}/publish") | {"group": ["all", "north"]}
    assert sign(officer, month, "all").status_code == 303, "asked for once a session"
    assert (now := accepted(town).version) > before
    assert "李萍 刚刚改过" in officer.submit(f"{month}/publish", **old).text, "pressed twice"
    old["revision"] = officer.hidden(f"{month}/publish")["revision"]
    assert "别的内容发布" in officer.submit(f"{month}/publish", **old).text, "it was seen beside another week"
    assert accepted(town).version == now
    assert "已发布" in officer.look("/months").text
    for path in town.folder.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), f"the passphrase stands in {path}"


def test_key_is_closed_with_the_session_and_a_wrong_passphrase_publishes_nothing(officer, visitor, town, monkeypatch):
    month = drop(officer, plan(GOOD))
    confirmed(officer, month)
    sign(officer, month, "all", passphrase=SECRET, again=SECRET)
    version = accepted(town).version
    officer.submit("/logout")
    officer.log_in()
    monkeypatch.setattr(signers, "TRIES", 2)
    assert sign(officer, month, "all").status_code == 422
    assert "口令不对" in sign(officer, month, "all", passphrase="wrong wrong wrong").text
    sign(officer, month, "all", passphrase="wrong wrong wrong")
    for _ in range(2):
        assert "秒后再试" in sign(officer, month, "all", passphrase=SECRET).text
        officer.submit("/logout")
        officer.log_in()  # a new session gives no new guesses
    assert accepted(town).version == version


def test_missing_programme_is_uploaded_where_it_is_missed_and_is_what_the_title_means(officer, office):
    titles = f"{drop(officer, plan(GOOD, (1, '10:00', '《开场》', '党建', '', '', '')))}/titles"
    hidden = officer.hidden(titles, "/programmes")
    assert hidden == {"title": "水稻", "back": titles}, "without a script too"
    form = {"token": officer.token} | hidden
    sent = {"files": {"file": ("高清 01.mp4", b"no film yet " * 9)}, "allow_redirects": False, "timeout": 20}
    answer = officer.post(f"{officer.url}/programmes", data=form, **sent)
    assert answer.headers["location"] == titles
    answer = officer.post(f"{officer.url}/programmes", data=form | {"back": "//evil.example"}, **sent)
    assert answer.headers["location"] == "/"
    page = officer.look(titles).text
    assert "已传完" in page and "等待" in page and officer.hidden(titles, "/programmes")["title"] == "开场"
    with office.store.write() as connection:
        one = programmes.get(connection, library.known(connection)["水稻"])
        programmes.put(connection, one.id, state="refused")
    assert (one.title, one.upload_name) == ("水稻", "高清 01.mp4")
    assert officer.hidden(titles, "/programmes")["title"] == "水稻", "what was not taken is asked for again"
    with office.store.write() as connection:
        programmes.put(connection, one.id, state="ready", sha256="0" * 64, size=1, duration_ms=1)
    assert "已确认" in officer.look(titles).text
    officer.post(f"{officer.url}/programmes", data=form, **sent)
    assert held(office) == one.id, "it has one by now"
    piece = officer.submit("/programmes/uploads", name="b.mp4", size=3, mark="1").json()["id"]
    path = f"{officer.url}/programmes/uploads/{piece}?offset=0&title=%E5%BC%80%E5%9C%BA"
    answer = officer.put(path, data=b"abc", headers={"X-Kiosk-Token": officer.token}, timeout=20)
    with office.store.read() as connection:
        assert library.known(connection)["开场"] == answer.json()["programme"]


def test_title_that_somebody_else_has_settled_meanwhile_stays_and_a_wrong_one_is_freed(officer, town):
    month = drop(officer, plan(GOOD))
    form = {"title": "水稻", "held": "", "choice": "rice", "other": ""}
    library.confirm(town, {"水稻": "opening"}, "王强")
    assert "别人给《水稻》选了另一个节目" in officer.submit(f"{month}/titles", **form).text
    assert held(town) == "opening"
    assert officer.submit(f"{month}/titles", **form | {"held": "opening", "choice": ""}).status_code == 303
    assert held(town) == ""
    assert officer.submit(f"{month}/titles", **form).status_code == 303
    assert held(town) == "rice"


def held(town):
    with town.store.read() as connection:
        return library.known(connection).get("水稻", "")


def test_what_was_published_from_a_folder_is_in_the_list_of_programmes(officer, town):
    page = officer.look("/programmes").text
    assert "从服务器文件夹发布的节目" in page and "水稻" in page and "开场" in page and "全部 (2)" in page
    assert "水稻" not in officer.look("/programmes?q=开场").text
    assert "还没有节目" not in page


def test_what_goes_wrong_is_said_in_the_readers_language(officer, town):
    month = drop(officer, plan(GOOD))
    confirmed(officer, month)
    days = officer.hidden(f"{month}/publish")
    asked = urlencode({"from": days["from"], "to": days["to"], "group": "nowhere"})
    assert "没有播放组 nowhere" in officer.look(f"{month}/publish?{asked}").text
    town.public.group_path("all").write_bytes(b"{}")
    page = officer.look(f"{month}/publish").text
    assert "读不出来" in page and "not signed metadata" not in page
    for path in town.keys_folder.glob("targets-*.pem"):
        path.write_bytes(b"rubbish")
    assert "读不出私钥" in officer.submit("/keys", new=SECRET, again=SECRET).text


def test_viewer_looks_and_changes_nothing(officer, visitor, town, office):
    month = drop(officer, plan(GOOD))
    settled(office, "看客", "viewer")
    viewer = visitor()
    viewer.log_in("看客")
    for path in ("", "/titles", "/publish", "/marked"):
        assert viewer.look(month + path).status_code == 200
    for path in ("/mend", "/titles", "/publish", "/columns", "/month", "/sheet"):
        assert viewer.submit(month + path, revision=1).status_code == 403, path
    for path in ("/months", "/notices", "/withdraw", "/keys"):
        assert viewer.submit(path).status_code == 403, path


def test_script_in_every_cell_and_name_is_shown_as_text(officer, town):
    header = ("日期", "时间", "节目名称", "类别", "时长", "对象", SCRIPT)
    rows = [
        (SCRIPT, SCRIPT, f"《{SCRIPT}》", SCRIPT, SCRIPT, SCRIPT, SCRIPT),
        (said(monday()), "9:00", f"《{SCRIPT}》", SCRIPT, "", SCRIPT, SCRIPT),
    ]
    month = drop(
        officer, workbook(*rows, title=f"2026年3月{SCRIPT}", header=header, sheet="a<b>'&"), name=f"{SCRIPT}.xlsx"
    )
    for path in ("/months", month, f"{month}/titles", f"{month}/publish", f"{month}/row?sheet=a%3Cb%3E%27%26&row=3"):
        answer = officer.look(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text and "<img src=x>" not in answer.text, path
        assert "&lt;img src=x&gt;" in answer.text, path


def test_what_is_no_workbook_and_what_is_too_large_get_a_sentence(officer, town):
    assert "PDF" in officer.look(drop(officer, b"%PDF-1.7", name="计划.pdf")).text
    assert officer.post(f"{officer.url}/months", data={"token": officer.token}, timeout=20).status_code == 422
    assert officer.look("/months/nothing").status_code == 404
    assert officer.look("/months/nothing/publish").status_code == 404


def test_urgent_notice_and_withdrawal_are_signed_by_the_open_key(officer, town):
    until = (monday() + timedelta(days=1)).isoformat() + "T18:00"
    order = officer.hidden("/notices") | {"text": "开场", "where": "all", "until": until}
    assert officer.submit("/notices", **order | {"text": " "}, passphrase=SECRET, again=SECRET).status_code == 422
    assert officer.submit("/notices", **order | {"where": "some"}, passphrase=SECRET, again=SECRET).status_code == 422
    answer = officer.submit("/notices", **order, passphrase=SECRET, again=SECRET)
    assert answer.status_code == 303, answer.text
    page = officer.look("/notices").text
    ident = re.search(r'name="notice" value="([^"]+)"', page)[1]
    assert "《开场》" in page and "全部站点" in page
    assert officer.submit("/notices", **order).status_code == 303, "sent twice, it is one notice"
    assert officer.look("/notices").text.count("《开场》") == 1
    late = order | {"notice": "notice-" + "0" * 16, "text": "另一条"}
    assert "已有改动" in officer.submit("/notices", **late).text, "of a page from before the first one"
    assert officer.submit("/withdraw", title="水稻").status_code == 303
    assert "rice" not in {one.id for one in accepted(town).programmes}
    assert "此前已经撤回" in officer.submit("/withdraw", title="水稻").text
    assert officer.submit("/notices/end", notice=ident).status_code == 303
    assert "没有。" in officer.look("/notices").text


def test_root_keys_on_the_server_are_warned_of_and_the_passphrase_is_changed(officer, town):
    assert "3 个根密钥" in officer.look("/").text and "root-1.pem" in officer.look("/keys").text
    assert officer.submit("/keys", new=SECRET, again=SECRET).status_code == 303
    assert officer.submit("/keys", old="wrong wrong", new=SECRET + "2", again=SECRET + "2").status_code == 422
    assert officer.submit("/keys", old=SECRET, new=SECRET + "2", again=SECRET + "2").status_code == 303
    assert town.signer.opened(SECRET + "2")
    for path in town.keys_folder.glob("root-*.pem"):
        path.unlink()
    assert "根密钥" not in officer.look("/").text


def test_pages_of_the_month_pass_axe_and_fit_a_telephone(officer, town, chromium: Browser):
    month = drop(officer, workbook(BAD, *([said(monday()), *GOOD[1:]] for _ in range(2)), title="2026年3月计划"))
    sessions = [{"name": c.name, "value": c.value, "url": officer.url} for c in officer.cookies]
    with chromium.new_context(base_url=officer.url, viewport={"width": 320, "height": 600}) as context:
        context.add_cookies(sessions)
        page = context.new_page()
        row = f"{month}/row?sheet=%E8%AE%A1%E5%88%92&row=2"
        for path in ("/months", month, row, f"{month}/titles", f"{month}/publish", "/notices", "/withdraw", "/keys"):
            page.goto(path)
            assert serious_findings(page) == [], path
            assert not scrolls_sideways(page), path
        page.goto("/months")
        page.eval_on_selector("#sheet", "input => { input.dataset.most = 1 / 1024 / 1024; }")  # one byte
        page.set_input_files("#sheet", {"name": "a.xlsx", "mimeType": "", "buffer": b"00"})
        assert "最大 20 MB" in page.eval_on_selector("#sheet", "input => input.validationMessage")
