"""The system call filter, run by an interpreter of our own: each entry of its lists, on both architectures."""

import ctypes
import errno
import os
import struct
import tempfile

import pytest

from kiosk.common.seccomp import ALLOWED, CLONE_THREAD, FOR_ALSA, Filter, conditional

PID = 4711
ALLOW, REFUSED = 0x7FFF0000, 0x00050000 | errno.ENOSYS
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386, ARM = 0x40000003, 0x40000028
X32 = 0x40000000
MISSING_ON_AARCH64 = {
    *("creat", "stat", "lstat", "access", "readlink", "getdents", "mkdir", "rmdir", "unlink", "rename", "pipe"),
    *("dup2", "poll", "select", "epoll_create", "epoll_wait", "eventfd", "time", "arch_prctl", "getpgrp"),
}
_NEVER = """
    fork vfork execve execveat clone3 ptrace process_vm_readv process_vm_writev process_madvise pidfd_open
    pidfd_send_signal pidfd_getfd tkill rt_sigqueueinfo rt_tgsigqueueinfo setpgid setsid
    mount umount2 pivot_root chroot unshare setns move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr
    bpf keyctl add_key request_key perf_event_open io_uring_setup io_uring_enter io_uring_register userfaultfd
    chmod fchmod fchmodat chown fchown lchown fchownat utime utimes futimesat utimensat truncate
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr link linkat symlink symlinkat mknod mknodat
    flock inotify_init1 fanotify_init name_to_handle_at open_by_handle_at openat2
    setrlimit setpriority sched_setscheduler sched_setparam sched_setattr ioprio_set migrate_pages move_pages
    bind listen accept accept4 msgget msgsnd msgrcv msgctl semget semctl mq_open
    setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset personality
    swapon swapoff kexec_load kexec_file_load init_module finit_module delete_module iopl ioperm modify_ldt
    quotactl sethostname setdomainname clock_settime settimeofday adjtimex clock_adjtime reboot acct syslog
    vhangup seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self nfsservctl lookup_dcookie
"""
NEVER = _NEVER.split()
libseccomp = ctypes.CDLL("libseccomp.so.2")


class Kernel:
    """Runs a filter as the kernel does."""

    def __init__(self, architecture: str, *, alsa: bool = False) -> None:
        self.architecture = architecture
        with tempfile.TemporaryFile() as file:
            Filter(PID, alsa=alsa, architecture=architecture).program(file.fileno())
            file.seek(0)
            self._program = list(struct.iter_unpack("=HBBI", file.read()))

    def number(self, call: str) -> int:
        token = libseccomp.seccomp_arch_resolve_name(self.architecture.encode())
        found: int = libseccomp.seccomp_syscall_resolve_name_arch(token, call.encode())
        return found

    def says(self, call: str | int, *arguments: int, audit: int = 0) -> int:
        number = call if isinstance(call, int) else self.number(call)
        full = [argument & (1 << 64) - 1 for argument in (*arguments, *[0] * (6 - len(arguments)))]
        data = struct.pack("=iIQ6Q", number, audit or AUDIT[self.architecture], 0, *full)
        accumulator, at = 0, 0
        while True:
            code, yes, no, k = self._program[at]
            at += 1
            match code:
                case 0x20:  # load a word of the call
                    accumulator = struct.unpack_from("=I", data, k)[0]
                case 0x05:
                    at += k
                case 0x15:
                    at += yes if accumulator == k else no
                case 0x25:
                    at += yes if accumulator > k else no
                case 0x35:
                    at += yes if accumulator >= k else no
                case 0x54:
                    accumulator &= k
                case 0x06:
                    return k
                case _:
                    raise AssertionError(f"instruction {code:#x}")


@pytest.fixture(params=sorted(AUDIT))
def kernel(request: pytest.FixtureRequest) -> Kernel:
    return Kernel(request.param)


def test_each_call_of_the_list_is_allowed_whatever_its_arguments(kernel: Kernel) -> None:
    there = {call for call in ALLOWED if kernel.number(call) >= 0}
    assert ALLOWED - there == (MISSING_ON_AARCH64 if kernel.architecture == "aarch64" else set())
    assert [call for call in there if kernel.says(call, *[-1] * 6) != ALLOW] == []


def test_all_other_calls_are_refused(kernel: Kernel) -> None:
    allowed = {kernel.number(call) for call in (*ALLOWED, *(call for call, _ in conditional(PID, alsa=False)))}
    assert [number for number in range(1024) if number not in allowed and kernel.says(number) != REFUSED] == []
    assert [call for call in NEVER if kernel.says(call) != REFUSED] == []


