"""Clients who hold a web server's connections and want nothing: idle ones, and slow ones that send a drop a second.

``python tests/chaos/crowd.py PORT IDLE SLOW ADDRESSES AGAIN_S``: from 127.1.0.0 and the addresses after it, until
standard input ends; prints how often they connected, and how many connections were open at most. Whoever is turned out
comes back after about ``AGAIN_S`` seconds.
"""

import asyncio
import contextlib
import json
import random
import resource
import subprocess
import sys
from collections.abc import Iterator

DROP_S = 1.0
HEADS = (
    b"GET / HTTP/1.1\r\nHost: room\r\nX-Long: ",
    b"POST /login HTTP/1.1\r\nHost: room\r\nContent-Length: 60000\r\n\r\n",
)
"""Two kinds of slow clients: the head never ends, or the body."""


class Crowd:
    """All clients of one process."""

    def __init__(self, port: int, again_s: float) -> None:
        self._port = port
        self._again_s = again_s
        self.connected = 0
        self.open = 0
        self.open_most = 0

    async def hold(self, address: str, head: bytes) -> None:
        """Connect again and again; a client with a ``head`` sends that, and a drop each second."""
        await asyncio.sleep(random.random() * min(1.0, self._again_s))
        while True:
            with contextlib.suppress(OSError):
                await self._hold_once(address, head)
            await asyncio.sleep(self._again_s * (0.5 + random.random()))

    async def _hold_once(self, address: str, head: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(address, 0))
        self.connected += 1
        self.open += 1
        self.open_most = max(self.open, self.open_most)
        try:
            writer.write(head)
            while head:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(DROP_S):
                        if not await reader.read(65536):
                            return
                writer.write(b"x")
                await writer.drain()
            while await reader.read(65536):
                pass
        finally:
            self.open -= 1
            writer.close()


@contextlib.contextmanager
def crowded(port: int, idle: int, slow: int, addresses: int, again_s: float) -> "Iterator[subprocess.Popen[str]]":
    """A crowd in a process of its own, on a PC of its own as it were: it gets what this one's processor has left."""
    command = ["chrt", "--idle", "0", sys.executable, __file__, *map(str, (port, idle, slow, addresses, again_s))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def told(process: "subprocess.Popen[str]") -> dict[str, int]:
    """Send the crowd home; what it says."""
    said, _ = process.communicate("", timeout=20)
    found: dict[str, int] = json.loads(said)
    return found


async def come(port: int, idle: int, slow: int, addresses: int, again_s: float) -> None:
    """Hold connections until standard input ends."""
    crowd = Crowd(port, again_s)
    heads = [b""] * idle + [HEADS[n % len(HEADS)] for n in range(slow)]
    random.shuffle(heads)
    names = [f"127.1.{n // 250}.{n % 250}" for n in range(addresses)]
    tasks = [asyncio.create_task(crowd.hold(names[n % addresses], head)) for n, head in enumerate(heads)]
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    print(json.dumps({"connected": crowd.connected, "open_most": crowd.open_most}))


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(come(*map(int, sys.argv[1:5]), float(sys.argv[5])))
