"""Presses Stop on the administrator's page, as a browser would."""

import re
import socket

import requests

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
    with requests.Session() as browser:
        browser.trust_env = False
        browser.headers["Origin"] = page
        form = _hidden(browser.get(f"{page}/login", timeout=10).text)
        browser.post(f"{page}/login", data={**form, "pin": typed_pin}, timeout=10)
        form = _hidden(browser.get(f"{page}/stop", timeout=10).text)
        answer = browser.post(f"{page}/stop", data={**form, "reason": "other", "until": "start"}, timeout=10)
    if answer.status_code != 200:
        raise DemoError(f"the page does not take Stop: {answer.status_code}")


def _hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
