"""Lock-out after wrong guesses: it grows, outlasts a restart, and spares other devices that have logged in before."""

import logging
from hashlib import sha256
from pathlib import Path

import msgspec

from kiosk.common.files import write_whole
from kiosk.common.web import network_of
from kiosk.contract.wire import Count

log = logging.getLogger(__name__)

FREE = 5
"""Wrong guesses without a wait, of one device or address."""
FREE_STRANGERS = 30
"""Wrong guesses without a wait, of all strangers together, or of an address at all accounts together."""
FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 15 * 60_000
FORGET_MS = 24 * 3_600_000
"""A bucket is empty again this long after its last wrong guess."""
STRANGERS = "strangers"
MOST_BUCKETS = 500


def buckets(device: str, known: bool, address: str, account: str | None = None) -> tuple[str, ...]:
    """The counters of a visitor's wrong guesses; a device that has logged in before has one of its own.

    Strangers who guess at a PIN count together. At an ``account`` they count by address, for it and for all accounts:
    else one of them could keep everybody's new devices out.
    """
    place = network_of(address)
    if account is None:
        return (f"device {device}",) if known else (f"address {place}", STRANGERS)
    name = sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:16]  # some type their password for a name
    return (f"device {device} {name}",) if known else (f"address {place} {name}", f"{STRANGERS} {place}")


class Lockout:
    """Counts wrong guesses by bucket. Times are milliseconds on the monotonic clock: to set the clock frees nobody.

    The file holds the counts alone, as that clock ends with the boot: after a restart every wait begins anew.
    """

    def __init__(self, path: Path, now_ms: int) -> None:
        self._path = path
        self._wrong = {name: (count, now_ms) for name, count in _load(path).items()}

    def wait_ms(self, visitor: tuple[str, ...], now_ms: int) -> int:
        """How long this visitor has to wait before the next guess."""
        return max(self._wait_ms(bucket, now_ms) for bucket in visitor)

    def wrong(self, visitor: tuple[str, ...], now_ms: int) -> None:
        """Count a wrong guess."""
        self._wrong = {name: found for name, found in self._wrong.items() if now_ms - found[1] < FORGET_MS}
        for bucket in visitor:
            count, _ = self._wrong.pop(bucket, (0, 0))
            self._wrong[bucket] = (count + 1, now_ms)
        while len(self._wrong) > MOST_BUCKETS:
            del self._wrong[next(name for name in self._wrong if name != STRANGERS)]
        self._save()

    def right(self, visitor: tuple[str, ...]) -> None:
        """Clear the visitor's counters after a right guess; those of strangers together stay."""
        if [self._wrong.pop(bucket, None) for bucket in visitor if not bucket.startswith(STRANGERS)] != [None]:
            self._save()

    def _wait_ms(self, bucket: str, now_ms: int) -> int:
        count, last_ms = self._wrong.get(bucket, (0, 0))
        over = count - (FREE_STRANGERS if bucket.startswith(STRANGERS) else FREE)
        if over < 0 or not count:
            return 0
        return max(0, last_ms + min(FIRST_WAIT_MS << min(over, 10), LONGEST_WAIT_MS) - now_ms)

    def _save(self) -> None:
        counts = {name: count for name, (count, _) in self._wrong.items()}
        try:
            write_whole(self._path, msgspec.json.encode(counts), 0o600)
        except OSError as error:  # the count goes on in memory
            log.warning("cannot keep the wrong guesses in %s: %s", self._path, error)


def _load(path: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Count])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.warning("cannot read %s, so wrong guesses are counted from 0: %s", path, error)
        return {}
