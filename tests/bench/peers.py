"""The players that the kiosk is measured beside, each over the whole of an X screen, as a user would start them."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from Xlib import X, display

NOBODY = 65534
"""The user that cvlc runs as where the bench is root's: VLC refuses to be root."""


@contextlib.contextmanager
def peer(name: str, files: Sequence[Path], screen: str, folder: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Play ``files`` one after the other with ``cvlc`` or ``mpv`` on the X ``screen``; it ends with the block.

    Both draw with plain X11, as the kiosk does on a virtual screen, into a black window as large as the screen: without
    a window manager VLC cannot make its own one so large.
    """
    connection, window = _stage(screen)
    home = folder / f"home-{name}"
    home.mkdir(exist_ok=True)
    home.chmod(0o777)
    environment = {**os.environ, "DISPLAY": screen, "HOME": str(home)}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*_command(name, window), *map(str, files)], stdout=log, stderr=log, env=environment, cwd=home
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            connection.close()


def _command(name: str, window: int) -> list[str]:
    if name == "mpv":
        options = ["--no-config", "--really-quiet", "--no-input-terminal", "--no-osc", "--no-osd-bar", "--osd-level=0"]
        return ["mpv", *options, "--prefetch-playlist=yes", "--vo=x11", "--ao=pulse", f"--wid={window}"]
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    options = ["--quiet", "--no-video-title-show", "--vout=xcb_x11", "--aout=pulse", "--play-and-exit"]
    return [*as_nobody, "cvlc", *options, f"--drawable-xid={window}"]


def missing(systems: Sequence[str]) -> list[str]:
    """The programs that are not installed and that a bench of these ``systems`` needs."""
    players = {"cvlc": ["cvlc", "setpriv"], "mpv": ["mpv"]}
    needed = ["pulseaudio", *(name for system in systems for name in players.get(system, ()))]
    return [name for name in needed if shutil.which(name) is None]


def _stage(screen: str) -> tuple[display.Display, int]:
    connection = display.Display(screen)
    root = connection.screen()
    window = root.root.create_window(
        0, 0, root.width_in_pixels, root.height_in_pixels, 0, root.root_depth, X.InputOutput, X.CopyFromParent,
        background_pixel=root.black_pixel, override_redirect=True,
    )  # fmt: skip
    window.map()
    connection.sync()
    return connection, int(window.id)
