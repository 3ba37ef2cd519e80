"""Tables to take along, as .xlsx and CSV, without formulas."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import Response

from kiosk.common.spreadsheet import BOM, csv_line
from kiosk.town.sheets.workbook import workbook

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def require_kind(kind: str) -> str:
    """``kind`` if it is one of :data:`TYPES`. Raises HTTPException 404."""
    if kind not in TYPES:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return kind


def table_of(kind: str, title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """The rows as a file of that kind; the head before them."""
    if kind == "xlsx":
        return workbook(title, head, rows)
    return BOM + b"".join(csv_line([str(cell) for cell in row]) for row in (head, *rows))


def download(kind: str, name: str, data: bytes) -> Response:
    """The file to keep, as ``name`` (ASCII)."""
    disposition = f'attachment; filename="{name}.{kind}"'
    return Response(data, media_type=TYPES[kind], headers={"Content-Disposition": disposition})
