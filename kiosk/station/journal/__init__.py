"""The record: an append-only journal in SQLite, written by one thread."""
