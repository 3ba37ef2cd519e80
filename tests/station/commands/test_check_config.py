"""D7: `kiosk check-config` says whether display and sound server answer, and who is not let in."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from screen import XServer
from sound_server import NULL, PIPE, sound_server

from kiosk.cli import main

SETTINGS = '[station]\nstate = "{state}"\n[screen]\ndisplay = "{display}"\n[sound]\noutput = "{sound}"\n'


def check(folder: Path, display: str, sound: str = "pulse", more: str = "") -> tuple[int, list[str]]:
    (folder / "state").mkdir(exist_ok=True)
    settings = folder / "config.toml"
    settings.write_text(SETTINGS.format(state=folder / "state", display=display, sound=sound) + more)
    done = CliRunner().invoke(main, ["check-config", "--config", str(settings)])
    first, *rest = done.stdout.splitlines()
    assert first == f"{settings}: in order"
    return done.exit_code, rest


def test_d7_both_answer(screen: XServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sound_server(tmp_path, monkeypatch, PIPE):
        code, (display, sound) = check(tmp_path, screen.name)
    assert code == 0 and display.startswith(f"display {screen.name}: answers user ") and "1280 x 720" in display
    assert sound.startswith(f"sound: unix:{tmp_path}/pulse/native: leads to a sound device")
    with sound_server(tmp_path, monkeypatch, NULL):
        code, (_, sound) = check(tmp_path, screen.name)
    assert code == 1 and sound.startswith("WRONG") and "nobody hears it: there is no sound card" in sound


def test_a_key_that_the_kernel_does_not_have_is_named(screen: XServer, tmp_path: Path) -> None:
    code, said = check(tmp_path, screen.name, "none", '[keys]\nok = ["KEY_OK", "KEY_YES_PLEASE"]\n')
    assert code == 1 and said[-1].startswith("WRONG  [keys]: no key is called KEY_YES_PLEASE; the program evtest")


def test_d7_neither_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nowhere")
    code, (display, sound) = check(tmp_path, ":987")
    assert code == 1
    assert display.startswith("WRONG  display :987: no X server at :987") and "[screen] display" in display
    assert sound.startswith(f"WRONG  sound: unix:{tmp_path}/nowhere: no sound server answers user ")
    assert check(tmp_path, ":987", "none")[1][1] == "sound: off, by [sound] output"


def test_d7_denied_client_is_told_as_denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "none"))
    server = XServer(cookie=tmp_path / "cookie")
    try:
        code, (display, _) = check(tmp_path, server.name, "none")
        assert (
            code == 1
            and "does not let this user in" in display
            and "install.sh" in display
            and "xhost +si:localuser:" in display
        )
        monkeypatch.setenv("XAUTHORITY", str(tmp_path / "cookie"))
        assert check(tmp_path, server.name, "none")[0] == 0
        if os.geteuid() == 0:  # what root may do says nothing of the service's user
            os.chown(tmp_path / "state", 65534, 65534)
            code, (display, _) = check(tmp_path, server.name, "none")
            assert code == 1 and "xhost +si:localuser:nobody" in display
    finally:
        server.stop()
