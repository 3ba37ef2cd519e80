"""What else a station may have to do while it plays: pages that are asked for, and a large file that is fetched."""

import contextlib
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

EVERY_S = 1.0
LOOK_S = 0.05


@dataclass
class Pages:
    """What the clients of the panel had to say."""

    answers: int = 0
    failures: int = 0
    slowest_ms: float = 0.0

    def take(self, wait_ms: float, status: int) -> None:
        """One answer."""
        self.answers += 1
        self.failures += status != http.HTTPStatus.OK
        self.slowest_ms = max(self.slowest_ms, round(wait_ms, 1))


@contextlib.contextmanager
def polled(port: int, clients: int) -> "Iterator[subprocess.Popen[str]]":
    """Ask for the panel's page once a second from ``clients`` phones, in a process of their own."""
    command = [sys.executable, __file__, str(port), str(clients)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def reckoning(process: "subprocess.Popen[str]") -> Pages:
    """Let the clients end, and say how it went."""
    said, _ = process.communicate("", timeout=10)
    return Pages(**json.loads(said))


@contextlib.contextmanager
def fetching(begin: Callable[[], object], file: Path) -> Iterator[list[float]]:
    """Let the station fetch a file again and again until the block ends: ``begin`` tells it that there is one to fetch.

    ``file`` is where it then is, and is taken away each time that it is there. Yields how long each fetch took, in
    seconds, from when the station was told.
    """
    took: list[float] = []
    over = threading.Event()

    def fetch() -> None:
        while not over.is_set():
            told = time.monotonic()
            begin()
            while not file.exists() and not over.wait(LOOK_S):
                pass
            if not over.is_set():
                took.append(time.monotonic() - told)
                file.unlink()

    thread = threading.Thread(target=fetch)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def main() -> None:
    """``load.py PORT CLIENTS``: ask until standard input ends, then print what came of it."""
    port, clients = int(sys.argv[1]), int(sys.argv[2])
    pages, over = Pages(), threading.Event()
    threads = [threading.Thread(target=_ask, args=(port, pages, over, n / clients)) for n in range(clients)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    print(json.dumps(asdict(pages)))


def _ask(port: int, pages: Pages, over: threading.Event, first_after_s: float) -> None:
    over.wait(first_after_s)
    while not over.wait(EVERY_S):
        began = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except OSError:
            status = 0
        pages.take((time.monotonic() - began) * 1000, status)


if __name__ == "__main__":
    main()
