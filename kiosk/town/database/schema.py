"""The town's tables. One schema for SQLite and PostgreSQL; it is changed by a migration only.

Instants are UTC milliseconds in columns that end in ``_ms``. Tokens and secrets are kept as their SHA-256.
"""

import sqlalchemy as sa

from kiosk.town.database.columns import BIG, DAY, ID, NAME, WORD, columns, of_station, place

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

town = sa.Table(
    "town",
    metadata,
    sa.Column("id", ID, primary_key=True),
    *columns(NAME, "name"),
    *columns(BIG, "version", "created_ms"),  # version: the counter of everything published; it only grows
    # of opening hours, after which a room is silent
    sa.Column("silent_minutes", sa.Integer(), nullable=False, server_default="10"),
)

publication = sa.Table(
    "publication",
    metadata,
    sa.Column("version", BIG, primary_key=True, autoincrement=False),
    *columns(ID, "group_id", null=True),  # NULL for the urgent notices
    *columns(NAME, "title", "by"),
    *columns(DAY, "first_day", "last_day", null=True),
    *columns(ID, "sha256"),  # of the signed metadata
    *columns(BIG, "at_ms"),
)

# Every published week, byte for byte: what a room played is compared with the week that it had accepted then.
plan = sa.Table(
    "plan",
    metadata,
    sa.Column("version", BIG, primary_key=True, autoincrement=False),
    *columns(ID, "group_id"),
    *columns(sa.LargeBinary(), "playlist"),
)

programme = sa.Table(
    "programme",
    metadata,
    *columns(ID, "id", "sha256"),
    *columns(NAME, "title", "category", "source"),
    *columns(BIG, "duration_ms", "size"),
    *columns(sa.Integer(), "loudness_clufs", "peak_cdbtp", null=True),
    *columns(sa.Boolean(), "short"),
    *columns(BIG, "version"),  # of the publication that named it last
    sa.PrimaryKeyConstraint("id", "sha256"),
    sa.Index(None, "sha256"),
)

measurement = sa.Table(
    "measurement",
    metadata,
    sa.Column("path", sa.Text, primary_key=True),
    *columns(BIG, "size", "mtime_ns"),
    *columns(ID, "sha256"),
    *columns(sa.Text(), "measured"),  # common.media.Media as JSON
    sa.Index(None, "sha256"),
)

station = sa.Table(
    "station",
    metadata,
    sa.Column("id", ID, primary_key=True),
    *columns(ID, "group_id"),
    *columns(NAME, "name"),
    *columns(sa.Text(), "settings"),  # the officer's part of the StationDocument, as JSON
    *columns(BIG, "document_version", "document_ms"),
    sa.Column("token_sha256", ID, unique=True),
    sa.Column("pending_sha256", ID, index=True, unique=True),  # a token given since; in force once it is used
    *columns(ID, "public_key", null=True),
    *columns(NAME, "host", null=True),
    *columns(sa.Integer(), "enrolment"),  # counts the keys: a new PC enrols with a new one
    *columns(sa.Integer(), "chain"),  # number of the newest chain; 0 before the first report
    *columns(BIG, "added_ms"),
    *columns(BIG, "enrolled_ms", "retired_ms", null=True),
    *columns(BIG, "forked_ms", null=True),  # when its record was first found to contradict itself
    *columns(BIG, "broken_ms", null=True),  # when a record first did not fit its hash
    *columns(BIG, "cloned_ms", null=True),  # when two PCs were first found to report as this station
)

# One row for each enrolment and epoch of a station, numbered in the order in which they began to report.
chain = sa.Table(
    "chain",
    metadata,
    of_station(),
    *columns(sa.Integer(), "chain", "enrolment"),
    *columns(ID, "epoch", null=True),  # NULL: reported before stations named their epochs
    *columns(BIG, "head_seq"),
    *columns(ID, "head_hash"),
    *columns(BIG, "begun_ms"),
    *columns(BIG, "witnessed_ms", null=True),
    sa.PrimaryKeyConstraint("station", "chain"),
    sa.UniqueConstraint("station", "enrolment", "epoch"),
)

