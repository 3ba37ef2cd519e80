"""Tables of the library of programmes, its uploads and its jobs."""

import sqlalchemy as sa

from kiosk.town.database.columns import BIG, ID, NAME, WORD, columns
from kiosk.town.database.schema import metadata

library = sa.Table(
    "library",
    metadata,
    sa.Column("id", ID, primary_key=True),  # lasting; the programme's id in a playlist
    *columns(NAME, "title", "title_key", "category", "source"),  # title_key: as titles are compared
    *columns(sa.Boolean(), "short"),
    *columns(WORD, "state"),  # waiting, working, ready, refused, failed, withdrawn, removed
    *columns(NAME, "upload_name"),
    *columns(ID, "upload_sha256", "sha256", null=True),  # of what was given, and of the file that rooms get
    *columns(BIG, "size", "duration_ms", null=True),  # of that file
    *columns(sa.Text(), "measured", null=True),  # common.media.Media as JSON
    *columns(sa.Text(), "changes"),  # what was changed: a list of messages as JSON
    *columns(sa.Text(), "cause", null=True),  # why it was refused, or failed: a message as JSON
    *columns(BIG, "added_ms", "changed_ms"),
    *columns(NAME, "by"),
    *columns(sa.Integer(), "version"),  # counts the edits: two officers never overwrite each other unseen
    sa.Index(None, "title_key"),
    sa.Index(None, "sha256"),
    sa.Index(None, "upload_sha256"),
)

library_subtitle = sa.Table(
    "library_subtitle",
    metadata,
    sa.Column("programme", ID, sa.ForeignKey("library.id"), nullable=False),
    *columns(ID, "language"),
    *columns(NAME, "file"),
    *columns(BIG, "size"),
    sa.PrimaryKeyConstraint("programme", "language"),
)

# A table and not a job library: one worker does one job after the other, and a job's state and its programme's change
# in one transaction, on SQLite and on PostgreSQL. The kept libraries want a server of their own, or one of the two.
job = sa.Table(
    "job",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("programme", ID, sa.ForeignKey("library.id"), nullable=False, index=True),
    *columns(WORD, "state"),  # waiting, running, done
    *columns(WORD, "step"),  # read, measure, convert, check
    *columns(sa.Integer(), "permille", "tries"),
    *columns(BIG, "made_ms"),
    *columns(BIG, "started_ms", "ended_ms", null=True),
)

upload = sa.Table(
    "upload",
    metadata,
    sa.Column("id", ID, primary_key=True),
    *columns(NAME, "name", "by"),
    *columns(ID, "mark"),  # by which a browser finds it again: the file's time of change
    *columns(BIG, "size", "made_ms", "last_ms"),
)
