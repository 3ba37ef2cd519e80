"""Seccomp filter of a confined process: the system calls that it may make, all others refused by the kernel.

The filter is made by libseccomp, which every Debian has (apt needs it): it checks the processor architecture, refuses
x32 and 32-bit calls, and knows the numbers of calls on each architecture.
"""

import ctypes
import errno
import os
import socket
from collections.abc import Iterator

_CALLS = """
    read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 lseek close close_range dup dup2 dup3
    pipe pipe2 creat stat lstat fstat newfstatat statx access faccessat faccessat2 readlink readlinkat getcwd chdir
    getdents getdents64 fsync fdatasync ftruncate fallocate fadvise64 readahead statfs fstatfs umask
    mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2
    mmap munmap mprotect mremap madvise brk msync mincore mlock mlock2 munlock memfd_create membarrier shmat shmdt
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
    eventfd eventfd2 signalfd4 timerfd_create timerfd_settime timerfd_gettime
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times
    futex futex_waitv set_robust_list rseq set_tid_address arch_prctl restart_syscall exit exit_group
    gettid getpid getppid sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_min
    sched_get_priority_max getcpu getpriority
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait rt_sigsuspend rt_sigpending sigaltstack
    connect sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown getsockname getpeername getsockopt
    getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid
    uname sysinfo getrandom getrlimit getrusage capget
"""
ALLOWED = frozenset(_CALLS.split())
"""Calls that are allowed whatever their arguments. Landlock decides which paths they reach."""
FOR_ALSA = frozenset(("shmget", "semget", "semop", "semtimedop", "semctl"))
"""ALSA's mixing without a sound server (dmix) shares memory and semaphores among the processes that play."""
FOR_PROGRAMS = frozenset(("execve",))

_EQUAL, _AT_MOST, _MASKED = 4, 3, 7
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_BAD_ARCHITECTURE = 2
"""libseccomp's attribute: what happens to a call of another architecture."""
_UNKNOWN_CALL = -1

CLONE_THREAD = 0x00010000
CLONE_NAMESPACES = 0x7E020080
"""All CLONE_NEW... flags."""
_FCNTL = (
    *(0, 1, 2, 3, 4),  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL
    *(1030, 1032, 1033, 1034),  # F_DUPFD_CLOEXEC, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS
)
"""Without F_SETOWN, which sends signals to others, and without locks, which make others wait."""
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""
_IOCTL_TYPES = "dbu>AU"
"""Requests of graphics drivers (DRM, dma-buf, udmabuf, sync_file) and of ALSA (PCM, control)."""
_ALSA_TIMER = (0x80045400, 0x40045402, 0x40345410, 0x80E85411, 0x40505412, 0x80605414, *range(0x54A0, 0x54A4))
_PRCTL = (3, 15, 16, 21, 23, 27, 30, 39, 0x53564D41)
"""Reading its own state, names of threads and of memory areas. Not PR_SET_PDEATHSIG: it dies with its parent."""
_SOCKET_OPTIONS = 21
"""Socket options above this one (SO_SNDTIMEO) attach filters and the like."""


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("masked_value", ctypes.c_uint64),
    )


Comparison = tuple[int, int, int, int]


def equal(argument: int, value: int) -> Comparison:
    """The call's argument (counted from 0) is ``value``, in all 64 bits."""
    return argument, _EQUAL, value, 0


def masked(argument: int, mask: int, value: int) -> Comparison:
    """The call's argument has ``value`` in the bits of ``mask``."""
    return argument, _MASKED, mask, value


