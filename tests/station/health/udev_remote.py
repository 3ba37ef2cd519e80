"""A remote made of paper: a device of umockdev whose node is a pipe, into which key events are written."""

import os

from udev_bed import Bed

from kiosk.station.host.keypad import EV_KEY, EVENT

NODE = "dev/input/event7"


def plug_in(bed: Bed, codes: tuple[int, ...]) -> tuple[int, list[str]]:
    """Plug in a remote that has these keys; a descriptor into which its events are written, and its paths in sysfs."""
    words = [0] * 12
    for code in codes:
        words[code // 64] |= 1 << code % 64
    mask = " ".join(f"{word:x}" for word in reversed(words))
    remote = bed.add("input", "input7", {"name": "Paper remote\n", "capabilities/key": f"{mask}\n"})
    node = bed.root / NODE
    node.parent.mkdir(parents=True, exist_ok=True)
    node.unlink(missing_ok=True)
    os.mkfifo(node)
    into = os.open(node, os.O_RDWR)
    event = bed.add("input", "event7", {"dev": "13:71\n"}, {"DEVNAME": f"/{NODE}", "ID_INPUT_KEY": "1"}, parent=remote)
    return into, [remote, event]


def send(into: int, code: int) -> None:
    """A key goes down and up again."""
    os.write(into, b"".join(EVENT.pack(0, 0, EV_KEY, code, value) for value in (1, 0)))
