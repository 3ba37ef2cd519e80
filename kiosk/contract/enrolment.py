"""How a new station makes itself known: a code typed once, a key pair of its own, a token in return.

The **code** is 44 bytes in base 32 (RFC 4648, without padding), in groups of four letters: 9 bytes of secret, the 32
bytes of the SHA-256 of the town's first root, and the first 3 bytes of the SHA-256 over both, which catch a slip of
the finger. The secret is good once and for one station, until the station has a newer code. A request is signed with
the key that it introduces. Asking again with the same key gets a new token; the old one is good until that is used.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import msgspec

from kiosk.contract.wire import Format2, Id, Text, Version, encode

SECRET_BYTES = 9


PublicKey = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Signature = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{128}\Z")]


class BadCode(ValueError):
    """An enrolment code with a slip in it."""


@dataclass(frozen=True)
class Code:
    """What an enrolment code says. ``secret`` is lower-case hexadecimal."""

    secret: str
    root_sha256: str

    def __str__(self) -> str:
        body = bytes.fromhex(self.secret) + bytes.fromhex(self.root_sha256)
        letters = base64.b32encode(body + sha256(body).digest()[:3]).decode().rstrip("=")
        return "-".join(letters[n : n + 4] for n in range(0, len(letters), 4))


def parse_code(text: str) -> Code:
    """Read a code as typed: lower case, spaces and other dashes are forgiven. Raises :class:`BadCode`."""
    letters = "".join(c for c in text.upper() if c.isalnum()).translate(str.maketrans("018", "OIB"))
    try:
        data = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        raise BadCode("the enrolment code has a wrong length or letter; type it again") from None
    body, check = data[:-3], data[-3:]
    if len(body) != SECRET_BYTES + 32 or sha256(body).digest()[:3] != check:
        raise BadCode("the enrolment code has a slip in it; type it again, or ask the town for a new one")
    return Code(body[:SECRET_BYTES].hex(), body[SECRET_BYTES:].hex())


class EnrolRequest(Format2, frozen=True, kw_only=True):
    """A station introduces itself."""

    secret: Text
    public_key: PublicKey
    """Ed25519, 32 bytes in hexadecimal."""
    host: Text = ""
    software: Text = ""
    signature: Signature
    """Ed25519 with the key above, over :func:`signed_bytes`, in hexadecimal."""


def signed_bytes(request: EnrolRequest) -> bytes:
    """What the station signs: the canonical bytes of its request with an empty signature."""
    return encode(msgspec.structs.replace(request, signature=""))


class EnrolAnswer(Format2, frozen=True, kw_only=True):
    """The town's answer: who the station is from now on, and the token that it shows."""

    town: Id
    station: Id
    group: Id
    name: Text
    token: Text
    root_version: Version
