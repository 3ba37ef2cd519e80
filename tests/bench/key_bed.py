"""A station with a remote made of paper: umockdev's device, a pipe for its node, a key for each line on standard input.

``umockdev-wrapper python tests/bench/key_bed.py CONFIG``: runs the daemon until standard input ends.
"""

import os
import subprocess
import sys

import tests_path  # noqa: F401 - for the bed

# isort: split
from udev_bed import Bed

from kiosk.station.host.keypad import EV_KEY, EVENT

NODE = "dev/input/event7"


def plug_in(bed: Bed, codes: tuple[int, ...]) -> int:
    """Plug in a remote that has these keys; a descriptor into which its events are written."""
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
    bed.add("input", "event7", {"dev": "13:71\n"}, {"DEVNAME": f"/{NODE}", "ID_INPUT_KEY": "1"}, parent=remote)
    return into


def send(into: int, code: int) -> None:
    """A key goes down and up again."""
    os.write(into, b"".join(EVENT.pack(0, 0, EV_KEY, code, value) for value in (1, 0)))


def main() -> None:
    """Run the daemon, and press what is asked for."""
    into = plug_in(Bed(), tuple(range(1, 256)))
    command = [sys.executable, "-m", "kiosk", "station", "--config", sys.argv[1]]
    daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(daemon.pid, flush=True)
    for line in sys.stdin:
        send(into, int(line))
    daemon.terminate()
    daemon.wait(20)


if __name__ == "__main__":
    main()
