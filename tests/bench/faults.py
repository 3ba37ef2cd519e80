"""Device stories through the real probes, checks, rules and remedies: is each fault told once, soon, and nothing else?

Run: ``python tests/bench/faults.py [WORD]``; WORD picks stories by their names. Time is simulated: the rules and the
remedies take it. Events are real uevents through umockdev. CEC and RTC are not in it; see ``fault_world.py`` for what
is recorded. The last line is JSON.
"""

import json
import logging
import os
import random
import statistics
import sys
import tempfile
import traceback
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parent / "station" / "health")]

EVERY_S, LONG_S, LONG_EVERY_S = 10.0, 25 * 3600.0, 60.0
"""As ``[health] probe_s`` is by default; stories of more than 25 hours are looked at once a minute."""


def run(one: "Story", folder: Path, every_s: float) -> dict[str, object]:  # noqa: F821
    """Live through a story. Returns what was told, when, and what the remedies did."""
    import msgspec
    from fault_world import START_S, World

    from kiosk.contract.station import Equipment, Thresholds
    from kiosk.station.health.evidence import sound_sink
    from kiosk.station.health.observation import Observation
    from kiosk.station.health.repairs.remedy import Tries, consider
    from kiosk.station.health.repairs.repairs import APPLY, REMEDIES
    from kiosk.station.health.rules import Raised, RuleState, found, judge, next_due_ms

    world, state, tries = World(folder), RuleState(), Tries()
    world.open, host = one.open_hours, world.host()
    register = (
        Equipment(id="tv", kind="screen", name="电视", connector="HDMI-A-1"),
        Equipment(id="keypad", kind="usb", name="小键盘", usb="046d:c31c"),
    )
    chance = random.Random(zlib.crc32(one.name.encode()))
    now_s, steps = chance.uniform(0, every_s), sorted(one.steps, key=lambda step: step[0])
    told: list[tuple[float, str]] = []
    helped = 0
    while now_s <= one.end_s:
        world.now_s = now_s
        while steps and steps[0][0] <= now_s:
            steps.pop(0)[1](world)
        world.look_soon = False
        now = datetime.fromtimestamp(START_S, UTC) + timedelta(seconds=now_s)
        facts = world.read()
        seen = Observation(**{
            "modes": state.modes, "sound": sound_sink(facts), **world.observed, "facts": facts,
        })  # fmt: skip
        findings = found(state, seen, Thresholds(), register, now, world.open)
        state, news = judge(state, seen, Thresholds(), register, now, world.open)
        state = msgspec.json.decode(msgspec.json.encode(state), type=RuleState)  # as over a restart
        told += [(now_s, ("+" if isinstance(each, Raised) else "-") + each.problem.cause) for each in news]
        tries, due, ended = consider(tries, findings, REMEDIES, round(now.timestamp() * 1000))
        helped += sum(each.helped is True for each in ended)
        for remedy, finding in due:
            APPLY[remedy.name](host, finding)
        world.root()
        waits = [now_s + every_s]
        if due or world.look_soon:
            waits.append(now_s + 0.5)
        if (due_ms := next_due_ms(state)) is not None:
            waits.append(max(now_s + 0.1, due_ms / 1000 - START_S))
        coming = min(waits)
        if steps and steps[0][0] < coming:
            # A step that is heard of is looked at then; another one only at the next look.
            world.now_s = steps[0][0]
            world.look_soon = False
            at, act = steps.pop(0)
            act(world)
            coming = at + 0.05 if world.look_soon else coming
        now_s = coming
    world.devices.stop()
    return {"told": told, "helped": helped}


def live(one: "Story", every_s: float = 0) -> dict[str, object]:  # noqa: F821
    """Live through a story in a process of its own, with a look every ``every_s`` seconds."""
    every_s = every_s or (EVERY_S if one.end_s < LONG_S else LONG_EVERY_S)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            with tempfile.TemporaryDirectory() as folder:
                found = run(one, Path(folder), every_s)
            with os.fdopen(writer, "w") as answer:
                json.dump(found, answer)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"told": [[0.0, "the story broke off"]], "helped": 0}


def judged(one: "Story", lived: dict[str, object]) -> tuple[list[str], list[str], float | None]:  # noqa: F821
    """What was missed, what was told that should not be, and seconds to the first fault."""
    told = [(float(at), str(what)) for at, what in lived["told"]]  # type: ignore[union-attr]
    missing, extra = list(one.told), []
    for _, what in told:
        if what in missing:
            missing.remove(what)
        else:
            extra.append(what)
    first = next((at for at, what in told if what.startswith("+") and what in one.told), None)
    seconds = None if first is None else first - one.began_s
    if seconds is not None and seconds > one.limit_s:
        missing.append(f"{one.told[0]} within {one.limit_s:.0f} s")
    if one.mended and not lived["helped"]:
        missing.append("mended")
    return missing, extra, seconds


def main(word: str = "") -> int:
    """Run the stories; the last line is JSON. Returns 1 where one went wrong."""
    from fault_stories import AT_ONCE, STORIES

    chosen = [one for one in STORIES if word in one.name]
    missed = alarms = right = mended = 0
    waits = []
    for one in chosen:
        lived = live(one)
        missing, extra, seconds = judged(one, lived)
        missed, alarms = missed + len(missing), alarms + len(extra)
        right += not missing and not extra
        mended += one.mended and not missing
        if seconds is not None and one.limit_s == AT_ONCE:
            waits.append(seconds)
        shown = "" if seconds is None else f" after {seconds:.1f} s"
        wrong = "".join([f"  missed: {missing}" if missing else "", f"  false: {extra}" if extra else ""])
        print(f"{'right' if not wrong else 'WRONG'}  {one.name}: {' '.join(one.told) or 'nothing'}{shown}{wrong}")
        if wrong:
            print(f"       {lived['told']}")
    p95 = statistics.quantiles(waits, n=20)[-1] if len(waits) > 1 else max(waits, default=0.0)
    figures = {"stories": len(chosen), "right": right, "false_alarms": alarms, "missed": missed, "mended": mended}
    print(json.dumps(figures | {"seconds_to_fault_p95": round(p95, 1)}))
    return 0 if right == len(chosen) else 1


if __name__ == "__main__":
    if "umockdev" not in os.environ.get("LD_PRELOAD", ""):
        os.execvp("umockdev-wrapper", ["umockdev-wrapper", sys.executable, *sys.argv])  # noqa: S606, S607
    logging.disable()
    sys.exit(main(*sys.argv[1:2]))
