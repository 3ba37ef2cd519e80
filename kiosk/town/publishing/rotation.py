"""Replaces a key of the town's, and signs anew what the old key had signed by the town's own order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kiosk.contract.playlist import Playlist, Urgent
from kiosk.contract.trust import Refused
from kiosk.town.database.store import audit, now_ms
from kiosk.town.publishing.in_force import notices_in_force, playlist_in_force, require_newest
from kiosk.town.publishing.issue import PublishTerms, publication_lock, put_up, sign_notices, sign_playlist
from kiosk.town.signing import keys
from kiosk.town.town import Town


@dataclass(frozen=True)
class Rotation:
    """A rotation that is done: the new root's version, and a line on each document that was found."""

    root_version: int
    signed: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()


def rotate(town: Town, role: str, root_folders: Sequence[Path], terms: PublishTerms, passphrase: str = "") -> Rotation:
    """Replace the key of ``role``; for the targets key, sign anew what it had signed.

    Only what verifies under the old root, and what the database knows as the newest, is signed: whoever stole the old
    key, or can write the public folder, would have his weeks made genuine. The rest is moved to ``set-aside/`` in the
    town's folder. The new root comes last: what is signed by both keys is good before it and after it.

    ``passphrase`` opens the old targets key, and the new one is put under it, unless it is empty; an old key that it
    does not open counts as lost. Raises :class:`keys.KeyTrouble`.
    """
    town = replace(town, signer=keys.Signer(town.keys_folder, town.public, passphrase))
    with publication_lock(town):
        playlists, notices, refused = _verify_published(town) if role == "targets" else ([], None, {})
        new = keys.prepare_rotation(town.keys_folder, root_folders, town.public, role, datetime.now(UTC), passphrase)
        for path in refused:
            aside = town.folder / "set-aside"
            aside.mkdir(mode=0o750, exist_ok=True)
            path.rename(aside / f"{now_ms()}-{path.name}")
        with town.signer.ahead_of(new.root):
            signed = _sign_anew(town, playlists, notices, terms)
        keys.publish_root(town.public, new)
        with town.store.write() as connection:
            audit(connection, terms.by, "rotate-key", role, f"root {new.root.version}")
        return Rotation(new.root.version, tuple(signed), tuple(f"{path.name}: {why}" for path, why in refused.items()))


def _sign_anew(town: Town, playlists: list[Playlist], notices: list[Urgent] | None, terms: PublishTerms) -> list[str]:
    """Publish these again, by the old key and the new one. Gives a line on each."""
    lines, signed = [], []
    for playlist in playlists:
        signed.append(one := sign_playlist(town, playlist, terms))
        days = f"{playlist.first_day} to {playlist.last_day}"
        version = f"version {playlist.version} is now version {one.index.version}"
        lines.append(f"group {playlist.group}: {days}, {version}")
    if notices is not None:
        signed.append(one := sign_notices(town, notices, terms))
        names = ", ".join(notice.id for notice in notices) or "none"
        lines.append(f"urgent notices ({names}): now version {one.index.version}")
    put_up(town, signed, terms)
    return lines


def _verify_published(town: Town) -> tuple[list[Playlist], list[Urgent] | None, dict[Path, str]]:
    """The playlists and notices that may be signed anew, and why each other document of the public folder may not."""
    playlists: list[Playlist] = []
    notices: list[Urgent] | None = None
    refused: dict[Path, str] = {}
    for group in town.public.groups():
        try:
            if found := playlist_in_force(town, group):
                require_newest(town, found[0], group)
                playlists.append(found[1])
        except Refused as error:
            refused[town.public.group_path(group)] = str(error)
    try:
        if urgent := notices_in_force(town):
            require_newest(town, urgent[0], None)
            notices = urgent[1]
    except Refused as error:
        refused[town.public.urgent_path] = str(error)
    return playlists, notices, refused
