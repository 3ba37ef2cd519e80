"""The library: only what is whole and signed is there, and nothing that is damaged stops the boot."""

import errno
import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from chaos.forgetful_disk import Disk
from fakes_town import TownOnTheLine, notice

from kiosk.contract import trust
from kiosk.contract.playlist import Playlist, Programme, Subtitle
from kiosk.contract.reports import Signed
from kiosk.station.library.library import Interrupted, Library, Shelf, WrongBytes
from kiosk.town.stations.registry import document

DATA = b"a programme " * 1000
SHA = hashlib.sha256(DATA).hexdigest()
NOW = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "library")


def test_a_staged_file_is_admitted_once_it_is_what_was_signed(library: Library) -> None:
    assert library.path(SHA) is None
    library.stage(SHA).write_bytes(DATA)
    assert library.path(SHA) is None, "a part is not there yet"
    path = library.admit(SHA, len(DATA))
    assert library.path(SHA, len(DATA)) == path
    assert path.name == SHA and path.read_bytes() == DATA
    assert not library.stage(SHA).exists()


@pytest.mark.parametrize(
    "wrong", [DATA[:-1], DATA + b"x", b"", b"A" + DATA[1:]], ids=["shorter", "longer", "empty", "other"]
)
def test_a_staged_file_that_is_not_what_was_signed_is_deleted(library: Library, wrong: bytes) -> None:
    library.stage(SHA).write_bytes(wrong)
    with pytest.raises(WrongBytes, match=SHA):
        library.admit(SHA, len(DATA))
    assert not library.stage(SHA).exists()
    assert library.path(SHA) is None


def test_power_cut_right_after_the_enrolment_leaves_the_root(tmp_path: Path, town: TownOnTheLine) -> None:
    data = town.office.public.root_path(1).read_bytes()
    disk = Disk(tmp_path / "state")
    for cut in range(12):
        disk.on("new")
        folder = tmp_path / "state" / str(cut)
        Library(folder / "library").begin_trust(trust.stored_root(data), data)
        disk.off()
        disk.on(str(cut))
        assert [path.read_bytes() for path in folder.glob("library/trust/root/*")] == [data]
        disk.off()
    disk.close()


def test_admission_can_be_interrupted_and_taken_up_again(library: Library) -> None:
    library.stage(SHA).write_bytes(DATA)
    with pytest.raises(Interrupted):
        library.admit(SHA, len(DATA), lambda: False)
    assert library.admit(SHA, len(DATA)).exists()


def test_a_file_that_a_power_cut_shortened_is_fetched_again(library: Library) -> None:
    library.stage(SHA).write_bytes(DATA)
    path = library.admit(SHA, len(DATA))
    os.truncate(path, 0)
    assert library.path(SHA, len(DATA)) is None
    assert not path.exists()


@pytest.mark.parametrize(
    "put",
    [
        lambda path: path.mkdir(),
        lambda path: (path / "in" / "it").mkdir(parents=True),
        lambda path: os.mkfifo(path),
        lambda path: path.symlink_to(path.name),
        lambda path: path.symlink_to("/dev/zero"),
    ],
    ids=["folder", "full-folder", "pipe", "loop", "device"],
)
def test_what_is_no_file_is_removed_and_fetched_again(library: Library, put: Callable[[Path], None]) -> None:
    library.stage(SHA).write_bytes(DATA)
    path = library.admit(SHA, len(DATA))
    for look in (lambda: library.path(SHA), lambda: library.path(SHA, 0), lambda: library.recheck(SHA) or None):
        path.unlink(missing_ok=True)
        put(path)
        assert look() is None
        assert not os.path.lexists(path)
    library.stage(SHA).write_bytes(DATA)
    assert library.admit(SHA, len(DATA)) == path


