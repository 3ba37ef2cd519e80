"""Alembic's entrance: runs the migrations on the connection, and in the transaction, that the store hands over."""

from alembic import context

from kiosk.town.database import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,  # names the constraints of the migrations
    render_as_batch=True,  # SQLite cannot alter a table in place
)
with context.begin_transaction():
    context.run_migrations()
