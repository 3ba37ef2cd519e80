"""What the player's processes may reach: the X server, the sound server, graphics devices, and what the cue names."""

import os
from pathlib import Path

from kiosk.common.sandbox import Reach
from kiosk.station.projector.messages import Cue


def programme_reach(folder: Path, cue: Cue) -> Reach:
    """What the process that plays the cue's programme may reach."""
    alsa = cue.sound == "alsa"
    own = ("~/.config/pulse/cookie", "~/.pulse-cookie")
    named = os.environ.get("PULSE_COOKIE", "")
    cookies = (named,) if named else tuple(map(at_home, own))
    pulse = cue.sound == "pulse"
    return Reach(
        folder=folder,
        files=(cue.file, *cue.subtitles, *authority(), *(cookies if pulse else ())),
        sockets=(*x_socket(cue.display), *(sound_sockets() if pulse else ())),
        devices=("/dev/dri", "/dev/snd") if alsa else ("/dev/dri",),
        alsa=alsa,
    )


def stage_reach(display: str) -> Reach:
    """What the process that holds the screen may reach."""
    return Reach(files=authority(), sockets=x_socket(display))


def x_socket(display: str) -> tuple[str, ...]:
    """The socket of an X server on this computer: its display is ``:0`` or ``:0.0``."""
    host, _, number = display.rpartition(":")
    return (f"/tmp/.X11-unix/X{number.partition('.')[0]}",) if host in ("", "unix") else ()  # noqa: S108


def authority() -> tuple[str, ...]:
    """The file with the X server's cookie."""
    return (os.environ.get("XAUTHORITY") or at_home("~/.Xauthority"),)


def at_home(path: str) -> str:
    """``path`` with the home of this user for its ``~``; unchanged, and not there, where the user has none."""
    return os.path.expanduser(path)  # noqa: PTH111 - pathlib's raises without a home


def sound_sockets() -> tuple[str, ...]:
    """The folders of PulseAudio's sockets: folders, as a server that is started again makes its socket anew.

    PULSE_SERVER may name several, each as ``unix:PATH``, ``PATH``, or ``{computer}unix:PATH``.
    """
    named = os.environ.get("PULSE_SERVER", "").split()
    paths = [server[server.index("/") :] for server in named if "/" in server]
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    folders = [str(Path(path).parent) for path in paths] or [f"{runtime}/pulse", "/run/pulse"]
    return tuple(folder for folder in folders if folder != "/")
