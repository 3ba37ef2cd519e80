"""Sessions of a web site, kept on the server: what the cookie holds is worth nothing once the session has ended."""

import logging
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec

from kiosk.common.files import write_whole

log = logging.getLogger(__name__)

MOST_SESSIONS = 200
"""More make the oldest end."""

Hash = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Session(msgspec.Struct, frozen=True):
    """Who has logged in, and when. ``credential`` names what was shown: where that is changed, the session ends."""

    device: str
    credential: str
    begun_ms: int


class Sessions:
    """The sessions in the file ``path``. ``clock`` returns UTC milliseconds; a session ends after ``age_s`` seconds.

    A token is kept as its hash, so that the file opens no session.
    """

    def __init__(self, path: Path, age_s: int, clock: Callable[[], int]) -> None:
        self._path = path
        self._age_ms = 1000 * age_s
        self._clock = clock
        self._sessions = _load(path)

    def begin(self, device: str, credential: str) -> str:
        """Begin a session; returns the token for the cookie."""
        token = secrets.token_urlsafe(32)
        self._sessions = {key: one for key, one in self._sessions.items() if self._is_young(one)}
        self._sessions[_hash(token)] = Session(device, credential, self._clock())
        while len(self._sessions) > MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._save()
        return token

    def is_open(self, token: str, device: str, credential: str) -> bool:
        """Whether ``token`` is of a session of this device, begun with this credential."""
        found = self._sessions.get(_hash(token))
        return found is not None and self._is_young(found) and (found.device, found.credential) == (device, credential)

    def end(self, token: str) -> None:
        """End the session of ``token``, if there is one."""
        if self._sessions.pop(_hash(token), None) is not None:
            self._save()

    def _is_young(self, session: Session) -> bool:
        return self._clock() - session.begun_ms < self._age_ms

    def _save(self) -> None:
        try:
            write_whole(self._path, msgspec.json.encode(self._sessions), 0o600)
        except OSError as error:
            log.warning("cannot keep the sessions in %s; they end with this run: %s", self._path, error)


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _load(path: Path) -> dict[str, Session]:
    try:
        return {**msgspec.json.decode(path.read_bytes(), type=dict[Hash, Session])}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.warning("cannot read %s, so everybody has to log in again: %s", path, error)
        return {}
