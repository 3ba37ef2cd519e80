"""True peaks: a column for them, and what was measured without them is forgotten, so that it is measured again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("programme", sa.Column("peak_cdbtp", sa.Integer(), nullable=True))
    op.execute("DELETE FROM measurement")
