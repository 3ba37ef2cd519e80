"""The town's database: migrations, and what is said of a file that cannot be used."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, select, text

from kiosk.town import schema, store
from kiosk.town.store import REVISION, StoreError, audit, open_store


def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'town.db'}"


def test_migrations_make_exactly_the_tables_of_the_schema(tmp_path):
    open_store(url(tmp_path)).close()
    with create_engine(url(tmp_path)).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        entries = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'entry'")).scalar_one()
    assert "WITHOUT ROWID" in entries


def test_revision_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_failed_migration_leaves_nothing_behind(tmp_path, monkeypatch):
    from alembic import op

    def fail(*_args, **_kwargs):
        raise RuntimeError("power cut")

    monkeypatch.setattr(op, "create_index", fail)
    with pytest.raises(RuntimeError):
        open_store(url(tmp_path))
    monkeypatch.undo()
    tables = sqlite3.connect(tmp_path / "town.db").execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == []
    open_store(url(tmp_path)).close()


def test_what_is_written_is_there_after_reopening(tmp_path):
    first = open_store(url(tmp_path))
    with first.write() as connection:
        audit(connection, "li", "publish", "all")
    with pytest.raises(RuntimeError), first.write() as connection:
        audit(connection, "li", "lost", "all")
        raise RuntimeError
    first.close()
    again = open_store(url(tmp_path))
    with again.read() as connection:
        assert connection.execute(select(schema.audit.c.what)).scalars().all() == ["publish"]
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
    again.close()


def test_reader_blocks_no_writer(tmp_path):
    opened = open_store(url(tmp_path))
    with opened.read() as reader:
        assert reader.execute(select(schema.audit.c.id)).all() == []
        with opened.write() as connection:
            audit(connection, "li", "publish", "all")
        assert reader.execute(select(schema.audit.c.id)).all() == []
    opened.close()


def test_foreign_keys_are_held(tmp_path):
    opened = open_store(url(tmp_path))
    row = {"secret_sha256": "0" * 64, "station": "ghost", "made_ms": 0, "expires_ms": 0}
    with pytest.raises(Exception, match="FOREIGN KEY"), opened.write() as connection:
        connection.execute(insert(schema.enrolment).values(row))
    opened.close()


def test_database_from_a_newer_version_is_refused(tmp_path):
    open_store(url(tmp_path)).close()
    with sqlite3.connect(tmp_path / "town.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"town\.db.*revision 9999.*install that version or a newer one"):
        open_store(url(tmp_path))


def test_database_that_is_not_a_database_is_refused(tmp_path):
    (tmp_path / "town.db").write_bytes(b"PK\x03\x04 a zip perhaps" * 100)
    with pytest.raises(StoreError, match=r"town\.db.*not an SQLite database.*restore a copy"):
        open_store(url(tmp_path))


def test_database_that_is_read_only_is_refused(tmp_path):
    open_store(url(tmp_path)).close()
    with pytest.raises(StoreError, match=r"town\.db.*read-only; give the service's user the right"):
        open_store(f"sqlite:///file:{tmp_path / 'town.db'}?mode=ro&uri=true")


def test_database_with_tables_of_others_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "town.db") as connection:
        connection.execute("CREATE TABLE town (x)")
    with pytest.raises(StoreError, match="not made by the kiosk"):
        open_store(url(tmp_path))


def test_database_in_a_folder_that_is_missing_is_refused(tmp_path):
    with pytest.raises(StoreError, match="make the folder"):
        open_store(f"sqlite:///{tmp_path}/no/town.db")


@pytest.mark.parametrize("bad", ["nonsense", "dbase:///x"])
def test_database_url_that_is_none_is_refused(bad):
    with pytest.raises(StoreError, match="database URL.*use sqlite:///FILE"):
        open_store(bad)


def test_password_of_a_database_is_not_shown():
    with pytest.raises(StoreError) as caught:
        open_store("postgresql+psycopg://kiosk:geheim@127.0.0.1:1/town")
    assert "geheim" not in str(caught.value)


def test_schema_is_also_one_for_postgresql():
    """The DDL compiles for PostgreSQL; SQLite's WITHOUT ROWID stays with SQLite."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    for table in schema.metadata.sorted_tables:
        assert "ROWID" not in str(CreateTable(table).compile(dialect=postgresql.dialect()))
