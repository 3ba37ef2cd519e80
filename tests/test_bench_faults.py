"""The bench of faults, on a few of its stories: what it calls right is right, and it can find fault."""

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parent / "bench"
sys.path.insert(0, str(BENCH))

import faults  # noqa: E402


class Told:
    name, told, began_s, limit_s, mended = "x", ("+a", "-a"), 100.0, 70.0, False


def test_stories_of_a_sink_and_of_flapping_are_right() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / "faults.py"), "muted"], capture_output=True, text=True, timeout=60
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, figures["stories"], figures["right"], figures["mended"]) == (0, 2, 2, 1), done.stdout


def test_bench_tells_what_was_missed_too_late_or_false() -> None:
    assert faults.judged(Told, {"told": [[160, "+a"], [300, "-a"]], "helped": 0}) == ([], [], 60.0)
    assert faults.judged(Told, {"told": [[160, "+a"], [161, "+a"]], "helped": 0}) == (["-a"], ["+a"], 60.0)
    assert faults.judged(Told, {"told": [[190, "+a"], [300, "-a"]], "helped": 0})[0] == ["+a within 70 s"]
