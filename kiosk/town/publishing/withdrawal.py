"""Takes a programme back everywhere: every week and notice in force is signed anew without it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from kiosk.contract import playlist as playlists
from kiosk.contract.playlist import Playlist, Urgent
from kiosk.town.publishing.in_force import notices_in_force, playlist_in_force, require_not_older
from kiosk.town.publishing.issue import PublishTerms, publication_lock, put_up, sign_notices, sign_playlist
from kiosk.town.publishing.source import SourceError
from kiosk.town.town import Town


@dataclass(frozen=True)
class Withdrawal:
    """What was signed anew without the programme."""

    groups: tuple[str, ...]
    notices: tuple[str, ...]
    """Ids of the notices that it stood in."""


def withdraw(town: Town, sha256: str, terms: PublishTerms) -> Withdrawal:
    """Publish everything in force anew without the file of that SHA-256, all or nothing. A room stops it once it hears.

    A slot with nothing else in it is gone; one with other programmes shows these. Raises
    :class:`kiosk.contract.trust.Refused` where what is published cannot be trusted, ``KeyTrouble``.
    """
    with publication_lock(town):
        weeks = list(_weeks_with(town, sha256))
        found = notices_in_force(town)
        notices = found[1] if found else []
        touched = tuple(one.id for one in notices if any(part.sha256 == sha256 for part in one.programmes))
        for week in weeks:
            if problems := playlists.check(week):
                raise SourceError(Path(week.group), problems)
        signed = [sign_playlist(town, week, terms) for week in weeks]
        if touched:
            left = [one for one in (_notice(notice, sha256) for notice in notices) if one]
            signed.append(sign_notices(town, left, terms))
        put_up(town, signed, terms)
        return Withdrawal(tuple(week.group for week in weeks), touched)


def _weeks_with(town: Town, sha256: str) -> Iterator[Playlist]:
    """The weeks in force that name the file, without it."""
    for group in town.public.groups():
        found = playlist_in_force(town, group)
        if found is None:
            continue
        require_not_older(town, found[0], group)
        if any(one.sha256 == sha256 for one in found[1].programmes):
            yield without(found[1], sha256)


def without(week: Playlist, sha256: str) -> Playlist:
    """A week without a file: its slots, recommended items and programmes. The posted plan stays as it was written."""
    gone = {one.id for one in week.programmes if one.sha256 == sha256}
    slots = [replace(slot, programmes=tuple(n for n in slot.programmes if n not in gone)) for slot in week.slots]
    return replace(
        week,
        programmes=tuple(one for one in week.programmes if one.id not in gone),
        slots=tuple(slot for slot in slots if slot.programmes),
        recommended=tuple(item for item in week.recommended if item.programme not in gone),
    )


def _notice(notice: Urgent, sha256: str) -> Urgent | None:
    left = tuple(one for one in notice.programmes if one.sha256 != sha256)
    return replace(notice, programmes=left) if left else None
