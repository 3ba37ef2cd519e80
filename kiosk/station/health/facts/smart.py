"""What the disks say of themselves (SMART): the reports that ``smartctl --json -a`` has left, as only root may ask."""

import json
import time
from pathlib import Path
from typing import Any

from kiosk.station.health.events import Fact

FOLDER = Path("/run/kiosk-smart")
OLD_S = 3 * 86_400
MOST_BYTES = 1_000_000
WORN_PERCENT = 100
BAD_SECTORS = ("Reallocated_Sector_Ct", "Current_Pending_Sector", "Offline_Uncorrectable")
MANY = 50
"""So many sectors of one of these kinds are more than wear."""


def read_smart(folder: Path = FOLDER) -> dict[str, Fact]:
    """``disk.smart``: ``ok``, or what the first failing disk says, in its own terms."""
    found: list[str] = []
    try:
        for path in sorted(folder.glob("*.json")):
            with path.open("rb") as file:
                fresh = time.time() - path.stat().st_mtime < OLD_S
                if fresh and (said := verdict(json.loads(file.read(MOST_BYTES)))) is not None:
                    found.append(said)
    except (OSError, ValueError, RecursionError):
        return {"disk.smart": None}
    return {"disk.smart": next((said for said in found if said != "ok"), found[0] if found else None)}


def verdict(report: Any) -> str | None:
    """``ok``, or what is wrong; None where the disk has no SMART (a stick, a virtual one)."""
    if not isinstance(report, dict):
        return None
    status = _in(report, "smart_status", "passed")
    if status is False:
        return "FAILED"
    worn, warning = (
        _in(report, "nvme_smart_health_information_log", name) for name in ("percentage_used", "critical_warning")
    )
    if isinstance(warning, int) and warning:
        return f"critical_warning={warning}"
    if isinstance(worn, int) and worn >= WORN_PERCENT:
        return f"percentage_used={worn}"
    table = _in(report, "ata_smart_attributes", "table")
    for row in table if isinstance(table, list) else []:
        value = _in(row, "raw", "value")
        if _in(row, "name") in BAD_SECTORS and isinstance(value, int) and value >= MANY:
            return f"{row['name']}={value}"
    return "ok" if status is True else None


def _in(tree: Any, *names: str) -> Any:
    for name in names:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree
