"""A child reaches no network and writes nowhere but in its own folder, as root and as an ordinary user."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.station.projector.messages import SCREEN_GONE, Cue, Cut, line

CHILD = """
import json, os, socket, sys
from pathlib import Path
from kiosk.common.sandbox import confine
port, own, outside = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
said = {"trouble": confine(own)}
def tried(name, work):
    try:
        work()
        said[name] = "done"
    except OSError as error:
        said[name] = type(error).__name__
tried("connect", lambda: socket.create_connection(("127.0.0.1", port), 2))
tried("write outside", lambda: (outside / "new").write_text("x"))
tried("change outside", lambda: (outside / "old").open("a"))
tried("remove outside", lambda: (outside / "old").unlink())
tried("rename outside", lambda: (outside / "old").rename(outside / "other"))
tried("read outside", lambda: (outside / "old").read_text())
tried("write own", lambda: (own / "new").write_text("x"))
print(json.dumps(said))
"""


@pytest.mark.parametrize("uid", [0, 65534])
def test_child_has_no_network_and_writes_only_in_its_own_folder(tmp_path: Path, uid: int) -> None:
    if os.getuid() != 0:
        uid = os.getuid()  # whoever runs the tests is the ordinary user
    own, outside = tmp_path / "own", tmp_path / "outside"
    for folder in (own, outside):
        folder.mkdir()
        folder.chmod(0o777)
    for folder in tmp_path.parents[:2]:  # pytest's own, which only their owner may enter
        folder.chmod(0o711)
    tmp_path.chmod(0o711)
    (outside / "old").write_text("old")
    (outside / "old").chmod(0o666)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-c", CHILD, str(listener.getsockname()[1]), str(own), str(outside)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, user=uid, group=uid or None)
    said = json.loads(done.stdout)
    if not _may_have_namespaces(
        uid
    ):  # as in a chroot, where the kernel gives none to an ordinary user: then it is said
        assert said.pop("trouble") == "no network namespace (Operation not permitted)"
        assert said.pop("connect") == "done"
        said |= {"trouble": "", "connect": "OSError"}
    assert said == {
        "trouble": "",
        "connect": "OSError",
        "write outside": "PermissionError",
        "change outside": "PermissionError",
        "remove outside": "PermissionError",
        "rename outside": "PermissionError",
        "read outside": "done",
        "write own": "done",
    }
    assert (outside / "old").read_text() == "old"


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
