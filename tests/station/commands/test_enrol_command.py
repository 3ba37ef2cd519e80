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
    run = CliRunner().invoke(enrol_command, ["--town", town.url, "--code", "x", "--state", str(tmp_path)])
    assert run.exit_code == 1
    assert "type it again" in run.output
    run = CliRunner().invoke(enrol_command, ["--town", "x", "--code", "x", "--config", str(tmp_path / "none.toml")])
    assert run.exit_code == 1
    assert "config.example.toml" in run.output
