"""Who may issue a playlist: the root chain, the signed metadata of a group, and what a station must refuse.

The metadata is that of The Update Framework (specification 1.0), read with ``tuf.api.metadata``; its updater is not
used, because it needs the network. A town publishes this folder, over HTTP or on a stick, with the same bytes:

    root/<n>.root.json       the n-th root: which keys may sign, with what threshold; signed by root n-1 and itself
    groups/<group>.json      targets metadata of one group: pins the playlist and every programme by length and SHA-256
    urgent.json              targets metadata of the urgent notices
    files/<sha256>           playlists, notices and programmes, by what they are

Root roles: ``root`` (offline, by threshold), ``targets`` (the officer, signs groups and urgent notices), ``timestamp``
(the town's online key: time answers, witnesses, station documents) and ``snapshot`` (unused here; TUF asks for it).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import TypeVar

from securesystemslib.exceptions import StorageError
from securesystemslib.signer import Signature, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, TargetFile, Targets
from tuf.api.serialization import DeserializationError

from kiosk.contract import playlist as playlists
from kiosk.contract import wire
from kiosk.contract.playlist import Playlist, Programme, Urgent
from kiosk.contract.reports import Report, Signed, chain, head_of

PLAYLIST = "playlist/"
URGENT = "urgent/"
PROGRAMME = "programme/"
SUBTITLE = "subtitle/"

MAX_METADATA = 2 * 1024 * 1024
MAX_METADATA_VALUES = 80_000
"""As :data:`wire.MAX_VALUES`: 20,000 files. tuf reads metadata a second time, and makes an object of each file, before
anything is known of who signed it."""

MAX_VERSION = 2**53
"""The highest that :data:`wire.Version` allows: a station could tell its town of no higher one."""

_SHA256 = re.compile("[0-9a-f]{64}")

T = TypeVar("T")


class Refused(Exception):
    """Something that a station must not believe. ``reason`` is a fixed word, the message says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(wire.tellable(message))
        self.reason = reason


@dataclass(frozen=True)
class Held:
    """What a station already holds of a role: the version, and the digest of its metadata's bytes."""

    version: int = 0
    digest: str = ""


@dataclass(frozen=True)
class Pinned:
    """A file as the signed metadata pins it. ``size`` in bytes."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Index:
    """Verified targets metadata: what may be fetched, and nothing else."""

    version: int
    digest: str
    files: Mapping[str, Pinned]

    @property
    def held(self) -> Held:
        return Held(self.version, self.digest)


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return sha256(data).hexdigest()


def first_root(data: bytes, pinned_sha256: str) -> Root:
    """The first root, believed because its SHA-256 came with the enrolment code. Raises :class:`Refused`."""
    if digest(data) != pinned_sha256:
        raise Refused(
            "root-forged", "the town's first root is not the one that the enrolment code names; check the code"
        )
    return stored_root(data)


def stored_root(data: bytes) -> Root:
    """A root from this station's own disk, verified when it was stored. Raises :class:`Refused` if unreadable."""
    return _root(_metadata(data, "root"))


def next_root(current: Root, data: bytes) -> Root:
    """The root that follows ``current``: exactly one version on, signed by a threshold of old and of new keys."""
    metadata = _metadata(data, "root")
    new = _root(metadata)
    if new.version != current.version + 1:
        raise Refused("roll-back", f"root {new.version} does not follow root {current.version}")
    for judge in (current, new):
        _verify(judge, Root.type, metadata, f"root {new.version}")
    return new


def index(root: Root, data: bytes, held: Held, now: datetime | None) -> Index:
    """Targets metadata of a group, or of the urgent notices, if this station may believe it.

    ``now`` is an aware instant, or None while the clock is not trusted: then expiry cannot be judged and is not.
    Raises :class:`Refused`.
    """
    metadata = _metadata(data, "targets")
    targets = _targets(metadata)
    _verify(root, Targets.type, metadata, f"version {targets.version}")
    bytes_digest = digest(data)
    if targets.version < held.version:
        raise Refused("roll-back", f"version {targets.version} is older than version {held.version}, which is held")
    if targets.version == held.version and bytes_digest != held.digest:
        raise Refused("same-version", f"version {targets.version} is held already with other bytes")
    if targets.version > held.version and now is not None and targets.is_expired(now):
        raise Refused(
            "expired",
            f"version {targets.version} expired on {targets.expires:%Y-%m-%d} (UTC); ask the town for a new one",
        )
    return _index(targets, data)


