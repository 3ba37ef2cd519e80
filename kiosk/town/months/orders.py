"""What an officer orders at once, beside the month: a programme taken back everywhere, an urgent notice."""

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, select

from kiosk.common.files import write_whole
from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.contract import trust
from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Programme, Urgent
from kiosk.town.database import schema
from kiosk.town.database.store import audit, now_ms, put
from kiosk.town.months import library
from kiosk.town.months.books import MonthError
from kiosk.town.months.notice_picture import notice_picture
from kiosk.town.months.schema import title, withdrawn
from kiosk.town.months.titles import key
from kiosk.town.programmes import library as programmes
from kiosk.town.publishing.in_force import notices_in_force
from kiosk.town.publishing.issue import PublishTerms, issue_urgent, publication_lock
from kiosk.town.publishing.measure import gather, quiet
from kiosk.town.publishing.source import ProgrammeSource
from kiosk.town.publishing.withdrawal import Withdrawal, withdraw
from kiosk.town.signing.keys import Signer
from kiosk.town.town import Town

MOST_NOTICES = 20
NOTICE = re.compile("notice-[0-9a-f]{16}")
SHOWN_FOR = "00:00:30"
"""A notice in words is shown for so long, again and again until its end."""


@dataclass(frozen=True)
class Notice:
    """An urgent notice in three fields: what is shown, where, until when."""

    programme: str
    """Its id; empty for a notice in words."""
    text: str
    stations: tuple[str, ...]
    """Empty: all."""
    end: datetime
    """Aware."""


def take_back(town: Town, programme: str, signer: Signer, by: str) -> Withdrawal:
    """Take a programme (by its id) back everywhere, for good. Raises :class:`MonthError`, ``KeyTrouble``."""
    found, _ = library.measured(town, [programme])
    if programme not in found:
        raise MonthError(Message(mark("This programme is not there any more.")))
    one = found[programme]

    def note(connection: Connection) -> None:
        row = {"sha256": one.sha256, "title": one.title, "by": by, "at_ms": now_ms()}
        put(connection, withdrawn, row)
        connection.execute(delete(title).where(title.c.programme == programme))
        entry = programmes.get(connection, programme)
        if entry is not None and entry.state == "ready":
            programmes.withdraw(connection, programme, entry.version)
        audit(connection, by, "withdraw", programme, one.title)

    return withdraw(replace(town, signer=signer), one.sha256, PublishTerms(by, along=note))


def is_taken_back(town: Town, name: str) -> bool:
    """Whether a programme of that title was taken back."""
    with town.store.read() as connection:
        return any(key(one) == key(name) for one in connection.execute(select(withdrawn.c.title)).scalars())


def notices(town: Town, now: datetime) -> list[Urgent]:
    """The urgent notices in force that are not over at ``now`` (aware)."""
    found = notices_in_force(town)
    return [one for one in found[1] if one.end_ms > to_ms(now)] if found else []


def new_notice() -> str:
    """An id for a notice: a form carries it, so that a form that comes twice is one notice."""
    return f"notice-{secrets.token_hex(8)}"


def give_notice(
    town: Town, notice: Notice, now: datetime, signer: Signer, by: str, ident: str = "", seen: int | None = None
) -> str:
    """Publish an urgent notice beside those in force; gives its id. Raises :class:`MonthError`, ``KeyTrouble``.

    ``ident`` is of :func:`new_notice`; one that is in force is given already. ``seen`` is the version of the notices
    that the officer saw.
    """
    programme, files = _shown(town, notice)
    if notice.end <= now:
        raise MonthError(Message(mark("The end lies in the past; nothing is published.")))
    with town.store.read() as connection:
        known = set(connection.execute(select(schema.station.c.id)).scalars())
    if lost := set(notice.stations) - known:
        raise MonthError(Message(mark("station {station} is not known"), {"station": sorted(lost)[0][:64]}))
    unlocked = replace(town, signer=signer)
    with publication_lock(town):
        others = notices(town, now)
        if any(one.id == ident for one in others):
            return ident
        if seen is not None and seen != town.public.version(town.public.urgent_path):
            raise MonthError(Message(mark("The notices were changed since this page was opened: look at them again.")))
        if len(others) >= MOST_NOTICES:
            raise MonthError(Message(mark("Too many notices are in force; end some of them first.")))
        for sha256, path in files.items():
            town.public.add(path, sha256, quiet)
        made = _urgent(town, ident or new_notice(), notice, programme, now)
        terms = PublishTerms(by, along=lambda connection: library.require_offered(connection, made.programmes))
        issue_urgent(unlocked, [*others, made], terms)
    return made.id


def end_notice(town: Town, ident: str, now: datetime, signer: Signer, by: str) -> None:
    """Withdraw an urgent notice. Raises :class:`MonthError`, ``KeyTrouble``."""
    with publication_lock(town):
        others = notices(town, now)
        left = [one for one in others if one.id != ident]
        if len(left) == len(others):
            raise MonthError(Message(mark("This notice is not in force any more.")))
        issue_urgent(replace(town, signer=signer), left, PublishTerms(by))


def _shown(town: Town, notice: Notice) -> tuple[Programme, dict[str, Path]]:
    """What a notice shows, and where its files lie. Raises :class:`MonthError`."""
    if notice.programme:
        found, files = library.measured(town, [notice.programme])
        if notice.programme not in found:
            raise MonthError(Message(mark("This programme is not there any more.")))
        return found[notice.programme], files
    folder = town.folder / "notices"
    folder.mkdir(mode=0o750, exist_ok=True)
    path = folder / "notice.png"
    data = notice_picture(notice.text)
    write_whole(path, data)
    source = ProgrammeSource(
        id=f"{library.NOTICE}{trust.digest(data)[:12]}",
        file=path.name,
        title=one_line(notice.text)[:80],
        duration=SHOWN_FOR,
    )
    (programme,), files = gather(town, path, (source,), quiet)
    return programme, files


def _urgent(town: Town, ident: str, notice: Notice, programme: Programme, now: datetime) -> Urgent:
    return Urgent(
        id=ident,
        town=town.id,
        title=programme.title,
        stations=notice.stations,
        start_ms=to_ms(now),
        end_ms=to_ms(notice.end),
        mode="loop",
        programmes=(programme,),
    )
