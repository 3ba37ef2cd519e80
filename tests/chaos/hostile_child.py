"""What a file that has taken over the playing process can do: tried from inside it, one attempt after the other.

``python tests/chaos/hostile_child.py`` (as root, for both users) starts for each user an X server, a sound server, and
a bystander, and in their midst a process that is confined by the player's own call and in the player's environment.
That process tries; whoever started it looks what has come of it. Each attempt is printed with what was seen; the last
line is ``{"tried":, "held":, "escaped": []}``. ``--unconfined``: without the sandbox.

What the X and the sound protocol allow to every client is tried last, and has to end with the process.
"""

import argparse
import contextlib
import ctypes
import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from chaos.hostile_attempts import ATTEMPTS, PERMITTED
from screen import XServer
from Xlib import X, display

from kiosk.common.sandbox import NEWEST_ABI
from kiosk.station.projector.messages import Cue, line
from kiosk.station.projector.process import _INHERITED
from kiosk.station.projector.shared_memory import SEGMENTS, remove_segments

SECRETS = ("token", "station.key", "panel.key")
ABIS = (NEWEST_ABI, 2)
"""Landlock of this kernel, and of Debian 12's (6.1)."""
HERE = Path(__file__).parent
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p


class Scene:
    """The room around one hostile process, of the present user, in a folder."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir()
        for name in SECRETS:
            (self.state / name).write_text("secret")
        self.journal = self.state / "journal.db"
        with contextlib.closing(sqlite3.connect(self.journal)) as database:
            database.execute("CREATE TABLE plays (id)")
            database.commit()
        self.programme = self.state / "programme"
        self.programme.write_bytes(b"a film" * 1000)
        self.bystander = subprocess.Popen(["sleep", "600"])
        stack.callback(_end, self.bystander)
        self.shared = Path("/dev/shm", f"kiosk-hostile-{os.getpid()}")
        self.shared.write_text("shared")
        stack.callback(self.shared.unlink, missing_ok=True)
        self.segment = libc.shmget(0, 4096, 0o1600)
        """Of SysV shared memory, as X and its clients have them for pictures."""
        self.picture = libc.shmat(self.segment, None, 0)
        stack.callback(libc.shmctl, self.segment, 0, None)
        self.service = folder / "service" / "socket"
        self.service.parent.mkdir()
        self.listeners = [socket.create_server(("127.0.0.1", 0))]
        for name in (str(self.service), f"\0kiosk-hostile-{os.getpid()}"):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(name)
            listener.listen()
            self.listeners.append(listener)
        for listener in self.listeners:
            stack.callback(listener.close)
        self.x = XServer(size=(320, 200))
        stack.callback(self.x.stop)
        stage = [sys.executable, "-m", "kiosk.station.player.stage", self.x.name]
        self.stage = subprocess.Popen(stage, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        stack.callback(_end, self.stage)
        assert self.stage.stdout
        self.stage.stdout.readline()
        self.sound = folder / "pulse" / "native"
        stack.enter_context(_sound_server(folder, self.sound))

    def facts(self) -> dict[str, Any]:
        """What an attacker would find out, given from the start."""
        return {
            "state": str(self.state),
            "journal": str(self.journal),
            "programme": str(self.programme),
            "bystander": self.bystander.pid,
            "parent": os.getpid(),
            "shared": str(self.shared),
            "segment": self.segment,
            "port": self.listeners[0].getsockname()[1],
            "service": str(self.service),
            "abstract": f"kiosk-hostile-{os.getpid()}",
            "display": self.x.name,
            "folder": str(self.folder),
        }

    def harm(self) -> list[str]:
        """What has come of the attempts, seen from outside."""
        found = []
        for name in (*SECRETS, "journal.db", "programme"):
            path = self.state / name
            about = path.stat()
            if about.st_mode & 0o777 != self.before[name].st_mode & 0o777:
                found.append(f"mode of {name}")
            if (about.st_size, about.st_mtime_ns) != (self.before[name].st_size, self.before[name].st_mtime_ns):
                found.append(f"contents or time of {name}")
            if os.listxattr(path):
                found.append(f"attributes of {name}")
        if {path.name for path in self.state.iterdir()} != set(self.before):
            found.append("files in the state's folder")
        if _state(self.bystander.pid) not in "SR" or self.bystander.poll() is not None:
            found.append("the bystander stands or is gone")
        if os.getpriority(os.PRIO_PROCESS, self.bystander.pid) != os.getpriority(os.PRIO_PROCESS, 0):
            found.append("the bystander's priority")
        if len(os.sched_getaffinity(self.bystander.pid)) != len(os.sched_getaffinity(0)):
            found.append("the bystander's processors")
        if self.shared.read_text() != "shared":
            found.append("shared memory of others")
        with contextlib.closing(sqlite3.connect(self.journal, timeout=0.5)) as database:
            try:
                database.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error as error:
                found.append(f"the journal's writer: {error}")
        return found

    def note_state(self) -> None:
        """Remember how things are before the attempts."""
        self.before = {path.name: path.stat() for path in self.state.iterdir()}


def attack(scene: Scene, abi: int, *, confined: bool = True) -> Iterator[tuple[str, str, bool]]:
    """Let a hostile process do its worst: each attempt's name, what was seen, and whether it was held."""
    scene.note_state()
    own = Path(tempfile.mkdtemp(prefix="play-", dir=scene.folder))
    cue = Cue(file=str(scene.programme), display=scene.x.name, sound="pulse")
    environment = {key: os.environ[key] for key in _INHERITED if key in os.environ}
    child = subprocess.Popen(
        [
            sys.executable,
            str(HERE / "hostile_attempts.py"),
            str(own),
            str(abi),
            json.dumps(scene.facts()),
            str(confined),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert child.stdin and child.stdout
    child.stdin.write(line(cue))
    child.stdin.flush()
    heard: list[str] = []
    try:
        while text := child.stdout.readline() if confined or len(heard) < len(ATTEMPTS) else b"":
            said = json.loads(text)
            if said["name"] in PERMITTED:
                break
            heard.append(said["name"])
            harm = scene.harm() if confined else []
            yield said["name"], said["seen"] + "".join(f"; {one}" for one in harm), said["held"] and not harm
        if lost := [name for name in ATTEMPTS if name not in heard]:
            yield f"all after {heard[-1:]}", f"the process ended with {child.wait()}: {lost}", False
            return
        if confined:
            yield from _permitted(scene, child, said)
    finally:
        _end(child)
        shutil.rmtree(own, ignore_errors=True)
    left = [pid for pid in _processes() if _is_left_behind(pid, own)]
    yield "a descendant that outlives it", f"{len(left)} processes left" if left else "none left", not left
    for pid in left:
        os.kill(pid, signal.SIGKILL)


def _permitted(scene: Scene, child: "subprocess.Popen[bytes]", said: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """What X allows to each client: seen while it lasts, and over when the process is killed."""
    done = [said]
    assert child.stdout
    while done[-1]["name"] != list(PERMITTED)[-1]:
        done.append(json.loads(child.stdout.readline()))
    stuck = not _x_answers(scene.x, 0.5)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    killed = time.monotonic()
    free = _x_answers(scene.x, 2.0)
    took = time.monotonic() - killed
    over = free and _soon(lambda: scene.x.windows() == 1)  # the stage's
    for one in done:
        name, held = one["name"], over
        seen = one["seen"]
        if name == "grab the X server":
            seen += f", others {'wait' if stuck else 'go on'}; free {took:.2f} s after the end"
            held = free
        elif name.startswith("leave shared"):
            remove_segments(child.pid)  # as the daemon does
            held = seen.split()[-1] not in [row.split()[1] for row in SEGMENTS.read_text().splitlines()]
        elif name.startswith("mark a shared picture"):
            held = ctypes.string_at(scene.picture, 1) == b"\1"
            seen += ", whoever uses it keeps it"
        elif name.endswith("sound server"):
            volume = subprocess.run(["pactl", "get-sink-volume", "0"], capture_output=True, text=True).stdout
            held = " 100%" in volume
        elif name.endswith("to the X server"):
            connection = display.Display(scene.x.name)
            held = bool(connection.list_hosts().mode)
            connection.set_access_control(X.EnableAccess)
            connection.close()
        yield name, f"{seen}; {'over with the process' if held else 'it stays'}", held
    subprocess.run(["pactl", "set-sink-volume", "0", "100%"], check=True)


def _end(process: "subprocess.Popen[Any]") -> None:
    process.kill()
    process.communicate()


def _soon(truth: Callable[[], bool], seconds: float = 3.0) -> bool:
    until = time.monotonic() + seconds
    while not truth() and time.monotonic() < until:
        time.sleep(0.05)
    return truth()


def _x_answers(x: XServer, seconds: float) -> bool:
    words = [sys.executable, "-c", f"from Xlib import display; display.Display({x.name!r}).sync()"]
    try:
        return subprocess.run(words, timeout=seconds, stderr=subprocess.DEVNULL).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@contextlib.contextmanager
def _sound_server(folder: Path, where: Path) -> Iterator[None]:
    """PulseAudio as kiosk starts it: its devices first, then no more modules. Clients are known by the cookie."""
    where.parent.mkdir(mode=0o700)
    os.environ |= {"PULSE_SERVER": f"unix:{where}", "XDG_RUNTIME_DIR": str(folder)}
    options = ["--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no"]
    options += ["--disallow-module-loading", "--disallow-exit"]
    modules = ["-L", "module-null-sink", "-L", f"module-native-protocol-unix socket={where} auth-cookie-enabled=1"]
    own = {**os.environ, "PULSE_RUNTIME_PATH": str(folder / "pulse-own")}
    with (folder / "pulse.log").open("wb") as log:
        server = subprocess.Popen(["pulseaudio", "-n", *options, *modules], stdout=log, stderr=log, env=own)
    deadline = time.monotonic() + 10
    while not where.exists():
        assert time.monotonic() < deadline, (folder / "pulse.log").read_text()
        time.sleep(0.02)
    try:
        yield
    finally:
        _end(server)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _is_left_behind(pid: int, own: Path) -> bool:
    try:
        return os.fsencode(own) in Path(f"/proc/{pid}/cmdline").read_bytes() and _state(pid) != "Z"
    except OSError:
        return False


def as_this_user(*, confined: bool = True, abis: tuple[int, ...] = ABIS) -> Iterator[tuple[str, str, bool]]:
    """All attempts, as the present user, on each kernel's Landlock."""
    before = {name: os.environ.get(name) for name in ("PULSE_SERVER", "XDG_RUNTIME_DIR")}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-hostile-")))
        scene = Scene(folder, stack)
        for abi in abis:
            for name, seen, held in attack(scene, abi, confined=confined):
                yield f"{pwd.getpwuid(os.getuid()).pw_name}, Landlock {abi}: {name}", seen, held
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def main() -> None:
    """Run all of it; as root also as an ordinary user."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--unconfined", action="store_true", help="without the sandbox: are the attempts real?")
    parser.add_argument("--only-me", action="store_true", help="not also as the user nobody")
    options = parser.parse_args()
    tried, escaped = 0, []
    if os.getuid() == 0 and (options.unconfined or not options.only_me):
        nobody = pwd.getpwnam("nobody")
        with tempfile.TemporaryDirectory(prefix="kiosk-hostile-home-") as home:
            os.chown(home, nobody.pw_uid, nobody.pw_gid)
            words = [sys.executable, str(Path(__file__).absolute()), *sys.argv[1:]]
            done = subprocess.run(
                words,
                stdout=subprocess.PIPE,
                text=True,
                user=nobody.pw_uid,
                group=nobody.pw_gid,
                extra_groups=[],
                env={**os.environ, "HOME": home},
                cwd=home,
            )
        *lines, last = done.stdout.splitlines()
        print("\n".join(lines))
        summary = json.loads(last)
        tried, escaped = summary["tried"], summary["escaped"]
        if options.unconfined:  # as root it would harm this computer
            print(last)
            return
    abis = ABIS[:1] if options.unconfined else ABIS
    for name, seen, held in as_this_user(confined=not options.unconfined, abis=abis):
        tried += 1
        if not held:
            escaped.append(name)
        print(f"{'held' if held else 'ESCAPED':8}{name}: {seen}", flush=True)
    print(json.dumps({"tried": tried, "held": tried - len(escaped), "escaped": escaped}, ensure_ascii=False))
    sys.exit(bool(escaped))


if __name__ == "__main__":
    main()
