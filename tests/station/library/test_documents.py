"""Signed documents on disk: what verifies is loaded, and nothing that is damaged stops the boot."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from chaos.forgetful_disk import Disk
from fakes_town import TownOnTheLine, notice

from kiosk.contract import trust
from kiosk.contract.playlist import Playlist
from kiosk.contract.reports import Signed
from kiosk.station.library.documents import Documents, Shelf
from kiosk.station.library.library import Library
from kiosk.town.stations.registry import document

DATA = b"a programme " * 1000
NOW = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return Documents(Library(tmp_path / "library"))


def keep_all(town: TownOnTheLine, documents: Documents) -> tuple[Playlist, Signed]:
    """What a station holds after a good round."""
    code = town.add_station()
    assert code
    programme = town.programme("rice", DATA)
    playlist = town.publish([programme])
    town.publish_urgent(
        notice(programme, "all"), notice(programme, "ours", ("room-1",)), notice(programme, "x", ("r",))
    )
    public = town.office.public
    data = public.root_path(1).read_bytes()
    documents.begin_trust(trust.stored_root(data), data)
    metadata = town.metadata()
    root = trust.stored_root(data)
    index = trust.index(root, metadata, trust.Held(), NOW)
    pinned = trust.pinned_playlist(index, "villages")
    documents.keep_week(metadata, public.file_path(pinned.sha256).read_bytes())
    urgent = public.urgent_path.read_bytes()
    names = trust.pinned_notices(trust.index(root, urgent, trust.Held(), NOW)).values()
    documents.keep_urgent(urgent, {pin.sha256: public.file_path(pin.sha256).read_bytes() for pin in names})
    signed = town.office.signer.vouch(document(town.office, "room-1"))
    documents.keep_station(signed)
    return playlist, signed


def load(town: TownOnTheLine, documents: Documents) -> Shelf:
    return documents.load("villages", "room-1", trust.digest(town.office.public.root_path(1).read_bytes()))


def test_what_was_kept_is_verified_and_loaded_again(town: TownOnTheLine, documents: Documents) -> None:
    playlist, _ = keep_all(town, documents)
    shelf = load(town, documents)
    assert shelf.playlist == playlist
    assert shelf.index is not None and shelf.index.version == playlist.version
    assert [urgent.id for urgent in shelf.urgents] == ["all", "ours"]
    assert shelf.document is not None and shelf.document.station == "room-1"
    assert shelf.troubles == ()


@pytest.mark.parametrize("name", ["group.json", "urgent.json", "station.json"])
@pytest.mark.parametrize("damage", [b"", b"half", None], ids=["emptied", "cut", "altered"])
def test_a_damaged_document_is_renamed_and_the_others_still_load(
    town: TownOnTheLine, documents: Documents, tmp_path: Path, name: str, damage: bytes | None
) -> None:
    keep_all(town, documents)
    path = tmp_path / "library" / "trust" / name
    path.write_bytes(path.read_bytes().replace(b"1", b"2") if damage is None else damage)
    shelf = load(town, documents)
    held = {"group.json": shelf.playlist, "urgent.json": shelf.urgent_index, "station.json": shelf.document}
    assert {key for key, value in held.items() if value is None} == {name}
    assert len(shelf.troubles) == 1 and shelf.troubles[0].startswith(f"{name}: does not verify any more")
    assert not path.exists()
    assert load(town, documents).troubles == ()


def test_who_looks_on_names_a_damaged_document_and_changes_nothing(town: TownOnTheLine, documents: Documents) -> None:
    keep_all(town, documents)
    folder = documents.library.folder
    (folder / "trust" / "group.json").write_bytes(b"{}")
    programme = folder / "files" / trust.digest(DATA)
    programme.write_bytes(DATA[:-1])
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    looking = Library(folder, looking=True)
    shelf = load(town, Documents(looking))
    assert shelf.playlist is None and shelf.document is not None and "group.json" in shelf.troubles[0]
    assert looking.path(programme.name, len(DATA)) is None, "cut short"
    assert looking.path(programme.name) == programme
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    Documents(Library(folder / "elsewhere", looking=True))
    assert not (folder / "elsewhere").exists()


def test_a_damaged_playlist_file_costs_the_week_alone(town: TownOnTheLine, documents: Documents) -> None:
    keep_all(town, documents)
    shelf = load(town, documents)
    assert shelf.index is not None
    path = documents.library.path(trust.pinned_playlist(shelf.index, "villages").sha256)
    assert path is not None
    path.write_bytes(b"")
    shelf = load(town, documents)
    assert (shelf.playlist, len(shelf.urgents)) == (None, 2)


def test_without_a_first_root_nothing_is_believed_and_nothing_raises(
    town: TownOnTheLine, documents: Documents, tmp_path: Path
) -> None:
    keep_all(town, documents)
    (tmp_path / "library" / "trust" / "root" / "1.root.json").write_bytes(b"")
    shelf = load(town, documents)
    assert (shelf.root, shelf.playlist) == (None, None)
    assert "first root is not the one" in shelf.troubles[0]
    assert "has to be fetched again" in load(town, documents).troubles[0]


def test_a_week_signed_by_a_key_that_the_root_has_revoked_is_not_loaded(
    town: TownOnTheLine, documents: Documents
) -> None:
    keep_all(town, documents)
    town.rotate("targets")
    data = town.office.public.root_path(2).read_bytes()
    documents.keep_root(trust.stored_root(data), data)
    shelf = load(town, documents)
    assert shelf.root is not None and shelf.root.version == 2
    assert (shelf.playlist, shelf.urgents) == (None, ())
    assert shelf.document is not None, "the online key is still the same"
    assert len(shelf.troubles) == 2


def test_a_newest_root_that_is_damaged_leaves_the_one_before_in_force(
    town: TownOnTheLine, documents: Documents, tmp_path: Path
) -> None:
    playlist, _ = keep_all(town, documents)
    (tmp_path / "library" / "trust" / "root" / "2.root.json").write_bytes(b"{")
    shelf = load(town, documents)
    assert shelf.root is not None and shelf.root.version == 1
    assert shelf.playlist == playlist
    assert len(shelf.troubles) == 1


def test_a_power_cut_between_playlist_and_metadata_leaves_the_old_week(
    town: TownOnTheLine, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist, _ = keep_all(town, documents)
    replace = os.replace

    def cut(source: str, target: str, **folders: int) -> None:
        if target == "group.json":
            raise OSError("power cut")
        replace(source, target, **folders)

    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(OSError, match="power cut"):
        documents.keep_week(b"new metadata", b"new playlist")
    monkeypatch.undo()
    shelf = load(town, documents)
    assert (shelf.playlist, shelf.troubles) == (playlist, ())
    documents.keep_week(town.metadata(), b"new playlist")


def test_a_station_that_moved_to_another_group_loads_that_groups_week(
    town: TownOnTheLine, documents: Documents
) -> None:
    keep_all(town, documents)
    town.add_station("room-1", group="towns")
    playlist = town.publish([town.programme("rice", DATA)], group="towns")
    metadata = town.metadata("towns")
    root = trust.stored_root(town.office.public.root_path(1).read_bytes())
    pinned = trust.pinned_playlist(trust.index(root, metadata, trust.Held(), NOW), "towns")
    documents.keep_week(metadata, town.office.public.file_path(pinned.sha256).read_bytes())
    documents.keep_station(town.office.signer.vouch(document(town.office, "room-1")))
    assert load(town, documents).playlist == playlist


def test_a_station_document_of_another_room_is_not_loaded(town: TownOnTheLine, documents: Documents) -> None:
    keep_all(town, documents)
    town.add_station("room-2")
    documents.keep_station(town.office.signer.vouch(document(town.office, "room-2")))
    shelf = load(town, documents)
    assert shelf.document is None
    assert "station document of room-2 offered to room-1" in shelf.troubles[0]


def test_power_cut_right_after_the_enrolment_leaves_the_root(tmp_path: Path, town: TownOnTheLine) -> None:
    data = town.office.public.root_path(1).read_bytes()
    disk = Disk(tmp_path / "state")
    for cut in range(12):
        disk.on("new")
        folder = tmp_path / "state" / str(cut)
        Documents(Library(folder / "library")).begin_trust(trust.stored_root(data), data)
        disk.off()
        disk.on(str(cut))
        assert [path.read_bytes() for path in folder.glob("library/trust/root/*")] == [data]
        disk.off()
    disk.close()
