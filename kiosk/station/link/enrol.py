"""Enrolment: the code proves the town's root, a key pair is made here, and the town gives a token."""

import logging
import platform
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from kiosk import __version__
from kiosk.contract import trust, wire
from kiosk.contract.enrolment import BadCode, Code, EnrolAnswer, EnrolRequest, parse_code, signed_bytes
from kiosk.contract.trust import Refused
from kiosk.station.identity import Identity, IdentityError, load_identity, save_identity
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.link.client import PORTAL, TownClient, Unreachable
from kiosk.station.link.roots import follow_roots
from kiosk.station.link.station_key import key_pair

log = logging.getLogger(__name__)

FIND_S = 15.0
"""Seconds that a town may keep somebody waiting who has just typed its address."""
MAX_URL = 400
"""What an identity can hold, in characters."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class EnrolmentFailed(Exception):
    """The station is not enrolled; the message says why, and what to do. Nothing was changed but the key, made once."""


def enrol(url: str, code: str, state: Path, ca_file: str = "") -> Identity:
    """Enrol this PC with the town at ``url``. Raises :class:`EnrolmentFailed`.

    The same code may be used again from this PC, as after a lost answer: the key stays, and so does the station.
    ``ca_file`` as in the settings.
    """
    address = _address(url)
    try:
        parsed = parse_code(code)
    except BadCode as error:
        raise EnrolmentFailed(str(error)) from None
    try:
        key = key_pair(state)
        public_key = key.public_key().public_bytes_raw().hex()
        answer = _request_enrolment(TownClient(address, ca_file=ca_file), address, parsed, key, state)
        identity = Identity(
            url=address,
            town=answer.town,
            station=answer.station,
            group=answer.group,
            name=answer.name,
            token=answer.token,
            public_key=public_key,
            root_sha256=parsed.root_sha256,
        )
        _set_old_record_aside(state, identity)
        save_identity(state, identity)
    except OSError as error:
        raise EnrolmentFailed(
            f"state folder {state}: {error.strerror or error}; run as root or as the kiosk's user, and see to the disk"
        ) from None
    return identity


def find_town(url: str, ca_file: str = "") -> str:
    """The town's address as it is kept, after a town has answered there. Raises :class:`EnrolmentFailed`."""
    address = _address(url)
    try:
        if not TownClient(address, timeout_s=FIND_S, ca_file=ca_file).get("/v1/root/1.root.json"):
            raise EnrolmentFailed(f"town {address}: no town answers there; {PORTAL}")
    except Unreachable as error:
        raise EnrolmentFailed(_reason(address, error)) from None
    return address


def _request_enrolment(town: TownClient, address: str, code: Code, key: Ed25519PrivateKey, state: Path) -> EnrolAnswer:
    """Verify the town by its root, and only then send it the code's secret."""
    try:
        _fetch_roots(town, code, Documents(Library(state / "library")))
        request = EnrolRequest(
            secret=code.secret,
            public_key=key.public_key().public_bytes_raw().hex(),
            host=platform.node()[:400],
            software=f"kiosk {__version__}",
            signature="",
        )
        request = replace(request, signature=key.sign(signed_bytes(request)).hex())
        return wire.decode(town.post("/v1/enrol", wire.encode(request)), EnrolAnswer, "enrolment answer")
    except Refused as error:
        raise EnrolmentFailed(f"town {address}: {error}") from None
    except wire.Malformed as error:
        raise EnrolmentFailed(f"town {address}: {error}; {PORTAL}") from None
    except Unreachable as error:
        raise EnrolmentFailed(_reason(address, error)) from None


def _fetch_roots(town: TownClient, code: Code, documents: Documents) -> None:
    data = town.get("/v1/root/1.root.json") or b""
    root = trust.first_root(data, code.root_sha256)
    documents.begin_trust(root, data)
    for event in follow_roots(town, root, lambda refused: None):
        documents.keep_root(event.root, event.data)


def _set_old_record_aside(state: Path, identity: Identity) -> None:
    """Rename the record of another station that this PC was before: it is not the new one's."""
    try:
        before = load_identity(state)
    except IdentityError:
        return
    if (before.town, before.station) != (identity.town, identity.station):
        for path in sorted(state.glob("journal.*")):
            path.rename(path.with_name(f"of-{before.town}-{before.station}-{path.name}"))


def _address(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and len(url) <= MAX_URL
    except ValueError:  # a bracket that is not closed, a port that is none
        sound = False
    if not sound:
        raise EnrolmentFailed(f"town {url[:200]!r} is not a web address; give one such as https://town.example")
    if parts.query or parts.fragment or parts.username:
        raise EnrolmentFailed("the town's address has a query, a fragment or a user name in it; give it without")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        log.warning("enrol: %s is not encrypted: whoever sits on the line can read the token", parts.hostname)
    return url.strip().rstrip("/")


def _reason(address: str, error: Unreachable) -> str:
    if "/v1/enrol: HTTP 403" in str(error):
        return f"town {address} refuses the code: {str(error).partition('403: ')[2] or 'used, expired or not its own'}"
    return f"town {address}: {error}" + (f"; {PORTAL}" if error.remedy == PORTAL else "; is the network up?")
