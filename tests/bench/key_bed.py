"""A station with a remote made of paper: umockdev's device, a pipe for its node, a key for each line on standard input.

``umockdev-wrapper python tests/bench/key_bed.py CONFIG``: runs the daemon until standard input ends.
"""

import subprocess
import sys

import tests_path  # noqa: F401 - for the bed

# isort: split
from udev_bed import Bed
from udev_remote import plug_in, send


def main() -> None:
    """Run the daemon, and press what is asked for."""
    into, _ = plug_in(Bed(), tuple(range(1, 256)))
    command = [sys.executable, "-m", "kiosk", "station", "--config", sys.argv[1]]
    daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(daemon.pid, flush=True)
    for line in sys.stdin:
        send(into, int(line))
    daemon.terminate()
    daemon.wait(20)


if __name__ == "__main__":
    main()
