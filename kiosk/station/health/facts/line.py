"""The line to the town: its cable, its names, loss and delay; while the town is silent, who answers in its place."""

import http.client
import ipaddress
import socket
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from kiosk.common.programs import output
from kiosk.station.health.events import Fact

NETWORK = Path("/sys/class/net")
CONNECT_S = 3.0
NAME_S = 5.0
LOOKS, FEWEST = 20, 10
"""Connections that loss and delay are told of, and how many there must be."""
OUTAGE = 5
"""So many lost in a row are a line that was down."""
MOST_BYTES = 65_536
UNPAID = ("欠费", "停机", "续费", "缴费", "账户余额不足")
"""Words of an operator's page that is shown in place of all others while the line is not paid for."""


class Line:
    """Asks for the town at ``url`` once a look. In the probes' thread only."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._secure = parts.hostname or "", parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._delays: deque[float | None] = deque(maxlen=LOOKS)
        self.town_silent = False
        """Whether the town has not answered of late; set by the main loop."""

    def read(self, network: Path = NETWORK) -> dict[str, Fact]:
        """``line.carrier``, ``line.names``, ``line.loss_percent``, ``line.delay_ms`` and ``line.answers``."""
        carrier = _carrier(network)
        names = self._resolves() if carrier is not False else None
        facts: dict[str, Fact] = {"line.carrier": carrier, "line.names": names}
        reached = self._connect() if self._host and names is not False and carrier is not False else None
        answers = self._who_answers() if self.town_silent and reached is not None else None
        whole = len(self._delays) >= FEWEST
        times = [delay for delay in self._delays if delay is not None]
        lost = len(self._delays) - len(times)
        return facts | {
            "line.loss_percent": 100 * lost // len(self._delays) if whole else None,
            "line.delay_ms": round(median(times) * 1000) if whole and times else None,
            "line.answers": answers,
        }

    def _resolves(self) -> bool | None:
        """Whether the town's name has an address; None where it is one. Asked in a process: a resolver may hang."""
        if not self._host or self._host == "localhost":
            return None
        try:
            ipaddress.ip_address(self._host)
        except ValueError:
            return output("getent", "ahosts", self._host, within_s=NAME_S) is not None
        return None

    def _connect(self) -> bool:
        began = time.monotonic()
        try:
            socket.create_connection((self._host, self._port), CONNECT_S).close()
        except OSError:
            self._delays.append(None)
            return False
        self._delays = deque(without_outage(self._delays), LOOKS)
        self._delays.append(time.monotonic() - began)
        return True

    def _who_answers(self) -> str | None:
        """``captive`` or ``unpaid`` where a page of somebody else's comes in place of the town's; None: not known."""
        port = 80 if self._secure else self._port
        try:
            line = http.client.HTTPConnection(self._host, port, timeout=CONNECT_S)
            line.request("GET", "/", headers={"Accept-Language": "zh-CN", "Connection": "close"})
            answer = line.getresponse()
            page = answer.read(MOST_BYTES)
            line.close()
        except (OSError, http.client.HTTPException, ValueError):
            return None
        return who(answer.status, answer.getheader("Location", ""), page, self._host)


def without_outage(delays: Iterable[float | None]) -> list[float | None]:
    """The looks before, where the last ones show a line that was down and is up again: that is no poor line."""
    found = list(delays)
    up = next((n for n in range(len(found), 0, -1) if found[n - 1] is not None), 0)
    return found if len(found) - up < OUTAGE else found[:up]


def who(status: int, location: str, page: bytes, host: str) -> str | None:
    """Who has answered an unencrypted question for ``host``: ``unpaid``, ``captive``, or None: the town, or unknown."""
    try:
        elsewhere = (urlsplit(location).hostname or host) != host
    except ValueError:
        elsewhere = False
    if not (elsewhere or status == http.HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED or b"<html" in page[:1024].lower()):
        return None
    texts = [page.decode(code, "ignore") for code in ("utf-8", "gb18030")] + [location]
    return "unpaid" if any(word in text for word in UNPAID for text in texts) else "captive"


def _carrier(network: Path) -> bool | None:
    """Whether any network device but the loopback has a line; None where there is no such device."""
    found: list[bool] = []
    for device in network.glob("*"):
        if device.name == "lo" or not (device / "device").exists():  # what is no hardware: bridges, tunnels
            continue
        try:
            found.append((device / "carrier").read_text(encoding="ascii").strip() == "1")
        except (OSError, ValueError):  # a device that is not up says EINVAL
            found.append(False)
    return any(found) if found else None
