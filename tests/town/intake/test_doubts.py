"""C5: what speaks against a play is flagged, and the play still counts."""

import pytest
from contract.signing import enrol_request, report
from test_intake import NOW, play
from town.postgres import BOTH

from kiosk.contract.reports import read_report
from kiosk.contract.wire import encode
from kiosk.town.intake.intake import receive
from kiosk.town.ledger import queries
from kiosk.town.stations import registry

pytestmark = BOTH
LATER = NOW + 86_400_000
KNOWN = "ab" * 32


@pytest.fixture
def town(office):
    for station in ("room-1", "room-2"):
        registry.add_station(office, station, "all", "Room", None, by="test")
    return office


def shown(name, start_s, end_s, **changes):
    start_ms, end_ms = NOW + round(start_s * 1000), NOW + round(end_s * 1000)
    fields = {"actual_start_ms": start_ms, "actual_end_ms": end_ms, "played_ms": end_ms - start_ms, "sha256": KNOWN}
    return play(name, **fields | changes)


def take(town, *records, at_ms=LATER, **where):
    sent = read_report(encode(report(*records, **where)))
    receipts, _ = receive(town.store, sent, at_ms, is_published=lambda sha256: sha256 == KNOWN)
    assert {receipt.state for receipt in receipts} == {"accepted"}, "flagged, never dropped"
    return sent.entries[-1].hash


def doubts(town, station=""):
    return [(row["id"], row["cause"], row["detail"]) for row in queries.doubts(town.store, station)]


def flagged(town):
    return {name for name, _, _ in doubts(town)}


def test_c5_plays_that_overlap_by_more_than_a_second_are_flagged_both(town):
    take(town, shown("p1", 0, 60), shown("p2", 59, 120), shown("p3", 118.5, 180))
    assert doubts(town) == [
        ("p2", "overlap", "it overlaps play p3 by 1.5 s"),
        ("p3", "overlap", "it overlaps play p2 by 1.5 s"),
    ]
    assert [row["doubts"] for row in queries.plays(town.store)] == ["", "overlap", "overlap"]
    assert [row["doubts"] for row in queries.stations(town.store)] == [2, 0]


def test_c5_overlap_is_found_whatever_the_order_chain_and_length(town):
    """In an earlier epoch, before or after, begun at the same instant, around many others, behind very short plays."""
    take(town, shown("whole", 0, 3600), epoch="old")
    blips = [shown(f"blip{n}", 100 + n, 100.5 + n) for n in range(20)]
    take(town, *blips, shown("within", 1000, 1010), shown("after", 3600, 3700), epoch="new")
    assert flagged(town) == {"whole", "within"}
    take(town, *(shown(f"twin{n}", 7200, 7300) for n in range(3)), shown("late", 7299.5, 7400), station="room-2")
    assert flagged(town) == {"whole", "within", "twin0", "twin1", "twin2"}
    before = take(town, shown("tail", 9000, 9100), station="room-2", epoch="other")
    take(town, shown("head", 8000, 9050), station="room-2", epoch="other", first=2, previous=before)
    assert {"tail", "head"} < flagged(town)


def test_c5_overlap_is_judged_by_trusted_clocks_and_within_a_room_alone(town):
    take(town, shown("p1", 0, 60), shown("p2", 0, 60, clock="holdover"), shown("p3", 0, 60, clock="untrusted"))
    take(town, shown("p4", 0, 60), station="room-2")
    assert doubts(town) == []


def test_c5_play_that_ends_in_the_future_is_flagged(town):
    take(town, shown("p1", 0, 59), shown("p2", 3600, 7200), at_ms=NOW)
    assert doubts(town) == [("p2", "future", "it ends 7200 s after it was reported")]


def test_c5_play_longer_than_its_span_is_flagged(town):
    take(town, shown("p1", 0, 60, played_ms=60_900), shown("p2", 60, 120, played_ms=3_600_000))
    assert doubts(town) == [("p2", "span", "3600.0 s are said to be played in 60.0 s")]


def test_c5_play_of_a_file_that_was_never_published_is_flagged(town):
    strange = "cd" * 32
    take(town, shown("p1", 0, 60), shown("p2", 60, 120, sha256=strange))
    assert doubts(town, "room-1") == [("p2", "unpublished", f"this town has not published its file {strange}")]
    assert doubts(town, "room-2") == []


def test_pruned_journal_goes_on_with_its_chain_under_a_new_key(town):
    """E6: the PC was enrolled once more, and has removed what the town had countersigned."""
    before = take(town, shown("p1", 0, 60), shown("p2", 60, 120))
    for name in ("first", "second"):
        code = registry.add_station(town, "room-1", "all", "", None, by="test")
        registry.enrol(town, enrol_request(code.secret, name))
    take(town, shown("p3", 120, 180), first=3, previous=before)
    [station, _] = queries.stations(town.store)
    assert (station["chain"], station["head_seq"], station["cloned_ms"], station["forked_ms"]) == (1, 3, None, None)
