"""Whether this PC's X server and sound server answer the service's user, for `kiosk check-config`."""

import os
import pwd
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.common.systemd import UNIT
from kiosk.station.config import Config, Keys
from kiosk.station.health.sound import read_sink, servers
from kiosk.station.host.keypad import codes_of
from kiosk.station.projector.messages import SCREEN_DENIED

ANSWER_S = 10
_ROOMS_OWN = ("PULSE_SERVER", "XAUTHORITY", "XDG_RUNTIME_DIR")
"""Variables that are another user's own."""


@dataclass(frozen=True)
class Answer:
    """What was found out of one server, as a sentence."""

    text: str
    wrong: bool = False


@dataclass(frozen=True)
class _As:
    """Who asks: a user's name, environment, and what :class:`subprocess.Popen` needs to become that user."""

    name: str
    environment: dict[str, str]
    popen: dict[str, Any]


def answers(config: Config) -> list[Answer]:
    """Ask both servers, as root in the name of the user whose the state folder is; and look at the names of keys."""
    asker = _asker(Path(config.station.state))
    return [_display(config.screen.display, asker), _sound(config.sound.output, asker), *_keys(config.keys)]


def _keys(settings: Keys) -> list[Answer]:
    """Keys of the settings that the kernel does not have; nothing where it has all."""
    unknown = codes_of(settings.names())[1]
    if not unknown:
        return []
    text = f"[keys]: no key is called {', '.join(unknown)}; the program evtest shows which name a key has"
    return [Answer(text, wrong=True)]


def _asker(state: Path) -> _As:
    environment = dict(os.environ)
    owner = _owner(state)
    popen: dict[str, Any] = {}
    if os.geteuid() == 0 and owner is not None and owner.pw_uid != 0:
        environment = {name: value for name, value in environment.items() if name not in _ROOMS_OWN}
        environment["HOME"] = owner.pw_dir
        groups = os.getgrouplist(owner.pw_name, owner.pw_gid)
        popen = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": groups, "cwd": "/"}
    name = owner.pw_name if popen and owner else f"{pwd.getpwuid(os.geteuid()).pw_name}"
    return _As(name, environment | _unit_environment(), popen)


def _owner(state: Path) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(state.stat().st_uid)
    except (OSError, KeyError):
        return None


def _unit_environment() -> dict[str, str]:
    """What the unit says of the environment, by drop-ins too; nothing where there is no such unit."""
    try:
        said = subprocess.run(
            ["systemctl", "show", "--property=Environment", "--value", UNIT],
            capture_output=True, text=True, timeout=ANSWER_S, check=True,
        ).stdout  # fmt: skip
        return dict(pair.split("=", 1) for pair in shlex.split(said) if "=" in pair)
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}


def _display(display: str, asker: _As) -> Answer:
    what = f"display {display}"
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kiosk.station.player.answer", display],
            capture_output=True, text=True, timeout=ANSWER_S, check=False, env=asker.environment, **asker.popen,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answer(f"{what}: its X server does not answer; start it anew", True)
    except OSError as error:
        return Answer(f"{what}: cannot be asked as user {asker.name} ({error})", True)
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:] or [f"exit code {done.returncode}"]
    if done.returncode == 0:
        return Answer(f"{what}: answers user {asker.name}, {said[0]}")
    if done.returncode == SCREEN_DENIED:
        remedy = f"run install.sh station again, or as a user it knows: xhost +si:localuser:{asker.name}"
        return Answer(f"{what}: {said[0]}; {remedy}", True)
    return Answer(f"{what}: {said[0]}; start it, or mend [screen] display", True)


def _sound(output: str, asker: _As) -> Answer:
    if output == "none":
        return Answer("sound: off, by [sound] output")
    what = "sound: " + (servers(asker.environment) if output == "pulse" else output)
    match read_sink(output, asker.environment, **asker.popen):
        case "device":
            return Answer(f"{what}: leads to a sound device, for user {asker.name}")
        case "null":
            return Answer(f"{what}: answers, and nobody hears it: there is no sound card", True)
        case "astray":
            return Answer(f"{what}: answers, and nobody hears it: sound does not go to the sound card", True)
        case "muted":
            return Answer(f"{what}: answers, and nobody hears it: the sound device is muted, or at volume 0", True)
        case "none":
            where = f"no sound server answers user {asker.name}, or it has no device" if output == "pulse" else ""
            return Answer(f"{what}: {where or 'there is no sound card'}; mend it, or [sound] output", True)
    return Answer(f"{what}: cannot be asked; is pulseaudio-utils installed?", True)
