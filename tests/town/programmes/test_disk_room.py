"""A warning before signing where rooms' disks are too small: by what they said last, and never a claim beyond it."""

from kiosk.contract.playlist import Programme, Subtitle
from kiosk.contract.reports import Heartbeat
from kiosk.town.programmes.room import MARGIN, Lack, bytes_to_fetch, lacking

GB = 1_000_000_000


def programme(name, size, *subtitles):
    return Programme(
        id=name, title=name, file=f"{name}.mp4", duration_ms=1, size=size, sha256=name * 64, subtitles=subtitles
    )


def beat(free_mb, missing=0):
    return Heartbeat(
        station="r", epoch="e", sent_ms=1, nonce="n", boot_id="b", up_ms=1, software="1", clock="trusted",
        disk_free_mb=free_mb, bytes_missing=missing,
    )  # fmt: skip


def test_only_what_is_not_in_force_is_fetched_and_each_file_once():
    words = Subtitle(language="zh", file="a.srt", size=10, sha256="f" * 64)
    a, b = programme("a", 3 * GB, words), programme("b", 2 * GB)
    again = programme("a", 3 * GB, words)
    assert bytes_to_fetch([a, again, b], [b]) == 3 * GB + 10
    assert bytes_to_fetch([a, b], [a, b]) == 0


def test_room_that_lacks_space_is_named_with_how_much():
    found = lacking(3 * GB, [("small", beat(2000)), ("large", beat(20_000)), ("busy", beat(4000, missing=GB))])
    lacks = 3 * GB + MARGIN - (2000 << 20), 4 * GB + MARGIN - (4000 << 20)
    assert found == [Lack("small", lacks[0]), Lack("busy", lacks[1])]


def test_room_that_was_never_heard_is_not_known_and_not_fine():
    assert lacking(GB, [("new", None), ("old", beat(0))]) == [Lack("new", None), Lack("old", None)]
    assert lacking(0, [("room", beat(2000))]) == []
