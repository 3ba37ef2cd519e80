"""Tables that open in Excel and WPS as CSV, and never as formulas."""

import csv
import io
from collections.abc import Iterable

BOM = b"\xef\xbb\xbf"
"""Without it Excel takes Chinese in a CSV for another encoding."""


def csv_line(cells: Iterable[str]) -> bytes:
    """A line of a CSV, in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerow([harmless(cell) for cell in cells])
    return text.getvalue().encode()


def harmless(cell: str) -> str:
    """A text that a spreadsheet does not take for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")) else cell
