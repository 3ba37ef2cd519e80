"""Whether a room is ready, in words: never where it refuses, lacks room, or holds something else than is published."""

from typing import Any

import pytest

from kiosk.town.ledger.condition import judged, words

HEARD = {
    "heard_ms": 5_000, "maintenance_until_ms": 0,
    "clock": "trusted", "waiting": 0, "stopped": False, "stopped_until_ms": None, "screen": "up",
    "sound": "device", "playlist_version": 3, "published": 3, "counted": 4, "refusing": (), "open_faults": (),
    "bytes_lacking": 0, "lacking_for": "", "programmes_missing": 0, "bytes_missing": 0, "bytes_per_s": 0, "ready_ms": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "ready"),
        ({"playlist_version": 2}, "not ready: week 3 is published"),
        ({"playlist_version": None}, "not ready: week 3 is published"),
        ({"playlist_version": 4}, "not ready: week 3 is published"),
        ({"playlist_version": 5}, "not ready: this town's database does not know its week"),
        ({"refusing": [{"what": "playlist", "reason": "older"}]}, "not ready: it refuses the week (older)"),
        (
            {"refusing": [{"what": "programme 00ff", "reason": "x", "cause": "tampered"}]},
            "not ready: it refuses the file of a programme (it is not what was signed)",
        ),
        ({"open_faults": ["week-refused"]}, "not ready: it refuses the week that is offered"),
        (
            {"programmes_missing": 1, "bytes_missing": 5_000_000},
            "1 files (5.0 MB) to fetch, its line is not measured yet; ready at a time",
        ),
        (
            {"programmes_missing": 1, "bytes_missing": 9, "bytes_lacking": 2_000_000, "lacking_for": "水稻"},
            "not ready: its disk lacks 2.0 MB for 水稻",
        ),
        ({"screen": None}, "programmes all there"),
        ({"sound": "none"}, "otherwise ready"),
    ],
)
def test_room_is_ready_only_if_it_holds_what_is_published(said: dict[str, Any], expected: str) -> None:
    row = judged(HEARD | said, 6_000, 60_000)
    assert next(text for text in words(row, str) if text.startswith(expected))
    assert row["ready"] == (not said or "sound" in said)


def test_room_that_was_told_of_no_week_is_not_said_to_be_ready() -> None:
    row = judged(HEARD | {"playlist_version": None, "published": 0, "counted": 0}, 6_000, 60_000)
    assert not row["ready"] and list(words(row, str)) == ["heard 5000", "no week", "clock trusted"]
