"""Presses Stop on the administrator's page, as a browser would."""

import re
import socket
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

from kiosk.demo.rehearsal import DemoError


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def press_stop(port: int, typed_pin: str) -> None:
    """Log in and press Stop. Raises :class:`DemoError` where the page does not do it."""
    page = f"http://127.0.0.1:{port}"
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor())
    browser.addheaders = [("Origin", page)]

    def look(path: str, **fields: str) -> str:
        data = urlencode(fields).encode() if fields else None
        with browser.open(f"{page}{path}", data, timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    try:
        look("/login", **_hidden(look("/login")), pin=typed_pin)
        look("/stop", **_hidden(look("/stop")), reason="other", words="demo", until="start")
    except OSError as error:
        raise DemoError(f"the administrator's page does not take Stop: {error}") from None


def _hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