def conditional(pid: int, *, alsa: bool) -> Iterator[tuple[str, tuple[Comparison, ...]]]:
    """Calls that are allowed if all comparisons hold. ``pid`` is the process's own."""
    yield "clone", (masked(0, CLONE_THREAD | CLONE_NAMESPACES, CLONE_THREAD),)  # a thread, never a process
    yield "kill", (equal(0, pid),)
    yield "tgkill", (equal(0, pid),)
    for call, flags in (
        ("open", 1),
        ("openat", 2),
    ):  # reading alone must not truncate: Landlock sees that from ABI 3 on
        yield call, (masked(flags, os.O_TRUNC, 0),)
        yield call, (masked(flags, os.O_ACCMODE, os.O_WRONLY),)
        yield call, (masked(flags, os.O_ACCMODE, os.O_RDWR),)
    for call in ("socket", "socketpair"):
        yield call, (equal(0, socket.AF_UNIX),)
    yield "setsockopt", (equal(1, socket.SOL_SOCKET), (2, _AT_MOST, _SOCKET_OPTIONS, 0))
    for request in _FCNTL:
        yield "fcntl", (equal(1, request),)
    for request in _IOCTL:
        yield "ioctl", (equal(1, request),)
    for letter in _IOCTL_TYPES:
        yield "ioctl", (masked(1, 0xFF00, ord(letter) << 8),)
    for option in _PRCTL:
        yield "prctl", (equal(0, option),)
    for target in {0, pid}:
        yield "prlimit64", (equal(0, target), equal(2, 0))  # reading
        yield "sched_setaffinity", (equal(0, target),)
    yield "kcmp", (equal(0, pid), equal(1, pid))
    yield "shmget", (equal(0, 0),)  # IPC_PRIVATE
    for request in (0, 2):  # IPC_RMID, IPC_STAT: libVLC removes its picture buffer at once, the server keeps it
        yield "shmctl", (equal(1, request),)
    if alsa:
        for request in _ALSA_TIMER:
            yield "ioctl", (equal(1, request),)


class Filter:
    """A filter in the making. Raises :class:`OSError` where libseccomp is missing or refuses."""

    def __init__(self, pid: int, *, alsa: bool, architecture: str = "", programs: bool = False) -> None:
        """``programs``: it may become another program (execve); Landlock decides which.

        ``architecture``: libseccomp's name of another one than this computer's, for tests (x86_64, aarch64)."""
        library = self._library = ctypes.CDLL("libseccomp.so.2")
        library.seccomp_init.restype = ctypes.c_void_p
        # As on a kernel that has no such call: libraries do without it.
        self._context = ctypes.c_void_p(library.seccomp_init(_ERRNO | errno.ENOSYS))
        if not self._context:
            raise OSError(errno.ENOMEM, "libseccomp does not start")
        _check(library.seccomp_attr_set(self._context, _BAD_ARCHITECTURE, _ERRNO | errno.ENOSYS))
        if architecture:
            other = library.seccomp_arch_resolve_name(architecture.encode())
            if other != library.seccomp_arch_native():
                _check(library.seccomp_arch_add(self._context, other))
                _check(library.seccomp_arch_remove(self._context, library.seccomp_arch_native()))
        more = (FOR_ALSA if alsa else frozenset()) | (FOR_PROGRAMS if programs else frozenset())
        for call in sorted(ALLOWED | more):
            self._allow(call, ())
        for call, comparisons in conditional(pid, alsa=alsa):
            if not (alsa and call in FOR_ALSA):
                self._allow(call, comparisons)

    def _allow(self, call: str, comparisons: tuple[Comparison, ...]) -> None:
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number == _UNKNOWN_CALL:  # newer than this libseccomp: it stays refused
            return
        array = (_Comparison * len(comparisons))(*(_Comparison(*one) for one in comparisons))
        _check(self._library.seccomp_rule_add_array(self._context, _ALLOW, number, len(comparisons), array))

    def load(self) -> None:
        """Put it on this thread, and on all that it starts, for good."""
        _check(self._library.seccomp_load(self._context))

    def program(self, descriptor: int) -> None:
        """Write the filter's instructions to a file descriptor, as the kernel gets them."""
        _check(self._library.seccomp_export_bpf(self._context, descriptor))


def _check(result: int) -> None:
    if result < 0:
        raise OSError(-result, f"seccomp: {os.strerror(-result)}")
