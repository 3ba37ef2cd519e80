"""Who will have a publication when: what nobody knows is never claimed."""

from datetime import UTC, datetime, timedelta

from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot
from kiosk.town.months.readiness import Room, expected, wanted

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
HEARD = round(NOW.timestamp() * 1000) - 60_000


def playlist():
    programmes = [
        Programme(id=name, title=name, file="f", duration_ms=1000, size=size, sha256=name * 64)
        for name, size in (("a", 100_000_000), ("b", 900_000_000), ("c", 50_000_000), ("d", 1))
    ]
    slots = [
        Slot(date="2026-03-07", start="09:00:00", end="10:00:00", programmes=("a",)),
        Slot(date="2026-03-07", start="11:00:00", end="12:00:00", programmes=("b",)),
        Slot(date="2026-03-05", start="11:00:00", end="12:00:00", programmes=("d",)),
    ]
    item = Recommended(programme="c", plays=1, first_day="2026-03-07", last_day="2026-03-07")
    days = {"first_day": "2026-03-05", "last_day": "2026-03-08"}
    more = {"programmes": tuple(programmes), "slots": tuple(slots), "recommended": (item,)}
    return Playlist(town="t", group="all", version=2, issued_ms=0, **days, **more)


def outlook(**said):
    room = Room("r", "r", "all", **{"heard_ms": HEARD, "playlist_version": 1} | said)
    return expected(room, wanted(playlist(), NOW), {1: {"c" * 64}}, NOW)


def test_files_are_in_the_order_of_need_without_what_is_past():
    assert [one.title for one in wanted(playlist(), NOW)] == ["a", "b", "c"]


def test_room_with_a_quick_line_has_all_of_it_in_time():
    found = outlook(bytes_per_s=1_000_000)
    assert (found.outlook, found.bytes, found.ready) == ("in time", 10**9, NOW + timedelta(seconds=1000))


def test_slow_line_names_the_first_programme_that_comes_too_late():
    found = outlook(bytes_per_s=10_000)
    assert (found.outlook, found.first_late) == ("late", "b")
    assert found.due == datetime(2026, 3, 7, 3, tzinfo=UTC)


def test_what_is_still_missing_of_the_week_before_comes_first():
    assert outlook(bytes_per_s=1_000_000, bytes_missing=5 * 10**8).bytes == 15 * 10**8


def test_nobody_knows_of_a_room_that_is_silent_was_never_heard_or_never_measured_its_line():
    assert (outlook(bytes_per_s=1, heard_ms=HEARD - 3_600_000).outlook) == "silent"
    assert (outlook(heard_ms=None).outlook, outlook(heard_ms=None).ready) == ("never heard", None)
    assert (outlook().outlook, outlook().ready) == ("no speed", None)


def test_room_of_an_older_week_may_have_some_of_it():
    found = outlook(playlist_version=7, bytes_per_s=1_000_000)
    assert (found.at_most, found.bytes) == (True, 1_050_000_000)


def test_small_disk_is_told():
    assert outlook(bytes_per_s=1_000_000, disk_free_mb=1500).disk_lacks_mb == 478
    assert outlook(bytes_per_s=1_000_000, disk_free_mb=None).disk_lacks_mb == 0


def test_room_that_has_all_of_it_is_ready():
    room = Room("r", "r", "all", HEARD, 1)
    assert expected(room, wanted(playlist(), NOW), {1: {n * 64 for n in "abc"}}, NOW).outlook == "ready"
