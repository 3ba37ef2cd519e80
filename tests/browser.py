"""A real browser, without a window: Debian's Chromium, driven by Playwright; and what axe finds wrong in a page."""

import contextlib
import os
from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
WAIT_MS = 15_000
SERIOUS = {"serious", "critical"}


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """One browser process; give each visitor a context of its own. Ends before others use asyncio in this thread."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*sandbox, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


def serious_findings(page: Page) -> list[str]:
    """What axe calls serious or critical, a line each: the rule and the elements."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {', '.join(' '.join(map(str, node['target'])) for node in one['nodes'])}"
        for one in found
        if one["impact"] in SERIOUS
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether something of the page is wider than the window."""
    wider: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wider
