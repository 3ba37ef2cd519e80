"""Accounts in the console: one's own, everybody's, and the audit."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from town.console.conftest import NAME, PASSWORD, Visitor, settled

from kiosk.town.database import schema
from kiosk.town.town import Town

Make = Callable[[], Visitor]
OTHER = "barley field 42"


def versions(browser: Visitor, number: int) -> str:
    found = re.search(r'name="version" value="(\d+)"', browser.look(f"/accounts/{number}").text)
    assert found
    return found[1]


def number_of(browser: Visitor, name: str) -> int:
    found = re.search(rf'/accounts/(\d+)">{name}<', browser.look("/accounts").text)
    assert found
    return int(found[1])


def test_new_officer_has_to_choose_a_password_before_anything_else(officer: Visitor, visitor: Make) -> None:
    officer.submit("/accounts", name="王五", role="officer", telephone="138", password=OTHER)
    assert "王五现在可以登录" in officer.look("/accounts").text
    new = visitor()
    new.log_in("王五", OTHER)
    assert new.look("/").headers["location"] == "/account"
    assert new.look("/accounts").headers["location"] == "/account"
    assert "别人设置的" in new.look("/account").text
    assert new.submit("/account/password", old=OTHER, new=OTHER, again=OTHER).status_code == 422
    done = new.submit("/account/password", old=OTHER, new="rape seed 2026", again="rape seed 2026")
    assert done.status_code == 303
    assert "密码已修改" in new.look("/").text
    assert "密码已修改" not in new.look("/").text, "it is said once"
    assert visitor().log_in("王五", OTHER).status_code == 403


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"old": PASSWORD, "new": "long enough 1", "again": "long enough 2"}, "不一致"),
        ({"old": "wrong one", "new": "long enough 1", "again": "long enough 1"}, "现在的密码不对"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "10 至 128"),
        ({}, "现在的密码不对"),
    ],
)
def test_wrong_form_says_why_and_changes_no_password(
    officer: Visitor, visitor: Make, fields: dict[str, str], why: str
) -> None:
    answer = officer.submit("/account/password", **fields)
    assert answer.status_code == 422 and why in answer.text
    assert visitor().log_in().status_code == 303


def test_changed_password_ends_the_sessions_on_other_devices(officer: Visitor, visitor: Make) -> None:
    other = visitor()
    other.log_in()
    officer.submit("/account/password", old=PASSWORD, new=OTHER, again=OTHER)
    assert officer.look("/").status_code == 200
    assert other.look("/").status_code == 303


def test_log_out_everywhere_ends_all_sessions(officer: Visitor, visitor: Make) -> None:
    other = visitor()
    other.log_in()
    assert officer.submit("/account/everywhere").status_code == 303
    assert [browser.look("/").status_code for browser in (officer, other)] == [303, 303]


def test_officer_changes_retires_and_restores_an_account(officer: Visitor, office: Town, visitor: Make) -> None:
    number = settled(office, "赵", "viewer")
    change = {"button": "change", "version": versions(officer, number), "role": "repair", "telephone": "139 0000"}
    assert officer.submit(f"/accounts/{number}", **change).status_code == 303
    assert "139 0000" in officer.look("/accounts").text
    stale = officer.submit(f"/accounts/{number}", **change)
    assert stale.status_code == 422 and "刚被别人改过" in stale.text
    for button, comes_in in (("retire", 403), ("restore", 303)):
        officer.submit(f"/accounts/{number}", button=button, version=versions(officer, number))
        assert visitor().log_in("赵").status_code == comes_in
    officer.submit(f"/accounts/{number}", button="password", version=versions(officer, number), password=OTHER)
    again = visitor()
    assert again.log_in("赵").status_code == 403
    assert again.log_in("赵", OTHER).status_code == 303
    assert again.look("/").headers["location"] == "/account", "set by somebody else"


def test_officer_s_own_password_set_under_accounts_keeps_this_session_and_is_final(
    officer: Visitor, officer_id: int
) -> None:
    version = versions(officer, officer_id)
    officer.submit(f"/accounts/{officer_id}", button="password", version=version, password=OTHER)
    assert officer.look("/").status_code == 200


def test_last_officer_can_neither_leave_nor_become_a_viewer(officer: Visitor, officer_id: int) -> None:
    for fields in ({"button": "retire"}, {"button": "change", "role": "viewer", "telephone": ""}):
        answer = officer.submit(f"/accounts/{officer_id}", version=versions(officer, officer_id), **fields)
        assert answer.status_code == 422 and "最后一位管理人员" in answer.text


def test_form_with_mistakes_comes_back_as_it_was_typed_but_for_the_password(officer: Visitor) -> None:
    answer = officer.submit("/accounts", name="钱六", role="repair", telephone="13x", password="short")
    assert answer.status_code == 422 and "10 至 128" in answer.text
    assert 'value="钱六"' in answer.text and 'value="13x"' in answer.text and "short" not in answer.text
    assert 'value="repair" selected' in answer.text
    assert officer.submit("/accounts", name="钱六", role="king", password=OTHER).status_code == 422


@pytest.mark.parametrize("path", ["/accounts/999", "/accounts/99999999999999999999999", "/accounts/x", "/accounts/0"])
def test_account_that_is_not_there_is_no_page(officer: Visitor, path: str) -> None:
    assert officer.look(path).status_code == 404


@pytest.mark.parametrize("fields", [{"button": "explode", "version": "1"}, {"button": "change", "version": "x"}, {}])
def test_button_that_is_not_ours_is_refused(officer: Visitor, officer_id: int, fields: dict[str, str]) -> None:
    assert officer.submit(f"/accounts/{officer_id}", **fields).status_code == 400


def test_audit_shows_who_did_what_newest_first_a_page_at_a_time(officer: Visitor, office: Town) -> None:
    with office.store.write() as connection:
        for number in range(120):
            row = {"at_ms": 1_772_000_000_000, "who": "旧人", "what": f"deed-{number}", "subject": "<b>", "detail": ""}
            connection.execute(schema.audit.insert().values(row))
    officer.submit("/accounts", name="王五", role="viewer", password=OTHER)
    first = officer.look("/accounts/audit").text
    assert first.index("添加账号") < first.index("deed-119")
    assert "deed-0<" not in first and "<b>" not in first and NAME in first
    (before,) = re.findall(r"before=(\d+)", first)
    assert "deed-0<" in officer.look(f"/accounts/audit?before={before}").text
    assert officer.look("/accounts/audit?before=rubbish").status_code == 200


def test_answers_of_the_browser_s_language_keep_to_the_choice(officer: Visitor) -> None:
    answer = officer.look("/language?to=en&at=/accounts")
    assert answer.headers["location"] == "/accounts"
    assert "Add somebody" in officer.look("/accounts").text
    assert officer.look("/language?to=zh&at=//evil.example").headers["location"] == "/"
    assert "添加人员" in officer.look("/accounts").text


def test_password_stands_in_no_audit_and_no_page(officer: Visitor, office: Town) -> None:
    officer.submit("/accounts", name="王五", role="viewer", password=OTHER)
    with office.store.read() as connection:
        assert OTHER not in str(connection.execute(select(schema.audit)).all())
    assert OTHER not in officer.look("/accounts").text
