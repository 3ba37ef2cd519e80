"""Marks the English texts that the catalogue translates; without an import, so that pure rooms can use it too."""


def mark(text: str) -> str:
    """Mark ``text`` for the catalogue where it is written; it is translated where it is shown."""
    return text