enrolment = sa.Table(
    "enrolment",
    metadata,
    sa.Column("secret_sha256", ID, primary_key=True),
    of_station(),
    *columns(BIG, "made_ms", "expires_ms"),
    *columns(BIG, "used_ms", null=True),
    *columns(ID, "public_key", null=True),
)

DEEDS = sa.text("kind IN ('action', 'attendance', 'correction', 'item', 'session')")
"""Which entries are read by their kind, and not by their place."""

entry = sa.Table(
    "entry",
    metadata,
    *place(),
    *columns(ID, "hash"),
    *columns(ID, "record_id", null=True),  # NULL where the record was refused, or stands here for the second time
    *columns(sa.String(32), "kind", null=True),
    *columns(sa.LargeBinary(), "record"),  # byte for byte as sent
    *columns(WORD, "state"),  # accepted, duplicate, refused
    *columns(NAME, "reason"),
    *columns(BIG, "received_ms"),
    *columns(BIG, "age_ms", null=True),  # when the town first saw it, by its own times; NULL where it tells none
    sa.PrimaryKeyConstraint("station", "chain", "seq"),
    sa.UniqueConstraint("station", "record_id"),
    sa.Index("ix_entry_deeds", "station", "received_ms", sqlite_where=DEEDS, postgresql_where=DEEDS),
    sqlite_with_rowid=False,
)

fork = sa.Table(
    "fork",
    metadata,
    *place(),
    *columns(ID, "hash", "record_sha256"),  # hash: as offered
    *columns(sa.LargeBinary(), "record"),
    *columns(BIG, "received_ms"),
    sa.PrimaryKeyConstraint("station", "chain", "seq", "hash", "record_sha256"),
    sqlite_with_rowid=False,
)

TIMED = sa.text("clock = 'trusted' AND actual_end_ms - actual_start_ms > 1000")
"""Which plays are indexed by their start: those that can overlap others."""

play = sa.Table(
    "play",
    metadata,
    *place(),
    *columns(ID, "id", "programme", "sha256", "boot_id"),
    *columns(ID, "continues", null=True),
    *columns(NAME, "title", "category", "source", "occasion", "cause"),
    *columns(WORD, "origin", "outcome", "screen_evidence", "clock"),
    *columns(BIG, "planned_start_ms", "planned_end_ms", "actual_start_ms", "actual_end_ms", "played_ms"),
    *columns(BIG, "late_ms", "gap_ms", "pictures_shown", "pictures_lost", "playlist_version", "received_ms"),
    *columns(sa.Boolean(), "muted", "practice"),
    *columns(sa.Integer(), "volume", null=True),
    *columns(BIG, "started_monotonic_ms", null=True),  # NULL: before the town kept it
    # NULL: no repair of the clock is known; then actual_start_ms and actual_end_ms hold.
    *columns(BIG, "repaired_start_ms", "repaired_end_ms", null=True),
    *columns(DAY, "day", null=True),  # the local date that it counts for; NULL: practice, not counted
    *columns(WORD, "seen", null=True),  # attended, unattended, unknown
    sa.PrimaryKeyConstraint("station", "chain", "seq"),
    sa.Index("ix_play_timed", "station", "actual_start_ms", sqlite_where=TIMED, postgresql_where=TIMED),
    sa.Index("ix_play_boot", "station", "boot_id"),
    sqlite_with_rowid=False,
)

# What speaks against a play: overlap, future, span, unpublished. The play itself stays and counts.
doubt = sa.Table(
    "doubt",
    metadata,
    *place(),
    *columns(WORD, "cause"),
    *columns(NAME, "detail"),
    *columns(BIG, "found_ms"),
    sa.PrimaryKeyConstraint("station", "chain", "seq", "cause"),
    sqlite_with_rowid=False,
)

