"""The lock-out after wrong guesses: whom it lets wait, how long, and what outlasts a restart."""

import json
from pathlib import Path

import pytest

from kiosk.common import web_lockout
from kiosk.common.web_lockout import Lockout, buckets

FILE = "lockout.json"


def locked_in(folder: Path, now_ms: int = 0) -> Lockout:
    return Lockout(folder / FILE, now_ms)


def test_a_thousand_guesses_are_nearly_all_unanswered(tmp_path: Path) -> None:
    """From 250 addresses, one guess a second for a day: what the lock-out lets through."""
    locked, tried = locked_in(tmp_path), 0
    for second in range(86_400):
        visitor = buckets("device", False, f"10.0.0.{second % 250}")
        if not locked.wait_ms(visitor, second * 1000):
            tried += 1
            locked.wrong(visitor, second * 1000)
    assert tried < 200
    assert not locked.wait_ms(buckets("phone", True, "10.0.0.1"), 86_400_000)


def test_the_wait_grows_ends_and_is_forgotten(tmp_path: Path) -> None:
    locked, visitor = locked_in(tmp_path), buckets("d", True, "a")
    waits = []
    for _ in range(12):
        locked.wrong(visitor, 0)
        waits.append(locked.wait_ms(visitor, 0))
    assert waits == [0, 0, 0, 0, *(30_000 * 2**n for n in range(5)), *[web_lockout.LONGEST_WAIT_MS] * 3]
    assert locked.wait_ms(visitor, web_lockout.LONGEST_WAIT_MS) == 0
    locked.wrong(buckets("other", True, "b"), web_lockout.FORGET_MS)
    locked.wrong(visitor, web_lockout.FORGET_MS)
    assert locked.wait_ms(visitor, web_lockout.FORGET_MS) == 0, "yesterday's slips are forgotten"


def test_a2_restart_begins_the_wait_anew_and_forgets_no_guess(tmp_path: Path) -> None:
    """The monotonic clock begins at 0 with each boot."""
    before, visitor = locked_in(tmp_path, 10**9), buckets("d", True, "a")
    for _ in range(6):
        before.wrong(visitor, 10**9)
    after = locked_in(tmp_path, 5)
    assert after.wait_ms(visitor, 5) == 60_000
    assert after.wait_ms(visitor, 60_005) == 0


@pytest.mark.parametrize(
    "broken",
    [
        *("{", "[]", '{"device d": [9, 1]}', '{"device d": "x"}', '{"device d": Infinity}'),
        *('{"device d": 1e999}', '{"device d": -7}', '{"device d": ' + "[" * 100_000),
    ],
)
def test_a_broken_lock_out_file_starts_from_nothing(tmp_path: Path, broken: str) -> None:
    (tmp_path / FILE).write_text(broken, encoding="ascii")
    assert locked_in(tmp_path).wait_ms(buckets("d", True, "a"), 0) == 0


def test_the_number_of_addresses_kept_is_bounded_and_strangers_stay_counted(tmp_path: Path) -> None:
    locked = locked_in(tmp_path)
    for n in range(web_lockout.MOST_BUCKETS + 50):
        locked.wrong(buckets("", False, f"address {n}"), n)
    kept = json.loads((tmp_path / FILE).read_bytes())
    assert len(kept) == web_lockout.MOST_BUCKETS
    assert kept[web_lockout.STRANGERS] == web_lockout.MOST_BUCKETS + 50


def test_guesses_at_accounts_from_one_address_keep_nobody_out_at_another(tmp_path: Path) -> None:
    """An address is tried at all accounts 30 times, and 5 times at each, whatever else is right meanwhile; an address
    of IPv6 is the 64 bits that its owner has."""
    locked, tried = locked_in(tmp_path), 0
    for n in range(1000):
        visitor = buckets("", False, f"2001:db8::{n:x}", f"officer {n % 10}")
        if not locked.wait_ms(visitor, n):
            tried += 1
            locked.wrong(visitor, n)
            locked.right(buckets("", False, "2001:db8::1", "his own"))
    assert tried == 30
    for address in ("2001:db8:0:1::1", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "unknown"):
        assert not locked.wait_ms(buckets("", False, address, "officer 1"), 1000)
    for _ in range(9):
        locked.wrong(buckets("phone", False, "10.0.0.1", "officer 1"), 0)
    assert locked.wait_ms(buckets("other phone", False, "::ffff:10.0.0.1", "officer 1"), 1000)
    for device, known, account in (("other phone", False, "officer 2"), ("phone", True, "officer 1")):
        assert not locked.wait_ms(buckets(device, known, "10.0.0.1", account), 1000)
    assert "officer" not in (tmp_path / FILE).read_text(), "some type their password for their name"
