"""Faults that people report by hand, as they are kept until somebody says that they are mended."""

import msgspec

MOST_OPEN = 20
"""More are not taken: somebody has to say of the older ones that they are mended."""


class HandReport(msgspec.Struct, frozen=True, kw_only=True):
    """One open report. ``fault`` names it in the record, and its ticket at the town."""

    fault: str
    device: str
    text: str
    by: str
    found_ms: int
    picture: str = ""
    """SHA-256 of the photo; empty where there is none."""
