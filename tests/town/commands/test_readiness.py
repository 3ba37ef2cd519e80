"""Whether a room is ready, in words: never where it refuses, lacks room, or holds something else than is published."""

import pytest

from kiosk.town.commands.readiness import readiness

HEARD = {
    "playlist_version": 3, "published": 3, "counted": 4, "refusing": (), "open_faults": (), "bytes_lacking": 0,
    "lacking_for": "", "programmes_missing": 0, "bytes_missing": 0, "bytes_per_s": 0, "ready_ms": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "ready"),
        ({"playlist_version": 2}, "not ready: week 3 is published"),
        ({"playlist_version": 4}, "not ready: week 3 is published"),
        ({"playlist_version": 5}, "not ready: this town's database does not know its week"),
        ({"refusing": [{"what": "playlist", "reason": "older"}]}, "not ready: it refuses playlist (older)"),
        ({"open_faults": ["week-refused"]}, "not ready: it refuses the week that is offered"),
        ({"programmes_missing": 1, "bytes_missing": 5_000_000}, "1 files (5.0 MB) to fetch at 0 kB/s, ready at a time"),
        (
            {"programmes_missing": 1, "bytes_missing": 9, "bytes_lacking": 2_000_000, "lacking_for": "水稻"},
            "not ready: its disk lacks 2.0 MB for 水稻",
        ),
    ],
)
def test_room_is_ready_only_if_it_holds_what_is_published(said, words):
    assert readiness(HEARD | said).startswith(words)
    assert (readiness(HEARD | said) == "ready") == (not said)
