"""A PulseAudio of the bench's own, whose only device swallows what it is given at the pace of a real one."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def loudspeaker(folder: Path) -> Iterator[Path]:
    """Run it, with its socket below ``folder``; kiosk, cvlc and mpv find it by the environment. Yields the socket."""
    socket = folder / "pulse" / "native"
    socket.parent.mkdir(mode=0o755)
    before = {name: os.environ.get(name) for name in ("XDG_RUNTIME_DIR", "PULSE_SERVER")}
    os.environ |= {"XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{socket}"}
    modules = ["-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"]
    modules += ["-L", "module-null-sink norewinds=1"]  # else it takes 2 s at a time, for which mpv waits at every cut
    options = ["--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no", "--disallow-module-loading"]
    with (folder / "pulse.log").open("wb") as log:
        server = subprocess.Popen(["pulseaudio", "-n", *options, *modules], stdout=log, stderr=log)
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
