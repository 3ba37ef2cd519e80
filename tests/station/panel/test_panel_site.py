"""What the pages say and what a press does."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import requests
from panel_room import NOW, Browser, Room

from kiosk.contract.station import Thresholds
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import RuleState, judge, problems
from kiosk.station.journal.refused import RefusedEntry
from kiosk.station.link.progress import FetchProgress
from kiosk.station.panel.snapshot import Stopped
from kiosk.station.playout.events import StartPressed, StopPressed


def test_home_says_what_is_on_what_is_next_and_todays_table(base: str) -> None:
    page = Browser(base).text()
    for words in (
        "丰乐镇 第一村",
        "春耕技术（上）",
        "14:30–15:00",
        "按计划播放",
        "15:00 春耕技术（下）",
        "3月5日 周四",
    ):
        assert words in page
    for row in ("09:00–10:00 党史故事 已播", "10:00–11:00 法律常识 未播", "16:00–17:00 卫生与健康 待播"):
        assert row in page


def test_administrator_sees_what_is_on_its_way_and_what_the_town_did_not_take(
    administrator: Browser, base: str, room: Room
) -> None:
    assert "节目下载" not in administrator.text() and "未收下" not in administrator.text()
    room.snapshot = replace(
        room.snapshot,
        refused=(RefusedEntry(7, "play", "水稻<b>", int(NOW.timestamp() * 1000), "id: another record has the id p7"),),
        refused_count=12,
        fetching=FetchProgress(
            files=3, missing=90_000_000, title="防汛", size=40_000_000, have=10_000_000, bytes_per_s=250_000,
            ready=NOW + timedelta(minutes=6), opens=None,
        ),
    )  # fmt: skip
    page = administrator.text()
    assert "未收下的记录：12 条" in page and "第 7 条，14:40 水稻<b>：id: another record has the id p7" in page
    assert "水稻&lt;b&gt;" in administrator.get().text
    assert "尚缺节目文件 3 个，共 90.0 MB" in page and "正在下载《防汛》：40.0 MB 已完成 25%" in page
    assert "每秒 250 kB，约 3 分钟后完成" in page and "预计 14:46 全部到齐" in page
    assert '<progress max="100" value="25"' in administrator.get().text
    assert "防汛" not in Browser(base).text() and "p7" not in Browser(base).text(), "nor does anybody else see it"
    waits = FetchProgress(files=1, missing=1_000_000, opens=NOW + timedelta(hours=8))
    room.snapshot = replace(room.snapshot, fetching=waits)
    assert "22:40 继续下载" in administrator.text()
    too_large = FetchProgress(files=1, missing=9_000_000, lacking=7_000_001, lacking_title="防汛")
    room.snapshot = replace(room.snapshot, fetching=too_large)
    assert "硬盘放不下《防汛》，届时无法播放；还缺 8 MB" in administrator.text()


def test_both_languages_and_the_choice_is_kept(base: str) -> None:
    browser = Browser(base)
    assert "正在播放" in browser.text()
    assert browser.get("/language?to=en").status_code == 200
    page = browser.text()
    assert "On air" in page or "on air" in page
    assert "Thursday 5/3" in page
    assert "正在播放" not in page
    assert '<html lang="en">' in browser.get().text
    browser.get("/language?to=zh")
    assert "正在播放" in browser.text()


def test_the_stations_language_is_the_default(base: str, room: Room) -> None:
    room.snapshot = replace(room.snapshot, language="en")
    assert "Now on the screen" in Browser(base).text()


def test_stop_is_posted_once_with_its_reason_and_the_page_says_so(administrator: Browser, room: Room) -> None:
    answer = administrator.stop("meeting", until="start")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    (event,) = room.posted
    assert event == StopPressed(by="panel", reason="meeting", until_ms=None, press=event.press)  # type: ignore[union-attr]
    page = administrator.text()
    assert "已停播 开会，直到有人按“开始”" in page


def test_start_is_posted_once(administrator: Browser, room: Room) -> None:
    room.snapshot = replace(room.snapshot, stopped=Stopped("meeting", None), on_air=None)
    assert administrator.post("/start", administrator.fields("/", "/start")).status_code == 303
    (event,) = room.posted
    assert isinstance(event, StartPressed)
    assert "已停播" not in administrator.text()


def test_the_same_form_twice_has_the_same_press(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "repair"}
    answers = [administrator.post("/stop", fields).status_code for _ in range(3)]
    assert answers == [303, 303, 303]
    assert administrator.stop("repair").status_code == 303
    presses = [event.press for event in room.posted if isinstance(event, StopPressed)]
    assert len(presses) == 4 and len(set(presses)) == 2, "the main loop obeys each press once"


def test_two_people_press_at_once_and_each_press_counts_for_itself(base: str, room: Room) -> None:
    phones = [Browser(base), Browser(base)]
    fields = []
    for phone in phones:
        phone.log_in()
        fields.append(phone.fields("/stop", "/stop") | {"reason": "power"})
    for phone, sent in zip(phones, fields, strict=True):
        assert phone.post("/stop", sent).status_code == 303
    assert [type(event) for event in room.posted] == [StopPressed, StopPressed]
    assert room.snapshot.stopped is not None


def test_a_title_with_markup_is_text(base: str, room: Room) -> None:
    assert room.snapshot.on_air is not None
    room.snapshot = replace(room.snapshot, on_air=replace(room.snapshot.on_air, title='<img src=x onerror="1">'))
    assert "<img" not in Browser(base).get().text


def test_a_press_that_the_daemon_does_not_take_up_is_answered_within_its_time(
    administrator: Browser, room: Room
) -> None:
    room.deaf = True
    fields = administrator.fields("/stop", "/stop") | {"reason": "meeting"}
    began = time.monotonic()
    assert administrator.post("/stop", fields).status_code == 303
    assert 1.0 <= time.monotonic() - began < 11
    assert "春耕技术（上）" in administrator.text(), "the page shows what is, not what was wished"


def test_problems_and_waiting_records_are_for_those_logged_in(administrator: Browser, base: str, room: Room) -> None:
    assert "一切正常" in administrator.text()
    observed = Observation(facts={"disk.writable": False})
    state, _ = judge(RuleState(), observed, Thresholds(hysteresis_ms=0), (), NOW, True)
    room.snapshot = replace(room.snapshot, problems=problems(state))
    assert "硬盘写不进数据" in administrator.text()
    assert "还没有送到镇里的记录：3 条" in administrator.text()
    stranger = Browser(base).text()
    assert "硬盘" not in stranger
    assert "还没有送到镇里的记录" not in stranger


def test_an_urgent_notice_in_a_stopped_room_is_said_and_start_is_offered(administrator: Browser, room: Room) -> None:
    assert room.snapshot.on_air is not None
    room.snapshot = replace(
        room.snapshot, stopped=Stopped("meeting", None), on_air=replace(room.snapshot.on_air, origin="urgent")
    )
    page = administrator.text()
    assert "只播放紧急通知" in page
    assert "紧急通知" in page
    assert administrator.fields("/", "/start")


def test_an_empty_day_says_so(base: str, room: Room) -> None:
    room.snapshot = replace(room.snapshot, today=(), on_air=None, coming=None)
    page = Browser(base).text()
    assert "今天没有安排节目" in page
    assert "现在没有节目" in page


def test_what_is_about_to_begin_is_shown_until_it_is_there(base: str, room: Room) -> None:
    showing = room.snapshot.on_air
    room.snapshot = replace(room.snapshot, on_air=None, starting=showing)
    page = Browser(base).text()
    assert "即将播放 春耕技术（上） 14:30–15:00，按计划播放" in page and "现在没有节目" not in page
    assert '<main data-renew="1">' in Browser(base).get().text, "and looked for every second"
    room.snapshot = replace(room.snapshot, display="none")
    assert "即将播放" not in Browser(base).text(), "a PC that shows nothing is about to show nothing"


def test_while_the_clock_is_not_trusted_no_row_is_said_to_come(base: str, room: Room) -> None:
    room.snapshot = replace(room.snapshot, clock="untrusted", on_air=None, coming=None)
    page = Browser(base).text()
    assert "卫生与健康" not in page and "时钟还没有校准，校准前暂不按表播放。" in page


def test_without_script_only_a_page_without_form_is_loaded_anew(administrator: Browser, base: str) -> None:
    anew = '<noscript><meta http-equiv="refresh" content="60"></noscript>'
    assert anew in Browser(base).get().text
    for path in ("/", "/stop", "/login"):
        assert 'http-equiv="refresh"' not in administrator.get(path).text
    assert "这个浏览器不能自动刷新页面。 刷新" in administrator.text() and "更新时间：14:40:00" in administrator.text()
    assert 'http-equiv="refresh"' not in Browser(base).get("/login").text


def test_choice_of_a_language_leads_back_to_the_page(administrator: Browser) -> None:
    for path in ("/", "/login", "/stop"):
        assert f'href="/language?to=en&amp;at={path}"' in administrator.get(path).text
        answer = administrator.session.get(f"{administrator.base}/language?to=zh&at={path}", allow_redirects=False)
        assert answer.headers["location"] == path
    away = administrator.session.get(administrator.base + "/language?to=zh&at=//evil.example", allow_redirects=False)
    assert away.headers["location"] == "/"


def test_next_on_another_day_names_the_day(base: str, room: Room) -> None:
    assert room.snapshot.coming is not None
    room.snapshot = replace(room.snapshot, coming=replace(room.snapshot.coming, start=NOW + timedelta(days=2)))
    assert "3月7日 周六 14:40 春耕技术（下）" in Browser(base).text()


def test_every_answer_has_the_security_headers_and_no_page_has_a_script_in_it(administrator: Browser) -> None:
    for path in ("/", "/login", "/stop", "/panel.css", "/panel.js", "/nothing"):
        answer = administrator.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert "server" not in answer.headers
        assert re.sub(r'<script src="/panel.js\?\w+" defer></script>', "", answer.text).count("<script") == 0
        assert "style=" not in answer.text and not re.search(r" on\w+=", answer.text)
        assert "http://" not in answer.text, "no request leaves the machine"


def test_all_of_home_is_small(administrator: Browser) -> None:
    assert (
        len(administrator.get().content)
        + sum(len(administrator.get(path).content) for path in ("/panel.css", "/panel.js"))
        <= 60_000
    )


def test_an_unknown_page_is_404_and_a_wrong_method_405(base: str) -> None:
    assert Browser(base).get("/nothing").status_code == 404
    assert requests.get(base + "/start", timeout=20).status_code == 405


def test_the_panel_answers_without_a_state_folder_that_can_be_written(
    serve: Callable[[Path], str], tmp_path: Path
) -> None:
    page = Browser(serve(tmp_path / "gone")).text()
    assert "kiosk panel-pin" in page
