"""`kiosk setup ...`: an installer is asked until the answer is right; a file of answers asks nobody."""

import getpass
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fakes_town import TownOnTheLine

from kiosk.station.commands import setup
from kiosk.station.identity import load_identity
from kiosk.station.installation.answers import StationAnswers
from kiosk.station.installation.trial import Shown
from kiosk.station.panel import pin


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(getpass, "getpass", input)  # else it asks the terminal of whoever runs the tests
    monkeypatch.setattr(setup, "CLOCK_S", 0.0)
    path = tmp_path / "config.toml"
    path.write_text(f'[station]\nstate = "{tmp_path}/state"\n')
    (tmp_path / "state").mkdir()
    return path


def run(settings: Path, *words: str, typed: str = "", language: str = "en") -> Result:
    return CliRunner().invoke(setup.setup, [*words, "--language", language, "--config", str(settings)], input=typed)


def test_wrong_answers_get_a_sentence_and_are_asked_again(town: TownOnTheLine, settings: Path, tmp_path: Path) -> None:
    code = town.add_station()
    slip = ("A" if code[0] != "A" else "B") + code[1:]
    typed = [
        "",
        "http://127.0.0.1:1",
        "ftp:/x",
        town.url,
        "no code",
        slip,
        code.lower(),
        "123456",
        "12",
        "407815",
        "407816",
        "407815",
        "407815",
        "",
    ]
    done = run(settings, "ask", typed="\n".join(typed))
    assert done.exit_code == 0, done.output
    assert done.output.count("Address of the town") == 4
    assert "Type the address" in done.output and "There is no town to be reached" in done.output
    assert done.output.count("There is a slip in this code") == 2
    assert done.output.count("A PIN is 6 digits") == 2
    assert "These are two" in done.output
    assert "This PC is the station" in done.output
    assert load_identity(tmp_path / "state").station == "room-1"
    found = pin.load(tmp_path / "state")
    assert found and found.fits("407815")
    again = run(settings, "ask", language="zh")
    assert again.exit_code == 0 and "本机是站点" in again.output
    assert "登记码" not in again.output  # nothing is asked twice


def test_identity_that_a_power_cut_has_left_empty_is_asked_for_anew_and_said(
    town: TownOnTheLine, settings: Path, tmp_path: Path
) -> None:
    (tmp_path / "state/identity.json").write_bytes(b"")
    given = answers(tmp_path, town=town.url, code=town.add_station(), pin="407815")
    done = run(settings, "ask", "--answers", given)
    assert done.exit_code == 0, done.output
    assert "What this PC knows of its town cannot be read" in done.output and "This PC is the station" in done.output


def test_nobody_to_ask_is_an_error_and_no_endless_loop(settings: Path) -> None:
    done = run(settings, "ask")
    assert done.exit_code == 1
    assert "--answers FILE" in done.output


def answers(tmp_path: Path, mode: int = 0o600, **given: str) -> str:
    path = tmp_path / "answers.toml"
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items()))
    path.chmod(mode)
    return str(path)


def test_file_of_answers_asks_nobody(town: TownOnTheLine, settings: Path, tmp_path: Path) -> None:
    (tmp_path / "code").write_text(town.add_station() + "\n")
    given = answers(tmp_path, town=town.url, code_file=str(tmp_path / "code"), pin="407815")
    done = run(settings, "ask", "--answers", given)
    assert done.exit_code == 0, done.output
    assert load_identity(tmp_path / "state").station == "room-1"


@pytest.mark.parametrize(
    ("mode", "given", "sentence"),
    [
        (0o640, {}, "chmod 600"),
        (0o600, {"twon": "x"}, "twon: there is no such name; did you mean town?"),
        (0o600, {"town": "http://127.0.0.1:1"}, "town: There is no town to be reached"),
        (0o600, {"picture": "yes"}, "picture:"),
    ],
)
def test_wrong_file_of_answers_names_file_and_answer(
    settings: Path, tmp_path: Path, mode: int, given: dict[str, str], sentence: str
) -> None:
    path = answers(tmp_path, mode, **given)
    done = run(settings, "ask", "--answers", path)
    assert done.exit_code == 1
    assert f"{path}: " in done.output and sentence in done.output


class PlayedTrial:
    """A test picture that counts how often it is shown."""

    number, tones = "4827", 3

    def __init__(self, *_: str) -> None:
        self.shown = 0

    def show(self) -> Shown:
        self.shown += 1
        return Shown("", "", 1280, 720)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("typed", "picture", "sound"),
    [
        ("4827\n3\n", "confirmed", "confirmed"),
        ("1\n\n4827\n9\n3\n", "confirmed", "confirmed"),
        ("-\n-\n", "not noticed", "not noticed"),
    ],
)
def test_what_is_seen_and_heard_is_typed_and_kept(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, picture: str, sound: str
) -> None:
    """Nobody can confirm a picture without having seen it: the number is another each time."""
    monkeypatch.setattr(setup, "Trial", PlayedTrial)
    monkeypatch.setattr(setup, "read_sink", lambda *_: "device")
    done = run(settings, "try", typed=typed)
    assert done.exit_code == 0, done.output
    kept = json.loads((tmp_path / "state/installation.json").read_text())
    assert (kept["picture"], kept["sound"]) == (picture, sound)


def test_unattended_is_kept_as_unconfirmed_and_a_missing_card_as_failed(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "Trial", PlayedTrial)
    monkeypatch.setattr(setup, "read_sink", lambda *_: "null")
    given = answers(tmp_path, picture="unattended", sound="unattended")
    done = run(settings, "try", "--answers", given)
    assert done.exit_code == 1
    assert "no sound card could be opened" in done.output
    kept = json.loads((tmp_path / "state/installation.json").read_text())
    assert (kept["picture"], kept["sound"]) == ("unconfirmed", "failed")
    assert StationAnswers().picture == ""  # asked, unless the file says otherwise


def test_summary_tells_clock_town_and_panel_and_leaves_a_sticker(
    town: TownOnTheLine, settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "panel_addresses", lambda port: [f"http://192.168.1.20:{port}"])
    run(settings, "ask", typed="\n".join([town.url, town.add_station(), "407815", "407815", ""]))
    done = run(settings, "summary")
    assert done.exit_code == 0, done.output
    assert "Clock: " in done.output and "(Asia/Shanghai)" in done.output
    assert f"{town.url} answers" in done.output
    assert "http://192.168.1.20:8080" in done.output and "█" in done.output
    sticker = (tmp_path / "state/sticker.html").read_text()
    assert "<svg" in sticker and "http://192.168.1.20:8080" in sticker
