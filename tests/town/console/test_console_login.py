"""Log-in to the console: who comes in, who does not, and for how long."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from town.console.conftest import NAME, PASSWORD, Visitor, settled

from kiosk.town.accounts import accounts, sessions
from kiosk.town.accounts.schema import console_session
from kiosk.town.database import schema
from kiosk.town.town import Town

Make = Callable[[], Visitor]


def test_officer_logs_in_and_everybody_else_is_led_to_the_login_page(visitor: Make) -> None:
    browser = visitor()
    for path in ("/", "/account", "/accounts", "/accounts/audit"):
        assert browser.look(path).headers["location"].startswith("/login")
    assert browser.log_in().headers["location"] == "/"
    home = browser.look("/")
    assert home.status_code == 200 and NAME in home.text
    assert browser.look("/login").status_code == 303


def test_wrong_password_and_unknown_name_are_answered_alike(visitor: Make) -> None:
    answers = [visitor().log_in(*typed) for typed in ((NAME, "wrong password"), ("nobody", PASSWORD))]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert all("姓名或密码不对" in answer.text for answer in answers)


def test_page_that_was_asked_for_is_shown_after_login_and_no_foreign_one(visitor: Make) -> None:
    browser = visitor()
    assert browser.look("/accounts").headers["location"] == "/login?next=/accounts"
    browser.look("/login?next=/accounts")
    for given, led in (("/accounts", "/accounts"), ("//evil.example", "/"), ("https://evil.example", "/")):
        answer = browser.submit("/login", name=NAME, password=PASSWORD, next=given)
        assert answer.headers["location"] == led
        browser.look("/account")
        browser.submit("/logout")
        browser.look("/login")


def test_lock_out_is_of_the_device_and_spares_the_officer_s_own(visitor: Make, officer: Visitor) -> None:
    officer.submit("/logout")
    stranger = visitor()
    stranger.look("/login")
    for _ in range(5):
        assert stranger.submit("/login", name=NAME, password="guess").status_code == 403
    locked = stranger.submit("/login", name=NAME, password=PASSWORD)
    assert locked.status_code == 429 and int(locked.headers["retry-after"]) > 20
    officer.look("/login")
    assert officer.submit("/login", name=NAME, password=PASSWORD).status_code == 303


def test_new_device_logs_in_elsewhere_whoever_guesses(visitor: Make) -> None:
    """One stranger at one address kept every officer's new device out for good."""
    guesser, elsewhere = visitor(), visitor()
    for browser, address in ((guesser, "2001:db8::1"), (elsewhere, "198.51.100.7")):
        browser.headers.update({"X-Forwarded-Proto": "https", "X-Forwarded-For": address, "Host": "town.example"})
        device = browser.look("/login").headers["set-cookie"]  # a cookie for TLS alone
        browser.cookies.set("kiosk-console-device", device.partition("=")[2].partition(";")[0])
    answers = [guesser.submit("/login", name=name, password="x").status_code for name in 7 * (NAME, "a", "b", "c", "d")]
    assert answers.count(403) == 25 and answers[-1] == 429
    assert elsewhere.submit("/login", name=NAME, password=PASSWORD).status_code == 303


def test_device_is_known_for_those_alone_who_have_logged_in_there(visitor: Make, office: Town) -> None:
    """A viewer made any number of known devices, each with guesses of its own at the officer's password."""
    settled(office, "赵", "viewer")
    answers = []
    for _ in range(3):
        browser = visitor()
        browser.log_in("赵")
        browser.submit("/logout")
        browser.look("/login")
        answers += [browser.submit("/login", name=NAME, password="x").status_code for _ in range(3)]
    assert answers == [403] * 5 + [429] * 4
    assert browser.log_in("赵").status_code == 303


def test_form_without_token_or_from_elsewhere_changes_nothing(officer: Visitor, office: Town) -> None:
    before = _audited(office)
    good = {"name": "x", "role": "viewer", "password": "long enough 1"}
    assert officer.submit("/accounts", **good | {"token": ""}).status_code == 403
    assert officer.submit("/accounts", {"Origin": "http://evil.example"}, **good).status_code == 403
    assert officer.submit("/accounts", {"Sec-Fetch-Site": "cross-site"}, **good).status_code == 403
    assert _audited(office) == before
    assert officer.submit("/accounts", **good).status_code == 303


