"""Two network namespaces, a room and a town, and the line between them: its rate, its losses, its names.

Needs root, and of Debian iproute2 (``ip``, ``tc``) and nftables (``nft``), which :func:`need_tools` installs where they
are missing. The rate is ``tc tbf`` and loss is nftables' (a packet of so many is dropped where it comes in), both ways:
this runs on kernels without netem.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOWN_NAME = "town.kiosk.test"
TOWN_ADDRESS, ROOM_ADDRESS = "10.77.0.1", "10.77.0.2"
CLONE_NEWNET = 0x40000000
PACKAGES = {"ip": "iproute2", "tc": "iproute2", "nft": "nftables"}


def need_tools() -> None:
    """Install what is missing; end with a sentence where that cannot be."""
    if os.geteuid() != 0:
        sys.exit("network namespaces need root: run this as root")
    if lacking := {package for tool, package in PACKAGES.items() if shutil.which(tool) is None}:
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *sorted(lacking)]
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
            sys.exit(f"install {' and '.join(sorted(lacking))} first")


@dataclass
class Line:
    """The line. ``room`` and ``town`` are names of namespaces for ``ip netns exec``."""

    room: str
    town: str

    def rate(self, megabits: float) -> None:
        """So many Mbit/s both ways."""
        for space, device in ((self.town, "to-room"), (self.room, "to-town")):
            shape = ["root", "tbf", "rate", f"{megabits}mbit", "burst", "32kb", "latency", "200ms"]
            run("ip", "netns", "exec", space, "tc", "qdisc", "replace", "dev", device, *shape)

    def loss(self, percent: int) -> None:
        """Drop so many of a hundred packets, at random, where they come in on either side."""
        for space, device in ((self.town, "to-room"), (self.room, "to-town")):
            rule = f'iifname "{device}" numgen random mod 100 < {percent} drop' if percent else ""
            _rules(space, "loss", rule)

    def names(self, known: bool) -> None:
        """Whether the room knows the town's name. Else it asks a server that never answers."""
        hosts = Path("/etc/netns", self.room, "hosts")
        text = "127.0.0.1 localhost\n" + (f"{TOWN_ADDRESS} {TOWN_NAME}\n" if known else "")
        with hosts.open("r+") as file:  # in place: the file is bound over /etc/hosts of whoever runs there
            file.truncate()
            file.write(text)

    def in_room(self, *command: str) -> list[str]:
        """A command, to be run in the room's namespace."""
        return ["ip", "netns", "exec", self.room, *command]

    def in_town(self, *command: str) -> list[str]:
        """The same in the town's."""
        return ["ip", "netns", "exec", self.town, *command]


@contextlib.contextmanager
def line() -> Iterator[Line]:
    """Both namespaces, joined, until the block ends."""
    found = Line(f"kiosk-room-{os.getpid()}", f"kiosk-town-{os.getpid()}")
    etc = Path("/etc/netns", found.room)
    with contextlib.ExitStack() as stack:
        for space in (found.room, found.town):
            run("ip", "netns", "add", space)
            stack.callback(run, "ip", "netns", "del", space)
            run("ip", "-n", space, "link", "set", "lo", "up")
        ends = ("to-room", "netns", found.town, "type", "veth", "peer", "name", "to-town", "netns", found.room)
        run("ip", "link", "add", *ends)
        for space, device, address in (
            (found.town, "to-room", TOWN_ADDRESS),
            (found.room, "to-town", ROOM_ADDRESS),
        ):
            run("ip", "-n", space, "addr", "add", f"{address}/30", "dev", device)
            run("ip", "-n", space, "link", "set", device, "up")
        etc.mkdir(parents=True)
        stack.callback(shutil.rmtree, etc)
        (etc / "resolv.conf").write_text(f"nameserver {TOWN_ADDRESS}\n")
        (etc / "hosts").write_text("")
        _rules(found.town, "names", "udp dport 53 drop")
        found.names(True)
        yield found


def enter(space: str) -> None:
    """Move the calling thread, and the threads that it starts, into a namespace."""
    with Path("/run/netns", space).open() as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"enter the namespace {space}")


def run(*command: str, typed: str = "") -> str:
    """Run a command to its end; end with its complaint where it fails."""
    done = subprocess.run(command, input=typed, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _rules(space: str, table: str, rule: str) -> None:
    """Make ``table`` hold this one rule, or none."""
    script = f"table inet {table}\ndelete table inet {table}\n"
    if rule:
        script += f"table inet {table} {{ chain in {{ type filter hook input priority 0; {rule}; }}; }}\n"
    run("ip", "netns", "exec", space, "nft", "-f", "-", typed=script)
