"""Tables for the photos that records name, and for activities that are passed on; the index of deeds has items too."""

import json

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, ID, WORD, columns, of_station

revision = "0013"
down_revision = "0012"

DEEDS = sa.text("kind IN ('action', 'attendance', 'correction', 'item', 'session')")


def upgrade() -> None:
    op.create_table(
        "photo",
        of_station(),
        *columns(ID, "sha256"),
        *columns(WORD, "state"),
        *columns(BIG, "named_ms"),
        *columns(BIG, "received_ms", null=True),
        *columns(sa.LargeBinary(), "jpeg", null=True),
        sa.PrimaryKeyConstraint("station", "sha256"),
        sa.Index("ix_photo_state", "station", "state", "named_ms"),
    )
    op.create_table(
        "photo_record",
        of_station(),
        *columns(ID, "sha256", "record_id"),
        *columns(ID, "fault", null=True),
        sa.PrimaryKeyConstraint("station", "sha256", "record_id"),
    )
    op.add_column("message", sa.Column("record_id", ID, nullable=True))
    op.drop_index("ix_entry_deeds", "entry")
    op.create_index("ix_entry_deeds", "entry", ["station", "received_ms"], sqlite_where=DEEDS, postgresql_where=DEEDS)
    _want_what_is_named()


def _want_what_is_named() -> None:
    """Photos that records name which came before: the rooms have them still."""
    connection = op.get_bind()
    of = "state = 'accepted' AND record_id IS NOT NULL AND kind <> 'action'"
    found = sa.text(f"SELECT station, record_id, record, received_ms FROM entry WHERE {DEEDS.text} AND {of}")  # noqa: S608
    wanted: dict[tuple[str, str], int] = {}
    names: set[tuple[str, str, str]] = set()
    for station, record_id, record, received_ms in connection.execute(found):
        for sha256 in _photos(bytes(record)):
            wanted.setdefault((station, sha256), received_ms)
            names.add((station, sha256, record_id))
    text = sa.String()
    photo = sa.table(
        "photo", *(sa.column(name, text) for name in ("station", "sha256", "state")), sa.column("named_ms", BIG)
    )
    record = sa.table("photo_record", *(sa.column(name, text) for name in ("station", "sha256", "record_id")))
    for place, named_ms in wanted.items():
        values = dict(zip(("station", "sha256"), place, strict=True))
        connection.execute(photo.insert().values(values | {"state": "wanted", "named_ms": named_ms}))
    for name in names:
        connection.execute(record.insert().values(dict(zip(("station", "sha256", "record_id"), name, strict=True))))


def _photos(record: bytes) -> list[str]:
    """As the record was accepted, so it has a list of hashes, or none."""
    return list(dict.fromkeys(json.loads(record).get("photos", []))) if b'"photos":["' in record else []
