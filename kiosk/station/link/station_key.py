"""The station's own key pair: made once, at its enrolment; it signs what the station reports."""

import logging
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.common.files import write_whole
from kiosk.station.identity import key_path

log = logging.getLogger(__name__)

Sign = Callable[[bytes], str]
"""Gives the Ed25519 signature of the station's key over some bytes, in hexadecimal."""


def key_pair(state: Path) -> Ed25519PrivateKey:
    """This station's key; it is made if there is none yet, or none that can be used."""
    path = key_path(state)
    try:
        return _read(path)
    except (FileNotFoundError, ValueError):
        key = Ed25519PrivateKey.generate()
        write_whole(path, key.private_bytes_raw().hex().encode() + b"\n", 0o600)
        return key


def signer(state: Path) -> Sign:
    """Signs with this station's key. Without one the room plays on, and the town refuses its reports, with the remedy:
    the signatures are empty until the key is there again."""
    found: list[Ed25519PrivateKey] = []

    def sign(data: bytes) -> str:
        if not found:
            try:
                found.append(_read(key_path(state)))
            except (OSError, ValueError) as error:
                log.warning(
                    "%s: %s, so the town takes no reports; put it back, or run: kiosk enrol", key_path(state), error
                )
                return ""
        return found[0].sign(data).hex()

    return sign


def _read(path: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii").strip()))
