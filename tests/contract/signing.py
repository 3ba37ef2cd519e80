"""A town's keys and signatures for tests, made from seeds: the same bytes at every run."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata, Root, TargetFile, Targets
from tuf.api.serialization.json import JSONSerializer

from kiosk.contract import trust
from kiosk.contract.enrolment import EnrolRequest, signed_bytes
from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot
from kiosk.contract.reports import GENESIS, Entry, Report, Signed, chain, head_of
from kiosk.contract.wire import Record, encode

SPEC = "1.0.31"
"""The version of TUF's specification that the bytes of the worked example name."""
NOW = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
EXPIRES = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)


def enrol_request(secret: str, name: str = "room-1", **more: str) -> EnrolRequest:
    """What the PC whose key is ``name`` sends the town."""
    public_key = key(name).public_key.keyval["public"]
    request = EnrolRequest(secret=secret, public_key=public_key, signature="", **more)
    return msgspec.structs.replace(request, signature=key(name).sign(signed_bytes(request)).signature)


def key(name: str) -> CryptoSigner:
    """The Ed25519 key whose seed is the SHA-256 of ``name``."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key()))


@dataclass
class Town:
    """Which keys are in force; and the bytes that the town would publish."""

    roots: list[str] = field(default_factory=lambda: ["root-1", "root-2"])
    threshold: int = 2
    targets: str = "targets-1"
    online: str = "online-1"

    def root(self, version: int = 1, signed_by: list[str] | None = None) -> bytes:
        root = Root(
            version=version, spec_version=SPEC, expires=datetime(2036, 3, 1, tzinfo=UTC), consistent_snapshot=True
        )
        for name in self.roots:
            root.add_key(key(name).public_key, "root")
        root.roles["root"].threshold = self.threshold
        root.add_key(key(self.targets).public_key, "targets")
        for role in ("timestamp", "snapshot"):
            root.add_key(key(self.online).public_key, role)
        return sign(root, self.roots if signed_by is None else signed_by)

    def index(
        self,
        files: dict[str, trust.Pinned],
        version: int = 1,
        signed_by: list[str] | None = None,
        expires: datetime = EXPIRES,
    ) -> bytes:
        targets = {path: TargetFile(pin.size, {"sha256": pin.sha256}, path) for path, pin in sorted(files.items())}
        metadata = Targets(version=version, spec_version=SPEC, expires=expires, targets=targets)
        return sign(metadata, [self.targets] if signed_by is None else signed_by)

    def vouch(self, record: Record) -> Signed:
        payload = encode(record)
        signature = key(self.online).sign(payload)
        return Signed(payload=payload.decode(), keyid=signature.keyid, signature=signature.signature)


def sign(signed: Root | Targets, names: list[str]) -> bytes:
    metadata: Metadata[Any] = Metadata(signed)
    for name in names:
        metadata.sign(key(name), append=True)
    return metadata.to_bytes(JSONSerializer(compact=True))


def pin(data: bytes) -> trust.Pinned:
    return trust.Pinned(len(data), trust.digest(data))


def edit(data: bytes, change: Any) -> bytes:
    """``data``, as JSON, after ``change`` was let loose on it: what a forger does."""
    tree = json.loads(data)
    change(tree)
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def programme(name: str = "opening", **changes: Any) -> Programme:
    fields: dict[str, Any] = {
        "id": name,
        "title": "开场",
        "file": f"{name}.mp4",
        "duration_ms": 6000,
        "size": len(name),
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
    }
    return Programme(**fields | changes)


def slot(**changes: Any) -> Slot:
    fields: dict[str, Any] = {
        "date": "2026-03-02",
        "start": "09:00:00",
        "end": "09:30:00",
        "programmes": ("opening",),
    }
    return Slot(**fields | changes)


def playlist(**changes: Any) -> Playlist:
    fields: dict[str, Any] = {
        "town": "fengle",
        "group": "all",
        "version": 1,
        "title": "第10周",
        "issued_ms": 1_772_323_200_000,
        "first_day": "2026-03-02",
        "last_day": "2026-03-08",
        "programmes": (programme(), programme("rice")),
        "slots": (slot(),),
        "recommended": (Recommended(programme="rice", plays=4, first_day="2026-03-02", last_day="2026-03-08"),),
    }
    return Playlist(**fields | changes)


def files(week: Playlist, data: bytes) -> dict[str, trust.Pinned]:
    """What the metadata of a week pins; ``data`` is the playlist's bytes."""
    pinned = {trust.PLAYLIST + week.group: pin(data)}
    for item in week.programmes:
        pinned[trust.PROGRAMME + item.id] = trust.Pinned(item.size, item.sha256)
        for subtitle in item.subtitles:
            pinned[f"{trust.SUBTITLE}{item.id}.{subtitle.language}"] = trust.Pinned(subtitle.size, subtitle.sha256)
    return pinned


def report(
    *records: bytes,
    station: str = "room-1",
    epoch: str = "epoch-1",
    first: int = 1,
    previous: str = GENESIS,
    by: str = "room-1",
) -> Report:
    """A report whose chain is sound, over the records' bytes as they are; signed with the key whose name is ``by``."""
    entries: list[Entry] = []
    before = previous
    for seq, record in enumerate(records, first):
        before = chain(before, seq, record)
        entries.append(Entry(seq=seq, hash=before, record=msgspec.Raw(record)))
    return signed_report(Report(station=station, epoch=epoch, previous=previous, entries=tuple(entries)), by)


def signed_report(unsigned: Report, by: str = "room-1") -> Report:
    """``unsigned`` with the signature of the key whose name is ``by``."""
    return msgspec.structs.replace(unsigned, signature=key(by).sign(encode(head_of(unsigned))).signature)
