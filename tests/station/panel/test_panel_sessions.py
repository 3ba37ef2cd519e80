"""Sessions as an administrator holds them: Theme Party Day in three taps, another source, on demand, made up."""

from dataclasses import replace
from datetime import timedelta

import pytest
from browser import WAIT_MS, scrolls_sideways, serious_findings
from panel_room import NOW, PIN, Browser, Room
from playwright.sync_api import Browser as Chromium
from sessions_room import SEEN, SessionRoom, quiet

from kiosk.contract.instants import to_ms
from kiosk.contract.occasions import MAKE_UP, MEMBER, ON_DEMAND
from kiosk.station.panel.snapshot import Stopped
from kiosk.station.sessions.events import DemandPressed, PracticePressed, PresenceNoticed, SessionOver, SessionPressed

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def room() -> Room:
    return SessionRoom()


def hold(browser: Browser, kind: str = "theme-party-day", **more: str) -> int:
    fields = browser.fields(f"/sessions/{kind}", "/sessions/hold")
    return browser.post("/sessions/hold", fields | {"minutes": "120"} | more).status_code


def last(room: Room) -> object:
    return room.posted[-1]


def test_theme_party_day_is_three_taps_in_a_real_browser(chromium: Chromium, base: str, room: Room) -> None:
    context = chromium.new_context(base_url=base, viewport={"width": 390, "height": 844}, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto("/login")
    page.fill("#pin", PIN)
    page.keyboard.press("Enter")
    for tap in ("#to-sessions", "#theme-party-day", "text=15:00"):
        page.click(tap)
    page.wait_for_selector("#held")
    pressed = last(room)
    assert isinstance(pressed, SessionPressed) and pressed.kind == "theme-party-day"
    assert pressed.meeting_ms == to_ms(NOW.replace(hour=15, minute=0))
    assert pressed.end_ms and pressed.end_ms - pressed.meeting_ms == 7_200_000, "as long as the town wants"
    assert "最后一个在开会时正好播完" in page.inner_text("#held")
    for path in ("/sessions", "/programmes", "/make-up", "/"):
        page.goto(path)
        assert serious_findings(page) == [] and not scrolls_sideways(page), path
    context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_have_no_serious_finding_at_320_pixels(chromium: Chromium, base: str, room: Room, language: str) -> None:
    context = chromium.new_context(base_url=base, viewport={"width": 320, "height": 568})
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto("/login")
    page.fill("#pin", PIN)
    page.keyboard.press("Enter")
    page.wait_for_selector("#sound")
    page.goto(f"/language?to={language}")
    for path in ("/sessions", "/sessions/lecture", "/sessions/other-source", "/programmes", "/make-up"):
        page.goto(path)
        assert serious_findings(page) == [] and not scrolls_sideways(page), path
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert not scrolls_sideways(page), f"{path} in large type"
    context.close()


@pytest.mark.parametrize(
    ("fields", "meeting"),
    [
        ({"meeting": "clock", "clock": "19:20"}, NOW.replace(hour=19, minute=20)),
        ({"meeting": "clock", "clock": "9：05"}, NOW.replace(day=6, hour=9, minute=5)),
        ({"meeting": "now"}, None),
    ],
)
def test_meeting_begins_at_any_time_that_is_typed(
    administrator: Browser, room: Room, fields: dict[str, str], meeting: object
) -> None:
    assert hold(administrator, "lecture", programme="law", title="土地承包", **fields) == 303
    pressed = last(room)
    assert isinstance(pressed, SessionPressed)
    assert pressed.meeting_ms == (None if meeting is None else to_ms(meeting))  # type: ignore[arg-type]
    assert (pressed.kind, pressed.programmes, pressed.title) == ("lecture", ("law",), "土地承包")


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"meeting": "clock", "clock": "25:00"}, 422, "时间写得不对"),
        ({"meeting": str(to_ms(NOW - timedelta(hours=9)))}, 422, "这个时间已过"),  # the page was open overnight
        ({"meeting": "soon"}, 400, ""),
        ({"meeting": "now", "kind": "wedding"}, 400, ""),
        ({"meeting": "now", "minutes": "-5"}, 400, ""),
    ],
)
def test_form_that_cannot_be_obeyed_begins_nothing(
    administrator: Browser, room: Room, fields: dict[str, str], status: int, says: str
) -> None:
    sent = administrator.fields("/sessions/theme-party-day", "/sessions/hold")
    answer = administrator.post("/sessions/hold", sent | {"minutes": "120", "title": SCRIPT} | fields)
    assert answer.status_code == status
    assert says in answer.text and SCRIPT not in answer.text
    assert room.posted == []


