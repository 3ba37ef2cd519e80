"""A wall clock that is off, for one process: a few lines of C by ``LD_PRELOAD``; monotonic time stays what it is.

Time namespaces do not cover the wall clock, and Debian's libfaketime breaks Python's ``time.sleep``. Needs ``cc``. What
a process starts with another environment, as the daemon does its players, has the true clock.
"""

import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static time_t off(void) {
    const char *text = getenv("CHAOS_CLOCK_S");
    return text ? atol(text) : 0;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*true_one)(clockid_t, struct timespec *);
    if (!true_one) true_one = dlsym(RTLD_NEXT, "clock_gettime");
    int found = true_one(clock, now);
    if (!found && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += off();
    return found;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec found;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &found);
    now->tv_sec = found.tv_sec;
    now->tv_usec = found.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *now) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (now) *now = found.tv_sec;
    return found.tv_sec;
}
"""


def environment(folder: Path, seconds: int) -> dict[str, str]:
    """What to add to a process's environment, so that its wall clock is off by so many seconds."""
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("a clock that is off needs a C compiler: apt-get install gcc libc6-dev")
    source, library = folder / "fake_clock.c", folder / "fake_clock.so"
    source.write_text(SOURCE)
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "CHAOS_CLOCK_S": str(seconds)}
