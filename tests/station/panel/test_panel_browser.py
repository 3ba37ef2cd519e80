"""The pages in a real browser: renewed in place, by keyboard alone, on a narrow screen, in large type, through axe."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from browser import WAIT_MS, scrolls_sideways, serious_findings
from panel_room import DOCUMENT, NOW, PIN, SEEN, SIX, Room
from playwright.sync_api import Browser, Page

from kiosk.common.planned import Why
from kiosk.contract.station import Thresholds
from kiosk.station.display.marks import Mark
from kiosk.station.health.examination import examine
from kiosk.station.health.maintenance import Work
from kiosk.station.health.observation import Observation
from kiosk.station.health.reported import HandReport
from kiosk.station.health.rules import RuleState, judge, problems
from kiosk.station.journal.refused import RefusedEntry
from kiosk.station.link.progress import FetchProgress
from kiosk.station.panel import pin
from kiosk.station.panel.desk import Desk
from kiosk.station.panel.snapshot import Snapshot, Sound, Stopped
from kiosk.station.playout.events import StopPressed

RENEW_S = 0.2
TWO_RENEWALS_MS = 600
FOCUSED = "document.activeElement.id"


@pytest.fixture
def visit(chromium: Browser, base: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Page]]:
    """Opens the panel as a visitor of its own."""
    monkeypatch.setattr(Desk, "renew_s", RENEW_S)
    pages = []

    def opened(path: str = "/", logged_in: bool = True, width: int = 390, height: int = 844, **more: object) -> Page:
        window = {"width": width, "height": height}
        context = chromium.new_context(base_url=base, viewport=window, locale="zh-CN", **more)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
        pages.append(page)
        if logged_in:
            page.goto("/login")
            page.fill("#pin", PIN)
            page.keyboard.press("Enter")
            page.wait_for_selector("#sound")
        page.goto(path)
        return page

    yield opened
    for page in pages:
        page.context.close()


def now_on(title: str, room: Room) -> None:
    assert room.snapshot.on_air is not None
    room.snapshot = replace(room.snapshot, on_air=replace(room.snapshot.on_air, title=title))


def says(page: Page, words: str) -> None:
    page.wait_for_function("words => document.querySelector('main').innerText.includes(words)", arg=words)


def full(snapshot: Snapshot) -> Snapshot:
    """A room of which all is told that can be told."""
    state, _ = judge(
        RuleState(), Observation(facts={"disk.writable": False}), Thresholds(hysteresis_ms=0), (), NOW, True
    )
    report = HandReport(
        fault="reported.1", device="音箱", text="没有声音" * 20, by="panel", found_ms=0, picture="0" * 64
    )
    return replace(
        snapshot,
        reports=(report,),
        problems=problems(state),
        refused=(RefusedEntry(7, "play", "水稻病虫害绿色防治" * 4, int(NOW.timestamp() * 1000), "id: another"),),
        refused_count=12,
        fetching=FetchProgress(
            files=3, missing=90_000_000, title="防汛", size=40_000_000, have=10_000_000, bytes_per_s=250_000,
            ready=NOW + timedelta(minutes=6), opens=NOW + timedelta(hours=8),
        ),
        sound=Sound(40, True, True, urgent=90),
    )  # fmt: skip


def quiet(snapshot: Snapshot) -> Snapshot:
    """A stopped room."""
    rows = tuple(replace(row, mark=Mark("not-shown", (Why("stopped"),))) for row in snapshot.today)
    return replace(snapshot, stopped=Stopped("meeting", SIX), on_air=None, today=rows)


def all_pages(page: Page, room: Room, state: Path, language: str) -> Iterator[str]:
    """Shows each page in each of its states, and names it; ``page`` is logged in, and in the end there is no PIN."""
    usual = room.snapshot
    states = {
        "usual": usual,
        "full": replace(full(usual), work=Work(NOW + timedelta(hours=4))),
        "stopped": quiet(usual),
        "empty": replace(usual, today=()),
    }
    states["starting"] = replace(usual, on_air=None, starting=usual.on_air)
    for name, snapshot in states.items():
        room.snapshot = snapshot
        page.goto(f"/language?to={language}")
        yield f"home, {name}"
    room.snapshot = usual
    for path in ("/stop", "/doctor", "/no-picture", "/report", "/nothing"):
        page.goto(path)
        yield path
    examination, room.examination = room.examination, None
    page.goto("/doctor")
    yield "/doctor before the first look"
    room.examination = examination
    page.goto("/no-picture")
    page.check("input[value=no-signal]")
    page.click("#questions button.press")
    page.wait_for_selector("#verdict")
    yield "/no-picture, the verdict"
    page.goto("/report")
    page.click("button.stop")
    page.wait_for_selector("#wrong")
    yield "/report, asking for words"
    page.goto("/stop")
    page.press("#words", "Enter")
    page.wait_for_selector("#no-words")
    yield "/stop, asking for words"
    page.goto("/")
    page.click("#logout button")
    page.wait_for_selector("#login")
    yield "home of a stranger"
    page.goto("/login")
    page.fill("#pin", "000000")
    page.press("#pin", "Enter")
    page.wait_for_selector("[role=alert]:not([hidden])")
    yield "/login, a wrong PIN"
    (state / pin.FILE).unlink()
    for path in ("/", "/login"):
        page.goto(path)
        yield f"{path} without a PIN"
    room.snapshot = None  # type: ignore[assignment]
    page.goto("/")
    yield "a page that is broken"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_has_a_serious_finding_or_scrolls_sideways(
    visit: Callable[..., Page], room: Room, state: Path, language: str
) -> None:
    """At 320 pixels; at 683, which is a PC's 1366 at 200 %; and with type of 200 %."""
    page = visit()
    seen, findings, wide = [], {}, []
    for name in all_pages(page, room, state, language):
        seen.append(name)
        if found := serious_findings(page):
            findings[name] = found
        for width, type_percent in ((320, 100), (683, 100), (390, 200), (683, 200)):
            page.set_viewport_size({"width": width, "height": 844})
            page.evaluate(f"document.documentElement.style.fontSize = '{type_percent}%'")
            if scrolls_sideways(page):
                wide.append((name, width, type_percent))
    assert (len(seen), findings, wide) == (19, {}, [])


