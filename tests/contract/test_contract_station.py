"""What makes a station document unsound; each sentence names its place."""

import json

import pytest

from kiosk.contract import station, wire
from kiosk.contract.station import StationDocument
from kiosk.contract.wire import Malformed

GOOD = {
    "format": 1,
    "type": "station",
    "town": "t",
    "station": "s",
    "group": "g",
    "version": 1,
    "issued_ms": 0,
    "name": "n",
}


def read(**changes):
    return wire.decode(json.dumps(GOOD | changes).encode(), StationDocument, "station document")


def test_sound_document_has_no_problem_and_its_defaults():
    assert station.check(read()) == []
    assert (read().volume, read().thresholds.plays_per_week) == (80, 4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"opening": {"week": [[]] * 6}}, "opening: 6 days; a week has 7"),
        ({"opening": {"time_zone": "Asia/Fengle"}}, "opening: time zone 'Asia/Fengle' is not known"),
        ({"opening": {"days": [{"date": "2026-02-30"}]}}, "day 1: 2026-02-30 is not a date"),
        (
            {"opening": {"seasons": [{"first_day": "2026-05-01", "last_day": "2026-06-31", "week": [[]] * 7}]}},
            "season 1: 2026-06-31 is not a date",
        ),
        (
            {"equipment": [{"id": "tv", "kind": "screen", "name": "TV", "bought": "2020-13-01"}]},
            "equipment tv: 2020-13-01",
        ),
    ],
)
def test_unsound_document_is_told_with_its_place(changes, said):
    [problem] = station.check(read(**changes))
    assert problem.startswith(said)


@pytest.mark.parametrize("missing", ["format", "type", "station", "version"])
def test_document_without_what_it_needs_is_refused(missing):
    tree = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(Malformed, match=f"station document: .*{missing}"):
        wire.convert(tree, StationDocument, "station document")


def test_document_from_before_filler_and_spot_checks_is_read_with_their_defaults():
    document = read()
    assert (document.filler, document.maintenance_until_ms, document.spot_check, document.pin_reset) == (
        "when-present",
        None,
        None,
        None,
    )
