"""The town's keys: made, kept, rotated; and what is signed with them.

Files are ``keys/<role>-<n>.pem`` (PKCS #8, mode 0600); the targets key may be under a passphrase. A key is in force if
the newest root names it; a file that no root names any more is revoked. The ``root`` keys are needed for a rotation
only and belong on sticks in two drawers.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey
from tuf.api.metadata import Metadata, Root, TargetFile, Targets
from tuf.api.serialization.json import JSONSerializer

from kiosk.common.files import write_whole
from kiosk.common.messages import Sentence, mark
from kiosk.contract import trust
from kiosk.contract.reports import Signed
from kiosk.contract.wire import Record, encode
from kiosk.town.signing.repository import Public

ROLES = {"root": ("root",), "targets": ("targets",), "online": ("timestamp", "snapshot")}
"""The TUF roles that each of the town's keys fills."""
ROOT_YEARS = 10
"""A root's date of expiry is not judged by stations; TUF asks for one."""


SALT = b"kiosk-scrypt "
SHORTEST_PASSPHRASE = 10
"""Characters."""


class KeyTrouble(Exception):
    """A key is missing or cannot be read; the message names it and the remedy."""


class Locked(KeyTrouble):
    """A key is under a passphrase, and none was given."""


class WrongPassphrase(KeyTrouble):
    """The passphrase that was given does not open the key."""


def make_keys(folder: Path, public: Public, root_keys: int, threshold: int, now: datetime) -> None:
    """Make the town's first keys and sign its first root."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    root = Root(version=1, expires=_expiry(now), consistent_snapshot=True)
    signers = _add_keys(root, "root", [folder] * root_keys)
    root.roles["root"].threshold = threshold
    for role in ("targets", "online"):
        _add_keys(root, role, [folder])
    publish_root(public, NextRoot(root, _signed_root(root, signers)))


@dataclass(frozen=True)
class NextRoot:
    """A root that is signed and not yet published."""

    root: Root
    data: bytes


def prepare_rotation(
    folder: Path, root_folders: Sequence[Path], public: Public, role: str, now: datetime, passphrase: str = ""
) -> NextRoot:
    """Make a new key, or new root keys, for ``role``, and sign the root that names them and revokes the old ones.

    A new targets key is put under ``passphrase`` unless that is empty. The root keys are read from ``root_folders``,
    such as two sticks. Of new root keys each stick gets one and ``folder`` the rest; a single folder gets all. Raises
    :class:`KeyTrouble` where fewer are there than needed.
    """
    root = current_root(public)
    wanted = root.roles["root"]
    held = {one.public_key.keyid: one for place in root_folders for one in _signers(place, "root")}
    old = [signer for keyid, signer in held.items() if keyid in wanted.keyids]
    if len(old) < wanted.threshold:
        text = mark(
            "{folder}: {count} of the town's root keys are here, {needed} are needed; "
            "name each of their folders with --root-keys"
        )
        folders = ", ".join(map(str, root_folders))
        raise KeyTrouble(Sentence(text, folder=folders, count=str(len(old)), needed=str(wanted.threshold)))
    root.version += 1
    root.expires = _expiry(now)
    count = len(root.roles[ROLES[role][0]].keyids)
    for name in ROLES[role]:
        for keyid in list(root.roles[name].keyids):
            root.revoke_key(keyid, name)
    places = [folder] * count
    if role == "root":
        places = [*root_folders, *places][:count] if len(root_folders) > 1 else [*root_folders] * count
    made = _add_keys(root, role, places, passphrase)
    data = _signed_root(root, [*old, *made] if role == "root" else old)
    trust.next_root(current_root(public), data)
    return NextRoot(root, data)


def is_locked(folder: Path) -> bool:
    """Whether the targets key that was made last is under a passphrase. False where it is not there."""
    path = _newest(folder, "targets")
    return path is not None and _key_bytes(path).startswith(SALT)


def protect(folder: Path, public: Public, passphrase: str, before: str = "") -> None:
    """Put the targets key under ``passphrase``; ``before`` is the one that it is under now. Raises :class:`KeyTrouble`.

    Revoked targets keys that lie there go under it too, as far as ``before`` opens them.
    """
    require_long(passphrase)
    Signer(folder, public).opened(before)
    for path in folder.glob("targets-*.pem"):
        try:
            private = _private(path, before)
        except (Locked, WrongPassphrase):
            continue
        write_whole(path, _pem(private, passphrase), 0o600)


def require_long(passphrase: str) -> None:
    """Raises :class:`KeyTrouble` for a passphrase that is too short."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        text = mark("a passphrase has at least {least} characters; take several words")
        raise KeyTrouble(Sentence(text, least=str(SHORTEST_PASSPHRASE)))


