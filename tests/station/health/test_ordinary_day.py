"""An ordinary day and night of a room, through the real probes on a bed of umockdev's: nobody is told anything."""

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[2] / "bench"
LIVE = """
import json, sys
sys.path.insert(0, {bench!r})
import faults
from fault_stories import STORIES
print(json.dumps(faults.live(next(one for one in STORIES if one.name == "24 hours of a normal week"), every_s=30)))
"""


def test_24_hours_of_a_normal_week_raise_no_fault() -> None:
    done = subprocess.run(
        ["umockdev-wrapper", sys.executable, "-c", LIVE.format(bench=str(BENCH))],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    lived = json.loads(done.stdout.splitlines()[-1])
    assert lived["told"] == []
