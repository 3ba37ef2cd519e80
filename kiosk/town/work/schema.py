"""The table of the workers: when each was heard of last, and what troubles it."""

import sqlalchemy as sa

from kiosk.town.database.columns import BIG, ID, columns
from kiosk.town.database.schema import metadata

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("name", ID, primary_key=True),
    *columns(BIG, "beat_ms"),
    *columns(BIG, "busy_ms", null=True),  # when the step under way began; NULL: it waits
    *columns(sa.Text(), "trouble"),  # why its last step failed; empty: it did not
)
