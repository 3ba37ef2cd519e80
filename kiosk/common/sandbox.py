"""Shuts a child off: no network, and nothing to write to but a folder of its own. Linux only; no privilege needed.

A file that makes libVLC misbehave reaches the X server and the sound server, by sockets that have a path, and no more.
"""

import ctypes
import os
import select
import signal
import struct
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_VERSION, RULE_PATH_BENEATH = 1, 1
WRITE_FILE = 1 << 1
CHANGES = sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12))
"""Landlock's rights to write, remove and make; since ABI 2 also to move, since ABI 3 to truncate."""
REFER, TRUNCATE = 1 << 13, 1 << 14
DEVICES = "/dev"
"""Graphics, sound, shared memory and /dev/null are written to as files."""

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Be killed when the daemon ends, however it ends. Standard input is the pipe that it writes its orders to.

    One that ended while this process was on its way here sends no signal: but nobody holds its end of the pipe.
    """
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    orders = select.poll()
    orders.register(0, 0)  # hang-up alone, which is told whether orders are left to read or not
    if any(event & select.POLLHUP for _, event in orders.poll(0)):
        os._exit(0)


def confine(folder: Path) -> str:
    """Shut this process off for good, before it has a second thread. Returns what could not be done; empty if all was.

    What a kernel does not offer is no reason not to play: it is said, and the parent writes it down.
    """
    troubles = [_no_network(), _no_writing(folder)]
    die_with_parent()  # a change of credentials has made the kernel forget it
    return "; ".join(trouble for trouble in troubles if trouble)


def _no_network() -> str:
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNET if uid == 0 else CLONE_NEWUSER | CLONE_NEWNET
    if _libc.unshare(flags):
        return f"no network namespace ({os.strerror(ctypes.get_errno())})"
    if uid == 0:
        return ""
    try:  # the same user inside as outside: the X and sound servers know it by that
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    except OSError as error:
        return f"no user of its own name in the namespace ({error.strerror})"
    return ""


def _no_writing(folder: Path) -> str:
    abi = _libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if abi < 1:
        return f"no Landlock ({os.strerror(ctypes.get_errno())})"
    handled = CHANGES | (REFER if abi >= 2 else 0) | (TRUNCATE if abi >= 3 else 0)
    wanted = struct.pack("Q", handled)
    rules = _libc.syscall(LANDLOCK_CREATE, wanted, ctypes.c_size_t(len(wanted)), 0)
    _allow(rules, str(folder), handled)
    _allow(rules, DEVICES, handled & (WRITE_FILE | TRUNCATE | 1 << 5 | 1 << 8))
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _libc.syscall(LANDLOCK_RESTRICT, rules, 0):
        return f"no Landlock ({os.strerror(ctypes.get_errno())})"
    os.close(rules)
    return ""


def _allow(rules: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = struct.pack("=Qi", rights, descriptor)
    if _libc.syscall(LANDLOCK_ADD, rules, RULE_PATH_BENEATH, rule, 0):
        raise OSError(ctypes.get_errno(), f"landlock: {path}")
    os.close(descriptor)
