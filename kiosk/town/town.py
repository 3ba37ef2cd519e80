"""A town: its folder, its database, its keys and the folder that it publishes, opened together."""

import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import select

from kiosk.common.messages import Sentence, mark
from kiosk.contract.wire import Id
from kiosk.town.database import schema
from kiosk.town.database.store import Store, StoreError, audit, database_url, now_ms, open_store
from kiosk.town.signing import keys
from kiosk.town.signing.repository import Public


class TownError(Exception):
    """The town's folder cannot be used, or an order makes no sense; the message says what to do."""


@dataclass(frozen=True)
class Town:
    """An open town; close it after use."""

    folder: Path
    store: Store
    public: Public
    signer: keys.Signer
    id: str
    """Lasting, and signed into every document."""
    name: str
    """For people."""

    @property
    def keys_folder(self) -> Path:
        """Where its private keys are."""
        return self.folder / "keys"

    def close(self) -> None:
        """Close the database."""
        self.store.close()


def found_town(folder: Path, name: str, *, town: str = "", root_keys: int = 3, threshold: int = 2, by: str) -> Town:
    """Make a town in ``folder``: database, keys, first root. ``town`` is its lasting id, made up where not given.

    Raises :class:`TownError` where there is one already.
    """
    town = town or f"town-{secrets.token_hex(4)}"
    check_id("town id", town)
    if not 1 <= threshold <= root_keys:
        raise TownError(f"{threshold} of {root_keys} root keys cannot sign; the threshold is 1 to the number of keys")
    public = Public(folder / "public")
    if public.root_version() or list((folder / "keys").glob("*.pem")):
        raise TownError(f"{folder}: there is a town already; name another folder with --folder")
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    with ExitStack() as undo:
        store = open_store(database_url(folder))
        undo.callback(store.close)
        with store.write() as connection:
            if connection.execute(select(schema.town.c.id)).first():
                raise TownError("the database holds a town already; name another with KIOSK_TOWN_DB")
            public.prepare()
            keys.make_keys(folder / "keys", public, root_keys, threshold, datetime.now(UTC))
            row = {"id": town, "name": name, "version": 0, "created_ms": now_ms()}
            connection.execute(schema.town.insert().values(row))
            audit(connection, by, "init", town)
        undo.pop_all()
    return Town(folder, store, public, keys.Signer(folder / "keys", public), town, name)


def open_town(folder: Path) -> Town:
    """Open the town in ``folder``. Raises :class:`TownError` or :class:`StoreError`."""
    public = Public(folder / "public")
    if public.root_version() == 0:
        raise TownError(f"{folder}: there is no town; make one with `kiosk town --folder {folder} init NAME`")
    store = open_store(database_url(folder))
    with store.read() as connection:
        row = connection.execute(select(schema.town)).first()
    if row is None:
        store.close()
        raise StoreError(f"{folder}: the database holds no town; restore a copy of it, or check KIOSK_TOWN_DB")
    return Town(folder, store, public, keys.Signer(folder / "keys", public), row.id, row.name)


def check_id(what: str, text: str) -> None:
    """Raises :class:`TownError` where ``text`` cannot be the id of a town, station or group."""
    try:
        msgspec.convert(text, Id)
    except msgspec.ValidationError:
        said = mark("{what} {text}: use 1 to 64 letters, digits, dots, dashes and underscores")
        raise TownError(Sentence(said, what=what, text=repr(text))) from None