def test_same_press_twice_is_the_same_press_and_a_second_session_waits_for_another_time(
    administrator: Browser, room: Room
) -> None:
    fields = administrator.fields("/sessions/theme-party-day", "/sessions/hold") | {"minutes": "60", "meeting": "now"}
    for _ in range(2):
        assert administrator.post("/sessions/hold", fields).status_code == 303
    first, second = room.posted
    assert isinstance(first, SessionPressed) and isinstance(second, SessionPressed) and first.press == second.press
    fields = administrator.fields("/sessions/lecture", "/sessions/hold") | {"minutes": "60", "clock": "09:30"}
    assert administrator.post("/sessions/hold", fields | {"meeting": "now"}).status_code == 422, "that one has the room"
    for day in (f"{NOW - timedelta(days=1):%Y-%m-%d}", f"{NOW + timedelta(days=99):%Y-%m-%d}", "30 Feb"):
        assert administrator.post("/sessions/hold", fields | {"meeting": "clock", "day": day}).status_code == 422
    month_ahead = (NOW + timedelta(days=31)).replace(hour=9, minute=30, second=0, microsecond=0)
    more = {"meeting": "clock", "day": f"{month_ahead:%Y-%m-%d}"}
    assert administrator.post("/sessions/hold", fields | more).status_code == 303
    wanted = last(room)
    assert isinstance(wanted, SessionPressed) and wanted.meeting_ms == to_ms(month_ahead)


def test_stopped_room_and_one_without_a_clock_say_why_they_hold_none(administrator: Browser, room: Room) -> None:
    room.snapshot = replace(quiet(room.snapshot), stopped=Stopped("meeting", None))
    assert 'action="/sessions/hold"' not in administrator.get("/sessions/theme-party-day").text
    room.snapshot = replace(quiet(room.snapshot), stopped=None, clock="untrusted")
    assert "请先校时" in administrator.text("/sessions/theme-party-day")
    assert "请先校时" in administrator.text("/sessions/other-source")


