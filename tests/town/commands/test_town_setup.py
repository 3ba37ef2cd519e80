"""`kiosk town setup`: a town from answers, typed or in a file; run again it changes nothing."""

import getpass
import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kiosk.contract.enrolment import parse_code
from kiosk.town.accounts import accounts, passwords
from kiosk.town.commands.town import town
from kiosk.town.town import open_town

ANSWERS = """\
name = "丰乐镇"
address = "https://town.invalid"
officer = "李萍"
web_server = "nginx"
[[station]]
id = "chenjia"
name = "陈家村"
[[station]]
id = "wangjia"
"""


def run(folder: Path, *words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(town, ["--folder", str(folder), "setup", *words], input=typed)


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "answers.toml"
    path.write_text(ANSWERS, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_file_of_answers_makes_town_stations_and_the_web_server_s_file(tmp_path: Path, answers: Path) -> None:
    folder = tmp_path / "town"
    done = run(folder, "--answers", str(answers), "--language", "zh")
    assert done.exit_code == 0, done.output
    assert "本机是丰乐镇的镇端" in done.output
    assert "town.invalid 目前还解析不到" in done.output
    codes = {path.name: path.read_text() for path in (folder / "codes").iterdir()}
    assert codes.keys() == {"chenjia", "wangjia"}
    for path in (folder / "codes").iterdir():
        assert parse_code(path.read_text()) and path.stat().st_mode & 0o077 == 0
        assert path.read_text().strip() not in done.output  # a secret
    site = (folder / "site").read_text()
    assert site.startswith("# nginx\n") and "server_name town.invalid;" in site and "town.example" not in site
    assert json.loads((folder / "installation.json").read_text())["officer"] == "李萍"

    again = run(folder, "--answers", str(answers))
    assert again.exit_code == 0, again.output
    assert {path.name: path.read_text() for path in (folder / "codes").iterdir()} == codes


def test_wrong_answers_are_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", input)  # else it asks the terminal of whoever runs the tests
    typed = [
        "",
        "丰乐镇",
        "town.example",
        "ftp://x",
        "https://town.invalid/x",
        "http://127.0.0.1:8090/",
        "李萍",
        "iis",
        "",
        "short",
        "rape seed 2026",
        "rape seed 2027",
        "rape seed 2026",
        "rape seed 2026",
    ]
    done = run(tmp_path / "town", "--language", "en", typed="\n".join(typed) + "\n")
    assert done.exit_code == 0, done.output
    assert done.output.count("This is no web address") == 3
    assert "Choose one of: none, nginx, caddy" in done.output
    assert "reach it at http://127.0.0.1:8090." in done.output
    assert "10 to 128 characters" in done.output and "The two are not the same" in done.output
    assert officers(tmp_path / "town") == [("李萍", True)]
    assert not (tmp_path / "town/site").exists()


def test_first_officer_s_password_stands_in_the_file_or_is_named_as_missing(tmp_path: Path, answers: Path) -> None:
    folder = tmp_path / "town"
    done = run(folder, "--answers", str(answers), "--language", "zh")
    assert "kiosk town add-officer 李萍" in done.output and officers(folder) == []
    answers.write_text('password = "rape seed 2026"\n' + answers.read_text(), encoding="utf-8")
    done = run(folder, "--answers", str(answers), "--language", "zh")
    assert done.exit_code == 0 and "rape" not in done.output
    assert officers(folder) == [("李萍", True)]
    answers.write_text(answers.read_text().replace("seed", "oil"), encoding="utf-8")
    assert run(folder, "--answers", str(answers)).exit_code == 0
    assert officers(folder) == [("李萍", True)], "an officer who is there keeps the password"


def officers(folder: Path) -> list[tuple[str, bool]]:
    """Names, and whether the password is the one that the tests give."""
    with closing(open_town(folder)) as opened, opened.store.read() as connection:
        found = [one.name for one in accounts.everybody(connection)]
        kept = {name: accounts.find(connection, name) for name in found}
    return [(name, bool(one and passwords.fits(one[1], "rape seed 2026"))) for name, one in kept.items()]


def test_town_that_was_made_by_hand_is_taken_as_it_is(tmp_path: Path, answers: Path) -> None:
    folder = tmp_path / "town"
    made = CliRunner().invoke(town, ["--folder", str(folder), "init", "老镇"])
    assert made.exit_code == 0, made.output
    done = run(folder, "--answers", str(answers), "--language", "zh")
    assert done.exit_code == 0, done.output
    assert "老镇" in done.output


def test_name_that_is_none_names_file_and_answer(tmp_path: Path, answers: Path) -> None:
    answers.write_text(answers.read_text().replace("丰乐镇", ""))
    done = run(tmp_path / "town", "--answers", str(answers), "--language", "en")
    assert done.exit_code == 1
    assert f"{answers}: name: Type a name." in done.output


@pytest.mark.parametrize("server", ["nginx", "caddy"])
def test_example_of_each_web_server_leads_to_the_port_that_the_town_listens_on(server: str) -> None:
    example = Path(__file__).parents[3] / f"systemd/town.{server}.example"
    (port,) = (option.default for option in town.commands["serve"].params if option.name == "port")
    assert f"127.0.0.1:{port}" in example.read_text()
    if server == "nginx":  # Caddy tells this by itself, and only the console asks for it
        for header in ("Host $http_host", "X-Forwarded-For $remote_addr", "X-Forwarded-Proto $scheme"):
            assert f"proxy_set_header {header};" in example.read_text()
    assert f"127.0.0.1:{port}/" in example.with_name("install.sh").read_text()
