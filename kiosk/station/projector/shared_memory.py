"""Shared memory that a player has left behind: System V segments outlive the process that made them."""

import ctypes
from pathlib import Path

SEGMENTS = Path("/proc/sysvipc/shm")
IPC_RMID = 0


def remove_segments(pid: int) -> None:
    """Remove the segments that process ``pid``, which has ended, has made. Whoever is attached to one keeps it."""
    libc = ctypes.CDLL(None)
    try:
        rows = [line.split() for line in SEGMENTS.read_text(encoding="ascii").splitlines()]
    except OSError:  # no such table: in a container, or a kernel without System V memory
        return
    if not rows:
        return
    segment, creator = rows[0].index("shmid"), rows[0].index("cpid")
    for row in rows[1:]:
        if row[creator] == str(pid):
            libc.shmctl(int(row[segment]), IPC_RMID, None)