def test_screen_is_lent_and_its_minutes_are_typed_in(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/sessions/other-source", "/sessions/lend")
    assert administrator.post("/sessions/lend", fields | {"source": "set-top-box", "until": "60"}).status_code == 303
    pressed = last(room)
    assert isinstance(pressed, SessionPressed)
    assert (pressed.kind, pressed.title, pressed.meeting_ms) == ("other-source", "机顶盒", None)
    assert pressed.end_ms == to_ms(NOW + timedelta(hours=1))
    assert "屏幕改放其他信号源，到 15:40 为止" in administrator.text()
    over = administrator.fields("/sessions", "/sessions/over")
    for typed in ("forty", "9999", "-1"):
        assert administrator.post("/sessions/over", over | {"minutes": typed}).status_code == 422
    assert last(room) == pressed
    administrator.post("/sessions/over", over | {"minutes": " 45 "})
    told = last(room)
    assert isinstance(told, SessionOver) and (told.session, told.other_source_ms) == ("s1", 2_700_000)


def test_minutes_that_nobody_told_are_asked_for_later(administrator: Browser, room: Room) -> None:
    untold = (("s7", NOW - timedelta(hours=5), NOW - timedelta(hours=4)),)
    room.snapshot = quiet(room.snapshot, replace(SEEN, untold=untold))
    assert "09:40–10:40" in administrator.text("/sessions")
    fields = administrator.fields("/sessions", "/sessions/over")
    administrator.post("/sessions/over", fields | {"minutes": "50"})
    told = last(room)
    assert isinstance(told, SessionOver) and (told.session, told.other_source_ms) == ("s7", 3_000_000)


def test_programme_on_demand_says_when_the_table_goes_first(administrator: Browser, room: Room) -> None:
    assert "马上播放" in administrator.text("/programmes")
    room.snapshot = quiet(room.snapshot, replace(SEEN, free_from=NOW + timedelta(minutes=20)))
    assert "15:00 前按节目表播放" in administrator.text("/programmes")
    fields = administrator.fields("/programmes", "/demand")
    assert administrator.post("/demand", fields | {"programme": "gone"}).status_code == 422
    administrator.post("/demand", fields | {"programme": "rice"})
    assert last(room) == DemandPressed("panel", ON_DEMAND, ("rice",), (), fields["press"])
    assert "15:40 起节目表优先" in administrator.text("/sessions")


def test_what_was_missed_is_made_up_and_for_a_member_who_was_away(administrator: Browser, room: Room) -> None:
    said = administrator.text("/make-up")
    assert "停播：开会" in said and "电脑关机或系统未运行" in said and "王建国" in said
    fields = administrator.fields("/make-up", "/demand")
    administrator.post("/demand", fields | {"programme": "all"})
    assert last(room) == DemandPressed("panel", MAKE_UP, ("rice", "law"), (), fields["press"])
    room.snapshot = quiet(room.snapshot)
    sent = fields | {"occasion": "member", "programme": "law"}
    assert administrator.post("/demand", sent).status_code == 422, "nobody was chosen"
    assert administrator.post("/demand", sent | {"member-stranger": "1"}).status_code == 422
    administrator.post("/demand", sent | {"member-li": "1"})
    assert last(room) == DemandPressed("panel", MEMBER, ("law",), ("li",), fields["press"])


def test_practice_is_said_on_every_page_of_it(administrator: Browser, room: Room) -> None:
    administrator.post("/practice", administrator.fields("/sessions", "/practice") | {"on": "1"})
    pressed = last(room)
    assert isinstance(pressed, PracticePressed) and pressed.on
    for path in ("/", "/sessions"):
        assert "练习到 15:40 为止" in administrator.text(path)
    administrator.post("/practice", administrator.fields("/sessions", "/practice") | {"on": "0"})
    assert "练习到" not in administrator.text()


def test_somebody_who_is_here_is_one_press_on_home_where_the_town_allows_it(administrator: Browser, room: Room) -> None:
    administrator.post("/presence", administrator.fields("/", "/presence"))
    assert isinstance(last(room), PresenceNoticed)
    said = administrator.text()
    assert "有人来看" not in said and "15:10 前会继续播放推荐节目" in said
    for seen, sentence in (
        (replace(SEEN, policy="never"), "节目表以外不播放推荐节目"),
        (replace(SEEN, policy="opening-hours"), "开放时间内自动播放推荐节目"),
        (replace(SEEN, owed=0), "活动与点播"),
    ):
        room.snapshot = quiet(room.snapshot, seen)
        said = administrator.text()
        assert "有人来看" not in said and sentence in said


def test_strangers_hold_nothing(base: str, room: Room) -> None:
    stranger = Browser(base)
    for path in ("/sessions", "/sessions/lecture", "/programmes", "/make-up"):
        assert stranger.session.get(base + path, allow_redirects=False, timeout=20).headers["location"] == "/login"
    for path in ("/sessions/hold", "/sessions/lend", "/sessions/over", "/demand", "/practice", "/presence"):
        assert stranger.post(path, {"press": "x", "on": "1"}).status_code == 403
    assert room.posted == [] and "活动与点播" not in stranger.text()
    assert stranger.get("/sessions/wedding").status_code == 404
