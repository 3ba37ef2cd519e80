"""A program of the system on a hostile file: it reads that, writes its own folder, reaches no network, has limits."""

import socket
import subprocess
import sys

import pytest

from kiosk.common import confined, sandbox
from kiosk.common.ffmpeg import MediaError, run_confined

ATTEMPTS = """
import os, socket, sys
from pathlib import Path
given, own, outside, port = sys.argv[1:5]
def tried(name, work):
    try:
        work()
    except (OSError, MemoryError):
        return
    print(name)
tried("read given", lambda: Path(given).read_text())
tried("write own", lambda: Path(own, "made").write_text("x"))
tried("change given", lambda: Path(given).open("a"))
tried("read outside", lambda: Path(outside, "secret").read_text())
tried("write outside", lambda: Path(outside, "new").write_text("x"))
tried("connect", lambda: socket.create_connection(("127.0.0.1", int(port)), 2))
tried("start a process", os.fork)
tried("become another program", lambda: os.execv("/bin/true", ["true"]))
tried("take 8 GB", lambda: bytearray(8 << 30))
tried("write 2 MB", lambda: Path(own, "large").write_bytes(bytes(2 << 20)))
"""


def test_hostile_program_reaches_its_file_and_its_folder_alone(tmp_path):
    given, own, outside = tmp_path / "given", tmp_path / "own", tmp_path / "outside"
    given.write_text("film")
    own.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        words = [sys.executable, "-c", ATTEMPTS, given, own, outside, listener.getsockname()[1]]
        done = confined.run(list(map(str, words)), files=[given], folder=own, within_s=20, largest=1 << 20)
    assert done.stdout.split("\n")[:-1] == ["read given", "write own"], done.stderr
    assert (own / "made").read_text() == "x"
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_program_that_hangs_is_ended_and_leaves_no_process(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        confined.run([sys.executable, "-c", "import time; time.sleep(60)"], within_s=0.4)
    with pytest.raises(subprocess.TimeoutExpired):
        confined.run(
            [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"],
            within_s=0.4,
            each_line=lambda _line: None,
        )


def test_lines_come_as_they_are_printed_and_errors_are_kept(tmp_path):
    lines = []
    words = [sys.executable, "-c", "import sys; print('a\\nb'); print('why', file=sys.stderr); sys.exit(3)"]
    done = confined.run(words, within_s=20, each_line=lines.append)
    assert (lines, done.returncode, done.stderr) == (["a", "b"], 3, "why\n")


@pytest.mark.usefixtures("no_libseccomp")
def test_computer_that_cannot_confine_runs_nothing(tmp_path):
    """The launcher says so, and the program does not run."""
    ran = tmp_path / "ran"
    with pytest.raises(confined.Unconfined, match="no system call filter"):
        confined.run([sys.executable, "-c", f"open({str(ran)!r}, 'w')"], folder=tmp_path, within_s=20)
    assert not ran.exists()


def test_launcher_that_does_not_start_is_no_word_about_the_file(tmp_path, monkeypatch):
    """As while a newer kiosk is being put in the place of the one that runs: no file is refused for that."""
    monkeypatch.setattr(confined, "LAUNCHER", "kiosk.common.text")
    with pytest.raises(confined.Unconfined):
        confined.run(["true"], within_s=20)
    monkeypatch.setattr(confined, "LAUNCHER", "kiosk.common.no_such_module")
    with pytest.raises(confined.Unconfined, match="no_such_module"):
        run_confined("ffprobe", tmp_path / "a.mp4", 20, [], [])


def test_bytes_that_are_no_text_are_read_all_the_same():
    """A file's title may be in any encoding."""
    words = [sys.executable, "-c", "import os; os.write(1, b'\\xff\\xfea'); os.write(2, b'\\xffb')"]
    done = confined.run(words, within_s=20)
    assert (done.stdout[-1], done.stderr[-1]) == ("a", "b")


def test_crash_of_a_program_is_told_apart_from_its_refusal():
    with pytest.raises(confined.Killed, match="SIGKILL"):
        confined.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], within_s=20)


def test_missing_program_is_said(tmp_path):
    with pytest.raises(confined.NotInstalled):
        confined.run(["no-such-program"], within_s=0.4)


def test_playlist_that_names_another_file_is_not_followed(tmp_path):
    """ffmpeg's own lists (HLS, concat) are refused by its whitelist, and could not be followed either."""
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"x")
    upload = tmp_path / "film.mp4"
    upload.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile://{secret}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError):
        run_confined("ffprobe", upload, 20, ["-show_format"], [])


def test_own_folder_is_kept_on_the_disk_and_nothing_in_it_can_be_executed(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    code = f"open('{own}/a', 'w').write('#!/bin/sh\\necho ran\\n')"
    confined.run([sys.executable, "-c", code], folder=own, within_s=20)
    assert (own / "a").read_text().startswith("#!")
    assert sandbox.Reach(own, kept=True).kept


def test_what_stands_in_the_environment_stays_outside(monkeypatch):
    """A converter that a film has taken over could write the database's password into what rooms are sent."""
    monkeypatch.setenv("KIOSK_TOWN_DB", "postgresql+psycopg://town:secret@localhost/town")
    words = [sys.executable, "-c", "import os; print(dict(os.environ), open('/proc/self/environ').read())"]
    done = confined.run(words, within_s=20)
    assert "PATH" in done.stdout
    assert "secret" not in done.stdout


@pytest.mark.parametrize(
    "code",
    [
        "for n in range(99): open(f'{own}/{n}', 'wb').write(bytes(1 << 18))",
        "for n in range(99): os.makedirs(f'{own}/{n}/a')",
    ],
    ids=["files", "folders"],
)
def test_program_that_fills_the_disk_is_ended(tmp_path, monkeypatch, code):
    """In many files too, each of which is small enough; what was in the folder before does not count."""
    monkeypatch.setattr(confined, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(confined, "MOST_FILES", 110)
    own = tmp_path / "own"
    own.mkdir()
    (own / "before").write_bytes(bytes(4 << 20))
    words = [sys.executable, "-c", f"import os, time; own = {str(own)!r}\n{code}\ntime.sleep(60)"]
    with pytest.raises(confined.Killed, match="SIGXFSZ"):
        confined.run(words, folder=own, within_s=20, largest=2 << 20)


def test_end_of_many_errors_is_what_is_told_of_them(monkeypatch):
    """ffmpeg's measures stand behind what it says of a bad film."""
    monkeypatch.setattr(confined, "MOST_WORDS", 1000)
    monkeypatch.setattr(confined, "MOST_SAID", 10)
    code = "import sys; print('x' * 99); print('bad packet' * 9999, file=sys.stderr); sys.exit('the end')"
    done = confined.run([sys.executable, "-c", code], within_s=20)
    assert done.stderr.endswith("the end\n") and len(done.stderr) == 1000
    assert done.stdout == "x" * 10
