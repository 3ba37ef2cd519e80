"""The library of programmes: what is in it, edited, withdrawn, and found by a title.

Each function takes a connection; what it changes is audited in the same transaction by its caller.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, or_, select, update

from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.contract.wire import Text
from kiosk.town.database.store import now_ms
from kiosk.town.programmes import titles
from kiosk.town.programmes.schema import job, library, library_subtitle
from kiosk.town.publishing.source import ProgrammeSource, SubtitleSource
from kiosk.town.sheets import categories

MOST_FOUND = 8
"""Candidates for a title that is not in the library as it stands."""
ID = re.compile("p-[0-9a-f]{10}")
PAGE = 100
"""Programmes on one page of the list."""


class Edited(Exception):
    """Somebody else has changed the programme meanwhile, or it is gone: the page is to be read again."""


@dataclass(frozen=True)
class Entry:
    """A programme of the library."""

    id: str
    title: str
    category: str
    source: str
    short: bool
    state: str
    upload_name: str
    upload_sha256: str | None
    sha256: str | None
    size: int | None
    duration_ms: int | None
    changes: tuple[Message, ...]
    cause: Message | None
    added_ms: int
    changed_ms: int
    by: str
    version: int
    step: str = ""
    """Of its job: read, measure, convert, check; empty where none is to be done."""
    permille: int = 0

    @property
    def file(self) -> str:
        """Name of its file on the shelf."""
        return f"{self.id}.mp4"


@dataclass(frozen=True)
class Candidate:
    """A programme that a title may mean; ``likeness`` is 1 where it is that title."""

    entry: Entry
    likeness: float


def add(connection: Connection, file_name: str, by: str, title: str = "") -> str:
    """Put a file that has come into the library, with a job to look at it. Returns the programme's id.

    Without a ``title`` its name gives one.
    """
    name, now = f"p-{secrets.token_hex(5)}", now_ms()
    title = one_line(title)[: titles.LONGEST] or titles.from_file_name(file_name)
    row = {
        "id": name,
        "title": title,
        "title_key": titles.key(title),
        "category": "",
        "source": "",
        "short": False,
        "state": "waiting",
        "upload_name": one_line(file_name)[-400:],
        "changes": "[]",
        "added_ms": now,
        "changed_ms": now,
        "by": by[:400],
        "version": 1,
    }
    connection.execute(library.insert().values(row))
    ask_for_job(connection, name)
    return name


def ask_for_job(connection: Connection, programme: str) -> None:
    """Have the worker look at a programme (again)."""
    row = {"programme": programme, "state": "waiting", "step": "read", "permille": 0, "tries": 0, "made_ms": now_ms()}
    connection.execute(delete(job).where(job.c.programme == programme))
    connection.execute(job.insert().values(row))


def get(connection: Connection, programme: str) -> Entry | None:
    """A programme by its id."""
    row = connection.execute(_question().where(library.c.id == programme)).one_or_none()
    return None if row is None else _entry(row)


def listing(connection: Connection, text: str = "", state: str = "", page: int = 0) -> list[Entry]:
    """Those whose title or file name holds ``text``, of one state if one is given; newest first, a page at a time."""
    question = _question().order_by(library.c.added_ms.desc(), library.c.id)
    if wanted := titles.key(text):
        like = f"%{_escaped(one_line(text).strip())}%"
        in_title = library.c.title_key.like(f"%{wanted}%")
        question = question.where(or_(in_title, library.c.upload_name.like(like, escape="\\")))
    if state:
        question = question.where(library.c.state == state)
    rows = connection.execute(question.limit(PAGE + 1).offset(PAGE * page))
    return [_entry(row) for row in rows]


def counts(connection: Connection) -> dict[str, int]:
    """How many programmes there are of each state."""
    rows = connection.execute(select(library.c.state, func.count()).group_by(library.c.state))
    return {str(row[0]): int(row[1]) for row in rows}


def ready(connection: Connection) -> list[Entry]:
    """All that may be published, by title."""
    rows = connection.execute(_question().where(library.c.state == "ready").order_by(library.c.title_key, library.c.id))
    return [_entry(row) for row in rows]


def find(connection: Connection, title: str) -> list[Candidate]:
    """The programmes that a title may mean, the likeliest first; the first has likeness 1 where one is that title."""
    wanted = titles.key(title)
    found = [Candidate(one, titles.likeness(wanted, titles.key(one.title))) for one in ready(connection)]
    likely = [one for one in found if one.likeness >= titles.ALIKE]
    return sorted(likely, key=lambda one: (-one.likeness, one.entry.title))[:MOST_FOUND]


def source(connection: Connection, entry: Entry) -> ProgrammeSource:
    """The programme as a week names it; its file and subtitles lie beside :func:`week_path`."""
    rows = connection.execute(select(library_subtitle).where(library_subtitle.c.programme == entry.id))
    return ProgrammeSource(
        id=entry.id,
        file=entry.file,
        title=entry.title,
        category=entry.category,
        source=entry.source,
        short=entry.short,
        subtitles=tuple(SubtitleSource(language=row.language, file=row.file) for row in rows),
    )


def week_path(files: Path) -> Path:
    """Where a week of programmes of the library is said to lie for :func:`kiosk.town.publishing.publish.publish_week`;
    there need be no file."""
    return files / "week"


def edit(
    connection: Connection, programme: str, version: int, title: str, category: str, source: str, short: bool
) -> None:
    """Change what people say of a programme. Raises :class:`Edited`, :class:`ValueError` for an empty title."""
    title = one_line(title).strip()[: titles.LONGEST]
    if not title:
        raise ValueError(mark("a programme needs a title"))
    values: dict[str, Any] = {"title": title, "title_key": titles.key(title), "short": short}
    values |= {"category": _text(categories.category(category) or ""), "source": _text(source)}
    _change(connection, programme, version, **values)


def withdraw(connection: Connection, programme: str, version: int) -> None:
    """Offer a programme no more; its file stays for the time being. Raises :class:`Edited`."""
    _change(connection, programme, version, ("ready",), state="withdrawn")


def restore(connection: Connection, programme: str, version: int) -> None:
    """Offer a withdrawn programme again. Raises :class:`Edited`."""
    _change(connection, programme, version, ("withdrawn",), state="ready")


def touch(connection: Connection, programme: str, version: int) -> None:
    """Something beside a programme changes, such as its subtitles. Raises :class:`Edited`."""
    _change(connection, programme, version)


def remove(connection: Connection, programme: str, version: int) -> None:
    """Note that the files of a withdrawn programme are removed. Raises :class:`Edited`."""
    _change(connection, programme, version, ("withdrawn",), state="removed")
    connection.execute(delete(library_subtitle).where(library_subtitle.c.programme == programme))


def forget(connection: Connection, programme: str, version: int) -> None:
    """Take a refused or failed programme off the list. Raises :class:`Edited`."""
    _change(connection, programme, version, ("refused", "failed"), state="refused")
    for table, column in ((job, job.c.programme), (library_subtitle, library_subtitle.c.programme)):
        connection.execute(delete(table).where(column == programme))
    connection.execute(delete(library).where(library.c.id == programme))


def try_again(connection: Connection, programme: str, version: int) -> None:
    """Have a programme whose job failed looked at once more. Raises :class:`Edited`."""
    _change(connection, programme, version, ("failed",), state="waiting", cause=None)
    ask_for_job(connection, programme)


def twin(connection: Connection, programme: str, sha256: str) -> Entry | None:
    """Another programme of the same content, as it was given or as it was made."""
    question = _question().where(
        library.c.id != programme,
        library.c.state.in_(("ready", "withdrawn", "working")),
        or_(library.c.sha256 == sha256, library.c.upload_sha256 == sha256),
    )
    row = connection.execute(question.order_by(library.c.added_ms).limit(1)).one_or_none()
    return None if row is None else _entry(row)


def put(connection: Connection, programme: str, **values: Any) -> None:
    """What the worker found out of a programme."""
    connection.execute(update(library).where(library.c.id == programme).values(changed_ms=now_ms(), **values))


def subtitles(connection: Connection, programme: str) -> list[tuple[str, str]]:
    """Language and file name of each of its subtitles."""
    rows = connection.execute(select(library_subtitle).where(library_subtitle.c.programme == programme))
    return [(row.language, row.file) for row in rows]


def said(messages: Iterable[Message]) -> str:
    """Messages as they are stored."""
    return msgspec.json.encode(list(messages)).decode()


def _change(connection: Connection, programme: str, version: int, states: tuple[str, ...] = (), **values: Any) -> None:
    order = update(library).where(library.c.id == programme, library.c.version == version)
    if states:
        order = order.where(library.c.state.in_(states))
    done = connection.execute(order.values(changed_ms=now_ms(), version=version + 1, **values))
    if done.rowcount != 1:
        raise Edited(programme)


def _text(text: str) -> str:
    return msgspec.convert(one_line(text).strip()[:400], Text)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _question() -> Any:
    return select(library, job.c.step, job.c.permille).join(
        job, (job.c.programme == library.c.id) & (job.c.state != "done"), isouter=True
    )


def _entry(row: Any) -> Entry:
    values = {name: getattr(row, name) for name in Entry.__dataclass_fields__}
    return Entry(
        **values
        | {
            "changes": tuple(msgspec.json.decode(row.changes, type=list[Message])),
            "cause": None if row.cause is None else msgspec.json.decode(row.cause, type=Message),
            "step": row.step or "",
            "permille": row.permille or 0,
        }
    )
