"""Messages in words: one text for all that a channel is to be told now."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.common.text import one_line
from kiosk.contract.records import Item, read_record
from kiosk.contract.wire import Malformed
from kiosk.town.tickets import causes

MOST_LINES, MOST_BYTES = 8, 1_800
"""Of one message: a robot takes 2,048 bytes with the title, and nobody reads more."""

KINDS = {
    "new": mark("New fault"),
    "reopened": mark("Fault again"),
    "overdue": mark("Overdue"),
    "over": mark("Works again"),
    "silent": mark("Not heard of"),
    "heard": mark("Heard again"),
    "activity": mark("Activity"),
    "test": mark("Test"),
}
STATES = {
    "reported": mark("not seen yet"),
    "seen": mark("looked at"),
    "telecom-called": mark("telecom called"),
    "repaired": mark("said to be repaired"),
    "confirmed": mark("repair confirmed"),
    "closed": mark("settled"),
    "reopened": mark("opened again"),
}

Row = dict[str, Any]
"""A message with ``kind``, ``room`` (its name; empty: all rooms), and of its ticket ``number``, ``cause``, ``device``,
``state``, ``since_ms``."""


def compose(rows: Sequence[Row], town: str, local: Callable[[int], datetime], language: Language) -> tuple[str, str]:
    """Title and text that tell of all ``rows``, oldest first. ``local`` gives the town's time of an instant in ms."""
    _ = translator(language)
    if len(rows) == 1 and rows[0]["kind"] == "activity":
        return _activity(rows[0], language)
    if len(rows) == 1:
        name = KINDS[rows[0]["kind"]]
        subject = _(name)
        title = f"{town} {subject}: {_room(rows[0], language)}" if rows[0]["room"] is not None else f"{town} {subject}"
    else:
        title = _("{town}: {count} messages").format(town=town, count=len(rows))
    lines = [_line(row, local, language) for row in rows[:MOST_LINES]]
    if len(rows) > MOST_LINES:
        lines.append(_("and {count} more, see the console").format(count=len(rows) - MOST_LINES))
    return title, _short("\n".join(lines))


def _activity(row: Row, language: Language) -> tuple[str, str]:
    """What a room wants its group to read, as it was written there."""
    try:
        item = read_record(bytes(row["record"] or b""), "activity")
    except Malformed:
        item = None
    said = item if isinstance(item, Item) else None
    title = f"{_room(row, language)}: {said.title if said else ''}"
    return one_line(title)[:100], _short(said.text if said else "")


def _short(text: str) -> str:
    data = text.encode()
    return text if len(data) <= MOST_BYTES else data[: MOST_BYTES - 3].decode(errors="ignore") + "…"


def _line(row: Row, local: Callable[[int], datetime], language: Language) -> str:
    _ = translator(language)
    if row["kind"] == "test":
        return _("This is a test: messages of this town arrive here.")
    name, state = KINDS[row["kind"]], STATES.get(row["state"] or "", "")
    said = f"{_(name)}: {_room(row, language)}"
    if row["kind"] in ("silent", "heard"):
        since = f"{local(row['since_ms']):%m-%d %H:%M}" if row["since_ms"] else ""
        return (
            _("{said}, last heard {time}").format(said=said, time=since) if row["kind"] == "silent" and since else said
        )
    what = " ".join(word for word in (_(causes.title(row["cause"])), row["device"]) if word)
    said = _("{said}, {what} (no. {number})").format(said=said, what=what, number=row["number"])
    if row["kind"] == "over":
        return said
    since = _("since {time}").format(time=f"{local(row['since_ms']):%m-%d %H:%M}")
    return f"{said}, {since}, {_(state)}" if row["kind"] == "overdue" else f"{said}, {since}"


def _room(row: Row, language: Language) -> str:
    return row["room"] or translator(language)("all rooms, or the town's own line")
