"""The town's database: migrations, and what is said of a file that cannot be used."""

import importlib
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, String, create_engine, insert, select, text

import kiosk.town
from kiosk.town.database import schema, store
from kiosk.town.database.store import REVISION, StoreError, audit, open_store
from kiosk.town.intake.photos import wanted

for rooms in Path(kiosk.town.__file__).parent.glob("*/schema.py"):
    importlib.import_module(f"kiosk.town.{rooms.parent.name}.schema")


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


def test_tables_of_a_postgresql_are_those_of_the_schema(postgres):
    address = postgres.empty_database()
    open_store(address).close()
    with create_engine(address).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_reader_of_a_postgresql_sees_one_moment(postgres):
    opened = open_store(postgres.new_database())
    with opened.read() as reader:
        assert reader.execute(select(schema.audit.c.id)).all() == []
        with opened.write() as connection:
            audit(connection, "li", "publish", "all")
        assert reader.execute(select(schema.audit.c.id)).all() == []
        with pytest.raises(Exception, match="read-only"):
            audit(reader, "li", "publish", "all")
    opened.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_chains_of_before_epochs_keep_their_numbers_and_heads(kind, tmp_path, request):
    address = url(tmp_path) if kind == "sqlite" else request.getfixturevalue("postgres").empty_database()
    engine = create_engine(address)
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        old = MetaData()
        old.reflect(connection)
        row = {"group_id": "all", "name": "", "settings": "{}", "document_version": 1, "document_ms": 0, "added_ms": 3}
        for name, chain, seq in (("old", 2, 1), ("new", 1, 0)):
            head = {"id": name, "chain": chain, "head_seq": seq, "head_hash": f"h{seq}", "witnessed_ms": None}
            connection.execute(old.tables["station"].insert().values(row | head))
        entry = {"station": "old", "kind": "play", "state": "accepted", "reason": "", "record": b""}
        for chain, seq in ((1, 1), (1, 2), (2, 1)):
            more = {"chain": chain, "seq": seq, "hash": f"{chain}{seq}", "received_ms": 10 * chain + seq}
            if (chain, seq) == (1, 2):  # with two photos, which were not asked for then
                named = f'{{"photos":["{"ab" * 32}","{"cd" * 32}","{"ab" * 32}"]}}'.encode()
                more |= {"kind": "item", "record_id": "i-1", "record": named}
            connection.execute(old.tables["entry"].insert().values(entry | more))
    engine.dispose()
    opened = open_store(address)
    with opened.read() as connection:
        table = schema.chain
        assert connection.execute(select(table).order_by(table.c.station, table.c.chain)).all() == [
            ("new", 1, 1, None, 0, "h0", 3, None),
            ("old", 1, 1, None, 2, "12", 11, 12),
            ("old", 2, 2, None, 1, "h1", 3, None),
        ]
        found = connection.execute(select(schema.station.c.id, schema.station.c.enrolment).order_by("id"))
        assert found.all() == [("new", 1), ("old", 2)]
        assert set(wanted(connection, "old")) == {"ab" * 32, "cd" * 32}
        assert set(connection.execute(select(schema.photo_record.c.record_id)).scalars()) == {"i-1"}
    opened.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_taken_in_before_there_were_counts_is_counted_by_the_migration(kind, tmp_path, request):
    """1,201 plays of the tables as they were, with what intake kept of them."""
    address = url(tmp_path) if kind == "sqlite" else request.getfixturevalue("postgres").empty_database()
    engine = create_engine(address)
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        old = MetaData()
        old.reflect(connection)
        row = {"id": "room-1", "group_id": "all", "name": "", "document_version": 1, "document_ms": 0, "chain": 1}
        settings = '{"opening":{"time_zone":"UTC"}}'
        more = {"settings": settings, "head_seq": 0, "head_hash": "", "added_ms": 0}
        connection.execute(old.tables["station"].insert().values(row | more))
        place = {"station": "room-1", "chain": 1}
        plays = {column.name: "" if isinstance(column.type, String) else 0 for column in old.tables["play"].columns} | {
            "screen_evidence": "none",
            "programme": "rice",
            "outcome": "completed",
            "played_ms": 5,
            "volume": None,
        }
        plays |= {"muted": False, "practice": False, "actual_end_ms": 10, "received_ms": 100}
        entries = {"kind": "play", "state": "accepted", "reason": "", "received_ms": 100, "hash": ""}
        made: dict[str, list[dict[str, object]]] = {"play": [], "entry": []}
        for seq in range(1, 1202):
            at = place | {"seq": seq}
            day = {"actual_start_ms": 86_400_000 * (seq % 2), "practice": seq == 1}
            record = b'{"started_monotonic_ms":%d}' % seq
            made["play"].append(plays | at | day | {"id": f"p{seq}"})
            made["entry"].append(entries | at | {"record_id": f"p{seq}", "record": record})
        for table, rows in made.items():
            connection.execute(old.tables[table].insert(), rows)
    engine.dispose()
    opened = open_store(address)
    with opened.read() as connection:
        tally, play = schema.tally, schema.play
        found = connection.execute(select(tally.c.day, tally.c.seen, tally.c.plays, tally.c.played_ms).order_by("day"))
        assert found.all() == [("1970-01-01", "unknown", 600, 3000), ("1970-01-02", "unknown", 600, 3000)]
        began = connection.execute(select(play.c.started_monotonic_ms, play.c.day).where(play.c.seq.in_([1, 1201])))
        assert began.all() == [(1, None), (1201, "1970-01-02")]
        assert set(connection.execute(select(schema.entry.c.age_ms)).scalars()) == {90}
    opened.close()


def test_schema_is_also_one_for_postgresql():
    """The DDL compiles for PostgreSQL; SQLite's WITHOUT ROWID stays with SQLite."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    for table in schema.metadata.sorted_tables:
        assert "ROWID" not in str(CreateTable(table).compile(dialect=postgresql.dialect()))