def root_keys_here(folder: Path) -> list[str]:
    """Names of the files of root keys in the town's own folder, where they do not belong."""
    return sorted(path.name for path in folder.glob("root-*.pem"))


def root_keys_needed(public: Public) -> tuple[int, int]:
    """How many root keys replace a key, and how many there are. Raises :class:`KeyTrouble`."""
    role = current_root(public).roles["root"]
    return role.threshold, len(role.keyids)


def _newest(folder: Path, role: str) -> Path | None:
    return max(folder.glob(f"{role}-*.pem"), key=_number, default=None)


def publish_root(public: Public, new: NextRoot) -> None:
    """Publish a root: from now on stations believe the keys that it names, and no others."""
    public.write(public.root_path(new.root.version), new.data)


def current_root(public: Public) -> Root:
    """The newest root. Raises :class:`KeyTrouble` where there is none."""
    version = public.root_version()
    if version == 0:
        text = mark("{folder}: there is no root; make the town with `kiosk town init`")
        raise KeyTrouble(Sentence(text, folder=str(public.folder)))
    return trust.stored_root(public.root_path(version).read_bytes())


class Signer:
    """Signs with the keys of ``folder`` that the newest root names."""

    def __init__(self, folder: Path, public: Public, passphrase: str = "") -> None:
        """``passphrase`` opens the targets key where that is under one."""
        self._folder = folder
        self._public = public
        self._passphrase = passphrase
        self._held: dict[tuple[int, str], CryptoSigner] = {}
        """By the version of the root that names the key, and its role."""
        self._coming: Root | None = None

    @property
    def root(self) -> Root:
        """The root by which what is signed here can be verified."""
        return self._coming or current_root(self._public)

    @contextmanager
    def ahead_of(self, root: Root) -> Iterator[None]:
        """Sign targets metadata for ``root``, which is about to be published, and for the one in force, in one.

        A station then believes it before the new root and after it: a rotation changes nothing in a room, and one that
        breaks off half-way can be done again.
        """
        self._coming = root
        try:
            yield
        finally:
            self._coming = None

    def vouch(self, record: Record) -> Signed:
        """Sign a record with the online key."""
        payload = encode(record)
        signature = self._key("online").sign(payload)
        return Signed(payload=payload.decode(), keyid=signature.keyid, signature=signature.signature)

    def targets(self, version: int, expires: datetime, files: dict[str, trust.Pinned]) -> bytes:
        """Sign targets metadata with the officer's key; ``files`` maps target paths to what they pin."""
        targets = {path: TargetFile(pin.size, {"sha256": pin.sha256}, path) for path, pin in sorted(files.items())}
        metadata = Metadata(Targets(version=version, expires=expires, targets=targets))
        for signer in self._targets_keys():
            metadata.sign(signer, append=True)
        return metadata.to_bytes(JSONSerializer(compact=True))

    def _targets_keys(self) -> list[CryptoSigner]:
        """The key in force; before a rotation the coming one, and that in force unless it was lost."""
        if self._coming is None:
            return [self._key("targets")]
        roots = (current_root(self._public), self._coming)
        named = {keyid for root in roots for keyid in root.roles["targets"].keyids}
        found = _signers(self._folder, "targets", self._passphrase)
        return [signer for signer in found if signer.public_key.keyid in named]

    def opened(self, passphrase: str) -> "Signer":
        """A signer that can use the targets key. Raises :class:`KeyTrouble` where ``passphrase`` does not open it."""
        signer = Signer(self._folder, self._public, passphrase)
        signer._key("targets")
        return signer

    def _key(self, role: str) -> CryptoSigner:
        version = self._public.root_version()
        if (version, role) not in self._held:
            named = current_root(self._public).roles[ROLES[role][0]].keyids
            passphrase = self._passphrase if role == "targets" else ""
            found = [signer for signer in _signers(self._folder, role, passphrase) if signer.public_key.keyid in named]
            if not found:
                if (newest := _newest(self._folder, role)) is not None:
                    _private(newest, passphrase)  # an older passphrase opens a revoked key alone
                text = mark(
                    "{folder}: the {role} key that root {version} names is not here; "
                    "bring its file back, or make another with `kiosk town rotate-key {role}`"
                )
                raise KeyTrouble(Sentence(text, folder=str(self._folder), role=role, version=str(version)))
            self._held[version, role] = found[0]
        return self._held[version, role]


