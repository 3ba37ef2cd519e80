"""How cuts sound: kiosk, cvlc and mpv play the same clips, what the loudspeaker is given is recorded.

``python tests/bench/sound.py [--cuts N] [--only SYSTEM ...] [--rewinds]``; the last line is JSON, every cut and every
programme goes to standard error. The clips (:mod:`voices`) come in blocks, the same for each system; which system plays
a block first changes from block to block.

- ``silence_ms``: both programmes are 20 dB under their level.
- ``old_after_new``: cuts at which the old programme is heard, down to 40 dB under its level, more than 1 ms after the
  first sample of the new one.
- ``level_difference_lu``: from the softest to the loudest programme as heard; the files are 28 dB apart.
- ``av_offset_ms``: from a picture on the screen to its sound, without what the file itself is off.
- ``click_db``: the loudest 5 ms of what sounds above 5 kHz within 30 ms of a cut, against the louder programme. A tone
  that is cut off hard has -20 to -45, one that fades for 10 ms has -75.
"""

import argparse
import array
import contextlib
import json
import math
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

import formats
from blocks import SYSTEMS, Block, Run, Watcher, by_kiosk, by_peer, in_turn
from formats import Format
from hearing import Tape, beeps, find
from house import House
from judge_sound import Cut, Part, figures, judge, loudness, offsets
from loudspeaker import loudspeaker
from peers import missing
from recorder import RATE, SIDES, recording
from room import XServer, say
from voices import VOICES, voice

SEED = 3
CLIPS = 11
"""In a block, at most."""


@dataclass
class Found:
    """What was found of one system. Of each programme, by its name: offsets in ms, LUFS."""

    cuts: list[Cut] = field(default_factory=list)
    offsets: dict[str, list[float]] = field(default_factory=dict)
    lufs: dict[str, list[float]] = field(default_factory=dict)

    def figures(self) -> dict[str, float | None]:
        """As the JSON names them."""
        together = [one for some in self.offsets.values() for one in some]
        return figures(self.cuts, together, {name: fmean(some) for name, some in self.lufs.items()})


def main() -> None:
    """Run the bench."""
    options = _options()
    if lacking := missing(options.only):
        sys.exit(f"not installed: {', '.join(lacking)}; apt-get install vlc-bin mpv util-linux pulseaudio")
    lags = {one.name: lag(one) for one in VOICES}
    for name, some in lags.items():
        if max(map(abs, some)) > 1:
            say(f"{name}: by the file itself its sound comes {fmean(some):.1f} ms after its picture")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-sound-")))
        folder.chmod(0o755)  # cvlc runs as nobody
        stack.enter_context(loudspeaker(folder, options.rewinds))
        screen = XServer()
        stack.callback(screen.kill)
        house = House(folder, screen.name, VOICES)
        stack.enter_context(house.open(datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)))
        watcher = Watcher(screen.name, folder / "sightings")
        found = {system: Found() for system in options.only}
        for system, _, block in in_turn(order(options.cuts), options.only):
            file = folder / "recording"
            with recording(file) as recorded:
                if system == "kiosk":
                    run = by_kiosk(house, watcher, block)
                else:
                    run = by_peer(system, house, watcher, block, folder)
            take(found[system], run, block, recorded.tape(), moments(file), lags)
            say(f"  {json.dumps(found[system].figures())}")
    for system, one in found.items():
        say(table(system, one))
    print(json.dumps({system: one.figures() for system, one in found.items()}))


