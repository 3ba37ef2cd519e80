"""`kiosk panel-pin`: what is kept of a PIN, and which PIN is refused."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.station.commands.pin import panel_pin
from kiosk.station.panel import pin

PIN, WRONG = "271828", "314159"


def test_pin_command_keeps_a_hash_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'[station]\nstate = "{tmp_path}/state"\n', encoding="utf-8")
    done = CliRunner().invoke(panel_pin, ["--config", str(settings), "--pin-stdin"], input=f"{PIN}\n")
    assert done.exit_code == 0, done.output
    kept = tmp_path / "state" / pin.FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert PIN not in kept.read_text(encoding="ascii")
    assert PIN not in done.output
    found = pin.load(tmp_path / "state")
    assert found is not None
    assert found.fits(PIN)
    assert not found.fits(WRONG)


def test_pin_command_asks_twice(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'[station]\nstate = "{tmp_path}"\n', encoding="utf-8")
    done = CliRunner().invoke(panel_pin, ["--config", str(settings)], input=f"{PIN}\n{PIN}\n")
    assert done.exit_code == 0, done.output
    assert PIN not in done.output


@pytest.mark.parametrize(
    "typed", ["12345", "2718281", "2718", "12a456", "", "111111", "123456", "987654", "890123", "２７１８２８"]
)
def test_a2_pin_command_refuses_a_pin_that_is_not_six_digits_or_too_easy(tmp_path: Path, typed: str) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'[station]\nstate = "{tmp_path}"\n', encoding="utf-8")
    done = CliRunner().invoke(panel_pin, ["--config", str(settings), "--pin-stdin"], input=f"{typed}\n")
    assert done.exit_code == 1
    assert "choose another" in done.output
    assert ("6 digits" in done.output) == (len(typed) != 6 or not typed.isascii() or not typed.isdigit())
    assert not (tmp_path / pin.FILE).exists()


def test_a2_pin_of_another_length_goes_on_until_it_is_changed(tmp_path: Path) -> None:
    old = "271828" + "1828"
    salt = bytes(16)
    hashed = hashlib.scrypt(old.encode(), salt=salt, n=2, r=1, p=1, dklen=32)
    kept = {"pin": {"salt": salt.hex(), "hash": hashed.hex(), "n": 2, "r": 1, "p": 1}}
    (tmp_path / pin.FILE).write_text(json.dumps(kept), encoding="ascii")
    found = pin.load(tmp_path)
    assert found is not None and found.fits(old)


def test_pin_command_names_a_settings_file_that_cannot_be_used(tmp_path: Path) -> None:
    done = CliRunner().invoke(panel_pin, ["--config", str(tmp_path / "no.toml"), "--pin-stdin"], input=PIN)
    assert done.exit_code == 1
    assert "no.toml" in done.output


def test_pin_command_run_by_root_gives_nothing_of_root_s_away(tmp_path: Path) -> None:
    state, secret = tmp_path / "state", tmp_path / "shadow"
    state.mkdir()
    secret.write_bytes(b"secret")
    secret.chmod(0o600)
    owner = secret.stat().st_uid
    if os.geteuid() == 0:
        os.chown(state, 12_345, 12_345)
    for name in (pin.FILE, f".{pin.FILE}.new"):
        (state / name).symlink_to(secret)
    settings = tmp_path / "config.toml"
    settings.write_text(f'[station]\nstate = "{state}"\n', encoding="utf-8")
    done = CliRunner().invoke(panel_pin, ["--config", str(settings), "--pin-stdin"], input=f"{PIN}\n")
    assert done.exit_code == 0, done.output
    assert (secret.read_bytes(), secret.stat().st_uid, secret.stat().st_mode & 0o777) == (b"secret", owner, 0o600)
    kept = (state / pin.FILE).lstat()
    assert stat.S_ISREG(kept.st_mode)
    assert kept.st_uid == state.stat().st_uid
