"""The console in a real browser: logged in by keyboard, on a narrow screen, through axe in both languages."""

from collections.abc import Iterator

import pytest
from browser import WAIT_MS, scrolls_sideways, serious_findings
from playwright.sync_api import Browser, Page
from town.conftest import Server
from town.console.conftest import NAME, PASSWORD, settled

from kiosk.town.console import site
from kiosk.town.console.desk import Desk
from kiosk.town.town import Town

OWN = ("/", "/account", "/accounts", "/accounts/1", "/accounts/audit")
"""The shell's own pages."""


def paths(office: Town) -> list[str]:
    """Of all pages that can be opened without naming anything, whoever added them."""
    routes = [route for pages in site.PAGES for route in pages(Desk(office, ()))]
    plain = {route.path for route in routes if "GET" in (route.methods or ()) and "{" not in route.path}
    return sorted(plain | set(OWN))


@pytest.fixture
def page(chromium: Browser, server: Server, officer_id: int) -> Iterator[Page]:
    """The log-in page on a phone's window."""
    context = chromium.new_context(base_url=server.url, viewport={"width": 320, "height": 600}, locale="zh-CN")
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    opened.on("pageerror", lambda error: pytest.fail(f"the page's script failed: {error}"))
    opened.goto("/accounts")
    yield opened
    context.close()


def log_in(page: Page, name: str = NAME) -> None:
    page.keyboard.type(name)  # the first field has the focus
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("header nav")


def test_officer_logs_in_by_keyboard_and_every_page_is_fit_for_all_readers(page: Page, office: Town) -> None:
    for name in ("王五（电信 维修）" * 3, "W" * 40):
        settled(office, name, "repair")
    assert serious_findings(page) == []
    log_in(page)
    found = [path for path in paths(office) if "text/html" in page.request.get(path).headers["content-type"]]
    for language, opened in (("zh", found), ("en", OWN)):
        page.goto(f"/language?to={language}&at=/")
        for path in opened:
            assert page.goto(path).ok, path
            assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
            assert serious_findings(page) == [], (path, language)
            assert not scrolls_sideways(page), (path, language)


def test_form_that_is_pressed_twice_is_sent_once(page: Page, office: Town) -> None:
    log_in(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.fill("#name", "赵六")
    page.fill("#password", "rape seed 2026")
    page.evaluate(
        "() => { const b = document.querySelector('form[action=\"/accounts\"] button'); b.click(); b.click(); }"
    )
    page.wait_for_selector(".done")
    assert len(sent) == 1
