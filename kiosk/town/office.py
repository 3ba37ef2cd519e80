"""The town's office: its folder with database, keys and the public folder, opened together."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from kiosk.contract.wire import Id
from kiosk.town import keys, schema
from kiosk.town.public import Public
from kiosk.town.store import Store, StoreError, audit, database_url, now_ms, open_store


class OfficeError(Exception):
    """The town's folder cannot be used, or an order makes no sense; the message says what to do."""


@dataclass(frozen=True)
class Office:
    """A town at work."""

    folder: Path
    store: Store
    public: Public
    signer: keys.Signer
    town: str
    name: str

    @property
    def keys_folder(self) -> Path:
        return self.folder / "keys"

    def close(self) -> None:
        self.store.close()


def found_office(folder: Path, name: str, *, town: str = "", root_keys: int = 3, threshold: int = 2, by: str) -> Office:
    """Make a town in ``folder``: database, keys, first root. ``town`` is its lasting id, made up where not given.

    Raises :class:`OfficeError` where there is one already.
    """
    town = town or f"town-{secrets.token_hex(4)}"
    try:
        msgspec.convert(town, Id)
    except msgspec.ValidationError:
        raise OfficeError(f"town id {town!r}: use 1 to 64 letters, digits, dots, dashes and underscores") from None
    if not 1 <= threshold <= root_keys:
        raise OfficeError(f"{threshold} of {root_keys} root keys cannot sign; the threshold is 1 to the number of keys")
    public = Public(folder / "public")
    if public.root_version() or list((folder / "keys").glob("*.pem")):
        raise OfficeError(f"{folder}: there is a town already; name another folder with --folder")
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    store = open_store(database_url(folder))
    try:
        with store.write() as connection:
            _refuse_second(connection)
            public.prepare()
            keys.make_keys(folder / "keys", public, root_keys, threshold, datetime.now(UTC))
            row = {"id": town, "name": name, "version": 0, "created_ms": now_ms()}
            connection.execute(schema.town.insert().values(row))
            audit(connection, by, "init", town)
    except BaseException:
        store.close()
        raise
    return Office(folder, store, public, keys.Signer(folder / "keys", public), town, name)


def open_office(folder: Path) -> Office:
    """Open the town in ``folder``. Raises :class:`OfficeError` or :class:`StoreError`."""
    public = Public(folder / "public")
    if public.root_version() == 0:
        raise OfficeError(f"{folder}: there is no town; make one with `kiosk town --folder {folder} init NAME`")
    store = open_store(database_url(folder))
    with store.read() as connection:
        row = connection.execute(select(schema.town)).first()
    if row is None:
        store.close()
        raise StoreError(f"{folder}: the database holds no town; restore a copy of it, or check KIOSK_TOWN_DB")
    return Office(folder, store, public, keys.Signer(folder / "keys", public), row.id, row.name)


def _refuse_second(connection: Connection) -> None:
    if connection.execute(select(schema.town.c.id)).first():
        raise OfficeError("the database holds a town already; name another with KIOSK_TOWN_DB")