# What a station was refused at the door: an unsigned report, a quota that it has used up.
complaint = sa.Table(
    "complaint",
    metadata,
    of_station(),
    *columns(WORD, "cause"),
    *columns(BIG, "first_ms", "last_ms", "times"),
    *columns(NAME, "detail"),
    sa.PrimaryKeyConstraint("station", "cause"),
)

clock_repair = sa.Table(
    "clock_repair",
    metadata,
    *place(),
    *columns(ID, "boot_id"),
    *columns(BIG, "from_monotonic_ms", "offset_ms", "at_ms", "received_ms"),
    *columns(BIG, "to_monotonic_ms", null=True),
    *columns(WORD, "clock"),
    *columns(NAME, "by"),
    sa.PrimaryKeyConstraint("station", "boot_id", "chain", "seq"),
    sqlite_with_rowid=False,
)

attendance = sa.Table(
    "attendance",
    metadata,
    *place(),
    *columns(ID, "play"),  # may be reported later
    *columns(BIG, "heads"),  # members and others who were there
    sa.PrimaryKeyConstraint("station", "play", "chain", "seq"),
    sqlite_with_rowid=False,
)

# Written in the transaction that takes the plays in: a week of 10,000 rooms is read from here, not from the plays.
tally = sa.Table(
    "tally",
    metadata,
    *columns(DAY, "day"),
    of_station(),
    *columns(ID, "programme"),
    *columns(WORD, "outcome", "seen"),
    *columns(BIG, "plays", "played_ms"),
    sa.PrimaryKeyConstraint("day", "station", "programme", "outcome", "seen"),
    sqlite_with_rowid=False,
)

fault = sa.Table(
    "fault",
    metadata,
    of_station(),
    *columns(ID, "fault", "cause"),
    *columns(NAME, "device", "by"),
    *columns(BIG, "found_ms", "received_ms"),  # received_ms: when the town first knew
    *columns(BIG, "cleared_ms", null=True),
    *columns(WORD, "state"),
    *columns(sa.Text(), "text", "remedy"),
    sa.PrimaryKeyConstraint("station", "fault"),
)

heartbeat = sa.Table(
    "heartbeat",
    metadata,
    of_station(),
    *columns(BIG, "received_ms", "sent_ms", "playlist_version", "head_seq", "waiting"),
    *columns(WORD, "clock"),
    *columns(sa.Text(), "heartbeat"),  # whole, as JSON
    sa.PrimaryKeyConstraint("station"),
)

picture = sa.Table(
    "picture",
    metadata,
    of_station(),
    *columns(BIG, "wanted_ms", null=True),  # when the town asked for one; NULL where it waits for none
    *columns(BIG, "at_ms", "received_ms", null=True),  # at_ms: of the newest one, by the station's clock
    *columns(sa.LargeBinary(), "jpeg", null=True),
    sa.PrimaryKeyConstraint("station"),
)

# Photos that a room's records name: asked of it until they have come.
photo = sa.Table(
    "photo",
    metadata,
    of_station(),
    *columns(ID, "sha256"),
    *columns(WORD, "state"),  # wanted, kept, gone (the room has it no more), dropped (too many of this room)
    *columns(BIG, "named_ms"),
    *columns(BIG, "received_ms", null=True),
    *columns(sa.LargeBinary(), "jpeg", null=True),
    sa.PrimaryKeyConstraint("station", "sha256"),
    sa.Index("ix_photo_state", "station", "state", "named_ms"),
)

# Which records name a photo.
photo_record = sa.Table(
    "photo_record",
    metadata,
    of_station(),
    *columns(ID, "sha256", "record_id"),
    *columns(ID, "fault", null=True),  # the fault's name, where the record is one
    sa.PrimaryKeyConstraint("station", "sha256", "record_id"),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    *columns(BIG, "at_ms"),
    *columns(NAME, "who", "subject"),
    *columns(ID, "what"),
    *columns(sa.Text(), "detail"),
)
