"""Passwords: which are good enough, and their hashes by argon2id."""

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kiosk.common.messages import mark
from kiosk.town.accounts.errors import AccountError

LEAST, MOST = 10, 128
"""Characters of a password."""
LEAST_DIFFERENT = 5
"""Different characters in it."""
_CLEAR = "abcdefghkmnprstuvwxyz23456789"
_RUNS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")

_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
"""64 MB and about a tenth of a second: RFC 9106's choice for little memory, on one core."""
_NOBODY = _HASHER.hash("nobody")
"""Checked where there is no such account, so that the time tells nobody which names there are."""


def hash_password(typed: str, name: str) -> str:
    """The hash to be kept of a new password of the account ``name``. Takes 64 MB for about 0.1 s.

    Raises :class:`AccountError` for one that is too short, or among the first that anybody would try.
    """
    plain = _normal(typed)
    if not LEAST <= len(plain) <= MOST:
        raise AccountError(mark("A password has {least} to {most} characters."), least=LEAST, most=MOST)
    lower = plain.lower()
    if len(set(lower)) < LEAST_DIFFERENT or any(lower in run for run in _RUNS) or lower.startswith("password"):
        raise AccountError(mark("This password is among the first that anybody would try; choose another."))
    if _normal(name).lower() in lower:
        raise AccountError(mark("The name must not be part of the password; choose another."))
    return _HASHER.hash(plain)


def suggest() -> str:
    """A password that can be read out on the telephone: three times four letters and digits that look like no other."""
    return "-".join("".join(secrets.choice(_CLEAR) for _ in range(4)) for _ in range(3))


def fits(kept: str | None, typed: str) -> bool:
    """Whether ``typed`` is the password of the hash ``kept``; None: of nobody. Takes 64 MB for about 0.1 s."""
    plain = _normal(typed[: 2 * MOST])
    try:
        return _HASHER.verify(kept or _NOBODY, plain) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def _normal(typed: str) -> str:
    """The same password however it was typed: a Chinese keyboard may give full-width letters."""
    return unicodedata.normalize("NFKC", typed.encode("utf-8", "replace").decode())
