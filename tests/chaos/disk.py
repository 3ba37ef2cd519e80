"""What becomes of the station when its disk fills up, goes read-only, or loses or garbles what lay on it.

``python tests/chaos/disk.py [--only NAME ...] [--keep DIR]`` (as root: it mounts a small disk) runs the real daemon
with a real town and a real screen through every case of :mod:`disk_cases`, one after the other, in one and the same
life. Each must end as *started* (the right picture at its place, and plays delivered), or as *told*: ended with 75 or
78 and a line that says what to do, and started once that is done. Else it is *silent*. The judge has the sampler's
trace, the town's database and the receipts as they went over the line, none of which the station can touch. Last line:
JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from disk_cases import CASES, Case
from disk_room import TELLS, Place, place
from judge_disk import judge
from room import say, wait_for, wall_less_monotonic

from kiosk.demo.judge import showings

UP_S = 60.0
"""Within so many seconds a station that can start has the right picture, and one that cannot has said so."""
DELIVERED_S = 60.0
GONE_S = 1.0
"""So long after the station was killed its last picture may still be there."""


def main() -> None:
    """Run the cases."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", help="cases whose name has this in it; may be given again")
    parser.add_argument("--keep", type=Path, help="a folder for what is left, to look at")
    options = parser.parse_args()
    cases = [case for case in CASES if not options.only or any(word in case.name for word in options.only)]
    if not cases:
        sys.exit("no case has such a name; these there are: " + ", ".join(case.name for case in CASES))
    with tempfile.TemporaryDirectory(prefix="kiosk-disk-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        with place(folder) as room:
            wait_for(room.is_right, 120, "the first picture")
            ends = {case.name: trial(room, case) for case in cases}
            time.sleep(2)
            figures = verdict(room)
    counted = Counter(ends.values())
    for name, end in ends.items():
        if end == "silent":
            say(f"SILENT: {name}")
    numbers = {"cases": len(cases), **{word: counted[word] for word in ("started", "told", "silent")}}
    print(json.dumps({**numbers, **figures}))


def trial(room: Place, case: Case) -> str:
    """One case: ``started``, ``told`` or ``silent``."""
    began = time.monotonic()
    if not wait(room.is_right, UP_S):
        say(f"{case.name}: the room was not at rest before it; {room.keeper.codes}")
    if case.running:
        case.damage(room)
        time.sleep(case.hold_s)
    else:
        room.keeper.end()
        case.damage(room)
        room.keeper.start()
    found = end_of(room, case)
    if found == "told":
        found = "told" if case.mend and mended(room, case) else "silent"
    elif case.mend and case.restart:
        found = found if mended(room, case) else "silent"
    elif case.mend:
        case.mend(room)
    if found != "silent":
        since = round(time.time() * 1000)
        if not wait(lambda: room.delivers(since), DELIVERED_S):
            say(f"{case.name}: nothing is delivered afterwards")
            found = "silent"
    say(f"{case.name}: {found} in {time.monotonic() - began:.0f} s {room.keeper.codes or ''}")
    return found


def end_of(room: Place, case: Case) -> str:
    """What the room comes to with the damage still there."""
    began = time.monotonic()
    while time.monotonic() < began + UP_S:
        if room.is_right(began + GONE_S):
            return "started"
        if room.keeper.codes and room.keeper.codes[-1] in TELLS:
            said = room.keeper.said()
            say(f"{case.name}: {said}")
            return "told" if said else "silent"
        time.sleep(0.1)
    say(f"{case.name}: neither a picture nor a word; {room.keeper.codes}, {room.eyes.seen[-2:]}")
    return "silent"


def mended(room: Place, case: Case) -> bool:
    """Do what the station asks for, and start it again."""
    assert case.mend
    room.keeper.end()
    case.mend(room)
    room.keeper.start()
    began = time.monotonic()
    return wait(lambda: room.is_right(began + GONE_S), UP_S)


def wait(truth: object, seconds: float) -> bool:
    """Whether it comes true in time."""
    assert callable(truth)
    deadline = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def verdict(room: Place) -> dict[str, object]:
    """Hold the town's rows against the screen and the receipts."""
    room.keeper.end()  # what it has not delivered by now is on its disk, and no case's matter
    until = round(time.time() * 1000) - 20_000
    seen = showings(list(room.eyes.seen), wall_less_monotonic() * 1000)
    programmes = {int(item.id): item.id for item in room.items}
    found = judge(seen, room.rows(), programmes, set(room.line.acknowledged), room.stored(), until)
    for note in found.notes:
        say(note)
    figures = {name: value for name, value in asdict(found).items() if name != "notes"}
    return {**figures, "refused": len(room.line.refused), "forks": room.forks(), "epochs": room.epochs()}


if __name__ == "__main__":
    main()
