"""Programmes in the console: brought in by pieces and by a form, previewed, edited by two, withdrawn; who may not."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from town.console.conftest import Visitor, settled
from town.programmes.library_room import IN_PROFILE, film

from kiosk.town.console.pages import uploads as upload_pages
from kiosk.town.programmes import jobs, library
from kiosk.town.programmes.shelves import shelves
from kiosk.town.town import Town

Make = Callable[[], Visitor]


def begun(browser: Visitor, name: str, size: int, mark: str = "1") -> dict[str, object]:
    answer = browser.submit("/programmes/uploads", name=name, size=size, mark=mark)
    found: dict[str, object] = answer.json()
    return found


def put(browser: Visitor, name: object, offset: int, data: bytes, token: str = "") -> tuple[int, dict[str, object]]:
    answer = browser.put(
        f"{browser.url}/programmes/uploads/{name}?offset={offset}",
        data=data,
        headers={"X-Kiosk-Token": token or browser.token},
        allow_redirects=False,
        timeout=20,
    )
    return answer.status_code, answer.json() if "json" in answer.headers["content-type"] else {}


def shelved(office: Town, name: str) -> str:
    """A programme that may be shown, without its film."""
    with office.store.write() as connection:
        programme = library.add(connection, name, "officer")
        library.put(connection, programme, state="ready", sha256="0" * 64, size=1, duration_ms=1)
    return programme


def test_upload_in_pieces_goes_on_where_it_stood_and_is_played_in_the_page(
    office: Town, officer: Visitor, tmp_path: Path
) -> None:
    officer.look("/programmes")
    data = film(tmp_path / "水稻.mp4", *IN_PROFILE).read_bytes()
    name = begun(officer, "水稻.mp4", len(data))["id"]
    assert put(officer, name, 0, data[:1000]) == (200, {"offset": 1000})
    assert put(officer, name, 0, data[:1000]) == (409, {"offset": 1000})
    assert begun(officer, "水稻.mp4", len(data)) == {"id": name, "offset": 1000}
    assert "水稻.mp4" in officer.look("/programmes").text, "an unfinished upload is shown"
    status, found = put(officer, name, 1000, data[1000:])
    assert status == 200
    programme = found["programme"]
    assert "等待" in officer.look(f"/programmes/{programme}").text
    assert officer.get(f"{officer.url}/programmes/states?ids={programme}").json()[0]["state"] == "waiting"
    jobs.step(office)
    page = officer.look(f"/programmes/{programme}")
    assert f'src="/programmes/{programme}/film.mp4"' in page.text
    assert "media-src 'self'" in page.headers["content-security-policy"]
    part = officer.get(f"{officer.url}/programmes/{programme}/film.mp4", headers={"Range": "bytes=10-19"}, timeout=20)
    assert (part.status_code, part.content) == (206, data[10:20])
    poster = officer.get(f"{officer.url}/programmes/{programme}/poster.jpg", timeout=20)
    assert (poster.headers["content-type"], poster.content[:2]) == ("image/jpeg", b"\xff\xd8")


def test_form_without_a_script_brings_small_files_in(
    office: Town, officer: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer.look("/programmes")
    data = film(tmp_path / "a.mp4", *IN_PROFILE).read_bytes()
    files = [("file", ("a.mp4", data)), ("file", ("b.txt", b"no film " * 100))]
    fields = {"token": officer.token}
    answer = officer.post(f"{officer.url}/programmes", data=fields, files=files, allow_redirects=False, timeout=20)
    assert answer.headers["location"] == "/programmes"
    assert "2" in re.findall(r'class="done"[^>]*>([^<]*)', officer.look("/programmes").text)[0]
    jobs.step(office)
    jobs.step(office)
    with office.store.read() as connection:
        assert library.counts(connection) == {"ready": 1, "refused": 1}
    monkeypatch.setattr(upload_pages, "MOST_FORM", 100)
    officer.post(f"{officer.url}/programmes", data=fields, files=files[:1], allow_redirects=False, timeout=20)
    assert "MB" in re.findall(r'class="done"[^>]*>([^<]*)', officer.look("/programmes").text)[0]


def test_two_officers_never_overwrite_each_other_and_no_text_is_a_script(
    office: Town, officer: Visitor, visitor: Make
) -> None:
    officer.look("/programmes")
    programme = shelved(office, "<script>alert(1)</script>")
    settled(office, "王芳", "officer")
    other = visitor()
    other.log_in("王芳")
    path = f"/programmes/{programme}"
    page = other.look(path)
    assert "<script>alert" not in page.text
    version = re.findall(r'name="version" value="(\d+)"', page.text)[0]
    officer.look(path)
    fields = {"version": version, "category": "农技", "source": "县台", "short": "yes"}
    assert officer.submit(path, title="水稻", **fields).status_code == 303
    answer = other.submit(path, title="<script>", **fields)
    assert answer.status_code == 409
    assert "别人" in answer.text
    with office.store.read() as connection:
        one = library.get(connection, programme)
    assert one is not None
    assert (one.title, one.category, one.short) == ("水稻", "农业实用技术", True)
    assert officer.submit(path, title=" ", **fields | {"version": "2"}).status_code == 409


def test_withdrawn_programme_is_offered_no_more(office: Town, officer: Visitor) -> None:
    officer.look("/programmes")
    programme = shelved(office, "水稻.mp4")
    path = f"/programmes/{programme}"
    officer.look(path)
    assert officer.submit(f"{path}/withdraw", version=1).headers["location"] == path
    with office.store.read() as connection:
        assert library.find(connection, "水稻") == []
    assert officer.submit(f"{path}/withdraw", version=1).status_code == 409
    assert officer.submit(f"{path}/restore", version=2).status_code == 303
    assert officer.submit(f"{path}/explode", version=3).status_code == 404
    assert officer.look("/programmes/p-none").status_code == 404


def test_gbk_subtitles_are_added_as_utf8_and_what_is_none_is_told(office: Town, officer: Visitor) -> None:
    officer.look("/programmes")
    programme = shelved(office, "水稻.mp4")
    path = f"{officer.url}/programmes/{programme}/subtitles"
    officer.look(f"/programmes/{programme}")
    fields = {"token": officer.token, "language": "zh", "version": "1"}
    words = "1\n00:00:00,100 --> 00:00:00,900\n欢迎观看农村远程教育节目\n".encode("gbk")
    sent = {"files": {"file": ("a.srt", words)}, "allow_redirects": False, "timeout": 20}
    assert officer.post(path, data=fields, **sent).status_code == 303  # type: ignore[arg-type]
    kept = shelves(office.folder).files / f"{programme}.zh.srt"
    assert "欢迎观看" in kept.read_text(encoding="utf-8")
    answer = officer.post(path, data=fields, **sent)  # type: ignore[arg-type]
    assert answer.status_code == 409 and "别人" in answer.text, "of a page from before the first ones"
    sent["files"] = {"file": ("a.srt", b"\x7fELF" * 100)}
    assert officer.post(path, data=fields, **sent).status_code == 409  # type: ignore[arg-type]


def test_viewer_sees_and_changes_nothing_and_strangers_see_nothing(
    office: Town, officer: Visitor, visitor: Make
) -> None:
    officer.look("/programmes")
    programme = shelved(office, "水稻.mp4")
    settled(office, "赵明", "viewer")
    viewer, stranger = visitor(), visitor()
    viewer.log_in("赵明")
    assert "水稻" in viewer.look("/programmes").text
    assert "data-upload" not in viewer.look("/programmes").text
    for path in ("", "/withdraw", "/subtitles"):
        assert viewer.submit(f"/programmes/{programme}{path}", version=1, title="x").status_code == 403
    assert viewer.submit("/programmes/uploads", name="a", size=1, mark="").status_code == 403
    for path in ("/programmes", f"/programmes/{programme}", f"/programmes/{programme}/film.mp4", "/programmes/states"):
        assert stranger.look(path).headers["location"].startswith("/login")


def test_piece_without_the_token_or_beyond_the_announced_is_not_taken(officer: Visitor) -> None:
    officer.look("/programmes")
    name = begun(officer, "a.mp4", 3)["id"]
    assert put(officer, name, 0, b"012", token="wrong")[0] == 403
    assert put(officer, name, 0, b"0123")[0] == 413
    assert put(officer, "none", 0, b"0123")[0] == 404
    for path in (
        "/programmes/%00",
        "/programmes?page=" + "9" * 5000,
        "/programmes/states?ids=%00,x",
        "/programmes?q=%00",
    ):
        assert officer.look(path).status_code < 500
    assert "problem" in officer.submit("/programmes/uploads", name="a", size=5 << 30, mark="").json()
    assert begun(officer, "a.mp4", 3) == {"id": name, "offset": 0}
