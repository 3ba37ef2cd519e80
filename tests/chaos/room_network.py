"""The room's network is full of clients that hold connections, while the room plays and an administrator wants a page.

``python tests/chaos/room_network.py [--cuts N] [--idle N] [--slow N] [--addresses N] [--again S]``: the real daemon
plays clips of all formats with real VLC, under a file limit of 1,024; the crowd (``crowd.py``) holds idle and slow
connections to its panel and to the town, from addresses of loopback, for a minute: from before the daemon starts to the
last clip. The administrator logs in meanwhile, from an address of his own, and asks for the page from a new connection
each time. The same clips are played before without a crowd. The crowds and the town run on the same processor, at a
lower priority; with a small ``--again`` the crowd connects thousands of times a second and takes much of it, which on
PCs of its own it would not.

Last line: JSON with the cuts under the crowd, the pages, and whether daemon and town ran on.
"""

import argparse
import contextlib
import json
import re
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import disk_path  # noqa: F401
import psutil
import requests
from blocks import Watcher
from crowd import crowded, told
from cuts import of_kiosk, order, table
from formats import FILMS
from house import House
from judge_cuts import figures
from loudspeaker import loudspeaker
from room import XServer, say

from kiosk.station.panel import pin

FILE_LIMIT = 1024
PIN = "271828"
PAGES = 100
IN_TIME_S = 2.0
MOST_CUTS = len(FILMS) - 1


class Administrator:
    """Logs in, and asks for the page :data:`PAGES` times, spread over ``seconds``; how long each took, in seconds."""

    def __init__(self, port: int, seconds: float) -> None:
        self._page = f"http://127.0.0.1:{port}"
        self._every_s = seconds / (PAGES + 1)
        self.took: list[float] = []
        self.logged_in = False
        self._thread = threading.Thread(target=self._visit)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _visit(self) -> None:
        begin = time.monotonic()
        session = requests.Session()
        session.trust_env = False
        for n in range(PAGES):
            time.sleep(max(0.0, begin + (n + 1) * self._every_s - time.monotonic()))
            asked = time.monotonic()
            with contextlib.suppress(requests.RequestException):
                if not self.logged_in:
                    self._log_in(session)
                with session.get(self._page, timeout=10, headers={"Connection": "close"}) as answer:
                    if answer.status_code == requests.codes.ok and "/logout" in answer.text:
                        self.took.append(time.monotonic() - asked)

    def _log_in(self, session: requests.Session) -> None:
        headers = {"Connection": "close", "Origin": self._page}
        form = session.get(f"{self._page}/login", timeout=10, headers=headers).text
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
        answer = session.post(f"{self._page}/login", fields | {"pin": PIN}, timeout=10, headers=headers)
        self.logged_in = answer.status_code == requests.codes.ok


class Attack:
    """The crowds before panel and town, and what was seen of both meanwhile."""

    def __init__(self, house: House, town: str, options: argparse.Namespace, seconds: float) -> None:
        self._house, self._town, self._options = house, town, options
        self._seconds = seconds
        self.pages: list[float] = []
        self.daemon_alive = self.town_alive = False

    @contextlib.contextmanager
    def crowds(self) -> Iterator[None]:
        """The crowds, until the block ends: the daemon starts among them."""
        options = self._options
        crowd = (options.idle, options.slow, options.addresses, options.again)
        with crowded(self._house.panel_port, *crowd) as before_panel, crowded(_port(self._town), *crowd) as before_town:
            yield
            say(f"  the panel's crowd: {told(before_panel)}; the town's: {told(before_town)}")

    @contextlib.contextmanager
    def along(self, _start: datetime) -> Iterator[None]:
        """The administrator, until the block ends."""
        daemon, town = _process("station"), _process("serve")
        town.nice(10)  # it stands on another PC
        administrator = Administrator(self._house.panel_port, self._seconds)
        administrator.start()
        busy = _busy(daemon)
        yield
        say(f"  the daemon used the processor for {_busy(daemon) - busy:.1f} s in {self._seconds:.0f} s")
        administrator.join()
        say(f"  descriptors of the daemon: {daemon.num_fds()}, of the town: {town.num_fds()}")
        self.pages = administrator.took
        self.daemon_alive = daemon.is_running() and daemon.status() != psutil.STATUS_ZOMBIE
        self.town_alive = self._town_answers() and town.is_running()

    def _town_answers(self) -> bool:
        try:
            return requests.get(f"{self._town}/healthz", timeout=IN_TIME_S).ok
        except requests.RequestException:
            return False


def _process(word: str) -> psutil.Process:
    """Our kiosk process of that command."""
    for child in psutil.Process().children():
        if word in child.cmdline()[4:]:
            return child
    raise LookupError(word)


def _busy(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def main() -> None:
    """Run it."""
    options = _options()
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILE_LIMIT, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    [block] = order(options.cuts)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-room-network-")))
        stack.enter_context(loudspeaker(folder))
        screen = XServer()
        stack.callback(screen.kill)
        house = House(folder, screen.name, block)
        stack.enter_context(house.open(datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)))
        pin.save(folder / "station", pin.choose(PIN))
        watcher = Watcher(screen.name, folder / "sightings")
        quiet = of_kiosk(house, watcher, block)
        say(table("without a crowd", quiet))
        say(f"  {json.dumps(figures(quiet))}")
        town = (folder / "town.log").read_text().split("http://")[1].split()[0]
        seconds = sum(one.duration_ms for one in house.signed(block)) / 1000
        attack = Attack(house, f"http://{town}", options, seconds)
        with attack.crowds():
            crowded_cuts = of_kiosk(house, watcher, block, attack.along)
        say(table("with the crowd", crowded_cuts))
        say(f"  {json.dumps(figures(crowded_cuts))}")
        say("\n".join(house.station_says().splitlines()[-12:]))
    took = sorted(attack.pages)
    say(f"  pages: {len(took)} came, the slowest in {took[-1] if took else 0:.2f} s")
    verdict = {
        "cuts_late_ms_p99": figures(crowded_cuts)["late_ms_p99"],
        "pages_asked": PAGES,
        "pages_in_2s": sum(seconds <= IN_TIME_S for seconds in took),
        "daemon_alive": attack.daemon_alive,
        "town_alive": attack.town_alive,
    }
    print(json.dumps(verdict))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--cuts", type=int, default=MOST_CUTS, choices=range(1, MOST_CUTS + 1), help="between clips of 3 s"
    )
    parser.add_argument("--idle", type=int, default=3000, help="idle connections (3000)")
    parser.add_argument("--slow", type=int, default=200, help="slow connections (200)")
    parser.add_argument("--addresses", type=int, default=100, help="from so many addresses (100)")
    parser.add_argument("--again", type=float, default=5.0, help="seconds until one that was turned out comes back (5)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
