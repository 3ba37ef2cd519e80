"""Reads a workbook of an officer's in a process of its own, within limits of time, memory and size."""

import logging
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import msgspec

from kiosk.common.i18n import Language
from kiosk.common.launcher import NOT_CONFINED
from kiosk.common.messages import Message, mark
from kiosk.common.sandbox import environment
from kiosk.town.sheets.child import SECONDS, Order, SheetRead
from kiosk.town.sheets.formats import SAVE_XLSX
from kiosk.town.sheets.grid import Finding
from kiosk.town.sheets.reading import MOST_BYTES

log = logging.getLogger(__name__)

WAIT_S = SECONDS + 5
"""By the wall clock: the computer may be busy."""
MOST_ANSWER = 64 << 20


class SheetTrouble(Exception):
    """The workbook could not be read at all, or not in time; ``finding`` says so as any other problem."""

    def __init__(self, message: Message, remedy: Message, order: Order) -> None:
        super().__init__(message.text)
        self.finding = Finding("", None, None, order.called, message, remedy)


def read_sheet_file(path: Path, month: str = "") -> SheetRead:
    """As :func:`read_sheet` for the file at ``path``; ``month`` as in :class:`Order`. Raises :class:`OSError`."""
    order = Order(0, path.stem, month, file=path.name)
    size = path.stat().st_size
    return _too_large(size, order) if size > MOST_BYTES else read_sheet(path.read_bytes(), order)


def read_sheet(data: bytes, order: Order) -> SheetRead:
    """What stands in the workbook ``data``. A file that cannot be read is a problem in it."""
    if len(data) > MOST_BYTES:
        return _too_large(len(data), order)
    try:
        answer = _ask(data, order)
        return msgspec.json.decode(answer, type=SheetRead)
    except SheetTrouble as trouble:
        return _nothing(trouble.finding)
    except msgspec.DecodeError:
        return _nothing(_broken(order).finding)


def marked_sheet_file(path: Path, month: str, language: Language) -> bytes:
    """As :func:`marked_sheet` for the file at ``path``, in that language. Raises :class:`OSError` too."""
    with path.open("rb") as file:
        return marked_sheet(file.read(MOST_BYTES), Order(0, path.stem, month, mark=language, file=path.name))


def marked_sheet(data: bytes, order: Order) -> bytes:
    """The workbook with its findings in colour and as comments. Raises :class:`SheetTrouble`."""
    return _ask(data, order)


TELL_INSTALLER = mark("tell whoever looks after the server")
TABLE_ALONE = mark("copy the table alone into a new workbook")


def _too_large(size: int, order: Order) -> SheetRead:
    values = {"size": str(size >> 20), "most": str(MOST_BYTES >> 20)}
    message = Message(mark("the file has {size} MB; a plan has at most {most}"), values)
    return _nothing(SheetTrouble(message, Message(TABLE_ALONE), order).finding)


def _nothing(problem: Finding) -> SheetRead:
    return SheetRead([], [], [problem], [], [])


def _broken(order: Order) -> SheetTrouble:
    return SheetTrouble(Message(mark("the file is damaged, or not as Excel writes it")), Message(SAVE_XLSX), order)


def _ask(data: bytes, order: Order) -> bytes:
    order = msgspec.structs.replace(order, size=len(data))
    with tempfile.TemporaryDirectory(prefix="kiosk-sheet-") as folder:
        return _ask_child(data, order, folder)


def _ask_child(data: bytes, order: Order, folder: str) -> bytes:
    command = [sys.executable, "-m", "kiosk.town.sheets.child", folder]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(TMPDIR=folder), start_new_session=True
    ) as child:
        assert child.stdin and child.stdout and child.stderr  # noqa: S101  three pipes were asked for
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(WAIT_S, end)
        timer.start()
        try:
            child.stdin.write(msgspec.json.encode(order) + b"\n" + data)
            child.stdin.flush()  # and is left open: the child ends when it is closed
            answer = child.stdout.read(MOST_ANSWER)
        except BrokenPipeError:
            answer = b""
        finally:
            timer.cancel()
            child.kill()
        said = child.stderr.read(4000).decode(errors="replace").strip()
        if said:
            log.warning("reading a workbook: %s", said)
    if answer:
        return answer
    if child.returncode == NOT_CONFINED:
        text = mark("this computer cannot lock the reader in ({reason}); see the README, Install a town")
        raise SheetTrouble(Message(text, {"reason": said[:400]}), Message(TELL_INSTALLER), order)
    if late.is_set() or child.returncode in (-9, -24):
        message = Message(mark("reading it takes too long, or too much memory"))
        raise SheetTrouble(message, Message(TABLE_ALONE), order)
    raise _broken(order)
