"""Who this station is, since its enrolment: its town, its name, its token and its key."""

from pathlib import Path
from typing import ClassVar

from kiosk.common.files import write_whole
from kiosk.contract import wire
from kiosk.contract.wire import Id, Record, Sha256, Text

REMEDY = "run: kiosk enrol --town URL"


class IdentityError(Exception):
    """The station does not know who it is; the message says what to do."""


class Identity(Record, frozen=True, kw_only=True):
    """What enrolment gave this station. ``token`` is a secret: it is in no log, URL or exception."""

    FORMAT: ClassVar[int] = 1

    format: int = 1
    url: Text
    """The town's address, without a slash at its end."""
    town: Id
    station: Id
    group: Id
    name: Text
    token: Text
    public_key: Text
    """Ed25519, 32 bytes in hexadecimal."""
    root_sha256: Sha256
    """SHA-256 of the town's first root: where all trust begins."""

    def __repr__(self) -> str:
        return f"Identity(station={self.station!r}, town={self.town!r}, url={self.url!r})"


def identity_path(state: Path) -> Path:
    """Path of the identity in the state folder."""
    return state / "identity.json"


def key_path(state: Path) -> Path:
    """The station's private key: 32 bytes in hexadecimal, for its owner only."""
    return state / "station.key"


def load_identity(state: Path) -> Identity:
    """Read the identity. Raises :class:`IdentityError` with the remedy."""
    path = identity_path(state)
    try:
        return wire.decode(path.read_bytes(), Identity, "identity")
    except FileNotFoundError:
        raise IdentityError(f"{path}: this station is not enrolled; {REMEDY}") from None
    except OSError as error:
        raise IdentityError(f"{path}: cannot be read ({error.strerror}); run as the kiosk's own user") from None
    except wire.Malformed as error:
        raise IdentityError(f"{path}: damaged ({error}); {REMEDY}") from None


def save_identity(state: Path, identity: Identity) -> None:
    """Write the identity, whole, for its owner only."""
    write_whole(identity_path(state), wire.encode(identity), 0o600)
