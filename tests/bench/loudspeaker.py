"""A PulseAudio of the bench's own, whose only device swallows what it is given at the pace of a real one."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def loudspeaker(folder: Path, rewinds: bool = False) -> Iterator[Path]:
    """Run it, with its socket below ``folder``; kiosk, cvlc and mpv find it by the environment. Yields the socket.

    One that ``rewinds``, as the module does unasked, takes up to 2 s at a time and gives it back when something else is
    to be heard. mpv waits for that at every cut, so the others do not.
    """
    socket = folder / "pulse" / "native"
    socket.parent.mkdir(mode=0o755)
    before = {name: os.environ.get(name) for name in ("XDG_RUNTIME_DIR", "PULSE_SERVER")}
    os.environ |= {"XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{socket}"}
    modules = ["-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"]
    modules += ["-L", f"module-null-sink rate=48000 norewinds={int(not rewinds)}"]
    options = ["--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no"]
    options += ["--disallow-module-loading", "--disallow-exit"]
    own = {**os.environ, "PULSE_RUNTIME_PATH": str(folder / "pulse-own")}  # it closes that folder to other users
    with (folder / "pulse.log").open("wb") as log:
        server = subprocess.Popen(["pulseaudio", "-n", *options, *modules], stdout=log, stderr=log, env=own)
    try:
        deadline = time.monotonic() + 10
        while not socket.exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"pulseaudio does not start: {(folder / 'pulse.log').read_text()[-800:]}")
            time.sleep(0.05)
        yield socket
    finally:
        server.terminate()
        server.wait(5)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
