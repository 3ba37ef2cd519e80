"""The PC's power: undervoltage and throttling as the hardware tells them, and the UPS, as NUT's server tells it."""

import socket
from pathlib import Path

from kiosk.station.health.events import Fact

SYS = Path("/sys")
UPS_AT = ("127.0.0.1", 3493)
UPS_S = 2.0


class Throttling:
    """How often the processor was slowed down since the last look: the kernel counts from its start."""

    def __init__(self) -> None:
        self._before: int | None = None

    def read(self, root: Path = SYS) -> dict[str, Fact]:
        """``cpu.throttled``: whether it was, since the last look."""
        counts = root.glob("devices/system/cpu/cpu*/thermal_throttle/core_throttle_count")
        found = [count for path in counts if (count := _number(path)) is not None]
        flags = _flags(root)
        before, self._before = self._before, sum(found) if found else None
        if flags is not None:
            return {"cpu.throttled": bool(flags & 0b110)}
        return {"cpu.throttled": None if before is None or self._before is None else self._before > before}


def read_voltage(root: Path = SYS) -> dict[str, Fact]:
    """``power.undervoltage``: whether the PC's supply gives too little."""
    alarms = [_number(path) for path in sorted(root.glob("class/hwmon/hwmon*/in*_lcrit_alarm"))]
    told = [bool(alarm) for alarm in alarms if alarm is not None]
    if (flags := _flags(root)) is not None:
        told.append(bool(flags & 1))
    return {"power.undervoltage": any(told) if told else None}


def read_mains(root: Path = SYS, ups_at: tuple[str, int] = UPS_AT) -> dict[str, Fact]:
    """``power.mains``: ``on``, or ``battery`` where a UPS or a battery stands in for it."""
    if (status := _ups_status(ups_at)) is not None:
        return {"power.mains": "battery" if "OB" in status.split() else "on"}
    supplies = [path for path in root.glob("class/power_supply/*") if _text(path / "type") in ("Mains", "UPS")]
    online = [bool(value) for path in supplies if (value := _number(path / "online")) is not None]
    return {"power.mains": None if not online else "on" if any(online) else "battery"}


def _ups_status(at: tuple[str, int]) -> str | None:
    """``OL CHRG`` or the like of the first UPS; None where NUT does not run, or has lost its UPS."""
    try:
        with socket.create_connection(at, UPS_S) as line, line.makefile("rw", encoding="utf-8", newline="\n") as words:
            words.write("LIST UPS\n")
            words.flush()
            name = ""
            for said in iter(words.readline, ""):
                if said.startswith("UPS "):
                    name = name or said.split()[1]
                if said.startswith(("END", "ERR")):
                    break
            if not name:
                return None
            words.write(f"GET VAR {name} ups.status\n")
            words.flush()
            said = words.readline()
            return said.split('"')[1] if said.startswith("VAR ") else None
    except (OSError, ValueError, IndexError):
        return None


def _flags(root: Path) -> int | None:
    """What a Raspberry Pi's firmware says: bit 0 undervoltage, 1 and 2 slowed down, now."""
    text = _text(root / "devices/platform/soc/soc:firmware/get_throttled")
    try:
        return None if text is None else int(text, 16)
    except ValueError:
        return None


def _number(path: Path) -> int | None:
    try:
        return int(_text(path) or "")
    except ValueError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