def test_token_of_another_session_is_refused(officer: Visitor, visitor: Make) -> None:
    other = visitor()
    other.log_in()
    assert officer.submit("/accounts", token=other.token, name="x").status_code == 403


def test_session_ends_after_its_time_and_when_logged_out(officer: Visitor, office: Town) -> None:
    with office.store.write() as connection:
        late = console_session.c.seen_ms - sessions.IDLE_MS
        connection.execute(update(console_session).values(seen_ms=late))
    assert officer.look("/").status_code == 303
    officer.log_in()
    cookies = dict(officer.cookies)
    officer.submit("/logout")
    officer.cookies.update(cookies)
    assert officer.look("/").status_code == 303, "the cookie is worth nothing any more"


def test_stolen_session_cookie_opens_nothing_on_another_device(officer: Visitor, visitor: Make) -> None:
    thief = visitor()
    thief.look("/login")
    thief.cookies.set("kiosk-console-session", officer.cookies["kiosk-console-session"])
    assert thief.look("/").status_code == 303


@pytest.mark.parametrize(
    ("headers", "comes_in"),
    [
        ({"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "Host": "town.example"}, True),
        ({"X-Forwarded-Proto": "http", "X-Forwarded-For": "203.0.113.9", "Host": "town.example"}, False),
        ({"X-Forwarded-For": "203.0.113.9"}, False),
        ({"Host": "town.example"}, False),
        ({"Host": "localhost:8090"}, True),
    ],
)
def test_nobody_logs_in_over_plain_http_but_on_this_computer(
    visitor: Make, headers: dict[str, str], comes_in: bool
) -> None:
    browser = visitor()
    browser.headers.update(headers)
    page = browser.look("/login")
    assert ("https://" in page.text and 'name="password"' not in page.text) is not comes_in
    device = page.headers["set-cookie"]
    assert ("Secure" in device) is (headers.get("X-Forwarded-Proto") == "https")
    browser.cookies.set("kiosk-console-device", device.partition("=")[2].partition(";")[0])
    answer = browser.submit("/login", name=NAME, password=PASSWORD)
    assert answer.status_code == (303 if comes_in else 403)


def test_session_is_worth_nothing_where_others_can_read_along(officer: Visitor) -> None:
    assert officer.look("/").status_code == 200
    assert officer.look("/", headers={"Host": "town.example"}).status_code == 303


def test_crowd_of_guessers_takes_one_password_s_memory_and_the_rest_is_told_to_wait(
    visitor: Make, office: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading
    import time

    from kiosk.town.accounts import passwords

    at_once, most, lock = [0], [0], threading.Lock()

    def slow(_kept: object, _typed: str) -> bool:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.1)
        at_once[0] -= 1
        return False

    monkeypatch.setattr(passwords, "fits", slow)
    browsers = [visitor() for _ in range(14)]
    for browser in browsers:
        browser.look("/login")
    answers: list[int] = []

    def guess(browser: Visitor) -> None:
        answers.append(browser.submit("/login", name=NAME, password="x").status_code)

    threads = [threading.Thread(target=guess, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert 503 in answers and answers.count(503) < len(answers)


def test_pages_carry_the_security_headers_and_no_inline_script(officer: Visitor) -> None:
    for path in ("/", "/account", "/accounts", "/accounts/audit", "/nothing"):
        page = officer.look(path)
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "<script>" not in page.text and "style=" not in page.text and " onclick" not in page.text


def test_script_in_a_name_is_shown_as_text(officer: Visitor) -> None:
    name = "<script>alert(1)</script>"
    assert officer.submit("/accounts", name=name, role="viewer", password="long enough 1").status_code == 303
    page = officer.look("/accounts").text
    assert name not in page and "&lt;script&gt;" in page


def test_viewer_sees_and_changes_nothing_and_repair_contact_sees_home_alone(office: Town, visitor: Make) -> None:
    for name, role, home in (("赵", "viewer", 200), ("钱", "repair", 200)):
        settled(office, name, role)
        browser = visitor()
        browser.log_in(name)
        assert browser.look("/").status_code == home
        assert browser.look("/accounts").status_code == 403
        assert browser.submit("/accounts", name="x", role="officer", password="long enough 1").status_code == 403
        assert "/accounts" not in browser.look("/").text


def test_nul_is_refused_wherever_it_stands(officer: Visitor, visitor: Make) -> None:
    """PostgreSQL takes none in a text."""
    stranger = visitor()
    stranger.look("/login")
    assert stranger.submit("/login", name=f"{NAME}\0", password=PASSWORD).status_code == 400
    assert officer.submit("/accounts", name="x", role="viewer\0", password="long enough 1").status_code == 400
    for path in ("/accounts/audit?before=1%00", "/accounts%00", "/programmes?q=%00"):
        assert officer.look(path).status_code == 400
    named = {"x": ("a\0b.xlsx", b"x")}
    answer = officer.post(f"{officer.url}/accounts", data={"token": officer.token}, files=named, timeout=20)
    assert answer.status_code in (400, 422)


def test_numbers_and_letters_that_no_database_takes_are_refused(officer: Visitor, visitor: Make) -> None:
    """Each was an error that nobody had foreseen, some of them for anybody in the network."""
    digits = "9" * 5000
    for path in (f"/repairs/{digits}", f"/accounts/{digits}", f"/accounts/{'9' * 30}"):
        assert visitor().look(path).status_code in (303, 414)
    assert officer.look(f"/accounts/{'9' * 30}").status_code == 404
    assert officer.submit(f"/repairs/{'9' * 30}", button="seen", version=1).status_code == 404
    assert officer.submit("/accounts/1", button="retire", version="9" * 20).status_code == 400
    half = {"Content-Type": "multipart/form-data; boundary=b; charset=raw_unicode_escape"}
    fields = {"token": officer.token, "name": r"\ud800", "role": "viewer", "password": "long enough 1"}
    parts = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    answer = officer.post(f"{officer.url}/accounts", data=f"{parts}--b--\r\n", headers=half, timeout=20)
    assert answer.status_code == 400


def test_second_tab_of_the_log_in_page_leads_on_after_the_first_has_logged_in(visitor: Make) -> None:
    browser = visitor()
    browser.look("/login")
    old = browser.token
    browser.submit("/login", name=NAME, password=PASSWORD)
    again = browser.submit("/login", token=old, name=NAME, password=PASSWORD, next="/accounts")
    assert (again.status_code, again.headers["location"]) == (303, "/accounts")


def test_page_is_shown_though_nothing_can_be_written(
    officer: Visitor, office: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("database or disk is full"))

    with office.store.write() as connection:
        seen = console_session.c.seen_ms - 2 * sessions.NOTED_EVERY_MS
        connection.execute(update(console_session).values(seen_ms=seen))
    monkeypatch.setattr(sessions, "note_seen", full)
    assert officer.look("/").status_code == 200


def test_log_in_is_audited(officer: Visitor, office: Town) -> None:
    assert _audited(office)[-1] == (NAME, "log-in", NAME)


def test_api_of_the_stations_keeps_its_own_errors(visitor: Make) -> None:
    browser = visitor()
    assert browser.look("/v1/nothing").json() == {"error": "Not Found"}
    assert browser.look("/healthz").json()["ok"] is True
    assert browser.look("/v1/reports").status_code == 405


def test_retired_account_s_session_ends_at_once(officer: Visitor, office: Town, visitor: Make) -> None:
    number = settled(office, "赵", "viewer")
    other = visitor()
    other.log_in("赵")
    assert other.look("/").status_code == 200
    with office.store.read() as connection:
        found = accounts.get(connection, number)
    assert found is not None
    answer = officer.submit(f"/accounts/{number}", button="retire", version=found.version)
    assert answer.status_code == 303
    assert other.look("/").status_code == 303
    assert other.log_in("赵").status_code == 403


def _audited(office: Town) -> list[tuple[str, str, str]]:
    with office.store.read() as connection:
        rows = connection.execute(select(schema.audit).order_by(schema.audit.c.id))
        return [(row.who, row.what, row.subject) for row in rows]