def _expiry(now: datetime) -> datetime:
    return (now.astimezone(UTC) + timedelta(days=365 * ROOT_YEARS)).replace(microsecond=0)


def _add_keys(root: Root, role: str, folders: Iterable[Path], passphrase: str = "") -> list[CryptoSigner]:
    """Make a key for ``role`` in each of ``folders``, and name them in the root."""
    made = [_make_key(folder, role, passphrase if role == "targets" else "") for folder in folders]
    for signer in made:
        for name in ROLES[role]:
            root.add_key(signer.public_key, name)
    return made


def _signed_root(root: Root, signers: list[CryptoSigner]) -> bytes:
    metadata = Metadata(root)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(JSONSerializer(compact=True))


def _make_key(folder: Path, role: str, passphrase: str) -> CryptoSigner:
    private = Ed25519PrivateKey.generate()
    number = 1 + max((_number(path) for path in folder.glob(f"{role}-*.pem")), default=0)
    write_whole(folder / f"{role}-{number}.pem", _pem(private, passphrase), 0o600)
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key()))


def _pem(private: Ed25519PrivateKey, passphrase: str) -> bytes:
    """The key's file. PKCS #8 stretches a passphrase too little: scrypt does it before, its salt in a line above."""
    if not passphrase:
        return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    salt = secrets.token_bytes(16)
    locked = BestAvailableEncryption(_stretched(passphrase, salt))
    return SALT + salt.hex().encode() + b"\n" + private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


def _stretched(passphrase: str, salt: bytes) -> bytes:
    """About 0.1 s and 32 MB for each try."""
    return hashlib.scrypt(passphrase.encode(), salt=salt, n=1 << 15, r=8, p=1, maxmem=64 << 20, dklen=32).hex().encode()


def _number(path: Path) -> int:
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _signers(folder: Path, role: str, passphrase: str = "") -> list[CryptoSigner]:
    """The keys of a role in ``folder``, the newest last. One that the passphrase does not open is left out where
    another is opened: a revoked key may be under an older one."""
    found: list[CryptoSigner] = []
    closed: KeyTrouble | None = None
    for path in sorted(folder.glob(f"{role}-*.pem"), key=_number):
        try:
            private = _private(path, passphrase)
        except (Locked, WrongPassphrase) as error:
            closed = error
        else:
            found.append(CryptoSigner(private, SSlibKey.from_crypto(private.public_key())))
    if closed is not None and not found:
        raise closed
    return found


def _private(path: Path, passphrase: str) -> Ed25519PrivateKey:
    data = _key_bytes(path)
    locked = data.startswith(SALT)
    if locked and not passphrase:
        raise Locked(Sentence(mark("{path}: this key is under a passphrase; give it"), path=str(path)))
    try:
        head, _, pem = data.partition(b"\n") if locked else (b"", b"", data)
        salt = bytes.fromhex(head.removeprefix(SALT).decode())
        private = load_pem_private_key(pem, _stretched(passphrase, salt) if locked else None)
    except (ValueError, TypeError) as error:
        if locked:
            text = mark("{path}: the passphrase does not open this key; type it once more")
            raise WrongPassphrase(Sentence(text, path=str(path))) from None
        raise _unreadable(path, error) from None
    if not isinstance(private, Ed25519PrivateKey):
        text = mark("{path}: not an Ed25519 key; restore the file that `kiosk town init` made")
        raise KeyTrouble(Sentence(text, path=str(path)))
    return private


def _key_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> KeyTrouble:
    text = mark("{path}: not a readable private key ({kind}); restore it")
    return KeyTrouble(Sentence(text, path=str(path), kind=type(error).__name__))
