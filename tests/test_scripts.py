"""The scripts that set up and run, with Debian's tools and Python played by small scripts; and the locked versions."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kiosk.common.i18n import translator
from kiosk.station.config import Panel
from kiosk.town.commands.town import serve

ROOT = Path(__file__).parents[1]
SCRIPTS = ["systemd/setup.sh", "systemd/demo.sh", "systemd/lock.sh", "tests/run.sh", ".ci/run"]
SCRIPTS += ["tests/bench/xorg.sh", "tests/bench/xorg_guest.sh", "tests/guest.sh"]
SCRIPTS += ["systemd/install.sh", "tests/systemd/install.sh", "tests/systemd/install_guest.sh"]
LISTS = ["station", "town", "test"]

DPKG_QUERY = """#!/bin/sh
shift 2
for package; do [ -e "$STATE/deb/$package" ] && printf 'installed=%s ' "$package"; done
exit 1
"""
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$STATE/calls"
case "$*" in *install*) ;; *) exit 0 ;; esac
[ -e "$STATE/apt-breaks" ] && echo "E: no space left" && exit 100
for word; do touch "$STATE/deb/$word"; done
"""
PYTHON = """#!/bin/sh
echo "python $*" >>"$STATE/calls"
case "$*" in *"import kiosk"*) [ ! -e "$STATE/real" ] || exec "$(cat "$STATE/real")" "$@" ;; esac
case "$*" in *"pip install"*) sleep 0.2; [ ! -e "$STATE/pip-breaks" ] || { echo "no route to host"; exit 1; } ;; esac
"""
DPKG = """#!/bin/sh
echo "dpkg $*" >>"$STATE/calls"
"""
SUDO = '#!/bin/sh\n[ "$1" != -n ] || shift\nexec "$@"\n'


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


class Machine:
    """A checkout under a path with a space, on a machine without any package yet."""

    def __init__(self, folder: Path) -> None:
        self.state, self.tree, self.elsewhere = folder / "state", folder / "a checkout", folder / "elsewhere"
        for needed in (self.state / "deb", self.tree / "systemd", self.tree / "tests", self.elsewhere):
            needed.mkdir(parents=True)
        for name in ["pyproject.toml", "systemd/demo.sh", "systemd/setup.sh", "tests/run.sh"]:
            shutil.copy(ROOT / name, self.tree / name)
        for name in LISTS:
            shutil.copy(ROOT / f"systemd/{name}.lock", self.tree / "systemd")
        for name, text in {"dpkg-query": DPKG_QUERY, "dpkg": DPKG, "apt-get": APT_GET, "sudo": SUDO}.items():
            script(folder / "bin" / name, text)
        script(self.tree / ".venv/bin/python", PYTHON)
        self.command = folder / "everybody/kiosk"
        self.command.parent.mkdir()
        path = f"{folder}/bin:{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "STATE": str(self.state), "KIOSK_COMMAND": str(self.command)}

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["sh", str(self.tree / words[0]), *words[1:]],
            cwd=self.elsewhere,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        with self.start(*words) as process:
            out, err = process.communicate(timeout=30)
            return process.returncode, out, err

    def calls(self) -> str:
        path = self.state / "calls"
        text = path.read_text() if path.exists() else ""
        path.write_text("")
        return text


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_sound_posix_shell_and_says_what_it_is_for(name: str) -> None:
    path = ROOT / name
    assert subprocess.run(["sh", "-n", str(path)]).returncode == 0
    lines = path.read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert len(lines) < 5 or lines[1].startswith("# ")


def test_ci_runs_the_tests() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "exec sh tests/run.sh" in (ROOT / ".ci/run").read_text()


def test_setup_installs_what_is_missing_once(machine: Machine) -> None:
    (machine.state / "deb/python3").touch()
    code, out, err = machine.run("systemd/setup.sh", "town")
    calls = machine.calls()
    assert (code, out) == (0, ""), err
    assert err.endswith(f"kiosk: the command kiosk is {machine.tree}/.venv/bin/kiosk\n")
    (installed,) = [line.split() for line in calls.splitlines() if " install " in line and line.startswith("apt-get")]
    assert {"libvlc5", "xvfb", "ffmpeg"} <= set(installed)
    assert not {"python3", "umockdev"} & set(installed)
    assert calls.startswith("dpkg --configure -a\napt-get --quiet update\n")
    assert f"--require-hashes --requirement {machine.tree}/systemd/town.lock" in calls
    assert machine.run("systemd/setup.sh", "town") == (0, "", "")
    assert "install" not in machine.calls()


