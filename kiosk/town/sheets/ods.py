"""Merges, formulas, errors and what is hidden of an .ods, read from its content.xml."""

import re
from io import BytesIO
from xml.etree import ElementTree

from kiosk.common.messages import mark
from kiosk.town.sheets.formats import DAMAGED, Unreadable, encrypted
from kiosk.town.sheets.structure import MOST_COLUMNS, MOST_ROWS, Structure

_ERRORS = ("#", "Err:")


def structures(parts: dict[str, bytes]) -> dict[str, Structure]:
    """What is known of each sheet, by its name. Raises :class:`Unreadable` for one that is damaged or locked."""
    if b"encryption-data" in parts.get("META-INF/manifest.xml", b""):
        raise encrypted()
    try:
        return _tables(parts["content.xml"])
    except (ElementTree.ParseError, *DAMAGED) as error:
        raise Unreadable(
            mark("the file is damaged: it was cut short, or copied badly"),
            mark("copy it again, or save it anew in Excel or WPS"),
        ) from error


class _Table:
    """Where the reader stands in a table."""

    def __init__(self) -> None:
        self.found = Structure()
        self.row = self.column = 0
        self.columns = 0


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    return {_local(name): value for name, value in element.attrib.items()}


def _tables(part: bytes) -> dict[str, Structure]:
    tables: dict[str, Structure] = {}
    table = _Table()
    invisible, struck = set[str](), set[str]()
    depth = 0
    for event, element in ElementTree.iterparse(BytesIO(part), ("start", "end")):  # noqa: S314  see archive.unpack
        tag, has = _local(element.tag), _attributes(element)
        if event == "start":
            if tag == "table":
                depth += 1
                if depth == 1:
                    table = _Table()
                    table.found.hidden = has.get("style-name", "") in invisible
                    tables[has.get("name", "")] = table.found
            elif tag == "table-row":
                table.column = 0
            continue
        match tag:
            case "table":
                depth -= 1
                element.clear()
            case "style":
                properties = [_attributes(child) for child in element if _local(child.tag).endswith("-properties")]
                if any(one.get("display") == "false" for one in properties):
                    invisible.add(has.get("name", ""))
                if any(one.get("text-line-through-style", "none") != "none" for one in properties):
                    struck.add(has.get("name", ""))
            case "table-column":
                count = int(has.get("number-columns-repeated", "1"))
                if has.get("visibility", "visible") != "visible":
                    table.found.hidden_columns |= set(range(table.columns, min(table.columns + count, MOST_COLUMNS)))
                table.columns += count
            case "table-cell" | "covered-table-cell" if depth == 1:
                _cell(table, element, has)
                if struck and struck & {_attributes(one).get("style-name", "") for one in element.iter()}:
                    table.found.struck.add((table.row, table.column - 1))
            case "table-row" if depth == 1:
                count = int(has.get("number-rows-repeated", "1"))
                if has.get("visibility", "visible") != "visible":
                    table.found.hidden_rows |= set(range(table.row, min(table.row + count, MOST_ROWS)))
                if count > 1 and any(_filled(cell) for cell in element):
                    table.found.reach(table.row + count - 1, 0)
                table.row += count
                element.clear()
    return tables


def _filled(element: ElementTree.Element) -> bool:
    return "value-type" in _attributes(element) or any(_local(child.tag) == "p" for child in element)


def _cell(table: _Table, element: ElementTree.Element, has: dict[str, str]) -> None:
    row, column, found = table.row, table.column, table.found
    count = int(has.get("number-columns-repeated", "1"))
    table.column += count
    if _filled(element) and not found.reach(row, column + count - 1):
        return
    rows, columns = int(has.get("number-rows-spanned", "1")), int(has.get("number-columns-spanned", "1"))
    if rows > 1 or columns > 1:
        found.add_merge(row, column, row + rows - 1, column + columns - 1)
    text = "".join(element.itertext())
    if has.get("value-type") == "float" and re.fullmatch(r"[0-9]+[.][0-9]{2}", text):
        found.formats[row, column] = "0.00"
    if has.get("value-type") == "error" or ("formula" in has and text.startswith(_ERRORS)):
        found.troubles[row, column] = ("error", text or "#VALUE!")
    elif "formula" in has and "value-type" not in has:
        found.troubles[row, column] = ("formula", has["formula"].removeprefix("of:"))
