"""The other end: publish a week, keep the ledger, receive reports."""