def test_setup_for_a_station_brings_a_screen_and_sound_and_for_a_town_neither(machine: Machine) -> None:
    servers = {"xserver-xorg-core", "pulseaudio", "x11-xserver-utils", "pulseaudio-utils"}
    for name, there in (("town", False), ("station", True)):
        assert machine.run("systemd/setup.sh", name)[0] == 0
        assert (servers <= set(machine.calls().split())) == there


def test_setup_for_the_tests_serves_the_demo_too(machine: Machine) -> None:
    assert machine.run("systemd/setup.sh", "test")[0] == 0
    machine.calls()
    assert machine.run("systemd/setup.sh", "demo") == (0, "", "")
    assert "install" not in machine.calls()


@pytest.mark.parametrize("changed", ["systemd/town.lock", "pyproject.toml"])
def test_setup_installs_anew_when_the_versions_change(machine: Machine, changed: str) -> None:
    machine.run("systemd/setup.sh", "town")
    machine.calls()
    with (machine.tree / changed).open("a") as file:
        file.write("# another\n")
    assert machine.run("systemd/setup.sh", "town")[0] == 0
    assert "--require-hashes" in machine.calls()


def test_setup_installs_anew_when_the_checkout_moves(machine: Machine) -> None:
    machine.run("systemd/setup.sh", "town")
    machine.calls()
    machine.tree = machine.tree.rename(machine.tree.with_name("moved"))
    assert machine.run("systemd/setup.sh", "town")[0] == 0
    assert "--require-hashes" in machine.calls()


def test_setup_mends_what_a_power_cut_has_left_empty(machine: Machine, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    [packages] = (tmp_path / "venv").glob("lib/*/site-packages")
    for name, text in {"kiosk.py": "", "msgspec.py": "1", "x-1.dist-info/METADATA": "Name: x\nVersion: 1\n"}.items():
        script(packages / name, text)
    (packages / "x-1.dist-info/RECORD").write_text("msgspec.py,,1\nx-1.dist-info/RECORD,,\n")
    (machine.state / "real").write_text(f"{tmp_path}/venv/bin/python")
    assert machine.run("systemd/setup.sh", "town")[0] == 0
    assert "--force-reinstall" not in machine.calls()
    assert machine.run("systemd/setup.sh", "town") == (0, "", "")
    (packages / "msgspec.py").write_text("")
    assert machine.run("systemd/setup.sh", "town")[0] == 0
    assert "--force-reinstall --require-hashes" in " ".join(machine.calls().split())


def test_two_setups_at_once_install_once(machine: Machine) -> None:
    both = [machine.start("systemd/setup.sh", "town") for _ in range(2)]
    for process in both:
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
    calls = machine.calls()
    assert calls.count("--require-hashes") == 1
    assert calls.count("apt-get --quiet update") == 1


def test_setup_that_fails_says_why_and_tries_again(machine: Machine) -> None:
    (machine.state / "apt-breaks").touch()
    code, _, err = machine.run("systemd/setup.sh", "town")
    assert code != 0
    assert "E: no space left" in err
    assert "apt-get could not install them; mend what it says above" in err
    (machine.state / "apt-breaks").unlink()
    (machine.state / "pip-breaks").touch()
    code, _, err = machine.run("systemd/setup.sh", "town")
    assert code != 0
    assert "no route to host" in err
    assert "pip could not install them; is the network there?" in err
    (machine.state / "pip-breaks").unlink()
    assert machine.run("systemd/setup.sh", "town")[0] == 0


def test_setup_for_nothing_known_is_refused(machine: Machine) -> None:
    code, _, err = machine.run("systemd/setup.sh", "county")
    assert (code, err) == (2, "kiosk: county is not one of station, town, demo, test\n")


@pytest.mark.parametrize("list_", ["station", "town"])
def test_an_installed_kiosk_is_a_command_for_everybody(machine: Machine, list_: str) -> None:
    assert machine.run("systemd/setup.sh", list_)[0] == 0
    assert machine.command.readlink() == machine.tree / ".venv/bin/kiosk"
    assert machine.run("systemd/setup.sh", list_) == (0, "", "")
    machine.tree = machine.tree.rename(machine.tree.with_name("moved"))
    assert machine.run("systemd/setup.sh", list_)[0] == 0
    assert machine.command.readlink() == machine.tree / ".venv/bin/kiosk", "where the kiosk has gone"


@pytest.mark.parametrize("list_", ["demo", "test"])
def test_a_demo_and_the_tests_leave_no_command(machine: Machine, list_: str) -> None:
    assert machine.run("systemd/setup.sh", list_)[0] == 0
    assert not machine.command.is_symlink()


def test_a_program_of_the_same_name_stays(machine: Machine) -> None:
    machine.command.write_text("another")
    code, _, err = machine.run("systemd/setup.sh", "station")
    assert code == 0 and f"{machine.command} is another program and stays as it is" in err
    assert machine.command.read_text() == "another"


def test_panel_and_town_listen_on_two_ports_unless_told_otherwise() -> None:
    [port] = [option.default for option in serve.params if option.name == "port"]
    assert port != Panel().port
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"127.0.0.1:{port}`" in readme and f"http://ADDRESS-OF-THE-PC:{Panel().port}`" in readme


def test_readme_enrols_a_station_in_the_group_of_the_week_that_it_publishes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [group] = re.findall(r"town add-station \S+ --group (\S+)", readme)
    [week] = re.findall(r"kiosk town publish (?:/opt/kiosk/)?(\S+\.json)", readme)
    assert json.loads((ROOT / week).read_text(encoding="utf-8"))["group"] == group


def test_readme_says_the_administrators_words_as_the_panel_does() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    chinese, say = readme[readme.index("## 中文说明") :], translator("zh")
    for word in (say("Stop"), say("Start"), say("Mute"), "密码"):
        assert word in chinese, word
    assert "密码" in say("PIN of the administrator") and "PIN" not in chinese.replace("panel-pin", "")
    assert "停止" not in chinese


def test_demo_passes_its_arguments_on_and_stays_in_the_caller_s_folder(machine: Machine) -> None:
    script(machine.tree / ".venv/bin/kiosk", "#!/bin/sh\npwd\nprintf '<%s>' \"$@\"\nexit 3\n")
    code, out, _ = machine.run("systemd/demo.sh", "--seconds", "60", "--json", "my out.json")
    assert (code, out) == (3, f"{machine.elsewhere}\n<demo><--seconds><60><--json><my out.json>")


@pytest.mark.parametrize(
    ("codes", "code"), [((0, 0, 0), 0), ((1, 0, 0), 1), ((0, 2, 5), 2), ((0, 0, 5), 5), ((0, 0, 0), 0)]
)
def test_tests_run_all_checks_and_end_with_the_first_failure(
    machine: Machine, codes: tuple[int, int, int], code: int
) -> None:
    for name, wanted in zip(["ruff", "mypy", "pytest"], codes, strict=True):
        script(machine.tree / f".venv/bin/{name}", f'#!/bin/sh\necho {name} "$@" in "$PWD"\nexit {wanted}\n')
    found, out, _ = machine.run("tests/run.sh", "-k", "one or two")
    where = f"in {machine.tree}"
    assert out.splitlines() == [
        f"ruff check {where}",
        f"ruff format --check {where}",
        f"mypy {where}",
        f"pytest -k one or two {where}",
    ]
    assert found == code


def pins(name: str) -> dict[str, str]:
    text = (ROOT / f"systemd/{name}.lock").read_text()
    return {canonicalize_name(found): version for found, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)}


