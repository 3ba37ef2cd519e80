"""Who may log in to the console, and as what: added, changed, retired; each change is audited."""

import unicodedata
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from kiosk.common.messages import mark
from kiosk.town.accounts import sessions
from kiosk.town.accounts.errors import AccountError
from kiosk.town.accounts.schema import account
from kiosk.town.database.store import audit, now_ms

Role = Literal["officer", "viewer", "repair"]
"""``officer`` does everything, ``viewer`` sees everything, ``repair`` sees and answers the repairs alone."""
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_NAMES: dict[Role, str] = {
    "officer": mark("Officer"),
    "viewer": mark("Viewer"),
    "repair": mark("Repair contact"),
}
MOST_NAME, MOST_TELEPHONE = 40, 40
"""Characters."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may log in, or might once. ``version`` counts the changes of the row."""

    id: int
    name: str
    role: Role
    telephone: str
    temporary: bool
    version: int
    added_ms: int
    retired_ms: int | None


def add(
    connection: Connection, by: str, name: str, role: str, password: str, telephone: str = "", *, temporary: bool = True
) -> int:
    """Add an account with the password's hash. ``temporary``: its owner has to change the password at the first log-in.

    Raises :class:`AccountError`.
    """
    name = " ".join(name.split())
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise AccountError(mark("A name has 1 to {most} characters."), most=MOST_NAME)
    row = {
        "name": name,
        "folded": fold(name),
        "role": _role(role),
        "telephone": _telephone(telephone),
        "password": password,
        "temporary": temporary,
        "version": 1,
        "added_ms": now_ms(),
    }
    try:
        added: int = connection.execute(account.insert().values(row).returning(account.c.id)).scalar_one()
    except IntegrityError:
        raise AccountError(mark("There is an account of the name {name} already."), name=name) from None
    audit(connection, by, "account-add", name, role)
    return added


def change(connection: Connection, by: str, account_id: int, version: int, role: str, telephone: str) -> None:
    """Change role and telephone. Raises :class:`AccountError`, also where somebody else was quicker."""
    one = _held(connection, account_id, version)
    if one.role == "officer" and role != "officer" and one.retired_ms is None:
        _require_another_officer(connection, account_id)
    _set(connection, one, role=_role(role), telephone=_telephone(telephone))
    audit(connection, by, "account-change", one.name, f"{one.role} {one.telephone} -> {role} {telephone}")


def retire(connection: Connection, by: str, account_id: int, version: int) -> None:
    """End an account and its sessions. Raises :class:`AccountError`; the last officer stays."""
    one = _held(connection, account_id, version)
    if one.role == "officer":
        _require_another_officer(connection, account_id)
    _set(connection, one, retired_ms=now_ms())
    sessions.end_all(connection, account_id)
    audit(connection, by, "account-retire", one.name)


def restore(connection: Connection, by: str, account_id: int, version: int) -> None:
    """Let a retired account log in again, by the password that it had. Raises :class:`AccountError`."""
    one = _held(connection, account_id, version)
    _set(connection, one, retired_ms=None)
    audit(connection, by, "account-restore", one.name)


def set_password(
    connection: Connection, by: str, account_id: int, password: str, *, temporary: bool, keep: str = ""
) -> None:
    """Set the password's hash and end the account's sessions but that of the token hash ``keep``.

    ``temporary``: somebody else has set it, so that its owner has to change it first.
    """
    one = _held(connection, account_id)
    _set(connection, one, password=password, temporary=temporary)
    sessions.end_all(connection, account_id, keep)
    audit(connection, by, "account-password", one.name)


def admit(
    connection: Connection, by: str, name: str, role: str, password: str, telephone: str = "", *, temporary: bool
) -> bool:
    """Let somebody log in by this password, whoever it was that forgot one or had left: add the account, or give the
    one of this name role and password anew. Returns whether it is a new one. Raises :class:`AccountError`.
    """
    known = connection.execute(select(account.c.id).where(account.c.folded == fold(name))).scalar()
    if known is None:
        add(connection, by, name, role, password, telephone, temporary=temporary)
        return True
    one = _held(connection, known)
    if one.retired_ms is not None:
        restore(connection, by, one.id, one.version)
    one = _held(connection, known)
    change(connection, by, one.id, one.version, role, telephone or one.telephone)
    set_password(connection, by, one.id, password, temporary=temporary)
    return False


def everybody(connection: Connection) -> list[Account]:
    """All accounts, those in force first, by name."""
    found = [_account(row) for row in connection.execute(select(account).order_by(account.c.name))]
    return sorted(found, key=lambda one: one.retired_ms is not None)


def get(connection: Connection, account_id: int) -> Account | None:
    """The account, also a retired one."""
    row = connection.execute(select(account).where(account.c.id == account_id)).first()
    return None if row is None else _account(row)


def is_there_an_officer(connection: Connection) -> bool:
    """Whether anybody can add accounts in the console."""
    in_force = select(account.c.id).where(account.c.role == "officer", account.c.retired_ms.is_(None))
    return connection.execute(in_force).first() is not None


def find(connection: Connection, name: str) -> tuple[Account, str] | None:
    """The account in force of this name, and the hash of its password."""
    row = connection.execute(
        select(account).where(account.c.folded == fold(name), account.c.retired_ms.is_(None))
    ).first()
    return None if row is None else (_account(row), row.password)


def _account(row: Any) -> Account:
    return Account(**{name: getattr(row, name) for name in Account.__struct_fields__})


def _held(connection: Connection, account_id: int, version: int | None = None) -> Account:
    """The account, whose row is held until the transaction ends."""
    row = connection.execute(select(account).where(account.c.id == account_id).with_for_update()).first()
    if row is None:
        raise AccountError(mark("There is no such account."))
    if version is not None and row.version != version:
        raise AccountError(mark("Somebody else has changed this account meanwhile; look at it again."))
    return _account(row)


def _set(connection: Connection, one: Account, **values: Any) -> None:
    changed = {"version": one.version + 1, **values}
    connection.execute(update(account).where(account.c.id == one.id).values(changed))


def _require_another_officer(connection: Connection, account_id: int) -> None:
    """All officers' rows are held in one order, so that two cannot retire each other at once."""
    in_force = select(account.c.id).where(account.c.role == "officer", account.c.retired_ms.is_(None))
    held = connection.execute(in_force.order_by(account.c.id).with_for_update()).scalars().all()
    if set(held) <= {account_id}:
        raise AccountError(mark("This is the last officer; add another one first."))


def _role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise AccountError(mark("Choose what this person may do."))


def _telephone(typed: str) -> str:
    typed = " ".join(typed.split())
    if len(typed) > MOST_TELEPHONE or not typed.isprintable():
        raise AccountError(mark("A telephone number has at most {most} characters."), most=MOST_TELEPHONE)
    return typed


def fold(name: str) -> str:
    """An account's name as it is compared: 李萍, LI Ping and ｌｉ ｐｉｎｇ are typed in many ways."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()[:400]
