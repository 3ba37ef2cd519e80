"""Confines this process and becomes a program of the system: ``FOLDER LARGEST FILES PROGRAM WORDS ...``.

FOLDER is the one that it may write (empty: none), LARGEST the largest file that it may write, in bytes, FILES what it
may read, as JSON. Where memory runs out, the kernel ends it before anybody else. It imports little, for it is started
for every tool that looks at a file.
"""

import contextlib
import json
import os
import resource
import sys
from pathlib import Path

from kiosk.common.sandbox import Reach, confine, is_too_weak

MEMORY_BYTES = 6 << 30
"""Address space of a confined program: a 4K film decoded in many threads maps about half of it."""
NICE = 10
"""By how much it stands back behind whoever serves the stations."""
STARTED = "kiosk confined: "
"""Begins the first line on standard error, which says what the kernel did not offer; without it nothing was started."""
NOT_CONFINED, NOT_STARTED = 125, 126
"""Exit codes: too little of the sandbox could be had; the program is not there."""


def main() -> None:
    """Confine this process and become the program."""
    folder, largest, files, program, *words = sys.argv[1:]
    size = int(largest)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_AS, MEMORY_BYTES),
    ):
        resource.setrlimit(limit, (value, value))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(NICE)
    os.umask(0o077)
    real = os.path.realpath(program)
    own = Path(folder) if folder else None
    trouble = confine(Reach(own, kept=own is not None, files=tuple(json.loads(files)), programs=(real,)))
    print(STARTED + trouble, file=sys.stderr, flush=True)  # noqa: T201
    if is_too_weak(trouble):
        sys.exit(NOT_CONFINED)
    with contextlib.suppress(OSError):
        os.execv(real, [program, *words])  # noqa: S606
    sys.exit(NOT_STARTED)


if __name__ == "__main__":
    main()