def peek(data: bytes) -> Index:
    """Targets metadata as it stands, **unverified**: for the town, which signed it. Raises :class:`Refused`."""
    return _index(_targets(_metadata(data, "targets")), data)


def the_playlist(accepted: Index, data: bytes, group: str) -> Playlist:
    """The playlist that ``accepted`` pins for ``group``, checked against it in every file. Raises :class:`Refused`."""
    pinned = pinned_playlist(accepted, group)
    check_bytes(pinned, data, "playlist")
    try:
        found = playlists.read(data)
    except wire.Malformed as error:
        raise Refused("malformed", str(error)) from None
    if found.group != group:
        raise Refused("wrong-group", f"playlist of group {found.group} offered to a station of group {group}")
    if found.version != accepted.version:
        raise Refused("malformed", f"playlist {found.version} stands in the metadata of version {accepted.version}")
    check_programmes(accepted, found.programmes)
    return found


def pinned_playlist(accepted: Index, group: str) -> Pinned:
    """Where to find the playlist of ``group``. Raises :class:`Refused` where the metadata is another group's."""
    offered = [path.removeprefix(PLAYLIST) for path in accepted.files if path.startswith(PLAYLIST)]
    if offered != [group]:
        named = ", ".join(offered) or "(none)"
        raise Refused("wrong-group", f"offered is group {named}, this station is in group {group}")
    return accepted.files[PLAYLIST + group]


def pinned_notices(accepted: Index) -> dict[str, Pinned]:
    """The urgent notices by name. Raises :class:`Refused` where the metadata is a group's: it would hide them all."""
    if any(path.startswith(PLAYLIST) for path in accepted.files):
        raise Refused("wrong-group", "urgent notices: offered is the metadata of a group's playlist")
    return {path.removeprefix(URGENT): pin for path, pin in accepted.files.items() if path.startswith(URGENT)}


def urgent_notice(accepted: Index, name: str, data: bytes) -> Urgent:
    """The urgent notice pinned as ``name``. Raises :class:`Refused`."""
    check_bytes(pinned_notices(accepted)[name], data, f"urgent notice {name}")
    try:
        found = playlists.read_urgent(data)
    except wire.Malformed as error:
        raise Refused("malformed", str(error)) from None
    if found.id != name:
        raise Refused("malformed", f"urgent notice {found.id} is signed under the name {name!r}")
    check_programmes(accepted, found.programmes)
    return found


def pins_of(programme: Programme) -> Iterator[tuple[str, Pinned]]:
    """The files of a programme: their names in the metadata, and what it has to pin."""
    yield PROGRAMME + programme.id, Pinned(programme.size, programme.sha256)
    for subtitle in programme.subtitles:
        yield f"{SUBTITLE}{programme.id}.{subtitle.language}", Pinned(subtitle.size, subtitle.sha256)


def check_programmes(accepted: Index, programmes: tuple[Programme, ...]) -> None:
    """Every file that the programmes name must be pinned with the same length and hash. Raises :class:`Refused`."""
    for programme in programmes:
        for path, pin in pins_of(programme):
            if accepted.files.get(path) != pin:
                raise Refused("not-pinned", f"{path} is not signed with the length and hash that the playlist gives")


def check_bytes(pinned: Pinned, data: bytes, what: str) -> None:
    """Raises :class:`Refused` unless ``data`` is what was pinned."""
    if len(data) != pinned.size or digest(data) != pinned.sha256:
        raise Refused("tampered", f"{what}: its bytes are not those that the town signed")


