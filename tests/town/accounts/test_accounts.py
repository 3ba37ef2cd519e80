"""Accounts: the rules for passwords, who may be retired, and two officers at once; on both databases."""

import threading

import pytest
from sqlalchemy import func, select
from town.postgres import BOTH

from kiosk.town.accounts import accounts, passwords, sessions
from kiosk.town.accounts.accounts import Account
from kiosk.town.accounts.errors import AccountError
from kiosk.town.accounts.schema import console_session
from kiosk.town.database import schema
from kiosk.town.database.store import now_ms
from kiosk.town.town import Town


def added(office: Town, name: str, role: str = "officer") -> Account:
    with office.store.write() as connection:
        number = accounts.add(connection, "test", name, role, "hash")
    return read(office, number)


def read(office: Town, number: int) -> Account:
    with office.store.read() as connection:
        found = accounts.get(connection, number)
    assert found is not None
    return found


def test_passwords_are_kept_as_argon2id_of_64_megabytes() -> None:
    kept = passwords.hash_password("水稻 correct horse", "李萍")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert passwords.fits(kept, "水稻 correct horse")
    assert passwords.fits(kept, "水稻　ｃｏｒｒｅｃｔ　ｈｏｒｓｅ"), "typed on a keyboard of full-width letters"
    assert not passwords.fits(kept, "水稻 correct hors")
    assert not passwords.fits("rubbish", "x") and not passwords.fits(None, "nobody")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("short", "10 to 128"),
        ("x1" * 65, "10 to 128"),
        ("1234567890", "anybody would try"),
        ("aaaabbbbaaaa", "anybody would try"),
        ("Password2026", "anybody would try"),
        ("liping2026xyz", "name must not"),
    ],
)
def test_password_that_anybody_would_try_is_refused(typed: str, why: str) -> None:
    with pytest.raises(AccountError, match=why):
        passwords.hash_password(typed, "LiPing")


@pytest.mark.parametrize("name", ["李萍", "  李萍 ", "li ping", "LI  PING", "ｌｉ ｐｉｎｇ"])
def test_name_is_taken_once_however_it_is_written(office: Town, name: str) -> None:
    added(office, "李萍")
    added(office, "Li Ping")
    with pytest.raises(AccountError, match="already"):
        added(office, name)


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\nb\x00", "\u202eevil"])
def test_name_that_cannot_be_read_is_refused(office: Town, name: str) -> None:
    with pytest.raises(AccountError, match="1 to 40"):
        added(office, name)


@BOTH
def test_name_that_two_officers_add_at_once_is_taken_once(office: Town) -> None:
    refused: list[str] = []
    start = threading.Barrier(2)

    def add() -> None:
        start.wait()
        try:
            added(office, "李萍")
        except AccountError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["There is an account of the name 李萍 already."]


@BOTH
def test_last_officer_stays_also_when_two_retire_each_other_at_once(office: Town) -> None:
    pair = [added(office, "李"), added(office, "王")]
    added(office, "赵", "viewer")
    refused: list[str] = []
    start = threading.Barrier(2)

    def retire(one: Account) -> None:
        start.wait()
        try:
            with office.store.write() as connection:
                accounts.retire(connection, "other", one.id, one.version)
        except AccountError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=retire, args=(one,)) for one in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1 and "last officer" in refused[0]
    (left,) = [read(office, one.id) for one in pair if read(office, one.id).retired_ms is None]
    with pytest.raises(AccountError, match="last officer"), office.store.write() as connection:
        accounts.change(connection, "other", left.id, left.version, "viewer", "")


@BOTH
def test_second_of_two_who_change_an_account_is_told_so(office: Town) -> None:
    one = added(office, "李")
    with office.store.write() as connection:
        accounts.change(connection, "王", one.id, one.version, "officer", "138")
    with pytest.raises(AccountError, match="meanwhile"), office.store.write() as connection:
        accounts.change(connection, "赵", one.id, one.version, "officer", "139")
    assert read(office, one.id).telephone == "138"


@BOTH
def test_changed_password_ends_the_other_sessions_and_a_retired_account_all(office: Town) -> None:
    one, other = added(office, "李"), added(office, "王")
    with office.store.write() as connection:
        kept, ended = (sessions.begin(connection, one.id, "d", now_ms()) for _ in range(2))
        foreign = sessions.begin(connection, other.id, "d", now_ms())
        accounts.set_password(connection, "李", one.id, "new", temporary=False, keep=sessions.digest(kept))

    def is_open(token: str) -> bool:
        with office.store.read() as connection:
            return sessions.find(connection, token, "d", now_ms()) is not None

    assert [is_open(token) for token in (kept, ended, foreign)] == [True, False, True]
    with office.store.write() as connection:
        accounts.retire(connection, "王", one.id, read(office, one.id).version)
    assert [is_open(token) for token in (kept, ended, foreign)] == [False, False, True]


def test_sessions_that_have_run_out_do_not_pile_up(office: Town) -> None:
    one = added(office, "李")
    with office.store.write() as connection:
        for age in (sessions.LONGEST_MS + 1, sessions.IDLE_MS + 1, 0):
            sessions.begin(connection, one.id, "d", now_ms() - age)
        assert connection.execute(select(func.count()).select_from(console_session)).scalar_one() == 1


def test_each_change_says_who_and_what_in_the_audit(office: Town) -> None:
    added(office, "李")
    one = added(office, "王", "viewer")
    with office.store.write() as connection:
        accounts.change(connection, "李", one.id, 1, "repair", "139")
        accounts.set_password(connection, "李", one.id, "secret hash", temporary=True)
        accounts.retire(connection, "李", one.id, 3)
        accounts.restore(connection, "李", one.id, 4)
    with office.store.read() as connection:
        rows = connection.execute(select(schema.audit).where(schema.audit.c.who == "李")).all()
    assert [(row.what, row.subject) for row in rows] == [
        ("account-change", "王"),
        ("account-password", "王"),
        ("account-retire", "王"),
        ("account-restore", "王"),
    ]
    assert "secret" not in str(rows)
