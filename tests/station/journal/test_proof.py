"""The code of a month on paper: it says whether a journal is the record that was printed, and the town's signature."""

from contextlib import closing
from pathlib import Path

import pytest
from journal_room import START, countersign, opened, play_once

from kiosk.contract.wire import Malformed
from kiosk.station.journal.database import connect_looking
from kiosk.station.journal.proof import Proof, check_code, code_of, proof_of, read_code


def printed(folder: Path, plays: int = 5, seq: int = 3) -> Proof:
    """A journal of some plays, all countersigned, and the code of its entries up to ``seq``."""
    with opened(folder / "journal.db") as (journal, _events):
        for n in range(plays):
            play_once(journal, f"play-{n}", START + n * 120_000)
        countersign(journal)
    with closing(connect_looking(folder / "journal.db")) as db:
        found = proof_of(db, "2026-03", seq)
    assert found
    return found


def told(folder: Path, proof: Proof) -> list[tuple[bool, str]]:
    return [(one.wrong, one.text) for one in check_code(folder / "journal.db", proof)]


def test_code_of_the_same_record_is_right(tmp_path: Path) -> None:
    proof = read_code(code_of(printed(tmp_path)))
    found = told(tmp_path, proof)
    assert not any(wrong for wrong, _ in found)
    assert found[-1][1] == "the record of 2026-03 up to entry 3 is the one that was printed"


def test_code_of_a_record_that_was_changed_is_wrong(tmp_path: Path) -> None:
    proof = printed(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    with opened(other / "journal.db") as (journal, _events):
        for n in range(5):
            play_once(journal, f"play-{n}", START + n * 120_000 + 1)
    import msgspec

    with closing(connect_looking(other / "journal.db")) as db:
        (epoch,) = db.execute("SELECT epoch FROM epoch").fetchone()
    assert (True, "the record was changed after the code was printed") in told(
        other, msgspec.structs.replace(proof, epoch=epoch)
    )


def test_code_of_another_record_is_wrong(tmp_path: Path) -> None:
    proof = printed(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    printed(other)
    assert any(wrong for wrong, _ in told(other, proof))


def test_what_the_town_has_not_countersigned_has_no_code(tmp_path: Path) -> None:
    printed(tmp_path)
    with opened(tmp_path / "journal.db") as (journal, _events):
        play_once(journal, "later", START + 10**6)
        assert journal.settle(5)
    with closing(connect_looking(tmp_path / "journal.db")) as db:
        assert proof_of(db, "2026-03", 6) is None


@pytest.mark.parametrize("text", ["", "hello", "KIOSK1:", "KIOSK1:AAAA", "KIOSK1:" + "A" * 5000, "KIOSK1:!!!"])
def test_damaged_code_is_told_as_that(text: str) -> None:
    with pytest.raises(Malformed):
        read_code(text)


def test_code_that_a_scanner_broke_into_lines_is_read(tmp_path: Path) -> None:
    proof = printed(tmp_path)
    code = code_of(proof)
    assert read_code(code[:40] + "\n  " + code[40:]) == proof
    assert len(code) < 900  # a QR code of that many characters can be scanned from a printed page
