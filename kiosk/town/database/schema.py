"""The town's tables. One schema for SQLite and PostgreSQL; it is changed by a migration only.

Instants are UTC milliseconds in columns that end in ``_ms``. Tokens and secrets are kept as their SHA-256.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

town = Table(
    "town",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(400), nullable=False),
    Column("version", BigInteger, nullable=False),  # the counter of everything published; it only grows
    Column("created_ms", BigInteger, nullable=False),
)

publication = Table(
    "publication",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("group_id", String(64)),  # NULL for the urgent notices
    Column("title", String(400), nullable=False),
    Column("first_day", String(10)),
    Column("last_day", String(10)),
    Column("sha256", String(64), nullable=False),  # of the signed metadata
    Column("at_ms", BigInteger, nullable=False),
    Column("by", String(400), nullable=False),
)

programme = Table(
    "programme",
    metadata,
    Column("id", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("title", String(400), nullable=False),
    Column("category", String(400), nullable=False),
    Column("source", String(400), nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("loudness_clufs", Integer),
    Column("peak_cdbtp", Integer),
    Column("short", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),  # of the publication that named it last
    PrimaryKeyConstraint("id", "sha256"),
)

measurement = Table(
    "measurement",
    metadata,
    Column("path", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("measured", Text, nullable=False),  # common.media.Media as JSON
    Index(None, "sha256"),
)

station = Table(
    "station",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("group_id", String(64), nullable=False),
    Column("name", String(400), nullable=False),
    Column("settings", Text, nullable=False),  # the officer's part of the StationDocument, as JSON
    Column("document_version", BigInteger, nullable=False),
    Column("document_ms", BigInteger, nullable=False),
    Column("token_sha256", String(64), unique=True),
    Column("pending_sha256", String(64), index=True, unique=True),  # a token given since; in force once it is used
    Column("public_key", String(64)),
    Column("host", String(400)),
    Column("enrolment", Integer, nullable=False),  # counts the keys: a new PC enrols with a new one
    Column("chain", Integer, nullable=False),  # number of the newest chain; 0 before the first report
    Column("added_ms", BigInteger, nullable=False),
    Column("enrolled_ms", BigInteger),
    Column("retired_ms", BigInteger),
    Column("forked_ms", BigInteger),  # when its record was first found to contradict itself
    Column("broken_ms", BigInteger),  # when a record first did not fit its hash
    Column("cloned_ms", BigInteger),  # when two PCs were first found to report as this station
)

# One row for each enrolment and epoch of a station, numbered in the order in which they began to report.
chain = Table(
    "chain",
    metadata,
    Column("station", String(64), ForeignKey("station.id"), nullable=False),
    Column("chain", Integer, nullable=False),
    Column("enrolment", Integer, nullable=False),
    Column("epoch", String(64)),  # NULL: reported before stations named their epochs
    Column("head_seq", BigInteger, nullable=False),
    Column("head_hash", String(64), nullable=False),
    Column("begun_ms", BigInteger, nullable=False),
    Column("witnessed_ms", BigInteger),
    PrimaryKeyConstraint("station", "chain"),
    UniqueConstraint("station", "enrolment", "epoch"),
)

enrolment = Table(
    "enrolment",
    metadata,
    Column("secret_sha256", String(64), primary_key=True),
    Column("station", String(64), ForeignKey("station.id"), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger),
    Column("public_key", String(64)),
)

entry = Table(
    "entry",
    metadata,
    Column("station", String(64), ForeignKey("station.id"), nullable=False),
    Column("chain", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("record_id", String(64)),  # NULL where the record was refused, or stands here for the second time
    Column("kind", String(32)),
    Column("record", LargeBinary, nullable=False),  # byte for byte as sent
    Column("state", String(16), nullable=False),  # accepted, duplicate, refused
    Column("reason", String(400), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("age_ms", BigInteger),  # when the town first saw it, by the times that it tells; NULL where it tells none
    PrimaryKeyConstraint("station", "chain", "seq"),
    UniqueConstraint("station", "record_id"),
    sqlite_with_rowid=False,
)

fork = Table(
    "fork",
    metadata,
    Column("station", String(64), ForeignKey("station.id"), nullable=False),
    Column("chain", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),  # as offered
    Column("record_sha256", String(64), nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("station", "chain", "seq", "hash", "record_sha256"),
    sqlite_with_rowid=False,
)

play = Table(
    "play",
    metadata,
    Column("station", String(64), ForeignKey("station.id"), nullable=False),
    Column("chain", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("id", String(64), nullable=False),
    Column("playlist_version", BigInteger, nullable=False),
    Column("programme", String(64), nullable=False),
    Column("title", String(400), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("category", String(400), nullable=False),
    Column("source", String(400), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("occasion", String(400), nullable=False),
    Column("planned_start_ms", BigInteger, nullable=False),
    Column("planned_end_ms", BigInteger, nullable=False),
    Column("actual_start_ms", BigInteger, nullable=False),
    Column("actual_end_ms", BigInteger, nullable=False),
    Column("played_ms", BigInteger, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("cause", String(400), nullable=False),
    Column("continues", String(64)),
    Column("late_ms", BigInteger, nullable=False),
    Column("gap_ms", BigInteger, nullable=False),
    Column("pictures_shown", BigInteger, nullable=False),
    Column("pictures_lost", BigInteger, nullable=False),
    Column("screen_evidence", String(16), nullable=False),
    Column("muted", Boolean, nullable=False),
    Column("volume", Integer),
    Column("practice", Boolean, nullable=False),
    Column("clock", String(16), nullable=False),
    Column("boot_id", String(64), nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("started_monotonic_ms", BigInteger),  # NULL: before the town kept it
    Column("repaired_start_ms", BigInteger),  # NULL: no repair of the clock is known; then actual_start_ms holds
    Column("repaired_end_ms", BigInteger),
    Column("day", String(10)),  # the local date that it counts for; NULL: practice, not counted
    Column("seen", String(16)),  # attended, unattended, unknown
    PrimaryKeyConstraint("station", "chain", "seq"),
    sqlite_with_rowid=False,
)

clock_repair = Table(
    "clock_repair",
    metadata,
    Column("station", String(64), ForeignKey("station.id"), nullable=False),
    Column("boot_id", String(64), nullable=False),
    Column("chain", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("from_monotonic_ms", BigInteger, nullable=False),
    Column("to_monotonic_ms", BigInteger),
    Column("offset_ms", BigInteger, nullable=False),
    Column("clock", String(16), nullable=False),
    Column("by", String(400), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("station", "boot_id", "chain", "seq"),
    sqlite_with_rowid=False,
)

attendance = Table(
    "attendance",
    metadata,
    Column("station", String(64), ForeignKey("station.id"), nullable=False),
    Column("play", String(64), nullable=False),  # may be reported later
    Column("chain", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("heads", BigInteger, nullable=False),  # members and others who were there
    PrimaryKeyConstraint("station", "play", "chain", "seq"),
    sqlite_with_rowid=False,
)

# Kept in the transaction that takes the plays in: a week of ten thousand rooms is read from here, not from the plays.
tally = Table(
    "tally",
    metadata,
    Column("day", String(10), nullable=False),
    Column("station", String(64), ForeignKey("station.id"), nullable=False),
    Column("programme", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("seen", String(16), nullable=False),
    Column("plays", BigInteger, nullable=False),
    Column("played_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "station", "programme", "outcome", "seen"),
    sqlite_with_rowid=False,
)

fault = Table(
    "fault",
    metadata,
    Column("station", String(64), ForeignKey("station.id"), nullable=False),
    Column("fault", String(64), nullable=False),
    Column("cause", String(64), nullable=False),
    Column("device", String(400), nullable=False),
    Column("found_ms", BigInteger, nullable=False),
    Column("cleared_ms", BigInteger),
    Column("state", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("by", String(400), nullable=False),
    Column("received_ms", BigInteger, nullable=False),  # when the town first knew
    PrimaryKeyConstraint("station", "fault"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("station", String(64), ForeignKey("station.id"), primary_key=True),
    Column("received_ms", BigInteger, nullable=False),
    Column("sent_ms", BigInteger, nullable=False),
    Column("clock", String(16), nullable=False),
    Column("playlist_version", BigInteger, nullable=False),
    Column("head_seq", BigInteger, nullable=False),
    Column("waiting", BigInteger, nullable=False),
    Column("heartbeat", Text, nullable=False),  # whole, as JSON
)

picture = Table(
    "picture",
    metadata,
    Column("station", String(64), ForeignKey("station.id"), primary_key=True),
    Column("wanted_ms", BigInteger),  # when the town asked for one; NULL where it waits for none
    Column("at_ms", BigInteger),  # of the newest one, by the station's clock
    Column("received_ms", BigInteger),
    Column("jpeg", LargeBinary),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("who", String(400), nullable=False),
    Column("what", String(64), nullable=False),
    Column("subject", String(400), nullable=False),
    Column("detail", Text, nullable=False),
)