def test_a_serious_finding_is_found(visit: Callable[..., Page]) -> None:
    page = visit("/login", logged_in=False)
    page.evaluate("document.querySelector('label').remove()")
    assert [line.partition(":")[0] for line in serious_findings(page)] == ["label"]


def test_renewal_keeps_focus_and_scroll(visit: Callable[..., Page], room: Room) -> None:
    page = visit()
    page.focus("#louder")
    page.evaluate("scrollTo(0, 300); window.button = document.activeElement")
    before = page.evaluate("scrollY")
    room.snapshot = full(room.snapshot)
    now_on("防汛知识", room)
    says(page, "防汛知识")
    says(page, "尚缺节目文件 3 个")
    assert page.evaluate("document.activeElement === window.button && window.button.id === 'louder'")
    assert abs(page.evaluate("scrollY") - before) <= 40, "what stands above may have grown by a line"
    page.keyboard.press("Enter")
    page.wait_for_url("**/#louder")
    says(page, "音量 50")


def test_focus_goes_to_what_takes_the_place(visit: Callable[..., Page], room: Room) -> None:
    page = visit()
    page.focus("#mute")
    room.snapshot = replace(room.snapshot, sound=Sound(80, True, True))
    page.wait_for_selector("#sound-on")
    assert page.evaluate("document.activeElement.closest('section').id") == "sound"
    page.focus("#stop summary")
    room.snapshot = quiet(room.snapshot)
    page.wait_for_selector("#start")
    assert page.evaluate("document.activeElement.closest('form').id") == "start"


def test_what_a_finger_presses_does_not_change_under_it(visit: Callable[..., Page], room: Room) -> None:
    page = visit()
    page.hover("#stop summary")
    page.mouse.down()
    room.snapshot = quiet(room.snapshot)
    page.wait_for_timeout(TWO_RENEWALS_MS)
    page.mouse.up()
    page.wait_for_selector("#stop[open]")
    assert room.posted == []


def test_text_half_typed_stays(visit: Callable[..., Page], room: Room) -> None:
    page = visit("/stop")
    page.check("input[value=start]")
    page.type("#words", "选举")
    now_on("another", room)
    page.wait_for_timeout(TWO_RENEWALS_MS)
    assert page.input_value("#words") == "选举" and page.is_checked("input[value=start]")
    assert page.evaluate(FOCUSED) == "words"


def test_page_that_cannot_be_renewed_says_so_until_it_can(visit: Callable[..., Page], room: Room) -> None:
    page = visit()
    assert page.is_hidden("#silent")
    page.context.set_offline(True)
    page.wait_for_selector("#silent:not([hidden])")
    assert "页面没能刷新" in page.inner_text("#silent")
    now_on("防汛知识", room)
    page.context.set_offline(False)
    says(page, "防汛知识")
    assert page.is_hidden("#silent")


