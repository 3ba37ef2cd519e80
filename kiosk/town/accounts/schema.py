"""Tables of the accounts: who may log in to the console, and the sessions that are open."""

import sqlalchemy as sa

from kiosk.town.database.columns import BIG, ID, NAME, WORD, columns
from kiosk.town.database.schema import metadata

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# An account is never removed: the audit names it. Who has left is retired.
account = sa.Table(
    "account",
    metadata,
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    *columns(NAME, "name"),
    sa.Column("folded", NAME, nullable=False, unique=True),  # the name as it is compared
    *columns(WORD, "role"),
    *columns(NAME, "telephone"),
    *columns(sa.Text(), "password"),  # argon2id
    *columns(sa.Boolean(), "temporary"),  # somebody else has set the password: it has to be changed first
    *columns(sa.Integer(), "version"),  # counts the changes, so that two people do not overwrite each other
    *columns(BIG, "added_ms"),
    *columns(BIG, "retired_ms", null=True),
)

console_session = sa.Table(
    "console_session",
    metadata,
    sa.Column("token_sha256", ID, primary_key=True),
    sa.Column("account", KEY, sa.ForeignKey("account.id"), nullable=False, index=True),
    *columns(ID, "device"),
    *columns(BIG, "begun_ms", "seen_ms"),
)
