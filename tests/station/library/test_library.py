"""Programme files on disk: only what is whole and as signed is there."""

import errno
import hashlib
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.contract import trust
from kiosk.contract.playlist import Programme, Subtitle
from kiosk.contract.trust import Pinned
from kiosk.station.library.library import Interrupted, Library, WrongBytes

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


def test_recheck_that_is_interrupted_keeps_the_file(library: Library) -> None:
    library.stage(SHA).write_bytes(DATA)
    path = library.admit(SHA, len(DATA))
    os.utime(path, (1, 1))
    with pytest.raises(Interrupted):
        library.recheck(SHA, lambda: False)
    assert path.read_bytes() == DATA and path.stat().st_mtime == 1, "it is still the next one"


def test_files_are_due_for_recheck_in_turn_once_a_week_with_pauses(library: Library) -> None:
    now, names = time.time(), []
    for n, days in enumerate((9, 30, 8, 6)):
        data = bytes([n])
        names.append(hashlib.sha256(data).hexdigest())
        library.stage(names[-1]).write_bytes(data)
        os.utime(library.admit(names[-1], 1), (now - days * 86_400,) * 2)
    for turn in (1, 0, 2):
        assert library.due_for_recheck(names) == names[turn]
        assert library.recheck(names[turn])
        assert library.due_for_recheck(names) == "", "not so soon after another"
        path = library.path(names[turn])
        assert path is not None
        os.utime(path, (now - 3600,) * 2)
    assert library.due_for_recheck(names) == "", "the last one was hashed less than a week ago"
    os.utime(path, (now + 40 * 86_400,) * 2)
    assert library.due_for_recheck(names) == names[2], "a date that a wrong clock gave does not exempt it"
    assert library.due_for_recheck(["f" * 64]) == "", "what is not here is fetched and not hashed"


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


def test_what_does_not_fit_is_named_with_what_lacks_for_all(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may be removed counts as free, what is here of a file need not come again."""
    files = [Pinned(100_000, name * 64) for name in "abc"]
    monkeypatch.setattr(Library, "free_bytes", lambda self: 310_000)
    assert library.lacking(files, set(), 10_000) is None
    assert library.lacking(files, set(), 60_000) == (files[2], 50_000)
    library.stage(files[1].sha256).write_bytes(bytes(60_000))
    assert library.lacking(files, set(), 60_000) is None
    library.stage(files[1].sha256).unlink()
    old = bytes(40_960)
    library.keep(old)
    assert library.lacking(files, set(), 60_000) == (files[2], 50_000 - 40_960)
    assert library.lacking(files, {trust.digest(old)}, 60_000) == (files[2], 50_000)
    monkeypatch.setattr(Library, "free_bytes", lambda self: 0)
    assert library.lacking(files[:1], {trust.digest(old)}, 0) == (files[0], 100_000)
    assert library.lacking([], set(), 10) is None


def test_purge_stops_as_soon_as_there_is_room(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        library.stage(name).write_bytes(b"x")
    rooms = iter([10, 20, 30, 40])
    monkeypatch.setattr(Library, "free_bytes", lambda self: next(rooms))
    assert len(library.purge(set(), 25)) == 2