def test_one_tap_of_the_reason_stops_from_the_first_page(visit: Callable[..., Page], room: Room) -> None:
    page = visit()
    assert "到明天早上 06:00" in page.inner_text("#stop summary")
    page.click("#stop summary")
    page.wait_for_timeout(TWO_RENEWALS_MS)
    page.click("button[value=thunderstorm]")
    says(page, "雷雨天气，到 3月6日 周五 06:00 为止")
    [event] = room.posted
    assert event == StopPressed("panel", "thunderstorm", int(SIX.timestamp() * 1000), event.press)  # type: ignore[union-attr]


def test_a_choice_that_is_no_longer_offered_does_not_become_another(visit: Callable[..., Page], room: Room) -> None:
    room.snapshot = replace(room.snapshot, now=NOW.replace(hour=13, minute=59))
    page = visit()
    page.click("#stop summary")
    page.check(f"input[value='{int(NOW.replace(hour=14, minute=0).timestamp() * 1000)}']")
    room.snapshot = replace(room.snapshot, now=NOW)
    page.wait_for_function("() => document.querySelectorAll('input[name=until]').length === 3")
    page.click("button[value=meeting]")
    page.wait_for_selector("[role=alert]:not([hidden])")
    assert room.posted == []


def test_by_keyboard_alone_from_the_pin_to_stop_in_ones_own_words(visit: Callable[..., Page], room: Room) -> None:
    page = visit(logged_in=False, width=1366, height=768)

    def tab_to(selector: str) -> None:
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("one => document.activeElement.matches(one)", selector):
                assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 3
                return
        pytest.fail(f"the Tab key does not reach {selector}")

    tab_to("#login")
    page.keyboard.press("Enter")
    page.wait_for_selector("#pin:focus")
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    page.wait_for_selector("#sound")
    tab_to("#stop summary")
    page.keyboard.press("Enter")
    tab_to("input[name=until]:checked")
    page.keyboard.press("ArrowDown")
    tab_to("#words")
    page.keyboard.press("Enter")
    page.wait_for_selector("#no-words")
    assert page.evaluate(FOCUSED) == "words", "where it is asked for"
    assert page.is_checked("input[value=hour]"), "what was chosen stays chosen"
    page.keyboard.type("选举")
    page.keyboard.press("Enter")
    says(page, "已停播")
    [event] = room.posted
    hour = int((NOW + timedelta(hours=1)).timestamp() * 1000)
    assert event == StopPressed("panel", "选举", hour, event.press)  # type: ignore[union-attr]


def test_doctor_is_found_by_keyboard_and_renewed_in_place(visit: Callable[..., Page], room: Room) -> None:
    page = visit()
    page.focus("#to-doctor")
    page.keyboard.press("Enter")
    page.wait_for_selector("#doctor")
    assert page.inner_text("#check-2 h2") == "2. 屏幕 电视机：不正常"
    assert page.get_attribute("#check-2", "class") == "wrong"
    page.focus(".back")
    well = {"screen.connectors": "HDMI-A-1=connected"}
    seen = msgspec.structs.replace(SEEN, facts={**SEEN.facts, **well})
    room.examination = examine(RuleState(), seen, DOCUMENT, NOW)
    page.wait_for_selector("#check-2.right")
    assert page.evaluate("document.activeElement.className") == "back", "the focus stays"
    page.click("#language")
    page.wait_for_url("**/doctor")
    assert page.inner_text("#check-2 h2") == "2. Screen 电视机: right"


def test_without_script_the_enter_key_means_ones_own_words_too(visit: Callable[..., Page], room: Room) -> None:
    page = visit("/stop", java_script_enabled=False)
    page.fill("#words", "选举")
    page.press("#words", "Enter")
    page.wait_for_selector("#start")
    assert [event.reason for event in room.posted if isinstance(event, StopPressed)] == ["选举"]
    assert page.is_visible("noscript a"), "a way to renew the page"


def test_what_is_about_to_begin_turns_into_what_is_on(visit: Callable[..., Page], room: Room) -> None:
    usual = room.snapshot
    room.snapshot = replace(usual, on_air=None, starting=usual.on_air)
    page = visit()
    says(page, "即将播放")
    began = time.monotonic()
    room.snapshot = usual
    says(page, "屏幕正在播放")
    assert time.monotonic() - began < 8  # seen: 1 s
