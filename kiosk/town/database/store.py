"""The town's database: opened, brought up to date, read and written. SQLite by default, PostgreSQL by URL.

SQLite writes one transaction after the other: ``write()`` takes a lock in this process and BEGIN IMMEDIATE against
others (``kiosk town publish`` beside ``kiosk town serve``).
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, make_url, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from kiosk.town.database import schema

REVISION = "0013"
"""The newest migration; the database is brought up to it when it is opened."""
BUSY_S = 20
"""How long one process waits for another's transaction, in seconds."""


class StoreError(Exception):
    """The database cannot be used; the message says which, why and what to do."""


class Store:
    """An open database of the town's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(kiosk_reading=True)
        if engine.dialect.name == "postgresql":  # by default each statement there sees what was committed meanwhile
            self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._lock = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that writes; committed at the end, rolled back on an exception."""
        with self._lock, self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the tables, which blocks no writer."""
        with self._reading.begin() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()


def database_url(folder: Path) -> str:
    """Where the town's database is: ``KIOSK_TOWN_DB``, or ``town.db`` in its folder."""
    return os.environ.get("KIOSK_TOWN_DB") or f"sqlite:///{folder / 'town.db'}"


def open_store(url: str) -> Store:
    """Open the database at ``url`` and bring its tables up to date. Raises :class:`StoreError`."""
    try:
        parsed = make_url(url)
        shown = parsed.render_as_string(hide_password=True)
        engine = create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StoreError(f"database URL: {error}; use sqlite:///FILE or postgresql+psycopg://HOST/NAME") from None
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    try:
        _bring_up_to_date(engine, shown)
    except SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"open the town's database {shown}: {_why(error)}") from None
    except StoreError:
        engine.dispose()
        raise
    return Store(engine)


def now_ms() -> int:
    """The town's clock, in UTC milliseconds."""
    return time.time_ns() // 1_000_000


def audit(connection: Connection, who: str, what: str, subject: str, detail: str = "") -> None:
    """Note who did what to what; in the same transaction as the deed."""
    row = {"at_ms": now_ms(), "who": who, "what": what, "subject": subject, "detail": detail}
    connection.execute(schema.audit.insert().values(row))


def locked_station(connection: Connection, station: str) -> Any:
    """The station's row, held until the transaction ends: two reports of one station come one after the other."""
    return connection.execute(
        select(schema.station).where(schema.station.c.id == station).with_for_update()
    ).one_or_none()


def update_station(connection: Connection, station: str, **values: Any) -> None:
    """Change columns of the station's row."""
    connection.execute(update(schema.station).where(schema.station.c.id == station).values(values))


def columns_of(table: Table, record: msgspec.Struct) -> dict[str, Any]:
    """Those fields of the record that are columns of the table."""
    return {name: getattr(record, name) for name in record.__struct_fields__ if name in table.c}


def put(connection: Connection, table: Table, row: dict[str, Any], lasting: tuple[str, ...] = ()) -> None:
    """Insert the row, or update the one of the same key, in which the columns ``lasting`` stay as they are."""
    change = {name: value for name, value in row.items() if name not in lasting}
    new = insert_or(connection, table).values(row)
    connection.execute(new.on_conflict_do_update(index_elements=table.primary_key, set_=change))


def insert_or(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say what to do where the row is there: both databases know ``on_conflict_do_...``."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # or pysqlite commits before DDL, and a failed migration stays by half
        connection.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        reading = connection.get_execution_options().get("kiosk_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _bring_up_to_date(engine: Engine, shown: str) -> None:
    with engine.begin() as connection:
        found = _revision(connection)
        if found == REVISION:
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))  # read-only? say so now
            return
        if found is None and inspect(connection).has_table("town"):
            raise StoreError(f"{shown}: the tables there were not made by the kiosk; name another database")
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        if found is not None and found not in {
            s.revision for s in ScriptDirectory.from_config(config).walk_revisions()
        }:
            raise StoreError(
                f"{shown}: its tables are of revision {found}, which this kiosk does not know (it knows {REVISION}): "
                "a newer version made them; install that version or a newer one"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _why(error: SQLAlchemyError) -> str:
    """A driver's complaint in words, with the remedy."""
    cause = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    remedies = {
        "not a database": "the file is not an SQLite database; move it away, or restore a copy",
        "malformed": "the file is damaged; restore a copy",
        "readonly": "it is read-only; give the service's user the right to write the file and its folder",
        "read-only": "it is read-only; give the service's user the right to write the file and its folder",
        "unable to open": "make the folder, and give the service's user the right to write in it",
        "locked": f"another process has held it for {BUSY_S} s; end that one",
    }
    remedy = next((text for word, text in remedies.items() if word in cause), "see the cause and try again")
    return f"{cause}; {remedy}"
