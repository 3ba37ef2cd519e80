"""Whatever comes from outside, its parser reads it or raises the one error that it documents, soon, in little memory.

``python tests/chaos/fuzz.py [--inputs N] [--number N] [--only TEXT] [--save FOLDER] [--table]`` gives every parser of
``fuzz_parsers.py`` its share of N inputs (100,000), each in a process of its own: sound ones bent, spliced and swollen,
noise, JSON of 4 MB that takes all it can; and sound documents of any content, which must be read back byte for byte.
An input **hangs** if it takes more than 2 s of processor time, or 20 s by the clock: it is killed. ``escaped`` counts
the inputs for which something else was raised, or after which the process had held more than 100 MB, ``peak_mb`` is the
most that one has held, with the interpreter and all that it had loaded. Each such input is saved, with what was raised.
Ends with 1 if there was any. Last line: JSON.
"""

import argparse
import hashlib
import itertools
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fuzz_documents
import psutil
from fuzz_inputs import bent, monsters
from fuzz_parser import Parser
from fuzz_parsers import everything

HANG_CPU_S, HANG_S = 2.0, 20.0
"""Of processor time and by the clock: on a machine that does other things too, only both together tell a hang."""
MOST_MB = 100.0
ROUND_TRIPS = 0.1
"""The share of the inputs that are sound documents, to be read back."""
BATCH = 250
"""Sound documents made at a time."""


class Hung(Exception):
    """The worker did not answer in time, or ended; it is gone."""


class Worker:
    """The process that reads with one parser."""

    def __init__(self, module: str, parser: Parser) -> None:
        program = Path(__file__).with_name("fuzz_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program), module, parser.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._answers = b""
        self._spent = psutil.Process(self._process.pid)
        self.ready_mb = float(self._answer(first=True)["peak_mb"])

    def read(self, data: bytes) -> dict[str, Any]:
        """What became of one input. Raises :class:`Hung`."""
        assert self._process.stdin
        try:
            self._process.stdin.write(len(data).to_bytes(4, "big") + data)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Hung(f"ended with {self._process.wait()}") from None
        return self._answer()

    def _answer(self, first: bool = False) -> dict[str, Any]:
        assert self._process.stdout
        began, busy = time.monotonic(), self._busy()
        while b"\n" not in self._answers:
            if select.select([self._process.stdout], [], [], 0.2)[0]:
                piece = os.read(self._process.stdout.fileno(), 65536)
                if not piece:
                    raise Hung(f"ended with {self._process.wait()}")
                self._answers += piece
            elif not first and (self._busy() - busy > HANG_CPU_S or time.monotonic() - began > HANG_S):
                self.end()
                raise Hung("hangs")
        line, _, self._answers = self._answers.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def _busy(self) -> float:
        try:
            times = self._spent.cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


@dataclass
class Tally:
    """What was found so far."""

    save: Path
    inputs: int = 0
    escaped: int = 0
    hangs: int = 0
    peak_mb: float = 0.0
    slowest_s: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)

    def keep(self, parser: Parser, data: bytes, what: str) -> None:
        """Save an input, and say so once for each kind of trouble."""
        kind = f"{parser.name}: {what.strip().splitlines()[-1][:150] if what.strip() else what}"
        self.kinds[kind] += 1
        if self.kinds[kind] > 3:
            return
        name = f"{parser.name.replace(' ', '-')}-{hashlib.sha256(data).hexdigest()[:12]}".replace("'", "")
        self.save.mkdir(parents=True, exist_ok=True)
        (self.save / f"{name}.input").write_bytes(data)
        (self.save / f"{name}.txt").write_text(what, encoding="utf-8")
        print(f"{kind}\n  saved as {self.save / name}.input", file=sys.stderr)


