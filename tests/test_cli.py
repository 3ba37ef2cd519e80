"""The command line: quick to help, clear when something is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.cli import COMMANDS, main
from kiosk.station.commands.station import EX_CONFIG

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"


def test_help_lists_every_command_and_imports_none() -> None:
    probe = (
        "import sys; from kiosk.cli import main; main(['--help'], standalone_mode=False);"
        "print(*(m for m in sys.modules if m.startswith('kiosk.') or m in ('requests', 'tuf')))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    for name in COMMANDS:
        assert f"  {name} " in done.stdout
    assert done.stdout.splitlines()[-1] == "kiosk.cli"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_it_is_said_to_be(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: main {name}")


def test_check_config_says_in_order() -> None:
    result = CliRunner().invoke(main, ["check-config", "--config", str(EXAMPLE)])
    assert result.stdout.splitlines()[0] == f"{EXAMPLE}: in order", "whether the PC's servers answer stands below"


def test_check_config_lists_all_errors_with_their_paths(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[panel]\nprot = 1\nport = 0\n")
    result = CliRunner().invoke(main, ["check-config", "--config", str(path)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"Error: {path}: [panel] prot: there is no such name; did you mean port?",
        f"{path}: [panel] port: 0 is not a whole number from 1 to 65535; the default is 8080",
    ]


def test_station_with_bad_settings_ends_with_the_code_that_is_not_restarted(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["station", "--config", str(tmp_path / "absent.toml")])
    assert result.exit_code == EX_CONFIG
    assert "there is no such file" in result.stderr


def test_town_without_its_extra_says_how_to_install_it() -> None:
    probe = "import sys; sys.modules['sqlalchemy'] = None; from kiosk.cli import main; main(['town', '--help'])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: kiosk town needs the Python package sqlalchemy")
    assert "-r systemd/town.lock" in done.stderr
    assert "Traceback" not in done.stderr


def test_python_m_kiosk_is_the_same_command() -> None:
    done = subprocess.run([sys.executable, "-m", "kiosk", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("kiosk, version ")
