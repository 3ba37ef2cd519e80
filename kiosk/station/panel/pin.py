"""The administrator's PIN: set by a command, kept as a scrypt hash, checked by the panel."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from kiosk.common.files import write_whole

FILE = "panel.json"
KEY_FILE = "panel.key"
DIGITS = 6
"""Digits of a new PIN; one of another length that was set by an older version goes on until it is changed."""
SCRYPT = {"n": 2**12, "r": 8, "p": 4}
"""4 MB (which the daemon keeps afterwards) and about 50 ms a guess. The lock-out does the rest."""


Hex = Annotated[str, msgspec.Meta(pattern=r"\A([0-9a-f]{2})+\Z", max_length=256)]


class BadPin(ValueError):
    """A PIN that is too easy or cannot be typed."""


@dataclass(frozen=True)
class Pin:
    """The hash of a PIN. ``salt`` and ``hash`` are hexadecimal."""

    salt: Hex
    hash: Hex
    n: Annotated[int, msgspec.Meta(ge=2, le=2**14)]
    r: Annotated[int, msgspec.Meta(ge=1, le=8)]
    p: Annotated[int, msgspec.Meta(ge=1, le=16)]

    def __post_init__(self) -> None:
        if self.n & (self.n - 1):
            raise ValueError("scrypt's n is a power of 2")

    def fits(self, typed: str) -> bool:
        """Whether ``typed`` is this PIN; takes the same time right or wrong."""
        found = _scrypt(typed, bytes.fromhex(self.salt), self.n, self.r, self.p)
        return hmac.compare_digest(found, bytes.fromhex(self.hash))


def choose(typed: str) -> Pin:
    """The hash of a new PIN. Raises :class:`BadPin` with what to do instead."""
    if not (typed.isascii() and typed.isdigit() and len(typed) == DIGITS):
        raise BadPin(f"a PIN is {DIGITS} digits, 0 to 9; choose another")
    steps = {(int(b) - int(a)) % 10 for a, b in zip(typed, typed[1:], strict=False)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        raise BadPin("this PIN is the first that anybody would try; choose another")
    salt = secrets.token_bytes(16)
    return Pin(salt.hex(), _scrypt(typed, salt, **SCRYPT).hex(), **SCRYPT)


def load(state: Path) -> Pin | None:
    """The PIN kept in the folder ``state``; None where none is set. Raises ValueError or OSError if unreadable."""
    try:
        return msgspec.json.decode((state / FILE).read_bytes(), type=dict[str, Pin])["pin"]
    except FileNotFoundError:
        return None
    except (KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"{state / FILE} holds no PIN ({error!r}); set it again by: kiosk panel-pin") from None


def save(state: Path, pin: Pin) -> None:
    """Keep ``pin`` in the folder ``state``, readable by its owner only. Raises OSError."""
    write_whole(state / FILE, msgspec.json.encode({"pin": pin}), 0o600)


def _scrypt(typed: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(typed.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, dklen=32)
