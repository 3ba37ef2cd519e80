"""Enrolment: a code becomes a station, and nothing short of the right town's root is believed."""

import os
import stat
from pathlib import Path

import pytest
from fakes_town import PORTAL_PAGE, TownOnTheLine, page

from kiosk.contract.enrolment import Code, parse_code
from kiosk.station.identity import IdentityError, load_identity
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.link.enrol import EnrolmentFailed, enrol


def test_a_code_makes_a_station(town: TownOnTheLine, tmp_path: Path) -> None:
    state = tmp_path / "state"
    identity = enrol(f" {town.url}/ ", town.add_station(), state)
    assert load_identity(state) == identity
    assert (identity.station, identity.group, identity.town, identity.url) == ("room-1", "villages", "fengle", town.url)
    for name in ("identity.json", "station.key"):
        assert stat.S_IMODE((state / name).stat().st_mode) == 0o600
    shelf = Documents(Library(state / "library")).load(identity.group, identity.station, identity.root_sha256)
    assert shelf.root is not None and shelf.root.version == 1
    assert shelf.troubles == ()
    assert identity.token not in repr(identity)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_enrols_belongs_to_the_owner_of_the_state_folder(town: TownOnTheLine, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    os.chown(state, 12_345, 12_345)
    enrol(town.url, town.add_station(), state)
    assert {path.lstat().st_uid for path in state.rglob("*")} == {12_345}


def test_the_same_code_again_is_the_same_station_with_the_same_key(town: TownOnTheLine, tmp_path: Path) -> None:
    code = town.add_station()
    first = enrol(town.url, code, tmp_path / "state")
    again = enrol(town.url, code.lower().replace("-", " "), tmp_path / "state")
    assert (again.station, again.public_key) == (first.station, first.public_key)
    assert again.token != first.token
    with pytest.raises(EnrolmentFailed, match=r"refuses the code: this enrolment code was used by another computer"):
        enrol(town.url, code, tmp_path / "other")
    assert not (tmp_path / "other" / "identity.json").exists()


def test_a_lost_answer_is_made_good_by_asking_again(town: TownOnTheLine, tmp_path: Path) -> None:
    code = town.add_station()
    town.switch("/v1/enrol", page(b"", 502), None)
    with pytest.raises(EnrolmentFailed, match="HTTP 502"):
        enrol(town.url, code, tmp_path)
    assert enrol(town.url, code, tmp_path).station == "room-1"


def test_all_roots_are_walked(town: TownOnTheLine, tmp_path: Path) -> None:
    code = town.add_station()
    town.rotate("online")
    town.rotate("root")
    identity = enrol(town.url, code, tmp_path)
    shelf = Documents(Library(tmp_path / "library")).load("villages", "room-1", identity.root_sha256)
    assert shelf.root is not None and shelf.root.version == 3


def test_a_town_whose_root_the_code_does_not_name_gets_no_secret(town: TownOnTheLine, tmp_path: Path) -> None:
    code = parse_code(town.add_station())
    other = str(Code(code.secret, "ab" * 32))
    with pytest.raises(EnrolmentFailed, match="first root is not the one that the enrolment code names"):
        enrol(town.url, other, tmp_path)
    assert town.count("/v1/enrol") == 0


@pytest.mark.parametrize(
    ("code", "says"),
    [("", "slip in it"), ("AAAA-BBBB", "slip in it"), ("AAA", "wrong length or letter")],
)
def test_a_slip_of_the_finger_is_told_before_anything_is_sent(tmp_path: Path, code: str, says: str) -> None:
    with pytest.raises(EnrolmentFailed, match=says):
        enrol("http://127.0.0.1:1", code, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        *("", "ftp://town", "town.example", "http://", "http://town/?x=1", "http://a:b@town/", "http://[", "http://[]"),
        *("http://town:port", "http://town:99999", "http://[::1", "http://" + "x" * 400),
    ],
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(EnrolmentFailed, match="address"):
        enrol(url, "ABCD", tmp_path)


def test_a_captive_portal_and_a_dead_network_are_told_apart(town: TownOnTheLine, tmp_path: Path) -> None:
    code = town.add_station()
    town.switch("/", page(PORTAL_PAGE))
    with pytest.raises(EnrolmentFailed, match="check the code"):
        enrol(town.url, code, tmp_path)
    town.switch("/", page(b"", 302, Location="http://127.0.0.1:1/login"))
    with pytest.raises(EnrolmentFailed, match="log-in page on this network"):
        enrol(town.url, code, tmp_path)
    town.switch("/")
    town.switch("/v1/enrol", page(PORTAL_PAGE))
    with pytest.raises(EnrolmentFailed, match="not JSON.*log-in page"):
        enrol(town.url, code, tmp_path)
    with pytest.raises(EnrolmentFailed, match="refused.*is the network up"):
        enrol("http://127.0.0.1:1", code, tmp_path)


def test_another_town_begins_with_nothing_of_the_old_one(town: TownOnTheLine, tmp_path: Path) -> None:
    state = tmp_path / "state"
    enrol(town.url, town.add_station(), state)
    (state / "journal.db").write_bytes(b"the record of room-1")
    (state / "journal.reserve").write_bytes(b"")
    town.rotate("online")
    enrol(town.url, town.add_station(), state)
    assert (state / "journal.db").exists(), "still the same station"
    second = TownOnTheLine(tmp_path / "second")
    try:
        identity = enrol(second.url, second.add_station("room-9"), state)
    finally:
        second.close()
    shelf = Documents(Library(state / "library")).load(identity.group, identity.station, identity.root_sha256)
    assert shelf.root is not None and shelf.root.version == 1
    assert sorted(path.name for path in state.glob("*journal*")) == [
        "of-fengle-room-1-journal.db", "of-fengle-room-1-journal.reserve"
    ]  # fmt: skip


def test_an_identity_that_is_missing_or_damaged_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="not enrolled; run: kiosk enrol"):
        load_identity(tmp_path)
    (tmp_path / "identity.json").write_bytes(b"")
    with pytest.raises(IdentityError, match="damaged.*run: kiosk enrol"):
        load_identity(tmp_path)
    (tmp_path / "identity.json").unlink()
    (tmp_path / "identity.json").mkdir()
    with pytest.raises(IdentityError, match="cannot be read"):
        load_identity(tmp_path)


def test_a_state_folder_that_cannot_be_written_is_told(town: TownOnTheLine, tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(b"a file where a folder should be")
    with pytest.raises(EnrolmentFailed, match=r"state folder .*/state"):
        enrol(town.url, town.add_station(), tmp_path / "state")