def test_what_cannot_be_removed_does_not_stop_the_room(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.stage(SHA).write_bytes(DATA)
    path = library.admit(SHA, len(DATA))
    path.write_bytes(DATA[:9])
    monkeypatch.setattr(Path, "unlink", _refuse)
    assert library.path(SHA, len(DATA)) is None


def _refuse(*_args: object, **_keywords: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_a_recheck_removes_a_file_that_rotted_and_keeps_a_good_one(library: Library) -> None:
    library.stage(SHA).write_bytes(DATA)
    path = library.admit(SHA, len(DATA))
    assert library.recheck(SHA)
    path.write_bytes(b"A" + DATA[1:])
    assert library.path(SHA, len(DATA)) is not None, "its length tells nothing"
    assert not library.recheck(SHA)
    assert library.path(SHA) is None
    assert not library.recheck(SHA)


def test_missing_files_come_in_the_order_of_the_programmes_with_their_subtitles(library: Library) -> None:
    shas = [digit * 64 for digit in "abc"]
    subtitle = Subtitle(language="zh", file="b.srt", size=5, sha256=shas[2])
    first = Programme(id="a", title="a", file="a.mp4", duration_ms=1, size=1, sha256=shas[0])
    second = Programme(id="b", title="b", file="b.mp4", duration_ms=1, size=2, sha256=shas[1], subtitles=(subtitle,))
    wanted = library.missing([second, first, second])
    assert [(pin.sha256[0], pin.size) for pin in wanted] == [("b", 2), ("c", 5), ("a", 1)]


def test_purge_takes_the_longest_unused_first_and_never_what_is_kept(library: Library) -> None:
    for n, name in enumerate("abcd"):
        path = library.stage("0" * 64).with_name(name)
        path.write_bytes(b"x" * 100)
        os.utime(path, (n, n))
        path.rename(path.parent.parent / "files" / name)
    library.stage("e").write_bytes(b"part")
    os.utime(library.stage("e"), (9, 9))
    assert library.purge({"a", "b"}, 0) == []
    assert library.purge({"a", "c"}, 1 << 62) == ["b", "d", "e"]
    assert library.path("a") and library.path("c")


def test_purge_leaves_alone_what_is_no_file(library: Library, tmp_path: Path) -> None:
    for name in ("lost+found", SHA):
        (tmp_path / "library" / "files" / name).mkdir()
    (tmp_path / "library" / "staging" / f"{SHA}.part").symlink_to("/nonexistent")
    assert library.purge(set(), 1 << 62) == []
    assert (tmp_path / "library" / "files" / "lost+found").is_dir()


def test_purge_stops_as_soon_as_there_is_room(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        library.stage(name).write_bytes(b"x")
    rooms = iter([10, 20, 30, 40])
    monkeypatch.setattr(Library, "free_bytes", lambda self: next(rooms))
    assert len(library.purge(set(), 25)) == 2


def keep_all(town: TownOnTheLine, library: Library) -> tuple[Playlist, Signed]:
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
    library.begin_trust(trust.stored_root(data), data)
    metadata = town.metadata()
    root = trust.stored_root(data)
    index = trust.index(root, metadata, trust.Held(), NOW)
    pinned = trust.pinned_playlist(index, "villages")
    library.keep_week(metadata, public.file_path(pinned.sha256).read_bytes())
    urgent = public.urgent_path.read_bytes()
    names = trust.pinned_notices(trust.index(root, urgent, trust.Held(), NOW)).values()
    library.keep_urgent(urgent, {pin.sha256: public.file_path(pin.sha256).read_bytes() for pin in names})
    signed = town.office.signer.vouch(document(town.office, "room-1"))
    library.keep_station(signed)
    return playlist, signed


def load(town: TownOnTheLine, library: Library) -> Shelf:
    return library.load("villages", "room-1", trust.digest(town.office.public.root_path(1).read_bytes()))


def test_what_was_kept_is_verified_and_loaded_again(town: TownOnTheLine, library: Library) -> None:
    playlist, _ = keep_all(town, library)
    shelf = load(town, library)
    assert shelf.playlist == playlist
    assert shelf.index is not None and shelf.index.version == playlist.version
    assert [urgent.id for urgent in shelf.urgents] == ["all", "ours"]
    assert shelf.document is not None and shelf.document.station == "room-1"
    assert shelf.troubles == ()


@pytest.mark.parametrize("name", ["group.json", "urgent.json", "station.json"])
@pytest.mark.parametrize("damage", [b"", b"half", None], ids=["emptied", "cut", "altered"])
def test_a_damaged_document_is_set_aside_and_the_others_still_load(
    town: TownOnTheLine, library: Library, tmp_path: Path, name: str, damage: bytes | None
) -> None:
    keep_all(town, library)
    path = tmp_path / "library" / "trust" / name
    path.write_bytes(path.read_bytes().replace(b"1", b"2") if damage is None else damage)
    shelf = load(town, library)
    held = {"group.json": shelf.playlist, "urgent.json": shelf.urgent_index, "station.json": shelf.document}
    assert {key for key, value in held.items() if value is None} == {name}
    assert len(shelf.troubles) == 1 and shelf.troubles[0].startswith(f"{name}: not to be believed any more")
    assert not path.exists()
    assert load(town, library).troubles == ()


def test_a_damaged_playlist_file_costs_the_week_alone(town: TownOnTheLine, library: Library) -> None:
    keep_all(town, library)
    shelf = load(town, library)
    assert shelf.index is not None
    path = library.path(trust.pinned_playlist(shelf.index, "villages").sha256)
    assert path is not None
    path.write_bytes(b"")
    shelf = load(town, library)
    assert (shelf.playlist, len(shelf.urgents)) == (None, 2)


def test_without_a_first_root_nothing_is_believed_and_nothing_raises(
    town: TownOnTheLine, library: Library, tmp_path: Path
) -> None:
    keep_all(town, library)
    (tmp_path / "library" / "trust" / "root" / "1.root.json").write_bytes(b"")
    shelf = load(town, library)
    assert (shelf.root, shelf.playlist) == (None, None)
    assert "first root is not the one" in shelf.troubles[0]
    assert "has to be fetched again" in load(town, library).troubles[0]


def test_a_week_signed_by_a_key_that_the_root_has_revoked_is_not_loaded(town: TownOnTheLine, library: Library) -> None:
    keep_all(town, library)
    town.rotate("targets")
    data = town.office.public.root_path(2).read_bytes()
    library.keep_root(trust.stored_root(data), data)
    shelf = load(town, library)
    assert shelf.root is not None and shelf.root.version == 2
    assert (shelf.playlist, shelf.urgents) == (None, ())
    assert shelf.document is not None, "the online key is still the same"
    assert len(shelf.troubles) == 2


def test_a_newest_root_that_is_damaged_leaves_the_one_before_in_force(
    town: TownOnTheLine, library: Library, tmp_path: Path
) -> None:
    playlist, _ = keep_all(town, library)
    (tmp_path / "library" / "trust" / "root" / "2.root.json").write_bytes(b"{")
    shelf = load(town, library)
    assert shelf.root is not None and shelf.root.version == 1
    assert shelf.playlist == playlist
    assert len(shelf.troubles) == 1


def test_a_power_cut_between_playlist_and_metadata_leaves_the_old_week(
    town: TownOnTheLine, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    playlist, _ = keep_all(town, library)

    replace = os.replace

    def cut(source: str, target: str, **folders: int) -> None:
        if target == "group.json":
            raise OSError("power cut")
        replace(source, target, **folders)

    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(OSError, match="power cut"):
        library.keep_week(b"new metadata", b"new playlist")
    monkeypatch.undo()
    shelf = load(town, library)
    assert (shelf.playlist, shelf.troubles) == (playlist, ())
    library.keep_week(town.metadata(), b"new playlist")


def test_a_station_that_moved_to_another_group_loads_that_groups_week(town: TownOnTheLine, library: Library) -> None:
    keep_all(town, library)
    town.add_station("room-1", group="towns")
    playlist = town.publish([town.programme("rice", DATA)], group="towns")
    metadata = town.metadata("towns")
    root = trust.stored_root(town.office.public.root_path(1).read_bytes())
    pinned = trust.pinned_playlist(trust.index(root, metadata, trust.Held(), NOW), "towns")
    library.keep_week(metadata, town.office.public.file_path(pinned.sha256).read_bytes())
    library.keep_station(town.office.signer.vouch(document(town.office, "room-1")))
    assert load(town, library).playlist == playlist


def test_a_station_document_of_another_room_is_not_loaded(town: TownOnTheLine, library: Library) -> None:
    keep_all(town, library)
    town.add_station("room-2")
    library.keep_station(town.office.signer.vouch(document(town.office, "room-2")))
    shelf = load(town, library)
    assert shelf.document is None
    assert "station document of room-2 offered to room-1" in shelf.troubles[0]
