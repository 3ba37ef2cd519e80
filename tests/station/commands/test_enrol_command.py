"""`kiosk enrol`: into the state folder of the settings, or into one that is named."""

from pathlib import Path

from click.testing import CliRunner
from fakes_town import TownOnTheLine

from kiosk.station.commands.enrol import enrol_command
from kiosk.station.identity import load_identity


def test_the_command_enrols_into_the_state_folder_of_the_settings(town: TownOnTheLine, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[station]\nstate = "{tmp_path}/state"\n')
    run = CliRunner().invoke(enrol_command, ["--town", town.url, "--config", str(config)], input=town.add_station())
    assert run.exit_code == 0, run.output
    assert "station room-1" in run.output
    assert load_identity(tmp_path / "state").station == "room-1"
    run = CliRunner().invoke(enrol_command, ["--town", town.url, "--state", str(tmp_path)], input="x\n")
    assert run.exit_code == 1
    assert "type it again" in run.output
    run = CliRunner().invoke(enrol_command, ["--town", "x", "--config", str(tmp_path / "none.toml")], input="x\n")
    assert run.exit_code == 1
    assert "config.example.toml" in run.output


def test_c6_code_is_asked_for_or_read_from_a_file_and_no_argument(town: TownOnTheLine, tmp_path: Path) -> None:
    code, state = town.add_station(), ["--state", str(tmp_path / "state")]
    run = CliRunner().invoke(enrol_command, ["--town", town.url, *state, "--code", code])
    assert run.exit_code == 2 and "No such option" in run.output
    run = CliRunner().invoke(enrol_command, ["--town", town.url, *state], input=f"{code}\n")
    assert run.exit_code == 0 and "Enrolment code: " in run.output
    (tmp_path / "code").write_text(f"{code}\n")
    run = CliRunner().invoke(enrol_command, ["--town", town.url, *state, "--code-file", str(tmp_path / "code")])
    assert run.exit_code == 0 and "Enrolment code" not in run.output
    run = CliRunner().invoke(enrol_command, ["--town", town.url, *state, "--code-file", "-"], input=f"{code}\n")
    assert run.exit_code == 0 and "Enrolment code" not in run.output
