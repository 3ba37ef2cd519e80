"""What the town has in force: read from the signed public folder, and verified as a station does."""

from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from kiosk.contract import trust
from kiosk.contract.playlist import Playlist, Urgent
from kiosk.contract.trust import Held, Index, Pinned, Refused
from kiosk.contract.wire import Malformed
from kiosk.town.database import schema
from kiosk.town.signing import keys
from kiosk.town.town import Town

USUAL_ZONE = "Asia/Shanghai"


def playlist_in_force(town: Town, group: str) -> tuple[Index, Playlist] | None:
    """The playlist of ``group`` and its metadata; None where none is published. Expiry is not judged.

    Raises :class:`Refused` where something lies there that the targets key in force has not signed.
    """
    index = verified_index(town, town.public.group_path(group))
    if index is None:
        return None
    document = _document(town, trust.pinned_playlist(index, group), f"playlist {index.version}")
    return index, trust.the_playlist(index, document, group)


def zone_in_force(town: Town) -> ZoneInfo:
    """The time zone of the week that was published last; the usual one where there is none that can be believed."""
    table = schema.publication
    newest = select(table.c.group_id).where(table.c.group_id.is_not(None)).order_by(table.c.version.desc()).limit(1)
    with town.store.read() as connection:
        group = connection.execute(newest).scalar()
    try:
        found = playlist_in_force(town, group) if group is not None else None
    except (Refused, Malformed):
        found = None
    return ZoneInfo(found[1].time_zone if found else USUAL_ZONE)


def notices_in_force(town: Town) -> tuple[Index, list[Urgent]] | None:
    """The urgent notices and their metadata; as :func:`playlist_in_force`."""
    index = verified_index(town, town.public.urgent_path)
    if index is None:
        return None
    pinned = trust.pinned_notices(index).items()
    return index, [trust.urgent_notice(index, name, _document(town, pin, f"notice {name}")) for name, pin in pinned]


def verified_index(town: Town, path: Path) -> Index | None:
    """The metadata at ``path``; None where there is none. Raises :class:`Refused`, as :func:`playlist_in_force`."""
    metadata = town.public.read(path)
    return None if metadata is None else trust.index(keys.current_root(town.public), metadata, Held(), None)


def require_newest(town: Town, index: Index, group: str | None) -> None:
    """Raises :class:`Refused` unless the database knows these very bytes as the newest for ``group``; None: notices."""
    if newest_recorded(town, group) != (index.version, index.digest):
        raise Refused("not-recorded", f"the town's database does not know version {index.version} as its newest")


def require_not_older(town: Town, index: Index, group: str) -> None:
    """Raises :class:`Refused` where the database knows a newer publication; it may itself be an older copy."""
    newest, _ = newest_recorded(town, group)
    if index.version < newest:
        raise Refused("roll-back", f"version {index.version} lies in the public folder, version {newest} was published")


def newest_recorded(town: Town, group: str | None) -> tuple[int, str]:
    """Version and SHA-256 of the newest metadata that the database has recorded; ``(0, "")`` where there is none."""
    table = schema.publication
    newest = select(table.c.version, table.c.sha256).where(table.c.group_id == group).order_by(table.c.version.desc())
    with town.store.read() as connection:
        row = connection.execute(newest.limit(1)).first()
    return (row.version, row.sha256) if row else (0, "")


def _document(town: Town, pin: Pinned, what: str) -> bytes:
    document = town.public.read(town.public.file_path(pin.sha256))
    if document is None:
        raise Refused("missing", f"{what}: its file is not in the public folder")
    return document
