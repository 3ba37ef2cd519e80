"""The address at which phones in the room reach the panel, as far as this PC knows it."""

import ipaddress
import socket

import psutil

from kiosk.station.config import Panel as Settings

ELSEWHERE = ("192.0.2.1", 9)
"""An address that nobody has (RFC 5737): the PC is asked how it would go there, and nothing is sent."""


def panel_address(settings: Settings, port: int) -> str:
    """Such as ``http://192.168.1.20:8080``; empty where the panel does not listen (``port`` 0), listens on this PC
    alone, or the PC is in no network."""
    listen = ipaddress.ip_address(settings.listen)
    if not port or listen.is_loopback:
        return ""
    host = _own_address() if listen.is_unspecified else str(listen)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}" if host else ""


def _own_address() -> str:
    """The address of this PC in the room's network, by its route outwards; without one, that of a network card."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(ELSEWHERE)
            return str(asked.getsockname()[0])
        except OSError:
            return _of_a_card()


def _of_a_card() -> str:
    try:
        cards, up = psutil.net_if_addrs(), psutil.net_if_stats()
    except OSError:
        return ""
    found = [
        one.address
        for name, addresses in sorted(cards.items())
        for one in addresses
        if one.family == socket.AF_INET and name in up and up[name].isup
    ]
    return next((one for one in found if not ipaddress.ip_address(one).is_loopback), "")
