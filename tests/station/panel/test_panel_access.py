"""Who may press, and who may not."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from panel_room import PIN, Browser, Room

from kiosk.station.panel import access, pin

WRONG = "314159"


def test_without_a_pin_the_buttons_are_locked_and_the_page_says_how_to_set_one(
    serve: Callable[[Path], str], tmp_path: Path, room: Room
) -> None:
    browser = Browser(serve(tmp_path))
    page = browser.get().text
    assert "kiosk panel-pin" in page
    assert "<form" not in page
    assert "kiosk panel-pin" in browser.text("/login")
    assert browser.get("/stop").url.endswith("/login")
    assert room.posted == []


def test_a_pin_set_while_the_panel_runs_is_taken_at_once(serve: Callable[[Path], str], tmp_path: Path) -> None:
    browser = Browser(serve(tmp_path))
    browser.get()
    pin.save(tmp_path, pin.choose(PIN))
    assert browser.log_in().status_code == 303
    assert browser.get("/stop").url.endswith("/stop")


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        ('{"', "{"),
        ('"pin"', '"pen"'),
        ('"n":4096', '"n":Infinity'),
        ('"n":4096', '"n":4095'),
        ('"p":4', '"p":1000000'),
        ('"salt":"', '"salt":"x'),
        ('"r":8', '"r":' + "[" * 100_000),
    ],
)
def test_a_broken_pin_file_locks_the_buttons_and_not_the_page(
    serve: Callable[[Path], str], state: Path, sound: str, broken: str
) -> None:
    file = state / pin.FILE
    text = file.read_text(encoding="ascii")
    assert sound in text
    file.write_text(text.replace(sound, broken), encoding="ascii")
    with pytest.raises(ValueError, match="set it again by: kiosk panel-pin"):
        pin.load(state)
    assert "kiosk panel-pin" in Browser(serve(state)).text()


def test_logged_out_presses_go_to_the_login_and_nowhere_else(base: str, room: Room) -> None:
    browser, other = Browser(base), Browser(base)
    other.log_in()
    assert "/stop" not in browser.get().text
    fields = other.fields("/stop", "/stop") | {"reason": "meeting"}
    assert browser.post("/stop", fields).status_code == 403, "the form was shown to another device"
    assert room.posted == []


def test_after_logging_out_the_device_may_not_press(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "meeting"}
    assert administrator.post("/logout", administrator.fields("/", "/logout")).status_code == 303
    answer = administrator.post("/stop", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert room.posted == []


def test_a2_cookie_of_a_session_that_was_logged_out_is_worth_nothing(
    administrator: Browser, serve: Callable[[Path], str], state: Path
) -> None:
    old = administrator.session.cookies[access.SESSION_COOKIE]
    administrator.post("/logout", administrator.fields("/", "/logout"))
    administrator.session.cookies.set(access.SESSION_COOKIE, old)
    assert administrator.get("/stop").url.endswith("/login")
    administrator.base = serve(state)
    assert administrator.get("/stop").url.endswith("/login"), "nor after a restart"


def test_a2_session_of_another_device_goes_on_when_one_logs_out(administrator: Browser, base: str) -> None:
    other = Browser(base)
    assert other.log_in().status_code == 303
    other.post("/logout", other.fields("/", "/logout"))
    assert administrator.get("/stop").url.endswith("/stop")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"])
def test_a_forged_origin_is_refused(administrator: Browser, room: Room, origin: str) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "meeting"}
    assert administrator.post("/stop", fields, Origin=origin).status_code == 403
    assert room.posted == []
    assert administrator.post("/stop", fields).status_code == 303, "the press was not used up"


@pytest.mark.parametrize("token", [None, "", "0" * 64, "not ascii é"])
def test_a_missing_or_wrong_token_is_refused(administrator: Browser, room: Room, token: str | None) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "meeting"}
    del fields["token"]
    assert administrator.post("/stop", fields | ({} if token is None else {"token": token})).status_code == 403
    assert room.posted == []


def test_a_form_of_more_fields_than_ours_have_is_refused_and_no_failure(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "meeting"} | {f"x{n}": "1" for n in range(60)}
    assert administrator.post("/stop", fields).status_code == 400
    assert room.posted == []


def test_the_token_of_one_form_does_not_open_another(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/", "/logout") | {"reason": "meeting", "press": "p1"}
    assert administrator.post("/stop", fields).status_code == 403
    assert room.posted == []


def test_a_login_from_another_site_is_refused(base: str) -> None:
    browser = Browser(base)
    fields = browser.fields("/login", "/login") | {"pin": PIN}
    assert browser.post("/login", fields, Origin="http://evil.example").status_code == 403
    assert requests.post(base + "/login", {"pin": PIN}, timeout=20).status_code == 403


def test_cookies_are_for_http_only_and_for_this_site_only(base: str) -> None:
    browser = Browser(base)
    answer = browser.log_in()
    cookies = answer.headers["set-cookie"].split(", kiosk")
    assert len(cookies) == 2
    assert all("HttpOnly" in cookie and "SameSite=strict" in cookie for cookie in cookies)
    assert PIN not in answer.headers["set-cookie"]


def test_a_changed_pin_ends_every_session(administrator: Browser, state: Path) -> None:
    assert administrator.get("/stop").url.endswith("/stop")
    pin.save(state, pin.choose("161803"))
    assert administrator.get("/stop").url.endswith("/login")
    assert administrator.log_in().status_code == 403
    assert administrator.log_in("161803").status_code == 303


def test_a_session_cookie_moved_to_another_device_is_worth_nothing(administrator: Browser, base: str) -> None:
    thief = Browser(base)
    thief.get()
    thief.session.cookies.set(access.SESSION_COOKIE, administrator.session.cookies[access.SESSION_COOKIE])
    assert thief.get("/stop").url.endswith("/login")


def test_a_session_lasts_over_a_restart_of_the_daemon(
    serve: Callable[[Path], str], state: Path, administrator: Browser
) -> None:
    administrator.base = serve(state)
    assert administrator.get("/stop").url.endswith("/stop")


def test_wrong_pins_make_a_stranger_wait_and_the_logged_in_device_stays_in(
    base: str, administrator: Browser, room: Room
) -> None:
    stranger = Browser(base)
    assert [stranger.log_in(WRONG).status_code for _ in range(5)] == [403] * 5
    locked = stranger.log_in(PIN)
    assert locked.status_code == 429, "even the right PIN has to wait"
    assert 0 < int(locked.headers["retry-after"]) <= 60
    assert "密码错误次数太多" in locked.text
    assert Browser(base).log_in(PIN).status_code == 429, "throwing the cookie away does not help"
    assert administrator.stop("meeting").status_code == 303
    assert len(room.posted) == 1


def test_a_device_that_once_logged_in_is_not_locked_out_by_strangers(base: str, administrator: Browser) -> None:
    administrator.post("/logout", administrator.fields("/", "/logout"))
    stranger = Browser(base)
    for _ in range(7):
        stranger.log_in(WRONG)
    assert administrator.log_in(PIN).status_code == 303


def test_a_known_device_that_guesses_is_locked_out_itself(base: str, administrator: Browser) -> None:
    administrator.post("/logout", administrator.fields("/", "/logout"))
    assert [administrator.log_in(WRONG).status_code for _ in range(6)] == [403] * 5 + [429]


def test_the_lock_out_survives_a_restart(serve: Callable[[Path], str], state: Path) -> None:
    stranger = Browser(serve(state))
    for _ in range(5):
        stranger.log_in(WRONG)
    stranger.base = serve(state)
    assert stranger.log_in(PIN).status_code == 429


def test_a2_clock_set_forward_frees_nobody(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Browser(base)
    for _ in range(5):
        stranger.log_in(WRONG)
    year_on = time.time_ns() + 365 * 86_400 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: year_on)
    assert stranger.log_in(PIN).status_code == 429


def test_a_body_that_is_too_large_is_refused(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "other", "words": "y" * 70_000}
    assert administrator.post("/stop", fields).status_code == 413
    assert room.posted == []
    chunks = (b"y" * 1024 for _ in range(80))
    unannounced = administrator.session.post(administrator.base + "/stop", data=chunks, timeout=20)
    assert unannounced.status_code == 413
