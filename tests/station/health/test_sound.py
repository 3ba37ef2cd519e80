"""D6: where sound leads, as a real sound server tells; nothing is started by asking, and what is not known is None."""

import subprocess
from pathlib import Path

import pytest
from sound_server import NULL, PIPE, sound_server

from kiosk.contract.station import Thresholds
from kiosk.station.health import sound
from kiosk.station.health.checks.output import check_output
from kiosk.station.health.evidence import sound_sink
from kiosk.station.health.facts.signal import read_signal
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import RuleState, judge, problems


def test_d6_sink_is_a_device_or_nobodys_or_muted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sound_server(tmp_path, monkeypatch, PIPE):
        assert sound.read_sink("pulse") == "device"
        subprocess.run(["pactl", "set-sink-mute", "box", "1"], check=True)
        assert sound.read_sink("pulse") == "muted"
        subprocess.run(["pactl", "set-sink-mute", "box", "0"], check=True)
        subprocess.run(["pactl", "set-sink-volume", "box", "0%"], check=True)
        assert sound.read_sink("pulse") == "muted"
    assert sound.read_sink("pulse") == "none", "the server has gone"
    with sound_server(tmp_path, monkeypatch, NULL):
        assert sound.read_sink("pulse") == "null"
    with sound_server(tmp_path, monkeypatch):
        assert sound.read_sink("pulse") == "none", "a server without any device"


def test_sound_is_told_from_silence_at_the_sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sound_server(tmp_path, monkeypatch, NULL):
        play = ["pacat", "--raw", "-d", "nobody", "--latency-msec=50"]
        with subprocess.Popen([*play, "/dev/zero"]) as playing:
            assert read_signal("pulse")["sound.silent"] is not False
            playing.kill()
        with subprocess.Popen([*play, "/dev/urandom"]) as playing:
            assert any(read_signal("pulse")["sound.silent"] is False for _ in range(4))
            playing.kill()


def test_muted_sink_sounds_again_and_sound_that_went_astray_is_led_to_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sound_server(tmp_path, monkeypatch, NULL, PIPE):
        subprocess.run(["pactl", "set-default-sink", "nobody"], check=True)
        assert sound.read_sink("pulse") == "astray"
        sound.use_device()
        assert sound.read_sink("pulse") == "device"
        subprocess.run(["pactl", "set-sink-mute", "box", "1"], check=True)
        subprocess.run(["pactl", "set-sink-volume", "box", "0%"], check=True)
        assert sound.read_sink("pulse") == "muted"
        sound.unmute()
        assert sound.read_sink("pulse") == "device"
    sound.unmute()
    sound.use_device()
    assert read_signal("pulse") == {"sound.silent": None}, "the server has gone"


def test_d6_asking_starts_no_server_and_a_machine_that_does_not_say_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    assert sound.read_sink("pulse", here) == "none"
    assert list(tmp_path.glob("pulse/*")) == []
    assert sound.read_sink("pulse", {"PATH": str(tmp_path)}) is None, "there is no pactl"
    monkeypatch.setattr(sound, "DEVICES", tmp_path)
    assert sound.read_sink("alsa") == "none"
    (tmp_path / "pcmC0D0p").touch()
    assert sound.read_sink("alsa") == "device"
    assert [sound_sink({"sound.sink": fact}) for fact in ("device", "muted", "none", None)] == [
        "device", "null", "none", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "is_open", "found"),
    [
        (Observation(screen="up", sound="device"), True, {"no-screen": False, "no-sound": False}),
        (Observation(screen="none", sound="none"), True, {"no-screen": True, "no-sound": True}),
        (Observation(screen="denied", sound="null"), True, {"no-screen": True, "no-sound": True}),
        (Observation(), True, {"no-screen": None, "no-sound": None}),
        (Observation(screen="none", sound="null"), False, {"no-screen": True, "no-sound": None}),
        (Observation(sound="none", sound_wanted=False), True, {"no-screen": None, "no-sound": None}),
    ],
)
def test_d6_findings(seen: Observation, is_open: bool, found: dict[str, bool | None]) -> None:
    assert {one.cause: one.wrong for one in check_output(seen, is_open)} == found


def test_d6_a_screen_that_is_gone_is_one_fault_after_the_hysteresis_and_one_recovery() -> None:
    from datetime import UTC, datetime, timedelta

    state, told, start = RuleState(), [], datetime(2026, 3, 5, 9, tzinfo=UTC)
    story = ["up", "none", "none", "none", "denied", "up", "up", "up", "none", "up"]
    for n, screen in enumerate(story):
        seen = Observation(screen=screen)  # type: ignore[arg-type]
        state, news = judge(state, seen, Thresholds(hysteresis_ms=60_000), (), start + timedelta(seconds=30 * n), True)
        told += [(n, type(one).__name__, one.problem.cause) for one in news]
    assert told == [(3, "Raised", "no-screen"), (7, "Cleared", "no-screen")], "the last moment without one is none"
    assert problems(state) == ()
