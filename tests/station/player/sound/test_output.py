"""Sound through a real PulseAudio: heard from the cut on, and again when the device or the server came back."""

import array
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest
from rig import Rig
from screen import GREEN, LONG, LONG_SECONDS, Sampler

from kiosk.station.projector.reports import OffScreen, OnScreen, Replaced

Clips = Callable[[str], Path]
RATE = 8000
BLOCK = RATE // 100
"""Samples in 10 ms."""
FAINT = 30
"""Of 32767; the clips' tones are ten times as loud at least."""
DEVICE = ("module-null-sink", "sink_name=room", "norewinds=1")
"""Else it takes 2 s of silence at a time while nothing plays, and gives back only a little of it when something does: a
programme that is ready less than 2 s before its cut would be silent so long. Real devices give back all of it."""


class SoundServer:
    """PulseAudio with one device, ``room``; both can be taken away. A device is a module: they may be loaded."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "native"
        self._log = folder / "log"
        self.start()

    def start(self) -> None:
        options = ["--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no", "--disallow-exit"]
        modules = [f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"]
        modules += [" ".join(DEVICE)]
        loaded = [word for module in modules for word in ("-L", module)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(["pulseaudio", "-n", *options, *loaded], stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while subprocess.run(["pactl", "info"], capture_output=True).returncode:
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def ask(self, *words: str) -> str:
        return subprocess.run(["pactl", *words], capture_output=True, text=True, check=True).stdout

    def take_device(self) -> None:
        self.ask("unload-module", DEVICE[0])

    def give_device(self) -> None:
        self.ask("load-module", *DEVICE)

    def recorder(self) -> "subprocess.Popen[bytes]":
        form = ["--format=s16le", f"--rate={RATE}", "--channels=1", "--raw", "--latency-msec=50"]
        return subprocess.Popen(["parec", "--device=room.monitor", *form], stdout=subprocess.PIPE)

    def level(self, seconds: float = 0.5) -> int:
        """The peak of what is to be heard now, of 32767."""
        recorder = self.recorder()
        time.sleep(seconds)
        recorded = finish(recorder)
        return max(map(abs, array.array("h", recorded[: len(recorded) // 2 * 2])), default=0)

    def hears(self) -> bool:
        """Is anything to be heard now?"""
        return self.level() > FAINT


def finish(recorder: "subprocess.Popen[bytes]") -> bytes:
    """What was recorded; it must not fill the pipe, which holds 4 s."""
    recorder.terminate()
    return recorder.communicate()[0]


def stretches(recorded: bytes) -> list[tuple[bool, float]]:
    """Heard or not, and for how many seconds, one after the other."""
    samples = array.array("h", recorded[: len(recorded) // 2 * 2])
    loud = [max(map(abs, samples[n : n + BLOCK])) > FAINT for n in range(0, len(samples) - BLOCK, BLOCK)]
    return [(heard, len(list(run)) * BLOCK / RATE) for heard, run in groupby(loud)]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/native")
    monkeypatch.setenv("PULSE_RUNTIME_PATH", str(tmp_path / "own"))
    server = SoundServer(tmp_path)
    yield server
    server.stop()


def test_transport_stream_is_heard_from_its_cut_on(server: SoundServer, rig: Rig, clips: Clips) -> None:
    at = time.monotonic() + 5
    rig.cue("a", clips("red.mp4"), at - 1, end=at, sound="pulse")
    rig.cue("b", clips("green.ts"), at, end=at + 2, sound="pulse")
    rig.run_to(at - 1.5)
    recorder = server.recorder()
    rig.run_to(at + 2)
    heard = stretches(finish(recorder))
    assert [loud for loud, _ in heard][:2] == [False, True]
    holes = [seconds for loud, seconds in heard[1:-1] if not loud]
    assert max(holes, default=0.0) < 0.4, f"libVLC's own start of such a stream leaves a second out: {heard}"
    assert sum(seconds for loud, seconds in heard if loud) > 2.3, heard


def test_nothing_is_heard_before_the_cut_nor_after_the_end(server: SoundServer, rig: Rig, clips: Clips) -> None:
    at = time.monotonic() + 4
    rig.cue("a", clips("red.mp4"), at, end=at + 1, sound="pulse")
    early, late = server.recorder(), None
    rig.run_to(at - 0.3)
    assert not any(loud for loud, _ in stretches(finish(early)))
    rig.run_to(at + 1.3)
    late = server.recorder()
    rig.run_to(at + 1.8)
    assert not any(loud for loud, _ in stretches(finish(late)))


def test_volume_changes_at_once_and_is_cubic(server: SoundServer, rig: Rig, clips: Clips) -> None:
    on_air(rig, clips)
    half = server.level()
    rig.projector.volume("a", 100)
    rig.run_to(time.monotonic() + 0.8)
    assert server.level() == pytest.approx(half * 8, rel=0.1)
    rig.projector.volume("a", 0)
    rig.run_to(time.monotonic() + 0.8)
    assert server.level() == 0


def test_sound_ends_with_its_picture_when_it_is_stopped(server: SoundServer, rig: Rig, clips: Clips) -> None:
    on_air(rig, clips)
    recorder = server.recorder()
    rig.run_to(time.monotonic() + 0.5)
    stopped = time.monotonic()
    rig.projector.drop("a", stopped)
    rig.until(lambda: not rig.children(), 5)
    assert time.monotonic() - stopped < 1.0
    rig.run_to(time.monotonic() + 0.5)
    samples = array.array("h", finish(recorder))
    last = max(n for n, sample in enumerate(samples) if abs(sample) > FAINT)
    fade = [max(map(abs, samples[n : n + 10])) for n in range(last - 110, last, 10)]
    assert fade[0] > 2 * fade[-1], f"it fades, it is not broken off: {fade}"


def on_air(rig: Rig, clips: Clips) -> float:
    """A long programme, heard; when it ends."""
    at = time.monotonic() + 3
    rig.cue("a", clips("long.mp4"), at, sound="pulse", end=at + LONG_SECONDS, volume=50)
    rig.note(OnScreen)
    rig.run_to(at + 1)
    return at


@pytest.mark.parametrize("lost", ["the device", "the server"])
def test_sound_comes_back_and_the_picture_goes_on(
    server: SoundServer, rig: Rig, clips: Clips, sampler: Sampler, lost: str
) -> None:
    at = on_air(rig, clips)
    before = server.level()
    assert before > FAINT
    server.take_device() if lost == "the device" else server.stop()
    rig.run_to(time.monotonic() + 2)
    server.give_device() if lost == "the device" else server.start()
    rig.until(server.hears, 15)
    rig.run_to(time.monotonic() + 4)
    assert server.level() == pytest.approx(before, rel=0.1), "as loud as before"
    seen = sampler.between(at + 0.2, time.monotonic())
    assert {sighting.programme for sighting in seen} == {LONG}
    frames = [sighting.frame for sighting in seen]
    assert all(later >= earlier for earlier, later in zip(frames, frames[1:], strict=False)), "nothing is shown twice"
    assert rig.of(Replaced) == [] and rig.of(OffScreen) == []


def test_room_without_a_sound_server_has_its_picture(rig: Rig, clips: Clips, sampler: Sampler, tmp_path: Path) -> None:
    os.environ["PULSE_SERVER"] = f"unix:{tmp_path}/nobody"
    try:
        at = time.monotonic() + 4
        rig.cue("a", clips("green.ts"), at, sound="pulse")
        late = rig.note(OnScreen).late
    finally:
        del os.environ["PULSE_SERVER"]
    assert late < 0.2
    rig.run_to(at + 3)
    assert sampler.programmes(at + 0.2, at + 3) == [GREEN]
