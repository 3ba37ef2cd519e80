"""The parts of a zipped workbook, unpacked within limits: a zip bomb ends here."""

import zipfile
from io import BytesIO

from kiosk.common.messages import mark
from kiosk.town.sheets.formats import DAMAGED, Unreadable

MOST_UNPACKED = 32 << 20
"""The most bytes of all parts that are read; 2,000 rows take about 1 MB."""
MOST_PARTS = 2_000
_LEFT_OUT = (
    "xl/media/",
    "xl/drawings/",
    "xl/charts/",
    "xl/embeddings/",
    "xl/externalLinks/",
    "Pictures/",
    "Thumbnails/",
    "docProps/",
)
"""Pictures and the like: they may be large, and nothing of the table stands in them."""


def unpack(data: bytes) -> dict[str, bytes]:
    """The parts of a workbook by name. Raises :class:`Unreadable` for a damaged, a locked, or a monstrous one."""
    parts: dict[str, bytes] = {}
    left = MOST_UNPACKED
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_PARTS:
                raise _monstrous()
            for entry in entries:
                name = entry.filename.replace("\\", "/").lstrip("/")
                if entry.is_dir() or name.startswith(_LEFT_OUT) or not name.endswith((".xml", ".rels", "mimetype")):
                    continue
                with archive.open(entry) as file:
                    parts[name] = file.read(left + 1)
                left -= len(parts[name])
                if left < 0:
                    raise _monstrous()
    except DAMAGED as error:
        raise Unreadable(
            mark("the file is damaged: it was cut short, or copied badly"),
            mark("copy it again, or save it anew in Excel or WPS"),
        ) from error
    for name, part in parts.items():
        if b"<!DOCTYPE" in part or b"<!ENTITY" in part or b"<\x00!\x00D" in part:
            raise Unreadable(
                mark("part {part} of the workbook is not as Excel writes it"),
                mark("save it anew in Excel or WPS"),
                part=name,
            )
    return parts


def unpacked_size(data: bytes) -> int:
    """The bytes of all parts of an archive, pictures included."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def packed(parts: dict[str, bytes]) -> BytesIO:
    """The parts as an archive again, for calamine: it holds nothing but what was looked at."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    file.seek(0)
    return file


def _monstrous() -> Unreadable:
    return Unreadable(
        mark("the workbook is far larger inside than a plan can be"),
        mark("copy the table alone into a new workbook, and save that"),
    )
