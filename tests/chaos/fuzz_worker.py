"""A process that reads inputs with one parser, so that it can be killed and its memory is the parser's own.

``python tests/chaos/fuzz_worker.py MODULE PARSER``: on standard input the length of each input (4 bytes, the highest
first) and the input; on standard output a line of JSON for each.
"""

import json
import logging
import os
import resource
import sys
import time
import traceback
from pathlib import Path

from fuzz_parser import escaped, scratch
from fuzz_parsers import named

ADDRESS_SPACE = 1 << 30
"""What the process may map, in bytes: a parser that asks for more gets a MemoryError, not the whole machine."""


def peak_mb() -> float:
    """The most memory that this process has held, in MB of 2**20 bytes.

    Not getrusage's ``ru_maxrss``, which begins with what the process held that has started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a parser prints is no answer
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    parser = named(*sys.argv[1:3])
    with scratch() as folder:
        read = parser.reader(Path(folder))
        tell(answers, ready=True, peak_mb=peak_mb())
        while head := sys.stdin.buffer.read(4):
            data = sys.stdin.buffer.read(int.from_bytes(head, "big"))
            began = time.process_time()
            error = escaped(parser, read, data)
            seconds = time.process_time() - began
            trace = "".join(traceback.format_exception(error)[-12:])[-4000:] if error else ""
            tell(answers, trace=trace, seconds=seconds, peak_mb=peak_mb())


def tell(answers: object, **found: object) -> None:
    """One answer."""
    print(json.dumps(found), file=answers, flush=True)  # type: ignore[call-overload]


if __name__ == "__main__":
    main()