@pytest.mark.parametrize("name", LISTS)
def test_locked_versions_satisfy_pyproject(name: str) -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, locked = pyproject["project"], pins(name)
    wanted = project["dependencies"] + pyproject["build-system"]["requires"]
    for extra in {"station": (), "town": ("town",), "test": ("town", "test")}[name]:
        wanted += project["optional-dependencies"][extra]
    for requirement in map(Requirement, wanted):
        version = locked.get(canonicalize_name(requirement.name))
        assert version and version in requirement.specifier, f"{requirement}: run sh systemd/lock.sh"


def test_one_environment_can_hold_all_three_lists() -> None:
    assert pins("station").items() <= pins("town").items() <= pins("test").items()


@pytest.mark.parametrize("name", LISTS)
def test_locked_packages_have_hashes_and_name_no_registry(name: str) -> None:
    text = (ROOT / f"systemd/{name}.lock").read_text()
    blocks = re.split(r"^(?=\S+==)", text, flags=re.M)[1:]
    assert len(blocks) == len(pins(name)) > 30
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_readme_begins_with_the_two_commands_and_names_only_commands_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line.strip() for line in text.splitlines() if line.startswith("    sh ")]
    assert commands[:2] == ["sh systemd/demo.sh", "sh tests/run.sh"]
    named = set(
        re.findall(
            r"kiosk ((?:town )?[a-z]+(?:-[a-z]+)*)", " ".join(re.findall(r"^    kiosk .*|`kiosk .*?`", text, re.M))
        )
    )
    assert {"town publish", "enrol", "check-config"} <= named
    for command in sorted(named):
        done = subprocess.run([sys.executable, "-m", "kiosk", *command.split(), "--help"], capture_output=True)
        assert done.returncode == 0, command


def test_readme_names_only_files_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w/-])(?:kiosk|systemd|tests|playlists)/[\w./-]*", text))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
