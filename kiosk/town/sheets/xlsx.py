"""Merges, formulas, errors, number formats and what is hidden of an .xlsx: read from its parts, whoever wrote it.

openpyxl is not used to read: it refuses some workbooks of WPS, and takes fifty times the memory of the parts.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from xml.etree import ElementTree

from kiosk.common.messages import mark
from kiosk.town.sheets.formats import DAMAGED, Unreadable
from kiosk.town.sheets.structure import Structure

_BUILT_IN = {
    2: "0.00",
    14: "yyyy/m/d",
    16: "d-mmm",
    **dict.fromkeys((28, 29, 51, 54, 58), 'm"月"d"日"'),
    **dict.fromkeys((30, 31, 53), 'yyyy"年"m"月"d"日"'),
}
"""Number formats that a workbook does not write out, as far as they matter here."""
_PLACE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")


@dataclass(frozen=True)
class Styles:
    """Of each style of a cell: its number format, and whether it is struck through; and the texts with struck words."""

    formats: list[str]
    struck: list[bool]
    struck_strings: set[int]


def structures(parts: dict[str, bytes]) -> dict[str, Structure]:
    """What is known of each sheet, by its name. Raises :class:`Unreadable` for a workbook that is damaged."""
    try:
        styles = Styles(*_styles(parts), _struck_strings(parts.get("xl/sharedStrings.xml")))
        return {name: _sheet(parts[path], hidden, styles) for name, path, hidden in _sheets(parts)}
    except (ElementTree.ParseError, *DAMAGED) as error:
        raise Unreadable(
            mark("the file is damaged: it was cut short, or copied badly"),
            mark("copy it again, or save it anew in Excel or WPS"),
        ) from error


def place(name: str) -> tuple[int, int]:
    """Row and column, from 0, of a cell's name such as D14. Raises :class:`ValueError`."""
    found = _PLACE.fullmatch(name)
    if not found:
        raise ValueError(f"{name!r} is no cell")
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _tree(part: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(part)  # noqa: S314  archive.unpack refuses a part with a DOCTYPE


def _sheets(parts: dict[str, bytes]) -> Iterator[tuple[str, str, bool]]:
    book = "xl/workbook.xml"
    folder, _, file = book.rpartition("/")
    targets = {}
    for relation in _tree(parts[posixpath.join(folder, "_rels", file + ".rels")]):
        target = relation.get("Target", "").replace("\\", "/")
        targets[relation.get("Id")] = (
            target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        )
    for sheet in _tree(parts[book]).iter():
        if _local(sheet) != "sheet":
            continue
        rel = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")
        path = targets.get(rel, "")
        if "worksheet" in path.lower():
            yield sheet.get("name", ""), path, sheet.get("state", "visible") != "visible"


def _styles(parts: dict[str, bytes]) -> tuple[list[str], list[bool]]:
    """Of each style of a cell: its number format, and whether it is struck through."""
    if "xl/styles.xml" not in parts:
        return [], []
    written, fonts = dict[str, str](), list[bool]()
    formats, struck = list[str](), list[bool]()
    for group in _tree(parts["xl/styles.xml"]):
        for one in group:
            match _local(group):
                case "numFmts":
                    written[one.get("numFmtId", "")] = one.get("formatCode", "")
                case "fonts":
                    fonts.append(any(_local(x) == "strike" and x.get("val", "1") not in ("0", "false") for x in one))
                case "cellXfs":
                    number, font = one.get("numFmtId", "0"), int(one.get("fontId", "0"))
                    formats.append(written.get(number) or _BUILT_IN.get(int(number), ""))
                    struck.append(font < len(fonts) and fonts[font])
    return formats, struck


def _struck_strings(part: bytes | None) -> set[int]:
    """The shared texts of which some is struck through."""
    found, number = set[int](), 0
    for _, element in ElementTree.iterparse(BytesIO(part)) if part else ():  # noqa: S314  as above
        if _local(element) == "si":
            if _has_struck_run(element):
                found.add(number)
            number += 1
            element.clear()
    return found


def _has_struck_run(text: ElementTree.Element) -> bool:
    """Whether some of a text is struck through; a strike over blanks does not count."""
    for run in text.iter():
        if _local(run) == "r" and "".join(run.itertext()).strip():
            strikes = (one for one in run.iter() if _local(one) in ("strike", "dstrike"))
            if any(one.get("val", "1") not in ("0", "false") for one in strikes):
                return True
    return False


def _sheet(part: bytes, hidden: bool, styles: Styles) -> Structure:
    found = Structure(hidden)
    row = column = -1
    for event, element in ElementTree.iterparse(BytesIO(part), ("start", "end")):  # noqa: S314  as above
        tag = _local(element)
        if event == "start":
            if tag == "row":
                row, column = int(element.get("r", row + 2)) - 1, -1
                if element.get("hidden") in ("1", "true"):
                    found.hidden_rows.add(row)
            continue
        match tag:
            case "c":
                row, column = place(element.attrib["r"]) if "r" in element.attrib else (row, column + 1)
                _cell(found, element, row, column, styles)
                element.clear()
            case "row":
                element.clear()
            case "mergeCell":
                first, _, last = element.get("ref", "").partition(":")
                (top, left), (bottom, right) = place(first), place(last or first)
                found.add_merge(top, left, bottom, right)
            case "col" if element.get("hidden") in ("1", "true"):
                found.hidden_columns |= set(
                    range(int(element.get("min", "1")) - 1, min(int(element.get("max", "1")), 200))
                )
    return found


def _cell(found: Structure, element: ElementTree.Element, row: int, column: int, styles: Styles) -> None:
    kind = element.get("t", "n")
    inside = {_local(child): child for child in element}
    if not inside or not found.reach(row, column):
        return
    value = inside["v"].text if "v" in inside else None
    if kind == "e":
        found.troubles[row, column] = ("error", value or "#VALUE!")
    elif "f" in inside and not value and (kind != "str" or "v" not in inside):
        found.troubles[row, column] = ("formula", "=" + (inside["f"].text or "…"))
    style = int(element.get("s", "0"))
    if style < len(styles.formats):
        if styles.formats[style]:
            found.formats[row, column] = styles.formats[style]
        if styles.struck[style]:
            found.struck.add((row, column))
    shared = kind == "s" and value is not None and int(value) in styles.struck_strings
    if shared or "is" in inside and _has_struck_run(inside["is"]):
        found.struck.add((row, column))
