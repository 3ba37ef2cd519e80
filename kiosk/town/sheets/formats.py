"""What kind of file a workbook really is, whatever its name ends with; and what to say of one that cannot be read."""

import lzma
import struct
import zipfile
import zlib
from io import BytesIO
from typing import Literal

from kiosk.common.messages import Message, mark

Kind = Literal["xlsx", "ods", "xls", "text"]
SAVE_XLSX = mark("open it in Excel or WPS and save it as an Excel workbook (.xlsx)")
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(ValueError, TypeError, LookupError, NotImplementedError, RuntimeError),
)
"""What is raised over a damaged archive or part; ``zipfile`` has NotImplementedError for a packing it does not know."""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Unreadable(Exception):
    """A file that cannot be read as a workbook; the message, and what to do."""

    def __init__(self, message: str, remedy: str, **values: str) -> None:
        super().__init__(message.format_map(values))
        self.message = Message(message, values)
        self.remedy = Message(remedy, values)


def kind_of(data: bytes) -> Kind:
    """The kind of a file by its content. Raises :class:`Unreadable`, with the kind in words where it is known."""
    if not data:
        raise Unreadable(
            mark("the file is empty"), mark("choose the workbook once more; copy it again from where it was")
        )
    if data.startswith(b"PK"):
        return _of_zip(data)
    if data.startswith(OLE):
        return _of_ole(data)
    for start, name in _OTHERS:
        if data.startswith(start):
            raise Unreadable(mark("this is {kind}, and no workbook"), SAVE_XLSX, kind=name)
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<html", b"<!doctype html", b"<table", b"<meta", b"<head")):
        raise Unreadable(mark("this is a web page that is called a workbook"), SAVE_XLSX)
    if head.startswith((b"<?xml", b"<workbook")):
        raise Unreadable(mark("this is an XML table of an old kind"), SAVE_XLSX)
    if data.startswith((b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00\x04\x00")):
        return "xls"
    if b"\x00" in data[:4096] and wide_encoding(data) is None:
        raise Unreadable(mark("the file is damaged, or not as Excel writes it"), SAVE_XLSX)
    return "text"


def wide_encoding(data: bytes) -> str | None:
    """The encoding of a text in UTF-16, with its mark or without; None for any other."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = data[:4096]
    for name, ends in (("utf-16-le", (b",\x00", b"\t\x00")), ("utf-16-be", (b"\x00,", b"\x00\t"))):
        text = head.decode(name, errors="replace") if any(end in head for end in ends) else ""
        if "\n" in text and all((c.isprintable() or c in "\r\n\t") and c != "\ufffd" for c in text[:-1]):
            return name
    return None


_OTHERS = (
    (b"%PDF", "PDF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG", "PNG"),
    (b"{\\rtf", "RTF"),
    (b"\x1f\x8b", "gzip"),
)


def _of_zip(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = {name.replace("\\", "/") for name in archive.namelist()}
            mime = archive.read("mimetype")[:100] if "mimetype" in names else b""
    except DAMAGED:
        raise Unreadable(
            mark("the file is damaged: it was cut short, or copied badly"),
            mark("copy it again, or save it anew in Excel or WPS"),
        ) from None
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise Unreadable(mark("this is a workbook of the binary kind (.xlsb)"), SAVE_XLSX)
    if b"opendocument.spreadsheet" in mime:
        return "ods"
    if "word/document.xml" in names or b"opendocument.text" in mime:
        raise Unreadable(
            mark("this is {kind}, and no workbook"), mark("copy the table into an Excel workbook"), kind="Word"
        )
    if "ppt/presentation.xml" in names:
        raise Unreadable(
            mark("this is {kind}, and no workbook"), mark("copy the table into an Excel workbook"), kind="PowerPoint"
        )
    if "[Content_Types].xml" in names:
        return "xlsx"  # its parts stand elsewhere; calamine follows the relations
    raise Unreadable(
        mark("this is {kind}, and no workbook"), mark("unpack it and choose the workbook inside"), kind="ZIP"
    )


def _of_ole(data: bytes) -> Kind:
    def has(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if has("EncryptedPackage") or has("EncryptionInfo"):
        raise encrypted()
    if has("WordDocument"):
        raise Unreadable(
            mark("this is {kind}, and no workbook"), mark("copy the table into an Excel workbook"), kind="Word"
        )
    if has("PowerPoint Document"):
        raise Unreadable(
            mark("this is {kind}, and no workbook"), mark("copy the table into an Excel workbook"), kind="PowerPoint"
        )
    if has("Workbook") or has("Book"):
        return "xls"
    raise Unreadable(mark("the file is damaged, or not as Excel writes it"), SAVE_XLSX)


def encrypted() -> Unreadable:
    """What to say of a workbook that opens with a password only."""
    return Unreadable(
        mark("the workbook is locked by a password"),
        mark("open it in Excel or WPS, take the password away (File, Info, Protect), and save it"),
    )
