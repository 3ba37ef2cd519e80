"""The panel's address as it is posted in the room: only one that a phone can reach."""

import ipaddress
import socket
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from kiosk.station.config import Panel
from kiosk.station.panel import address
from kiosk.station.panel.address import panel_address


@pytest.mark.parametrize(
    ("listen", "port", "posted"),
    [
        ("127.0.0.1", 8080, ""),
        ("::1", 8080, ""),
        ("0.0.0.0", 0, ""),  # noqa: S104
        ("192.168.1.20", 8081, "http://192.168.1.20:8081"),
        ("fd00::20", 8080, "http://[fd00::20]:8080"),
    ],
)
def test_d4_the_address_is_that_on_which_it_listens(listen: str, port: int, posted: str) -> None:
    assert panel_address(Panel(listen=listen), port) == posted


def test_d4_on_all_addresses_it_is_this_pc_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "_own_address", lambda: "10.1.2.3")
    assert panel_address(Panel(), 8080) == "http://10.1.2.3:8080"
    monkeypatch.setattr(address, "_own_address", lambda: "")
    assert panel_address(Panel(), 8080) == "", "without a network there is none"


def test_d4_a_room_without_a_way_out_has_its_network_card_s(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unreachable(socket.socket):
        def connect(self, where: Any) -> None:
            raise OSError(101, "Network is unreachable")

    card = SimpleNamespace(family=socket.AF_INET, address="192.168.9.4")
    loop = SimpleNamespace(family=socket.AF_INET, address="127.0.0.1")
    up = SimpleNamespace(isup=True)
    monkeypatch.setattr(address.socket, "socket", Unreachable)
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"lo": [loop], "enp3s0": [card]})
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {"lo": up, "enp3s0": up})
    assert panel_address(Panel(), 8080) == "http://192.168.9.4:8080"


def test_the_address_of_this_very_pc_is_one() -> None:
    found = address._own_address()
    assert found == "" or ipaddress.ip_address(found)
