"""Repairs in a real browser: no finding of axe on any page in either language, and no page wider than the screen."""

from collections.abc import Callable

from browser import WAIT_MS, scrolls_sideways, serious_findings
from playwright.sync_api import Browser
from town.conftest import Server
from town.console.conftest import NAME, PASSWORD, Visitor
from town.console.test_console_repairs import JPEG, Room, room  # noqa: F401 - a fixture
from town.tickets.test_tickets import FOUND

from kiosk.town.database.store import now_ms
from kiosk.town.tickets import pictures
from kiosk.town.tickets.channels import Channel, Settings, keep_settings
from kiosk.town.town import Town

PATHS = (
    *("/repairs", "/repairs?closed=1", "/repairs/1", "/repairs/2", "/repairs/1/order", "/repairs/messages"),
    *("/repairs/messages/new?kind=email", "/repairs/messages/hook"),
)


def test_each_page_has_no_serious_finding_and_fits_a_narrow_screen(
    chromium: Browser,
    server: Server,
    visitor: Callable[[], Visitor],
    room: Room,  # noqa: F811
    office: Town,
) -> None:
    room.find()
    room.find(fault="x", cause="no-sound", device="d" * 100)
    room.clear(fault="x", cause="no-sound")
    pictures.keep_fault_picture(office.store, "room-1", FOUND.fault, now_ms(), JPEG, now_ms())
    keep_settings(office.folder, Settings(channels=(Channel("hook", "值班", "webhook", {"address": "http://h/"}),)), 0)
    context = chromium.new_context(base_url=server.url, viewport={"width": 320, "height": 700}, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=name]", NAME)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    for language in ("zh", "en"):
        page.goto(f"/language?to={language}&at=/repairs")
        for path in PATHS:
            page.goto(path)
            assert not scrolls_sideways(page), path
            assert serious_findings(page) == [], path
    page.goto("/repairs/1")
    page.get_by_role("button", name="I have seen it").click()
    page.get_by_text("It is noted").wait_for()
    context.close()
