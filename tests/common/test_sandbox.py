"""A confined process reaches no network, reads what it is given, and writes nowhere but in its own folder.

As root and as an ordinary user, on new and old kernels. All attempts: ``tests/chaos/hostile_child.py``."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.common.sandbox import NEWEST_ABI
from kiosk.station.projector.messages import SCREEN_GONE, Cue, Cut, line

CHILD = """
import json, os, socket, sys
from pathlib import Path
from kiosk.common import sandbox
port, own, outside, abi = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
if sys.argv[5]:
    setattr(sandbox, sys.argv[5], 1023)  # a system call that this kernel does not have
said = {"trouble": sandbox.confine(sandbox.Reach(own, files=(str(outside / "given"),)), abi)}
def tried(name, work):
    try:
        work()
        said[name] = "done"
    except OSError as error:
        said[name] = "refused"
tried("connect", lambda: socket.create_connection(("127.0.0.1", port), 2))
tried("write outside", lambda: (outside / "new").write_text("x"))
tried("change outside", lambda: (outside / "old").open("a"))
tried("change given", lambda: (outside / "given").open("a"))
tried("truncate given", lambda: os.open(outside / "given", os.O_RDONLY | os.O_TRUNC))
tried("remove outside", lambda: (outside / "old").unlink())
tried("rename outside", lambda: (outside / "old").rename(outside / "other"))
tried("read outside", lambda: (outside / "old").read_text())
tried("start a process", os.fork)
tried("read given", lambda: (outside / "given").read_text())
tried("read a library", lambda: Path(json.__file__).read_text())
tried("read itself", lambda: Path("/proc/self/maps").read_text())
tried("write own", lambda: (own / "new").write_text("x"))
tried("read own", lambda: (own / "new").read_text())
print(json.dumps(said))
"""
MAY = {"read given", "read a library", "read itself", "write own", "read own"}
USERS = [0, 65534]


def confined(tmp_path: Path, uid: int, abi: int = NEWEST_ABI, without: str = "") -> dict[str, str]:
    """What a child says that tried everything."""
    uid = uid if os.getuid() == 0 else os.getuid()  # whoever runs the tests is the ordinary user
    own, outside = tmp_path / "own", tmp_path / "outside"
    for folder in (own, outside):
        folder.mkdir()
        folder.chmod(0o777)
    for folder in tmp_path.parents[:2]:  # pytest's own, which only their owner may enter
        folder.chmod(0o711)
    tmp_path.chmod(0o711)
    for name in ("old", "given"):
        (outside / name).write_text("old")
        (outside / name).chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        arguments = [str(listener.getsockname()[1]), str(own), str(outside), str(abi), without]
        command = [sys.executable, "-c", CHILD, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, user=uid, group=uid or None)
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"old": "old", "given": "old"}
    said: dict[str, str] = json.loads(done.stdout)
    if not _may_have_namespaces(uid):  # as in a chroot, where the kernel gives an ordinary user none: then it is said
        missing = "no network namespace (Operation not permitted); no file tree of its own (Operation not permitted)"
        assert said["trouble"].startswith(missing)
        said["trouble"] = said["trouble"][len(missing) :].removeprefix("; ")
    return said


@pytest.mark.parametrize("uid", USERS)
@pytest.mark.parametrize("abi", [NEWEST_ABI, 6, 5, 4, 3, 2, 1])
def test_child_reaches_what_it_is_given_and_nothing_else(tmp_path: Path, uid: int, abi: int) -> None:
    said = confined(tmp_path, uid, abi)
    assert said.pop("trouble") == ""
    assert said == {name: "done" if name in MAY else "refused" for name in said}


@pytest.mark.parametrize("uid", USERS)
@pytest.mark.parametrize(
    ("without", "trouble"),
    [
        ("SYS_MOUNT_SETATTR", r"no file tree of its own \(/new/\S+: Function not implemented\)"),
        ("SYS_PIVOT_ROOT", r"no file tree of its own \(pivot_root: Function not implemented\)"),
        ("SYS_LANDLOCK_CREATE", r"no Landlock \(Function not implemented\)"),
    ],
)
def test_kernel_that_lacks_a_means_is_told_and_the_others_hold(
    tmp_path: Path, uid: int, without: str, trouble: str
) -> None:
    said = confined(tmp_path, uid, without=without)
    told = said.pop("trouble")
    assert re.fullmatch(trouble, told) or not _may_have_namespaces(uid)
    assert said == {name: "done" if name in MAY else "refused" for name in said}


@pytest.mark.parametrize("module", ["programme", "stage"])
def test_child_whose_parent_is_gone_before_it_runs_ends_without_looking_for_a_screen(
    tmp_path: Path, module: str
) -> None:
    """The kernel's signal does not reach a child that has not asked for it yet; its orders are in the pipe already."""
    command = [
        sys.executable,
        "-m",
        f"kiosk.station.player.{module}",
        *([str(tmp_path)] * (module == "programme")),
        ":9",
    ]
    orders, parent = os.pipe()
    os.write(parent, line(Cue(file="/nonexistent", display=":9")) + line(Cut(at=0.0, end=1.0)))
    os.close(parent)
    done = subprocess.run(command, stdin=orders, capture_output=True, check=False, timeout=60)
    os.close(orders)
    assert done.returncode == 0, f"{SCREEN_GONE} says that it asked for the screen"
    assert done.stdout == b""


def _may_have_namespaces(uid: int) -> bool:
    """Whether util-linux's own tool can do it for this user on this machine."""
    flags = ["--net"] if uid == 0 else ["--user", "--net"]
    return subprocess.run(["unshare", *flags, "true"], user=uid, group=uid or None, check=False).returncode == 0
