"""Publishing keys that were opened by a passphrase: in memory alone, each for one session, and ended with it."""

import threading
import time

from kiosk.common.messages import Message, mark
from kiosk.town.database.store import audit
from kiosk.town.signing import keys
from kiosk.town.signing.keys import Signer, WrongPassphrase
from kiosk.town.town import Town

IDLE_S = 1800.0
"""A key that nobody has signed with for so long is closed again."""
TRIES, PAUSE_S = 5, 60.0
"""So many wrong passphrases of an officer, in whatever session, and he has to wait."""


class NotOpened(Exception):
    """The key stays closed; the message is for people, in their language."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class Signers:
    """Its methods read files and compute: for a thread."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._lock = threading.Lock()
        self._open: dict[str, tuple[float, int, Signer]] = {}
        """By session: when it was used last, the root's version then, and the signer."""
        self._wrong: dict[str, tuple[int, float]] = {}
        """By officer: wrong passphrases, and until when he has to wait."""

    def is_open(self, session: str) -> bool:
        """Whether the session can sign without a passphrase."""
        with self._lock:
            return self._find(session) is not None

    def signer(self, session: str, by: str, passphrase: str = "", again: str = "") -> Signer:
        """A signer for the session; ``passphrase`` opens the key where it is not open yet.

        A key without a passphrase is put under this one first, typed twice. Raises :class:`NotOpened`, ``KeyTrouble``.
        """
        with self._lock:
            found = self._find(session)
        if found is not None:
            return found
        if not keys.is_locked(self._town.keys_folder):
            if passphrase != again:
                raise NotOpened(Message(mark("The two passphrases are not the same.")))
            if len(passphrase) < keys.SHORTEST_PASSPHRASE:
                least = {"least": str(keys.SHORTEST_PASSPHRASE)}
                raise NotOpened(Message(mark("A passphrase has at least {least} characters."), least))
            keys.protect(self._town.keys_folder, self._town.public, passphrase)
            self._audit(by, "protect-key")
        return self._opened(session, by, passphrase)

    def end(self, session: str) -> None:
        """The session is over."""
        with self._lock:
            self._open.pop(session, None)

    def _opened(self, session: str, by: str, passphrase: str) -> Signer:
        now = time.monotonic()
        with self._lock:
            wrong, until = self._wrong.get(by, (0, 0.0))
        if until > now:
            seconds = {"seconds": str(round(until - now) + 1)}
            raise NotOpened(Message(mark("Too many wrong passphrases: try again in {seconds} seconds."), seconds))
        if not passphrase:
            raise NotOpened(Message(mark("Type the passphrase of the publishing key.")))
        try:
            signer = self._town.signer.opened(passphrase)
        except WrongPassphrase:
            wrong += 1
            with self._lock:
                self._wrong[by] = (wrong, now + PAUSE_S if wrong % TRIES == 0 else 0.0)
            self._audit(by, "wrong-passphrase")
            raise NotOpened(Message(mark("The passphrase is wrong; nothing was published."))) from None
        with self._lock:
            self._wrong.pop(by, None)
            self._open[session] = (now, self._town.public.root_version(), signer)
        self._audit(by, "open-key")
        return signer

    def _find(self, session: str) -> Signer | None:
        now, root = time.monotonic(), self._town.public.root_version()
        fresh = {one: (at, of, s) for one, (at, of, s) in self._open.items() if now - at < IDLE_S and of == root}
        self._open = fresh
        if session not in fresh:
            return None
        signer = fresh[session][2]
        fresh[session] = (now, root, signer)
        return signer

    def _audit(self, by: str, what: str) -> None:
        with self._town.store.write() as connection:
            audit(connection, by, what, "targets")
