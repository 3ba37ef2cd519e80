"""Uploads in pieces: they go on where they stood, at most so large and so many, two windows never mix."""

import os

import pytest
from town.programmes.library_room import entry

from kiosk.town.programmes import library, uploads
from kiosk.town.programmes.shelves import Shelves, shelves
from kiosk.town.programmes.uploads import UploadError, WrongOffset


@pytest.fixture
def place(office):
    return shelves(office.folder)


def test_upload_goes_on_after_a_break_where_it_stood(office, place):
    one = uploads.begin(office, place, "水稻.mp4", 10, "t1", "li")
    with uploads.opened(place, one, 0) as piece:
        piece.write(b"0123")
    assert uploads.finish(office, place, one) is None
    again = uploads.begin(office, place, "水稻.mp4", 10, "t1", "li")
    assert (again.id, again.offset) == (one.id, 4)
    with pytest.raises(WrongOffset) as wrong, uploads.opened(place, again, 3):
        pass
    assert wrong.value.offset == 4
    with uploads.opened(place, again, 4) as piece:
        piece.write(b"456789")
    (place.arriving / f"{again.id}.part").rename(place.folder / "lost")
    again = uploads.begin(office, place, "水稻.mp4", 10, "t1", "li")
    with uploads.opened(place, again, 0) as piece:  # a power cut has lost the file, and not its row
        piece.write(b"0123456789")
    programme = uploads.finish(office, place, again)
    assert (place.arriving / programme).read_bytes() == b"0123456789"
    assert (entry(office, programme).title, entry(office, programme).state) == ("水稻", "waiting")
    assert uploads.unfinished(office, place) == []
    assert uploads.finish(office, place, again) is None, "the same end twice is one programme"


def test_other_person_or_another_file_of_the_name_is_another_upload(office, place):
    first = uploads.begin(office, place, "a.mp4", 10, "t1", "li")
    for name, size, changed, by in (
        ("b.mp4", 10, "t1", "li"),
        ("a.mp4", 11, "t1", "li"),
        ("a.mp4", 10, "t2", "li"),
        ("a.mp4", 10, "t1", "wang"),
    ):
        assert uploads.begin(office, place, name, size, changed, by).id != first.id


def test_more_than_was_announced_is_not_taken(office, place):
    one = uploads.begin(office, place, "a.mp4", 3, "", "li")
    with pytest.raises(UploadError), uploads.opened(place, one, 0) as piece:
        piece.write(b"0123")
    assert uploads.get(office, place, one.id).offset == 0


def test_two_windows_do_not_mix_their_pieces(office, place):
    one = uploads.begin(office, place, "a.mp4", 8, "", "li")
    with uploads.opened(place, one, 0) as piece:
        piece.write(b"01")
        with pytest.raises(UploadError) as error, uploads.opened(place, one, 2):
            pass
    assert error.value.status == 409


def test_too_large_too_many_and_a_full_disk_are_told(office, place, monkeypatch):
    for size in (0, -1, uploads.LARGEST + 1):
        with pytest.raises(UploadError) as error:
            uploads.begin(office, place, "a.mp4", size, "", "li")
        assert error.value.status == 413
    monkeypatch.setattr(Shelves, "room", lambda _self: 1_000_000)
    uploads.begin(office, place, "a.mp4", 600_000, "", "li")
    with pytest.raises(UploadError) as error:  # what the first one has yet to bring counts
        uploads.begin(office, place, "b.mp4", 600_000, "", "li")
    assert error.value.status == 507
    monkeypatch.setattr(uploads, "MOST_AT_ONCE", 1)
    with pytest.raises(UploadError) as error:
        uploads.begin(office, place, "c.mp4", 1, "", "li")
    assert error.value.status == 429


def test_upload_that_does_not_go_on_is_thrown_away_after_a_week(office, place, monkeypatch):
    one = uploads.begin(office, place, "a.mp4", 8, "", "li")
    uploads.tidy(office, place)
    assert uploads.unfinished(office, place)
    monkeypatch.setattr(uploads, "KEEP_MS", -1000)
    uploads.tidy(office, place)
    assert uploads.unfinished(office, place) == []
    assert not (place.arriving / f"{one.id}.part").exists()


def test_what_a_power_cut_left_is_tidied_and_a_dropped_file_goes_back(office, place):
    """The row was not committed, the file was moved already."""
    for name in ("p-0123456789", "p-abcdefabcd", "0" * 24 + ".part"):
        (place.arriving / name).write_bytes(b"x")
        os.utime(place.arriving / name, (0, 0))
    (place.arriving / "p-abcdefabcd.dropped").write_text("民法典.mkv")
    kept = uploads.begin(office, place, "a.mp4", 8, "", "li")
    os.utime(place.arriving / f"{kept.id}.part", (0, 0))
    uploads.tidy(office, place)
    assert [path.name for path in place.arriving.iterdir()] == [f"{kept.id}.part"]
    assert [path.name for path in place.drop.iterdir()] == ["民法典.mkv"]


def test_name_of_an_upload_is_no_path(office, place):
    one = uploads.begin(office, place, "../../etc/x\n.mp4", 1, "", "li")
    with uploads.opened(place, one, 0) as piece:
        piece.write(b"x")
    programme = uploads.finish(office, place, one)
    assert {path.name for path in place.arriving.iterdir()} == {programme}
    with office.store.read() as connection:
        assert library.get(connection, programme).upload_name == "../../etc/x .mp4"
