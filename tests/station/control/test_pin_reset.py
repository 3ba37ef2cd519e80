"""The town's word that a PIN may be set anew: another value than before, good once, also over a restart."""

from pathlib import Path

import pytest
from journal_room import opened
from msgspec.structs import replace
from playout_room import document

from kiosk.station.control.pin_reset import PinReset


@pytest.mark.parametrize("first", [None, "r1"])
def test_value_that_stood_there_from_the_first_opens_nothing_and_another_one_does_once(
    tmp_path: Path, first: str | None
) -> None:
    said = replace(document(), pin_reset=first)
    with opened(tmp_path / "journal.db") as (journal, _events):
        found = PinReset(journal, lambda: said)
        assert found.pending() == ""
        said = replace(document(), pin_reset="r2")
        assert found.pending() == "r2"
        assert journal.settle(5)
    with opened(tmp_path / "journal.db") as (journal, _events):
        found = PinReset(journal, lambda: said)
        assert found.pending() == "r2"
        found.use("r2")
        assert found.pending() == ""
        assert journal.settle(5)
    with opened(tmp_path / "journal.db") as (journal, _events):
        assert PinReset(journal, lambda: said).pending() == ""


def test_room_without_a_document_waits_for_the_first(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _events):
        assert PinReset(journal, lambda: None).pending() == ""
