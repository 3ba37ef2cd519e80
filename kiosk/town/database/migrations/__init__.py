"""Alembic migrations of the town's tables; run by store.open_store."""
