"""Devices that come and go: mocked by umockdev, seen by the real libudev, pyudev, probes and rules."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

STORIES = Path(__file__).parent / "udev_stories.py"


def story(name: str, folder: Path) -> dict[str, Any]:
    """Run a story where LD_PRELOAD redirects sysfs and udev's netlink; the rest of the suite is left alone."""
    done = subprocess.run(
        ["umockdev-wrapper", sys.executable, str(STORIES), name, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_screen_unplugged_and_plugged_is_one_fault_and_one_recovery(tmp_path: Path) -> None:
    found = story("screen", tmp_path)
    assert found["before"] == {"HDMI-A-1": "connected", "DP-1": "disconnected"}
    assert found["told"] == [["Raised", "screen-unplugged", "screen"], ["Cleared", "screen-unplugged", "screen"]]
    assert found["changes"] == [["drm", "change", "card0-HDMI-A-1"]] * 2


def test_a_usb_device_pulled_and_put_back_is_one_fault_and_one_recovery(tmp_path: Path) -> None:
    found = story("stick", tmp_path)
    assert found["before"] == ["046d:c31c", "1d6b:0002"]
    assert found["told"] == [["Raised", "usb-missing", "keypad"], ["Cleared", "usb-missing", "keypad"]]
    assert [change[:2] for change in found["changes"]] == [["usb", "remove"], ["usb", "add"]]


def test_changes_of_sound_disk_and_power_are_heard_and_others_are_not(tmp_path: Path) -> None:
    found = story("other_subsystems", tmp_path)
    assert [change[0] for change in found["changes"]] == ["sound", "block", "power_supply"]
    assert found["told"] == []


def test_a_remote_is_read_when_it_is_plugged_in_and_again_after_it_was_pulled_out(tmp_path: Path) -> None:
    found = story("remote", tmp_path)
    changed = "DeviceChanged"
    assert found["heard"] == [changed, changed, "up", changed, changed, changed, changed, "ok"]
    assert found["open"] == "Paper remote"


def test_a_machine_without_screen_and_usb_has_no_fault(tmp_path: Path) -> None:
    found = story("no_screen_at_all", tmp_path)
    assert found == {"told": [], "changes": [], "connectors": None, "usb": None}
