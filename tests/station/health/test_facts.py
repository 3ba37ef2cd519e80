"""What the tools and the kernel say, as facts."""

from pathlib import Path

import pytest

from kiosk.station.health.facts import display_mode, kernel, line, power, smart

XRANDR = """Screen 0: minimum 16 x 16, current 1280 x 720, maximum 32767 x 32767
HDMI-1 connected primary 1280x720+0+0 (normal left inverted right x axis y axis) 1600mm x 900mm
   3840x2160     30.00 +  25.00    24.00
   1280x720      60.00*   50.00
VGA-1 connected (normal left inverted right x axis y axis)
   1024x768      60.00 +
DP-1 disconnected (normal left inverted right x axis y axis)
"""


def test_modes_are_those_in_force_and_those_that_screens_wish_for() -> None:
    assert display_mode.parse(XRANDR) == "HDMI-1=1280x720 of 3840x2160,VGA-1=off of 1024x768"
    assert display_mode.parse("") is None


def test_kernel_errors_of_disks_are_counted_and_other_lines_are_not() -> None:
    lines = b'{"MESSAGE": "blk_update_request: I/O error, dev sda"}\n{"MESSAGE": [66]}\nno json\n{"MESSAGE": "hci0"}\n'
    assert kernel.count(lines) == 1


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"smart_status": {"passed": False}}, "FAILED"),
        ({"smart_status": {"passed": True}}, "ok"),
        ({"nvme_smart_health_information_log": {"percentage_used": 104}}, "percentage_used=104"),
        ({"ata_smart_attributes": {"table": [7, {"name": "Current_Pending_Sector", "raw": {"value": 99}}]}},
         "Current_Pending_Sector=99"),
        ({}, None), ([], None),
    ],
)  # fmt: skip
def test_smart_says_ok_or_what_is_wrong(said: object, wanted: str | None) -> None:
    assert smart.verdict(said) == wanted


def test_pages_in_the_towns_place_are_told_apart() -> None:
    assert line.who(302, "http://10.0.0.1/login", b"", "town.example") == "captive"
    assert line.who(511, "", b"", "town.example") == "captive"
    assert line.who(200, "", "<html>宽带已欠费，请缴费".encode("gb18030"), "town.example") == "unpaid"
    assert line.who(302, "https://town.example/", b"", "town.example") is None
    assert line.who(404, "", b'{"detail": "Not Found"}', "town.example") is None
    assert line.who(302, "http://[", b"", "town.example") is None


def test_line_that_was_down_is_no_poor_line() -> None:
    assert line.without_outage([0.1, None, 0.1, *[None] * 5]) == [0.1, None, 0.1]
    assert line.without_outage([0.1, None, None]) == [0.1, None, None]
    assert line.without_outage([None] * 9) == []


def test_power_is_unknown_where_the_machine_does_not_say(tmp_path: Path) -> None:
    nobody = ("127.0.0.1", 1)
    assert power.read_mains(tmp_path, nobody) == {"power.mains": None}
    assert power.read_voltage(tmp_path) == {"power.undervoltage": None}
    throttled = tmp_path / "devices/system/cpu/cpu0/thermal_throttle"
    throttled.mkdir(parents=True)
    watched = power.Throttling()
    (throttled / "core_throttle_count").write_text("4")
    assert watched.read(tmp_path) == {"cpu.throttled": None}
    (throttled / "core_throttle_count").write_text("5")
    assert [watched.read(tmp_path), watched.read(tmp_path)] == [{"cpu.throttled": True}, {"cpu.throttled": False}]
    supply = tmp_path / "class/power_supply/AC"
    supply.mkdir(parents=True)
    (supply / "type").write_text("Mains\n")
    (supply / "online").write_text("0\n")
    assert power.read_mains(tmp_path, nobody) == {"power.mains": "battery"}
