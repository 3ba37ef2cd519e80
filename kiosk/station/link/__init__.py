"""The line to the town: fetch what is published, deliver the record."""
