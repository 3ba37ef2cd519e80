"""Accounts of the town's console: who may log in, as what, and their sessions."""
