"""A PulseAudio for tests that is asked where sound goes; it plays to a pipe, to a null sink, or has no device."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PIPE, NULL = "module-pipe-sink sink_name=box file={folder}/pipe", "module-null-sink sink_name=nobody"


@contextlib.contextmanager
def sound_server(folder: Path, monkeypatch: pytest.MonkeyPatch, *devices: str) -> Iterator[None]:
    """The server that PULSE_SERVER names, while the block runs. ``devices`` are modules."""
    socket = folder / "pulse" / "native"
    socket.parent.mkdir(exist_ok=True)
    monkeypatch.setenv("PULSE_SERVER", f"unix:{socket}")
    modules = [f"module-native-protocol-unix socket={socket} auth-anonymous=1"]
    modules += [device.format(folder=folder) for device in devices]
    options = ["--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no", "--disallow-module-loading"]
    loaded = [word for module in modules for word in ("-L", module)]
    own = {**os.environ, "PULSE_RUNTIME_PATH": str(folder / "pulse-own")}
    with (folder / "pulse.log").open("wb") as log:
        server = subprocess.Popen(["pulseaudio", "-n", *options, *loaded], stdout=log, stderr=log, env=own)
    try:
        deadline = time.monotonic() + 10
        while subprocess.run(["pactl", "info"], capture_output=True).returncode:
            assert time.monotonic() < deadline, (folder / "pulse.log").read_text()
            time.sleep(0.02)
        yield
    finally:
        server.kill()
        server.wait()
