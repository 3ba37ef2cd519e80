"""Files that are whole or not there, and that hand nothing of root's to the owner of the folder."""

import os
from pathlib import Path

import pytest

from kiosk.common import files
from kiosk.common.files import make_folder, whole_file, write_whole

SOMEBODY = 12_345
"""A user id; the tests of what root does run where root runs them."""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the service user's, with a secret of root's outside."""
    folder = tmp_path / "state"
    folder.mkdir()
    secret = tmp_path / "shadow"
    secret.write_bytes(b"secret")
    secret.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(folder, SOMEBODY, SOMEBODY)
    return folder


def assert_kept(secret: Path) -> None:
    found = secret.stat()
    assert (secret.read_bytes(), found.st_uid, found.st_mode & 0o777) == (b"secret", os.geteuid(), 0o600)


def test_a_file_is_replaced_with_its_mode_and_nothing_is_left_beside_it(folder: Path) -> None:
    (folder / "pin").write_bytes(b"the old one, which is longer")
    (folder / "pin").chmod(0o644)
    write_whole(folder / "pin", b"new", 0o600)
    assert (folder / "pin").read_bytes() == b"new"
    assert (folder / "pin").stat().st_mode & 0o777 == 0o600
    assert list(folder.iterdir()) == [folder / "pin"]


def test_what_fails_half_way_leaves_the_old_file_and_nothing_beside_it(folder: Path) -> None:
    (folder / "pin").write_bytes(b"old")
    with pytest.raises(RuntimeError), whole_file(folder / "pin") as file:
        file.write(b"half")
        raise RuntimeError
    assert (folder / "pin").read_bytes() == b"old"
    assert list(folder.iterdir()) == [folder / "pin"]


def test_a_temporary_file_that_a_power_cut_left_is_no_hindrance(folder: Path) -> None:
    (folder / ".pin.new").write_bytes(b"half of a fi")
    write_whole(folder / "pin", b"new")
    assert (folder / "pin").read_bytes() == b"new"
    assert list(folder.iterdir()) == [folder / "pin"]


@pytest.mark.parametrize("name", ["pin", ".pin.new"])
def test_a_link_at_the_place_or_at_the_temporary_name_is_not_followed(folder: Path, name: str) -> None:
    (folder / name).symlink_to(folder.parent / "shadow")
    write_whole(folder / "pin", b"new", 0o644)
    assert_kept(folder.parent / "shadow")
    assert (folder / "pin").read_bytes() == b"new"
    assert not (folder / "pin").is_symlink()


def test_a_link_put_in_the_temporary_file_s_place_before_it_is_opened_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = files._remove

    def remove_and_swap(name: str, descriptor: int) -> None:
        remove(name, descriptor)
        (folder / name).symlink_to(folder.parent / "shadow")

    monkeypatch.setattr(files, "_remove", remove_and_swap)
    with pytest.raises(FileExistsError):
        write_whole(folder / "pin", b"new", 0o644)
    assert_kept(folder.parent / "shadow")


@as_root
def test_a_link_swapped_in_while_root_writes_gives_nothing_of_root_s_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give = files._give_to_owner

    def swap_and_give(handle: int, descriptor: int) -> None:
        (folder / ".pin.new").unlink()
        (folder / ".pin.new").symlink_to(folder.parent / "shadow")
        give(handle, descriptor)

    monkeypatch.setattr(files, "_give_to_owner", swap_and_give)
    write_whole(folder / "pin", b"new", 0o600)
    assert_kept(folder.parent / "shadow")


@as_root
def test_what_root_writes_belongs_to_the_owner_of_the_folder(folder: Path) -> None:
    write_whole(folder / "trust" / "root" / "1.root.json", b"{}")
    for path in (folder / "trust", folder / "trust" / "root", folder / "trust" / "root" / "1.root.json"):
        assert (path.stat().st_uid, path.stat().st_gid) == (SOMEBODY, SOMEBODY)


def test_a_folder_is_made_with_those_above_it_and_a_file_in_its_place_is_told(folder: Path) -> None:
    make_folder(folder / "a" / "b")
    make_folder(folder / "a" / "b")
    assert (folder / "a" / "b").is_dir()
    (folder / "file").touch()
    with pytest.raises(FileExistsError):
        make_folder(folder / "file")


def test_file_and_folder_are_synced_unless_it_need_not_last(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    write_whole(folder / "status", b"x", lasting=False)
    assert synced == []
    write_whole(folder / "pin", b"x")
    assert len(synced) == 2
