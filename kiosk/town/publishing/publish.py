"""Publish a source: read it, measure what it names, check it as a station will, and issue it. All or nothing."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import asdict, replace
from sqlalchemy import select

from kiosk.common.messages import Message, Sentence, mark
from kiosk.common.refusals import why
from kiosk.common.strict import nearest
from kiosk.contract import playlist as playlists
from kiosk.contract.playlist import Playlist, Programme, Urgent
from kiosk.contract.trust import Refused
from kiosk.contract.wire import Malformed, encode
from kiosk.town.database import schema
from kiosk.town.publishing.compose import Composition, compose
from kiosk.town.publishing.in_force import playlist_in_force, require_not_older
from kiosk.town.publishing.issue import (
    PublishTerms,
    copy,
    issue_urgent,
    pins,
    publication_lock,
    put_up,
    sign_playlist,
)
from kiosk.town.publishing.measure import Tick, gather
from kiosk.town.publishing.questions import questions
from kiosk.town.publishing.rooms import forgotten
from kiosk.town.publishing.source import (
    NoticeSource,
    SourceError,
    UrgentSource,
    WeekSource,
    read_source,
    read_week,
)
from kiosk.town.signing.repository import NotCopied
from kiosk.town.town import Town

Confirm = Callable[[Composition, list[Message]], None]
"""Called before anything is signed, with what a publication makes of what is in force, and what a person should
confirm of it; raises to break it off."""


def confirm_all(_composition: Composition, _questions: list[Message]) -> None:
    """A :data:`Confirm` for those who ask nobody."""


def publish(town: Town, path: Path, terms: PublishTerms, tick: Tick, confirm: Confirm = confirm_all) -> Composition:
    """Publish the week that the JSON at ``path`` describes; as :func:`publish_week`."""
    week, problems = read_week(path)
    return publish_week(town, path, week, terms, tick, confirm, problems)


def publish_week(
    town: Town,
    path: Path,
    week: WeekSource,
    terms: PublishTerms,
    tick: Tick,
    confirm: Confirm = confirm_all,
    form_problems: Sequence[str] = (),
) -> Composition:
    """Publish a week for its group, beside the other days of what is in force; its files lie beside ``path``.

    ``tick`` is called with the bytes that went by and the name of their file; ``form_problems`` were found when it was
    read. Raises :class:`SourceError` with everything that is wrong with the week; then nothing is published.
    """
    problems = [*form_problems, *_unknown_group(town, week.group), *playlists.check(_draft(town, week))]
    programmes: tuple[Programme, ...] = ()
    files: dict[str, Path] = {}
    try:
        programmes, files = gather(town, path, week.programmes, tick)
    except SourceError as error:
        problems += error.problems
    if problems:
        raise SourceError(path, problems)
    draft = replace(_draft(town, week), programmes=programmes)
    return publish_drafts(town, path, [draft], files, terms, tick, confirm)[0]


def publish_drafts(
    town: Town,
    path: Path,
    drafts: Sequence[Playlist],
    files: dict[str, Path],
    terms: PublishTerms,
    tick: Tick,
    confirm: Confirm = confirm_all,
) -> list[Composition]:
    """Publish measured weeks, one for each group, whose ``files`` lie where their SHA-256 says: all of them or none.

    ``path`` is what the sentences call the source; ``confirm`` is called once for each group. Raises
    :class:`SourceError`.
    """
    with publication_lock(town):
        now = datetime.now(UTC)
        compositions = []
        for draft in drafts:
            found = preview(town, path, draft, now)
            confirm(found.composition, found.asked)
            compositions.append(found.composition)
        _copy(town, path, files, tick)
        signed = [sign_playlist(town, composition.playlist, terms) for composition in compositions]
        put_up(town, signed, terms)
        return [
            dataclasses.replace(composition, playlist=one.playlist or composition.playlist)
            for composition, one in zip(compositions, signed, strict=True)
        ]


@dataclasses.dataclass(frozen=True)
class Preview:
    """What publishing a draft would come to: the week in force, what follows it, and what a person should confirm."""

    held: Playlist | None
    composition: Composition
    asked: list[Message]


def preview(town: Town, path: Path, draft: Playlist, now: datetime) -> Preview:
    """What publishing ``draft`` at ``now`` (aware) comes to. Raises :class:`SourceError` where that is not sound."""
    problems = [*_unknown_group(town, draft.group), *playlists.check(draft), *pins(draft.programmes)[1]]
    if problems:
        raise SourceError(path, problems)
    asked = questions(draft, now, _stations(town).get(draft.group, 0))
    with town.store.read() as connection:
        asked += forgotten(connection, draft.group)
    held = None
    try:
        if found := playlist_in_force(town, draft.group):
            require_not_older(town, found[0], draft.group)
            held = found[1]
    except Refused as error:
        text = mark("what is published for group {group} cannot be trusted, none of it is kept: {why}")
        asked.append(Message(text, {"group": draft.group, "why": why(error.reason, str(error))}))
    return Preview(held, _compose(path, held, draft, now, asked), asked)


def _stations(town: Town) -> Counter[str]:
    """How many stations each group has that are not retired; 0 for a group that had some, or has a playlist."""
    table = schema.station
    with town.store.read() as connection:
        rows = connection.execute(select(table.c.group_id, table.c.retired_ms)).all()
    known = Counter(dict.fromkeys(town.public.groups(), 0))
    for row in rows:
        known[row.group_id] += row.retired_ms is None
    return known


def _unknown_group(town: Town, group: str) -> list[str]:
    """A problem where there are groups and ``group`` is none of them; none where it could not be read (empty)."""
    known = _stations(town)
    if not known or not group or group in known:
        return []
    text = mark("group: there is no group {group} (a group begins with its first station); {remedy}")
    return [Sentence(text, group=group, remedy=nearest(group, sorted(known)))]


def _compose(path: Path, held: Playlist | None, draft: Playlist, now: datetime, asked: list[Message]) -> Composition:
    """The composed playlist, checked. Raises :class:`SourceError`, with what would be ``asked`` too: it may be why."""
    composition = compose(held, draft, now)
    if held and composition.kept and held.time_zone != draft.time_zone:
        text = mark("time_zone: {zone}, but the days that are kept are in {kept}; use that one")
        raise SourceError(path, [Sentence(text, zone=draft.time_zone, kept=held.time_zone)])
    if problems := playlists.check(composition.playlist):
        text = mark("together with the days that are kept ({first} to {last}): {problem}")
        days = {"first": composition.kept[0], "last": composition.kept[-1]} if composition.kept else {}
        wrong = [Sentence(text, problem=problem, **days) if days else problem for problem in problems]
        raise SourceError(path, [*wrong, *(Sentence(one.text, **one.values) for one in asked)])
    return composition


def publish_urgent(town: Town, path: Path, terms: PublishTerms, tick: Tick) -> tuple[int, tuple[Urgent, ...]]:
    """Publish the urgent notices of the JSON at ``path``: the whole set; what it leaves out is withdrawn.

    Returns the version and the notices. Raises :class:`SourceError` with everything that is wrong; then nothing is
    published.
    """
    source = read_source(path, UrgentSource)
    names = Counter(notice.id for notice in source.notices)
    problems = [f"notice {name} stands here twice; give each its own id" for name, times in names.items() if times > 1]
    notices: list[Urgent] = []
    files: dict[str, Path] = {}
    for notice in source.notices:
        unclear = [problem for text in (notice.start, notice.end) if (problem := _no_instant(notice, text))]
        problems += unclear
        try:
            programmes, named = gather(town, path, notice.programmes, tick)
            files |= named
            if not unclear:
                notices.append(_urgent(town, notice, programmes))
                playlists.read_urgent(encode(notices[-1]))
        except SourceError as error:
            problems += error.problems
        except Malformed as error:
            problems.append(str(error))
    problems += pins(programme for notice in notices for programme in notice.programmes)[1]
    if problems:
        raise SourceError(path, problems)
    with publication_lock(town):
        _copy(town, path, files, tick)
        return issue_urgent(town, notices, terms), tuple(notices)


def _draft(town: Town, week: WeekSource) -> Playlist:
    """The week as a playlist whose programmes are not yet measured, for all checks that need no measures."""
    programmes = (
        Programme(id=p.id, title=p.title, file="-", duration_ms=1, size=0, sha256="0" * 64) for p in week.programmes
    )
    return Playlist(**asdict(week) | {"programmes": tuple(programmes)}, town=town.id, version=1, issued_ms=0)


def _no_instant(notice: NoticeSource, text: str) -> str | None:
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return None
    except ValueError:
        pass
    return f"notice {notice.id}: {text!r} is no instant with an offset, like 2026-03-02T09:00:00+08:00"


def _urgent(town: Town, notice: NoticeSource, programmes: tuple[Programme, ...]) -> Urgent:
    fields = asdict(notice) | {"programmes": programmes}
    start, end = (datetime.fromisoformat(fields.pop(name)).timestamp() for name in ("start", "end"))
    return Urgent(**fields, town=town.id, start_ms=round(start * 1000), end_ms=round(end * 1000))


def _copy(town: Town, path: Path, files: dict[str, Path], tick: Tick) -> None:
    try:
        copy(town, files, tick)
    except (NotCopied, OSError) as error:
        raise SourceError(path, [error.args[0] if isinstance(error, NotCopied) else str(error)]) from None