def test_each_condition_holds_and_fails_with_each_of_its_comparisons(kernel: Kernel) -> None:
    """Every entry once as it is allowed, and once for each comparison with an argument that no entry of it allows."""
    for call, comparisons in conditional(PID, alsa=False):
        if kernel.number(call) < 0:
            assert call == "open" and kernel.architecture == "aarch64"
            continue
        good = [0] * 6
        for argument, operator, first, second in comparisons:
            good[argument] = second if operator == 7 else first
        assert kernel.says(call, *good) == ALLOW, (call, comparisons)
        for argument, *_ in comparisons:
            bad = list(good)
            bad[argument] = os.O_TRUNC if call.startswith("open") else 0xDEADBEEF
            assert kernel.says(call, *bad) == REFUSED, (call, comparisons)


def test_no_new_process_and_no_signal_to_another(kernel: Kernel) -> None:
    thread = 0x3D0F00  # as glibc starts one
    assert kernel.says("clone", thread) == ALLOW
    assert thread & CLONE_THREAD
    for flags in (
        17,
        0,
        0x4111,
        thread & ~CLONE_THREAD,
        *(thread | 1 << bit for bit in (7, 17, 25, 26, 27, 28, 29, 30)),
    ):
        assert kernel.says("clone", flags) == REFUSED, hex(flags)
    assert kernel.says("kill", PID, 9) == kernel.says("tgkill", PID, PID + 1, 9) == ALLOW
    for other in (0, -1, -PID, PID + 1, 1, PID + (1 << 32)):
        assert kernel.says("kill", other, 9) == kernel.says("tgkill", other, PID, 9) == REFUSED


def test_owners_locks_sockets_and_limits_of_others(kernel: Kernel) -> None:
    for request in (5, 6, 7, 8, 10, 15, 36, 37, 38, 1024, 1026):  # locks, F_SETOWN, F_SETSIG, F_SETOWN_EX, leases
        assert kernel.says("fcntl", 3, request) == REFUSED, request
    for request in (0x5412, 0x541C, 0x8901, 0x8902, 0x5452, 0x5423, 0x540E, 0x4008AE00):
        assert kernel.says("ioctl", 3, request) == REFUSED, hex(request)  # TIOCSTI, TIOCLINUX, FIOSETOWN, ..., KVM
    for family in (2, 10, 16, 17, 38, 40, 44):
        assert kernel.says("socket", family, 1) == kernel.says("socketpair", family, 1) == REFUSED
    for option in (26, 50, 51):  # SO_ATTACH_FILTER, SO_ATTACH_BPF
        assert kernel.says("setsockopt", 3, 1, option) == REFUSED
    assert kernel.says("prlimit64", 0, 7, 0) == ALLOW
    assert kernel.says("prlimit64", 0, 7, 0x7000) == kernel.says("prlimit64", 1, 7, 0) == REFUSED
    assert kernel.says("sched_setaffinity", 1) == REFUSED
    for option in (1, 4, 8, 22, 24, 28, 29, 35, 36, 38, 47, 0x59616D61):
        assert kernel.says("prctl", option) == REFUSED, option  # PR_SET_PDEATHSIG among them


def test_file_that_is_read_alone_is_not_truncated(kernel: Kernel) -> None:
    assert kernel.says("openat", -100, 0, os.O_RDONLY | os.O_CLOEXEC) == ALLOW
    assert kernel.says("openat", -100, 0, os.O_RDONLY | os.O_TRUNC) == REFUSED
    for mode in (os.O_WRONLY, os.O_RDWR):
        assert kernel.says("openat", -100, 0, mode | os.O_TRUNC | os.O_CREAT) == ALLOW


def test_shared_memory_is_nobody_elses_but_for_alsa(kernel: Kernel) -> None:
    assert kernel.says("shmget", 0, 4096, 0o600) == ALLOW
    assert kernel.says("shmget", 5678293, 4096, 0o600) == REFUSED  # dmix's key
    assert [request for request in range(24) if kernel.says("shmctl", 1, request) == ALLOW] == [0, 2]
    alsa = Kernel(kernel.architecture, alsa=True)
    assert {alsa.says(call, 5678293) for call in FOR_ALSA} == {ALLOW}
    assert alsa.says("ioctl", 3, 0x40345410) == ALLOW != kernel.says("ioctl", 3, 0x40345410)


def test_calls_of_another_architecture_are_refused(kernel: Kernel) -> None:
    for audit in {I386, ARM, *AUDIT.values()} - {AUDIT[kernel.architecture]}:
        assert [number for number in range(500) if kernel.says(number, audit=audit) != REFUSED] == []
    if kernel.architecture == "x86_64":
        assert [number for number in range(600) if kernel.says(X32 | number) != REFUSED] == []
