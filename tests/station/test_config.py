"""Settings: every error is found at once and says where it is and what would be right."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from kiosk.station.config import Config, ConfigError, load, parse

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problems(folder: Path, text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text))
    return caught.value.problems


def test_example_holds_every_setting_at_its_default() -> None:
    tree = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert tree == msgspec.json.decode(msgspec.json.encode(Config()))
    assert load(EXAMPLE) == Config()


def test_example_explains_every_setting_above_it() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for above, line in zip(lines, lines[1:], strict=False)
        if "=" in line and not line.startswith("#") and not above.startswith("#") and line.split()[0] != "height"
    ]
    assert bare == []


def test_empty_file_is_the_defaults_and_is_pointed_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load(written(tmp_path, "# nothing\n")) == Config()
    assert caplog.text == ""
    assert load(written(tmp_path, "")) == Config()
    assert "is empty, so every setting is at its default; if it was not meant so, put the copy back" in caplog.text


def test_values_are_taken(tmp_path: Path) -> None:
    config = load(written(tmp_path, "\ufeff[panel]\nport = 80\n[screen]\nwidth = 1280\nheight = 720\n"))
    assert (config.panel.port, config.panel.enabled) == (80, True)
    assert (config.screen.width, config.screen.height) == (1280, 720)


def test_config_with_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: there is no such file; copy config\.example\.toml"):
        load(tmp_path / "absent.toml")


def test_config_that_is_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[panel]\nport = \n", r"not TOML: .*line 2"),
        ("[panel]\nport = 1\nport = 2\n", r"not TOML: .*line 3"),
        (b"\x00" * 4096, r"not TOML: .*line 1"),
        (b'[log]\nlevel = "\xff"\n', "not UTF-8 at byte 15"),
        ("a = " + "[" * 5000, "not TOML: "),
        ("[town]\nheartbeat_s = " + "9" * 5000, "not TOML: .*digits"),
        ("[station]\nstate" + ".a" * 3000 + " = 1", r"\[station\] state: something nested very deeply is not an abs"),
        ("#" * 16_385, "longer than 16384 bytes"),
    ],
)
def test_config_that_is_not_toml_names_the_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[panel]\nport = "8080"', '[panel] port: "8080" is not a whole number from 1 to 65535; the default is 8080'),
        ("[panel]\nport = 8080.0", "[panel] port: 8080.0 is not a whole number from 1 to 65535; the default is 8080"),
        ("[panel]\nport = true", "[panel] port: true is not a whole number from 1 to 65535; the default is 8080"),
        ("[panel]\nport = 0", "[panel] port: 0 is not a whole number from 1 to 65535; the default is 8080"),
        ("[panel]\nenabled = 1", "[panel] enabled: 1 is not true or false; the default is true"),
        ('[station]\nlanguage = "fr"', '[station] language: "fr" is not one of "zh", "en"; the default is "zh"'),
        ('[station]\nstate = "data"', '[station] state: "data" is not an absolute path, such as "/var/lib/kiosk"'),
        ('[screen]\ndisplay = "host:0"', '[screen] display: "host:0" is not an X display of this machine'),
        ("[sound]\noutput = []", '[sound] output: [] is not one of "pulse", "alsa", "none"; the default is "pulse"'),
        ("[log]\nlevel = 2026-01-01", '[log] level: "2026-01-01" is not one of "debug"'),
        ("panel = 8080", "panel: 8080 is not a table of named values"),
    ],
)
def test_config_with_a_wrong_type(tmp_path: Path, text: str, problem: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[panel]\nprot = 1", "[panel] prot: there is no such name; did you mean port?"),
        ("[screen]\nheartbeat = 1", "[screen] heartbeat: there is no such name; did you mean [town] heartbeat_s?"),
        ("[pannel]\nport = 1", "pannel: there is no such name; did you mean panel?"),
        (
            "[xyzzy]\nport = 1",
            "xyzzy: there is no such name; known are " + ", ".join(Config.__struct_fields__),
        ),
        ("port = 1", "port: there is no such name; did you mean [panel] port?"),
        ("[panel]\nxyzzy = 1", "[panel] xyzzy: there is no such name; known are enabled, listen, port"),
    ],
)
def test_config_with_an_unknown_key_gets_the_near_name(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


def test_all_errors_are_listed_in_the_file_s_order(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "[town]\nheartbeat_s = 0\n[panel]\nport = 'x'\nprot = 2\nlisten = 'town.example'\n"
        "[screen]\nwidth = 3\n[log]\nlevel = 'loud'\n[colour]\n[station]\nstate = 5\n",
    )
    assert [problem.partition(":")[0] for problem in found] == [
        "[town] heartbeat_s",
        "[panel] port",
        "[panel] prot",
        "[log] level",
        "colour",
        "[station] state",
        "[screen] width, height",
        "[panel] listen",
    ]


def test_error_names_the_file_in_every_line(tmp_path: Path) -> None:
    path = written(tmp_path, "[panel]\nport = 0\nprot = 1\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [line.startswith(f"{path}: [panel] ") for line in str(caught.value).splitlines()] == [True, True]


def test_certificates_under_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[town]\nca_file = "/' + "x" * 300 + '"')
    assert problem.startswith("[town] ca_file: there is no file /xxx")


def test_certificates_that_are_not_there(tmp_path: Path) -> None:
    assert problems(tmp_path, f'[town]\nca_file = "{tmp_path}/ca.pem"') == [
        f"[town] ca_file: there is no file {tmp_path}/ca.pem; mend the path, or leave it empty"
    ]
    (tmp_path / "ca.pem").touch()
    assert load(written(tmp_path, f'[town]\nca_file = "{tmp_path}/ca.pem"')).town.ca_file == f"{tmp_path}/ca.pem"


def test_wrong_value_leaves_its_default() -> None:
    config, found = parse({"panel": {"port": "x", "enabled": False}})
    assert (config.panel.port, config.panel.enabled, len(found)) == (8080, False, 1)