def vouched(root: Root, signed: Signed, kind: type[T], what: str) -> T:
    """What the town's online key vouches for, as a ``kind``. Raises :class:`Refused`."""
    role = root.roles["timestamp"]
    payload = signed.payload.encode("utf-8", "surrogatepass")
    if signed.keyid not in role.keyids:
        raise Refused("wrong-key", f"{what}: not signed by the town's online key")
    try:
        root.keys[signed.keyid].verify_signature(Signature(signed.keyid, signed.signature), payload)
    except Exception:
        raise Refused("tampered", f"{what}: the town's signature does not fit") from None
    try:
        return wire.decode(payload, kind, what)
    except wire.Malformed as error:
        raise Refused("malformed", str(error)) from None


def check_signed(public_key: str, signature: str, data: bytes, what: str, whose: str = "that it introduces") -> None:
    """Raises :class:`Refused` unless ``signature`` is that of ``public_key`` over ``data`` (Ed25519, hexadecimal).

    ``whose`` key that is, for the message.
    """
    try:
        SSlibKey("", "ed25519", "ed25519", {"public": public_key}).verify_signature(Signature("", signature), data)
    except Exception:
        raise Refused("not-signed", f"{what}: not signed with the key {whose}") from None


def check_report(public_key: str, report: Report) -> None:
    """Raises unless the station whose key this is has signed every record of ``report``.

    It signs the head alone; the head's hash proves the records before it as long as each fits its own. What stands
    before a record that does not fit would be anybody's word: such a record may only come first. Raises
    :class:`Refused` without the signature, :class:`wire.Malformed` where a record does not fit.
    """
    check_signed(public_key, report.signature, wire.encode(head_of(report)), "report", "of this station")
    for before, entry in pairwise(report.entries):
        if chain(before.hash, entry.seq, bytes(entry.record)) != entry.hash:
            raise wire.Malformed(
                f"report: the record of entry {entry.seq} does not fit its hash, so that the signature proves nothing "
                "before it; send fewer entries, and this one as the first of a report"
            )


def _metadata(data: bytes, what: str) -> Metadata[Root] | Metadata[Targets]:
    try:
        wire.plain(data, what, MAX_METADATA, MAX_METADATA_VALUES)
        return Metadata.from_bytes(data)
    except wire.Malformed as error:
        raise Refused("malformed", str(error)) from None
    except (DeserializationError, RepositoryError, StorageError, ValueError, RecursionError) as error:
        cause = error.__cause__ or error
        raise Refused("malformed", f"{what}: not signed metadata ({type(cause).__name__}: {cause})") from None


def _targets(metadata: Metadata[Root] | Metadata[Targets]) -> Targets:
    targets = metadata.signed
    if not isinstance(targets, Targets):
        raise Refused("malformed", f"targets: this is {targets.type} metadata, not targets")
    if targets.version > MAX_VERSION:
        raise Refused("malformed", f"targets: version {targets.version} is above {MAX_VERSION}, the highest there is")
    return targets


def _index(targets: Targets, data: bytes) -> Index:
    return Index(targets.version, digest(data), {path: _pin(target) for path, target in targets.targets.items()})


def _root(metadata: Metadata[Root] | Metadata[Targets]) -> Root:
    root = metadata.signed
    if not isinstance(root, Root):
        raise Refused("malformed", f"root: this is {root.type} metadata, not a root")
    for name, role in root.roles.items():
        keys = [root.keys[keyid].keyval.get("public") for keyid in role.keyids if keyid in root.keys]
        if len(set(keys)) < len(keys):
            raise Refused("malformed", f"root {root.version}: one key stands twice in the role {name}")
    return root


def _verify(root: Root, role: str, metadata: Metadata[Root] | Metadata[Targets], what: str) -> None:
    if not metadata.signatures:
        raise Refused("not-signed", f"{what}: not signed")
    try:
        root.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError, RecursionError) as error:
        raise Refused(
            "wrong-key", f"{what}: not signed by a key that the town's root {root.version} names ({error})"
        ) from None


def _pin(target: TargetFile) -> Pinned:
    sha = target.hashes.get("sha256", "")
    if not _SHA256.fullmatch(sha):
        raise Refused("malformed", f"{target.path[:200]!r}: its SHA-256 is not 64 hexadecimal digits in lower case")
    return Pinned(target.length, sha)
