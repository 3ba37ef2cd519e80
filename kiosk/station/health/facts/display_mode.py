"""The modes of the X screen, as xrandr(1) tells and sets them."""

import re

from kiosk.common.programs import output
from kiosk.station.health.events import Fact

_OUTPUT = re.compile(r"^(\S+) (connected|disconnected)")
_MODE = re.compile(r"^\s+(\d+x\d+)\S*((?:\s+[\d.]+[*+ ]*)+)")


def read_modes(display: str) -> dict[str, Fact]:
    """``screen.modes``: ``HDMI-1=1920x1080 of 3840x2160``, mode and wish of each connected output."""
    said = output("xrandr", "--query", environment={"DISPLAY": display})
    return {"screen.modes": None if said is None else parse(said.decode("utf-8", "replace"))}


def parse(said: str) -> str | None:
    """The modes in what xrandr says; None where nothing is connected."""
    found: dict[str, list[str]] = {}
    here = ""
    for line in said.splitlines():
        if begins := _OUTPUT.match(line):
            here = begins[1] if begins[2] == "connected" else ""
            if here:
                found[here] = ["off", ""]
        elif here and (mode := _MODE.match(line)):
            if "*" in mode[2]:
                found[here][0] = mode[1]
            if "+" in mode[2] or not found[here][1]:
                found[here][1] = mode[1]
    return ",".join(f"{name}={mode} of {wish or mode}" for name, (mode, wish) in sorted(found.items())) or None


def set_mode(display: str, name: str, mode: str) -> bool:
    """Put an output of the card into ``mode`` (``1920x1080``). Whether the X server took it."""
    return output("xrandr", "--output", name, "--mode", mode, environment={"DISPLAY": display}) is not None
