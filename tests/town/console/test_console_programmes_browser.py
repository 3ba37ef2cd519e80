"""Programmes in a real browser: brought in by the script after a broken line, seen on small screens, through axe."""

from pathlib import Path

from browser import chromium, scrolls_sideways, serious_findings
from town.conftest import Server
from town.console.conftest import NAME, PASSWORD
from town.months.month_sheets import plan
from town.programmes.library_room import IN_PROFILE, film

from kiosk.town.months import books
from kiosk.town.programmes import jobs, library
from kiosk.town.town import Town


def test_films_are_brought_in_by_the_script_though_the_line_breaks_and_pages_fit_small_screens(
    office: Town, server: Server, officer_id: int, tmp_path: Path
) -> None:
    good = film(tmp_path / "01.水稻病虫害防治（上）.mp4", *IN_PROFILE)
    bad = tmp_path / "坏文件.mp4"
    bad.write_bytes(b"no film at all " * 100)
    with chromium() as browser:
        page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{server.url}/login")
        page.fill("#name", NAME)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.goto(f"{server.url}/programmes")
        broken = []

        def cut(route) -> None:  # type: ignore[no-untyped-def]
            if broken:
                route.continue_()
            else:
                broken.append(route.request.url)
                route.abort("connectionreset")

        page.route("**/programmes/uploads/*", cut)
        page.set_input_files("#file", [str(good), str(bad)])
        page.locator("[data-programme]").nth(1).wait_for(timeout=20_000)
        assert broken, "the first piece was lost on the way"
        jobs.step(office)
        jobs.step(office)
        page.get_by_text("没有收下", exact=True).wait_for(timeout=10_000)
        for width in (1366, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert not scrolls_sideways(page)
        assert serious_findings(page) == []
        page.get_by_text("水稻病虫害防治").click()
        page.locator("video").wait_for()
        assert not scrolls_sideways(page)
        assert serious_findings(page) == []
        rows = ((0, "9:00", "《小麦》", "", "", "", ""), (1, "9:00", "《玉米》", "", "", "", ""))
        month = books.add(office.store, plan(*rows), "计划.xlsx", NAME)
        page.goto(f"{server.url}/months/{month}/titles")
        page.set_input_files("#file2", {"name": "a.mp4", "mimeType": "", "buffer": b"corn " * 99})
        page.locator('li:has-text("《玉米》") [data-programme]').wait_for(timeout=20_000)
        page.wait_for_load_state()  # with its style sheet
        assert page.locator(".plainlist form").count() == 1
        assert not scrolls_sideways(page)
        assert serious_findings(page) == []
        assert errors == []
    with office.store.read() as connection:
        assert library.counts(connection) == {"ready": 1, "refused": 1, "waiting": 1}
        assert [one.title for one in library.listing(connection, state="waiting")] == ["玉米"]
