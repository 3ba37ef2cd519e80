"""The sticker for the room's PC: a page to print, with the panel's address as text and as a QR code."""

import html
import io
import socket
from collections.abc import Callable
from pathlib import Path

import psutil
import segno

from kiosk.common.files import write_whole

FILE = "sticker.html"


def panel_addresses(port: int) -> list[str]:
    """Addresses of the administrator's page on the room's networks; empty without a network."""
    found = []
    for name, addresses in psutil.net_if_addrs().items():
        if name.startswith(("lo", "docker", "veth", "virbr")):
            continue
        found += [
            f"http://{one.address}:{port}"
            for one in addresses
            if one.family == socket.AF_INET and not one.address.startswith(("127.", "169.254."))
        ]
    return found


def write_sticker(state: Path, room: str, address: str, _: Callable[[str], str]) -> Path:
    """Write the page, in the translator's language. Returns its path. Raises OSError."""
    drawn = io.BytesIO()
    segno.make(address).save(drawn, kind="svg", scale=6, border=2, xmldecl=False)
    lines = [
        _("Town's education room"),
        room,
        _("Start, Stop and volume: with a phone on this room's network"),
        address,
        _("If the screen stays dark, or the sound stays away: the page says why."),
    ]
    first, name, *rest = (html.escape(line) for line in lines)
    page = [
        '<!doctype html><html><head><meta charset="utf-8"><title>kiosk</title><style>',
        "body{font:14pt sans-serif;width:10cm;margin:1cm;border:1px solid #000;padding:.5cm;text-align:center}",
        "h1{font-size:20pt;margin:.2em}</style></head><body>",
        f"<p>{first}</p><h1>{name}</h1>",
        drawn.getvalue().decode(),
        *(f"<p>{line}</p>" for line in rest),
        "</body></html>",
    ]
    write_whole(state / FILE, "\n".join(page).encode(), 0o644)
    return state / FILE