def order(cuts: int) -> list[tuple[Format, ...]]:
    """Blocks with at least so many cuts in all. The sides take turns, within a block every clip is another one."""
    chance = random.Random(SEED)
    sides = [[one for one in VOICES if voice(one).side == side] for side in (0, 1)]
    number = math.ceil(cuts / (CLIPS - 1))
    size = math.ceil(cuts / number) + 1
    blocks = []
    for place in range(number):
        here, there = sides[place % 2], sides[1 - place % 2]
        pairs = zip(chance.sample(here, -(-size // 2)), chance.sample(there, -(-size // 2)), strict=True)
        blocks.append(tuple(one for pair in pairs for one in pair)[:size])
    return blocks


def take(
    found: Found,
    run: Run,
    block: Block,
    tape: Tape,
    loud: Sequence[tuple[float, float]],
    lags: dict[str, tuple[float, ...]],
) -> None:
    """Judge what was recorded of a block."""
    plan = [
        Part(one.name, one.number, one.duration_ms, voice(clip), lags[one.name])
        for one, clip in zip(run.signed, block, strict=True)
    ]
    heard = [find(tape, part.voice) for part in plan]
    found.cuts += judge(tape, run.seen, plan, heard, run.start)
    for part, here in zip(plan, heard, strict=True):
        if here is None:
            say(f"  {part.name} was never heard")
            continue
        found.offsets.setdefault(part.name, []).extend(offsets(tape, run.seen, part, here))
        lufs = loudness([(tape.instant(round(at * RATE)), lufs) for at, lufs in loud], here)
        found.lufs.setdefault(part.name, []).extend([] if lufs is None else [lufs])


def lag(one: Format) -> tuple[float, ...]:
    """By how many ms each beep comes after its picture in the file, by ffmpeg and by the times in it."""
    file = formats.make(one)
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(file), "-map", "0:a:0", *_raw(), "-"]
    samples = array.array("f", subprocess.run(command, check=True, capture_output=True).stdout)
    begins = _first_time(file, "a") - (_first_time(file, "v") if one.has_picture else 0.0)
    tape = Tape((samples[::SIDES], samples[1::SIDES]), begins, RATE)
    mine = voice(one)
    heard = find(tape, mine)
    sounded = list(beeps(tape, mine, heard)) if heard else []
    if len(sounded) != len(mine.beeps):
        sys.exit(f"{file}: {len(sounded)} of its {len(mine.beeps)} beeps are found")
    return tuple((at - float(beep / one.rate)) * 1000 for at, beep in zip(sounded, mine.beeps, strict=True))


def _raw() -> list[str]:
    return ["-f", "f32le", "-ac", str(SIDES), "-ar", str(RATE)]


def _first_time(file: Path, kind: str) -> float:
    """When the first picture or sound of a file is due, in seconds."""
    command = ["ffprobe", "-v", "error", "-select_streams", f"{kind}:0", "-read_intervals", "%+#5"]
    command += ["-show_entries", "frame=pts_time", "-of", "csv=p=0", str(file)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(said[0].strip(","))


def moments(recording: Path) -> list[tuple[float, float]]:
    """The momentary loudness (EBU R 128: of 400 ms) ten times a second: seconds from the start to its end, LUFS."""
    command = ["ffmpeg", "-v", "error", "-nostdin", *_raw(), "-i", str(recording)]
    command += ["-af", "ebur128=metadata=1,ametadata=print:key=lavfi.r128.M:file=-", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.findall(r"pts_time:([0-9.]+)\nlavfi\.r128\.M=(-?[0-9.]+)", said)
    return [(float(at) + 0.1, float(lufs)) for at, lufs in found]


def table(title: str, found: Found) -> str:
    """The cuts, the worst first, and the programmes. Milliseconds, dB and LUFS."""
    lines = [f"{title}: {len(found.cuts)} cuts; sound late, sound and old sound's end after the new picture; click"]
    lines.append(f"{'old':>22} > {'new':<22} silence overlap    late   after    tail   click  calm")
    for cut in sorted(found.cuts, key=lambda cut: cut.silence_ms + (cut.overlap_ms or 0.0), reverse=True):
        numbers = [cut.silence_ms, cut.overlap_ms, cut.late_ms, cut.start_ms, cut.tail_ms, cut.click_db, cut.calm_db]
        lines.append(" ".join([f"{cut.old:>22} > {cut.new:<22}", *map(_number, numbers)]))
    lines.append(f"{'programme':>22}   LUFS  sound after picture")
    for name, lufs in sorted(found.lufs.items(), key=lambda item: item[1]):
        some = found.offsets.get(name, [])
        span = f"{min(some):.1f} to {max(some):.1f}" if some else ""
        lines.append(f"{name:>22} {fmean(lufs) if lufs else math.nan:6.1f}  {span}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return f"{'' if value is None else f'{value:.1f}':>7}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cuts", type=int, default=40, help="cuts between clips, at least (40)")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), help="leave the others out")
    parser.add_argument("--rewinds", action="store_true", help="a loudspeaker that takes 2 s at a time, and gives back")
    return parser.parse_args()


if __name__ == "__main__":
    main()