def inputs(parser: Parser, count: int, number: int) -> Iterator[bytes]:
    """The ``count`` inputs of a parser."""
    if parser.document:
        for batch in range(0, count, BATCH):
            yield from fuzz_documents.made(parser.document, min(BATCH, count - batch), number + batch)
        return
    seeds = list(parser.seeds())
    if parser.name in fuzz_documents.DOCUMENTS:
        seeds += fuzz_documents.made(parser.name, 50, number)
    sound = itertools.chain(seeds, monsters(parser.monsters) if parser.monsters else ())
    yield from itertools.islice(
        itertools.chain(sound, (bent(seeds, parser.words, number + n) for n in range(count))), count
    )


def fuzz(module: str, parser: Parser, count: int, number: int, tally: Tally) -> None:
    """Give a parser its inputs."""
    began, worker = time.monotonic(), Worker(module, parser)
    peak = worker.ready_mb
    before = tally.escaped + tally.hangs
    for data in inputs(parser, count, number):
        tally.inputs += 1
        try:
            found = worker.read(data)
        except Hung as error:
            tally.hangs += 1
            tally.keep(parser, data, str(error))
            worker = Worker(module, parser)
            continue
        peak, tally.slowest_s = max(peak, found["peak_mb"]), max(tally.slowest_s, found["seconds"])
        if found["trace"]:
            tally.escaped += 1
            tally.keep(parser, data, found["trace"])
        if found["seconds"] > HANG_CPU_S:
            tally.hangs += 1
            tally.keep(parser, data, f"took {found['seconds']:.1f} s")
        if found["peak_mb"] > MOST_MB:
            tally.escaped += 1
            tally.keep(parser, data, f"held {found['peak_mb']:.0f} MB")
            worker.end()
            worker = Worker(module, parser)
    worker.end()
    tally.peak_mb = max(tally.peak_mb, peak)
    bad = tally.escaped + tally.hangs - before
    print(
        f"{parser.name:28} {count:6} inputs, {bad} bad, {peak:5.1f} MB ({worker.ready_mb:.1f} before the first), "
        f"{time.monotonic() - began:.0f} s",
        file=sys.stderr,
        flush=True,
    )


def shares(parsers: list[Parser], count: int) -> list[int]:
    """How many inputs each parser gets, ``count`` in all."""
    back = sum(bool(parser.document) for parser in parsers)
    bend = len(parsers) - back
    weights = [ROUND_TRIPS / back if parser.document else (1 - ROUND_TRIPS * bool(back)) / bend for parser in parsers]
    edges = [round(count * edge / sum(weights)) for edge in itertools.accumulate(weights, initial=0.0)]
    return [later - earlier for earlier, later in itertools.pairwise(edges)]


def main() -> None:
    """Run."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--inputs", type=int, default=100_000, help="how many, over all parsers (100000)")
    options.add_argument("--number", type=int, default=0, help="where to begin counting: other inputs (0)")
    options.add_argument("--only", default="", help="only parsers whose name holds this")
    options.add_argument("--table", action="store_true", help="print each parser with its error, and do nothing")
    options.add_argument("--save", type=Path, help="folder for the inputs that are bad (a temporary one)")
    given = options.parse_args()
    if given.table:
        for _, parser in everything():
            print(f"{parser.name:28} {', '.join(error.__name__ for error in parser.errors) or '(raises nothing)'}")
        return
    tally = Tally(given.save or Path(tempfile.mkdtemp(prefix="fuzz-")))
    began = time.monotonic()
    chosen = [(module, parser) for module, parser in everything() if given.only in parser.name]
    for (module, parser), count in zip(chosen, shares([one for _, one in chosen], given.inputs), strict=True):
        fuzz(module, parser, count, given.number, tally)
    found = {
        "inputs": tally.inputs, "parsers": len(chosen), "escaped": tally.escaped, "hangs": tally.hangs,
        "peak_mb": round(tally.peak_mb, 1), "seconds": round(time.monotonic() - began, 1),
        "slowest_s": round(tally.slowest_s, 2),
    }  # fmt: skip
    print(json.dumps(found))
    sys.exit(bool(tally.escaped or tally.hangs))


if __name__ == "__main__":
    main()
