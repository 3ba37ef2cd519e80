"""How soon the right picture is back, at the right position, after a child, the daemon or the X server was lost.

``python tests/bench/recovery.py [--runs N] [--only KIND]`` plays a loop of clips with the real daemon and takes away: a
child by SIGKILL, a child by SIGSTOP (it hangs), the daemon by SIGKILL (started again after its unit's ``RestartSec``),
the X server by SIGKILL (started again after a second). The sampler alone judges: back is the first sample of the right
programme within a second of where the wall clock says it is, after the last sample that was not. Last line: JSON.
"""

import argparse
import json
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from judge_recovery import Loop, back
from room import Item, Room, Stretch, fetched, media_folder, room, say, sign_week, wait_for, wall_less_monotonic
from room import whole_second as soon

from kiosk.demo.sampler import Sighting
from kiosk.demo.testcard import Clip, make

SECONDS = 30
NUMBERS = (21, 22, 23)
STEADY = 3.0
"""Seconds for which the screen must be right before a trial, and after it to believe that it is over."""
GIVE_UP = 40.0
"""A trial that is not over by then, in seconds, counts as so long."""
X_AWAY = 1.0
FROM, UNTIL = 3.0, 18.0
"""Trials begin between these seconds of a programme, so that they end before it does."""
PER_PLAY = 2
"""Children of one play that may be lost: the third one would be the last of its attempts."""


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="trials of each kind (20)")
    parser.add_argument("--only", choices=KINDS, action="append", help="this kind alone; may be given again")
    options = parser.parse_args()
    random.seed(1)
    clips = [make(Clip(number, f"{number}.mp4", f"{number}", SECONDS), media_folder("recovery")) for number in NUMBERS]
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="kiosk-recovery-") as name:
        folder = Path(name)
        start = soon(15)
        items = [Item(clip.stem, clip, SECONDS * 1000) for clip in clips]
        playlist = sign_week(folder / "town", items, [Stretch(start, 6 * 3600, tuple(i.id for i in items), "loop")])
        with room(folder) as place:
            wait_for(lambda: fetched(place, playlist), 60, "fetching")
            loop = Loop(start.timestamp() - wall_less_monotonic(), NUMBERS, SECONDS)
            for kind in options.only or KINDS:
                times = [trial(place, loop, kind) for _ in range(options.runs)]
                figures[kind] = {"median_s": round(statistics.median(times), 2), "max_s": round(max(times), 2)}
                say(f"{kind}: {figures[kind]}")
    print(json.dumps({**figures, "runs": options.runs}))


def trial(place: Room, loop: Loop, kind: str) -> float:
    """Take something away; how many seconds the room was without the right picture."""
    wait_until_fit(place, loop, kind)
    began = time.monotonic()
    KINDS[kind](place)
    while time.monotonic() - began < GIVE_UP:
        time.sleep(0.1)
        if (at := back_at(place, loop, began)) is not None:
            say(f"{kind}: {at - began:.2f} s")
            return at - began
    say(f"{kind}: not back; seen last: {place.eyes.seen[-5:]}")
    say(place.station.log.read_text()[-2000:])
    return GIVE_UP


def back_at(place: Room, loop: Loop, began: float) -> float | None:
    """When the right picture was back; None as long as that may still change."""
    seen = place.eyes.since(began)
    found = back(loop, seen)
    return found if found is not None and time.monotonic() - found > STEADY and still_right(seen, loop) else None


def still_right(seen: list[Sighting], loop: Loop) -> bool:
    """Whether the newest sample, a moment old at most, is right."""
    return bool(seen) and loop.right(seen[-1]) and time.monotonic() - seen[-1].monotonic < 0.3


def wait_until_fit(place: Room, loop: Loop, kind: str) -> None:
    """Wait until the picture has been right for a while, and the programme has enough of itself left."""
    child_kind = kind.startswith("child")
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        time.sleep(0.05 + random.random() / 5)
        now = time.monotonic()
        seen = place.eyes.between(now - STEADY, now)
        steady = bool(seen) and all(map(loop.right, seen[1:])) and still_right(seen, loop)
        turn = loop.turn(now)
        spent = child_kind and _lost.count(turn) >= PER_PLAY
        if steady and FROM <= loop.position(now) <= UNTIL and not spent:
            if child_kind:
                _lost.append(turn)
            return
    sys.exit(f"{kind}: the screen does not come to rest; {place.station.log.read_text()[-2000:]}")


_lost: list[int] = []
"""The showings in which a child was taken away."""


def _signal_child(place: Room, number: int) -> None:
    children = place.station.children()
    assert children, "no child is there, though its picture is"
    children[0].send_signal(number)


def child_killed(place: Room) -> None:
    """The child on air crashes."""
    _signal_child(place, signal.SIGKILL)


def child_hung(place: Room) -> None:
    """The child on air hangs."""
    _signal_child(place, signal.SIGSTOP)


def daemon_killed(place: Room) -> None:
    """The daemon crashes; it is kept up by :class:`room.Station`."""
    place.station.proc.send_signal(signal.SIGKILL)


def x_killed(place: Room) -> None:
    """The X server crashes, and its unit starts it anew."""
    place.x.kill()
    place.eyes.close()
    time.sleep(X_AWAY)
    place.x.start()
    place.eyes.open()


KINDS = {kind.__name__: kind for kind in (child_killed, child_hung, daemon_killed, x_killed)}

if __name__ == "__main__":
    main()
