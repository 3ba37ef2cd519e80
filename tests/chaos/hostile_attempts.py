"""The hostile process of ``hostile_child``: confined as the player is, it tries each thing and says what it saw.

``python hostile_attempts.py FOLDER ABI FACTS CONFINED``, with a cue as the first line of its standard input.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from Xlib import X, display

from kiosk.common.sandbox import confine
from kiosk.station.player.reach import programme_reach
from kiosk.station.projector.messages import Cue

libc = ctypes.CDLL(None, use_errno=True)
seccomp = ctypes.CDLL("libseccomp.so.2")
ATTEMPTS: dict[str, Callable[[], object]] = {}
"""Each raises OSError where it is refused; all else has succeeded."""
PERMITTED: dict[str, Callable[[], object]] = {}
"""What X lets each client do. The last one makes all others wait."""
facts: dict[str, Any] = {}
kept: list[object] = []
"""Locks and connections last as long as what holds them."""
AT_FDCWD = -100


class Refused(OSError):
    """Refused by other means than a system call's error."""


def call(name: str, *arguments: object) -> int:
    """A system call by its number, without the C library between."""
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    assert number != -1, name
    words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *words)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def attempt(name: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register an attempt."""

    def register(work: Callable[[], object]) -> Callable[[], object]:
        ATTEMPTS[name] = work
        return work

    return register


def plain(name: str, call_name: str, *arguments: object) -> None:
    """An attempt that is one system call."""
    ATTEMPTS[name] = lambda: call(call_name, *(one() if callable(one) else one for one in arguments))


def path(name: str) -> Callable[[], bytes]:
    """A path of the scene's facts, when they are known."""
    return lambda: facts[name].encode()


def pid(name: str) -> Callable[[], int]:
    """A process of the scene's facts."""
    return lambda: int(facts[name])


def in_state(name: str) -> str:
    return str(Path(facts["state"], name))


def listed(folder: str | Path) -> list[str]:
    """The names in a folder."""
    return [entry.name for entry in Path(folder).iterdir()]


def born(result: int) -> int:
    """A process that was started: it stays, to be found."""
    if result == 0:
        while True:
            time.sleep(1)
    return result


# --- files ---

for secret in ("token", "station.key", "panel.key"):
    ATTEMPTS[f"read {secret}"] = lambda secret=secret: Path(in_state(secret)).read_text()
ATTEMPTS["read the journal"] = lambda: Path(facts["journal"]).read_bytes()
ATTEMPTS["list the state's folder"] = lambda: listed(facts["state"])
ATTEMPTS["read /etc/shadow"] = lambda: Path("/etc/shadow").read_text()
ATTEMPTS["read /etc/hostname"] = lambda: Path("/etc/hostname").read_text()
ATTEMPTS["list the home"] = lambda: listed(Path("~").expanduser())
ATTEMPTS["write beside the journal"] = lambda: Path(in_state("new")).write_text("x")
ATTEMPTS["write to /dev/shm of others"] = lambda: Path(facts["shared"]).write_text("x")
ATTEMPTS["make a file in /dev/shm"] = lambda: Path(f"/dev/shm/kiosk-hostile-new-{os.getpid()}").write_text("x")
ATTEMPTS["remove from /dev/shm of others"] = lambda: Path(facts["shared"]).unlink()
ATTEMPTS["append to the programme"] = lambda: os.open(facts["programme"], os.O_WRONLY | os.O_APPEND)
ATTEMPTS["truncate the programme by reading it"] = lambda: os.open(facts["programme"], os.O_RDONLY | os.O_TRUNC)
ATTEMPTS["change the programme's mode by its descriptor"] = lambda: os.fchmod(os.open(facts["programme"], 0), 0)
ATTEMPTS["write by /proc/self/fd"] = lambda: os.open(f"/proc/self/fd/{os.open(facts['programme'], 0)}", os.O_RDWR)
ATTEMPTS["write by /proc/self/mem of the programme"] = lambda: _write_memory("self")
plain("chmod 0 of the journal", "fchmodat", AT_FDCWD, path("journal"), 0)
plain("chown of the journal", "fchownat", AT_FDCWD, path("journal"), 0, 0, 0)
plain("utime of the journal", "utimensat", AT_FDCWD, path("journal"), None, 0)
plain("setxattr of the journal", "setxattr", path("journal"), b"user.x", b"x", 1, 0)
plain("truncate the journal by path", "truncate", path("journal"), 0)
plain("link a secret into the own folder", "linkat", AT_FDCWD, path("journal"), AT_FDCWD, b"stolen", 0)
plain("symlink outside", "symlinkat", b"/etc/passwd", AT_FDCWD, lambda: in_state("link").encode())
plain("rename the journal", "renameat2", AT_FDCWD, path("journal"), AT_FDCWD, lambda: in_state("old").encode(), 0)
plain("remove the journal", "unlinkat", AT_FDCWD, path("journal"), 0)
plain("make a device", "mknodat", AT_FDCWD, b"device", 0o20666, 0x103)
plain("name_to_handle_at", "name_to_handle_at", AT_FDCWD, b"/usr", struct.pack("II128s", 128, 0, b""), bytes(8), 0)
plain("open_by_handle_at", "open_by_handle_at", AT_FDCWD, struct.pack("Ii128s", 8, 1, b"\2"), 0)
plain("chroot", "chroot", b"/usr")
ATTEMPTS["leave the own tree by .."] = lambda: os.open("/.." * 9 + "/etc/shadow", os.O_RDONLY)
ATTEMPTS["leave the own tree by /proc/1/root"] = lambda: listed("/proc/1/root")
ATTEMPTS["run by the cgroup's files"] = lambda: os.open("/sys/fs/cgroup/cgroup.procs", os.O_WRONLY)
ATTEMPTS["core_pattern"] = lambda: os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY)


def _write_memory(process: object) -> int:
    with Path(f"/proc/{process}/mem").open("r+b", buffering=0) as memory:
        memory.seek(ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "Py_FileSystemDefaultEncoding")))
        return memory.write(b"\0")


@attempt("read lock on the journal")
def _() -> None:
    locked = os.open(facts["journal"], os.O_RDONLY)
    fcntl.lockf(locked, fcntl.LOCK_SH | fcntl.LOCK_NB)


@attempt("lock on the programme")
def _() -> None:
    locked = os.open(facts["programme"], os.O_RDONLY)
    fcntl.lockf(locked, fcntl.LOCK_SH | fcntl.LOCK_NB)


# --- devices ---

for device in ("/dev/input/event0", "/dev/input/mice", "/dev/cec0", "/dev/i2c-0", "/dev/mem", "/dev/kmsg", "/dev/vda"):
    ATTEMPTS[f"open {device}"] = lambda device=device: os.open(device, os.O_RDONLY)
for device in ("/dev/tty1", "/dev/ptmx", "/dev/fuse", "/dev/kvm", "/dev/uinput", "/dev/vsock", "/dev/userfaultfd"):
    ATTEMPTS[f"open {device}"] = lambda device=device: os.open(device, os.O_RDWR)
ATTEMPTS["open /dev/snd without ALSA"] = lambda: listed("/dev/snd")
ATTEMPTS["TIOCSTI"] = lambda: fcntl.ioctl(0, 0x5412, b"x") if os.isatty(0) else call("ioctl", 0, 0x5412, b"x")

# --- processes ---


@attempt("fork")
def _() -> int:
    return born(os.fork())


@attempt("vfork")
def _() -> int:
    if (result := call("clone", 0x4111, 0, 0, 0, 0)) == 0:  # as vfork, but that Python needs memory of its own
        os._exit(0)
    return result


@attempt("clone with the daemon as parent")
def _() -> int:
    return born(call("clone", 0x8000 | 17, 0, 0, 0, 0))


@attempt("clone3")
def _() -> int:
    return born(call("clone3", struct.pack("8Q", 0, 0, 0, 0, 17, 0, 0, 0), 64))


if os.getuid():  # the kernel counts none of root's

    @attempt("threads without end")
    def _() -> None:
        wake = threading.Event()
        try:
            for _number in range(2000):
                threading.Thread(target=wake.wait, daemon=True).start()
        except RuntimeError as error:
            raise Refused(errno.EAGAIN, str(error)) from None
        finally:
            wake.set()


ATTEMPTS["posix_spawn"] = lambda: os.posix_spawn("/usr/bin/sleep", [sys.argv[1], "60"], os.environ)
ATTEMPTS["exec"] = lambda: call("execve", b"/usr/bin/false", None, None)
ATTEMPTS["exec of a file in the own folder"] = lambda: _exec_own()


def _exec_own() -> None:
    own = Path(sys.argv[1], "program")
    own.write_bytes(Path("/usr/bin/false").read_bytes())
    call("execve", str(own).encode(), None, None)


@attempt("exec of a memfd")
def _() -> None:
    memory = os.memfd_create("program", 0)
    os.write(memory, b"#!/usr/bin/false\n")
    call("execveat", memory, b"", None, None, 0x1000)


@attempt("32-bit call (int 0x80)")
def _() -> None:
    if platform.machine() != "x86_64":
        raise Refused(errno.ENOSYS, "not on this processor")
    # mov eax, 20 (getpid); int 0x80; ret
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\x48\x98\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    result = ctypes.CFUNCTYPE(ctypes.c_long)(address)()
    if result < 0:
        raise Refused(-result, os.strerror(-result))


@attempt("x32 call")
def _() -> None:
    if platform.machine() != "x86_64":
        raise Refused(errno.ENOSYS, "not on this processor")
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(0x40000000 | 39)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


plain("SIGSTOP to another of the user", "kill", pid("bystander"), signal.SIGSTOP)
plain("SIGCONT to the daemon", "kill", pid("parent"), signal.SIGCONT)
plain("kill(-1)", "kill", -1, signal.SIGCONT)
plain("kill(0)", "kill", 0, signal.SIGCONT)
plain("tkill", "tkill", pid("bystander"), signal.SIGSTOP)
plain("tgkill", "tgkill", pid("bystander"), pid("bystander"), signal.SIGSTOP)
plain("rt_sigqueueinfo", "rt_sigqueueinfo", pid("bystander"), signal.SIGCONT, struct.pack("iii116x", 18, 0, -1))
plain("pidfd_open", "pidfd_open", pid("bystander"), 0)
plain("pidfd_send_signal", "pidfd_send_signal", 0, signal.SIGSTOP, None, 0)
plain("pidfd_getfd", "pidfd_getfd", 0, 0, 0)
plain("setsid, out of the daemon's group", "setsid")
plain("live on without the daemon (PR_SET_PDEATHSIG)", "prctl", 1, 0, 0, 0, 0)
plain("let others trace it (PR_SET_PTRACER)", "prctl", 0x59616D61, -1, 0, 0, 0)


@attempt("F_SETOWN on a socket: SIGIO to another")
def _() -> None:
    kept.append(pair := socket.socketpair())
    call("fcntl", pair[0].fileno(), 10, signal.SIGSTOP)
    call("fcntl", pair[0].fileno(), fcntl.F_SETOWN, facts["bystander"])
    call("fcntl", pair[0].fileno(), fcntl.F_SETFL, os.O_ASYNC)
    pair[1].send(b"x")


@attempt("FIOSETOWN on a socket")
def _() -> None:
    kept.append(pair := socket.socketpair())
    fcntl.ioctl(pair[0], 0x8901, struct.pack("i", facts["bystander"]))


plain("ptrace", "ptrace", 16, pid("bystander"), None, None)
plain("process_vm_readv", "process_vm_readv", pid("bystander"), bytes(16), 0, bytes(16), 0, 0)
plain("process_vm_writev", "process_vm_writev", pid("bystander"), bytes(16), 0, bytes(16), 0, 0)
plain("process_madvise", "process_madvise", 0, bytes(16), 1, 4, 0)
plain("kcmp with another", "kcmp", pid("bystander"), pid("parent"), 2, 0, 0)
for name in ("mem", "environ", "maps", "cmdline", "fd"):
    ATTEMPTS[f"/proc/parent/{name}"] = lambda name=name: _read_process(facts["parent"], name)
ATTEMPTS["/proc/bystander/environ"] = lambda: _read_process(facts["bystander"], "environ")
ATTEMPTS["list all processes"] = lambda: listed("/proc")


def _read_process(process: int, name: str) -> object:
    where = Path(f"/proc/{process}/{name}")
    return listed(where) if name == "fd" else where.open("rb").read(0 if name == "mem" else 64)


plain("prlimit on the daemon", "prlimit64", pid("parent"), 7, struct.pack("QQ", 64, 64), None)
plain("own limits", "prlimit64", 0, 4, struct.pack("QQ", 0, 0), None)
plain("sched_setaffinity on another", "sched_setaffinity", pid("bystander"), 8, struct.pack("Q", 1))
plain("sched_setscheduler on another", "sched_setscheduler", pid("bystander"), 5, struct.pack("i", 0))
plain("sched_setattr", "sched_setattr", pid("bystander"), struct.pack("IIQiIQQQ", 48, 3, 0, 0, 0, 0, 0, 0), 0)
plain("setpriority on another", "setpriority", 0, pid("bystander"), 10)
plain("ioprio_set on another", "ioprio_set", 1, pid("bystander"), 3 << 13)
plain("migrate_pages of another", "migrate_pages", pid("bystander"), 8, struct.pack("Q", 1), struct.pack("Q", 1))

# --- the kernel ---

plain("mount", "mount", b"tmpfs", b"/usr", b"tmpfs", 0, None)
plain("umount", "umount2", b"/usr", 2)
plain("open_tree", "open_tree", AT_FDCWD, b"/usr", 1)
plain("pivot_root", "pivot_root", b"/", b"/")
plain("unshare of a user namespace", "unshare", 0x10000000)
plain("unshare of a network namespace", "unshare", 0x40000000)
plain("setns", "setns", 0, 0)
plain("bpf", "bpf", 0, struct.pack("IIII112x", 2, 4, 4, 1), 128)
plain("keyctl", "keyctl", 0, -4, 1)
plain("add_key", "add_key", b"user", b"x", b"x", 1, -4)
plain("request_key", "request_key", b"user", b"x", None, -4)
plain("perf_event_open", "perf_event_open", struct.pack("IIQ112x", 1, 128, 0), 0, -1, -1, 0)
plain("io_uring_setup", "io_uring_setup", 4, ctypes.create_string_buffer(120))
plain("userfaultfd", "userfaultfd", 1)
plain("personality", "personality", 0x0400000)
plain("swapon", "swapon", b"/dev/zero", 0)
plain("kexec_load", "kexec_load", 0, 0, None, 0)
plain("init_module", "init_module", b"", 0, b"")
plain("quotactl", "quotactl", 0x800001 << 8, b"/dev/vda", 0, None)
plain("sethostname", "sethostname", b"hostile", 7)
plain("setdomainname", "setdomainname", b"hostile", 7)
plain("clock_settime", "clock_settime", 0, struct.pack("qq", 1, -1))
plain("adjtimex", "adjtimex", bytes(208))
plain("reboot", "reboot", 0xFEE1DEAD, 672274793, 0, None)
plain("syslog", "syslog", 3, bytes(64), 64)
plain("acct", "acct", None)
plain("seccomp listener", "seccomp", 1, 8, struct.pack("HxxxxxxQ", 0, 0))
if platform.machine() == "x86_64":
    plain("iopl", "iopl", 3)
    plain("ioperm", "ioperm", 0, 1, 1)
    plain("modify_ldt", "modify_ldt", 0, bytes(8), 8)


@attempt("capabilities")
def _() -> str:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    sets = {name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    if not any(sets.values()) and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2":
        raise Refused(errno.EPERM, "all five sets are empty, no new privileges, filtered")
    return str(sets)


plain("setuid", "setuid", 0)
plain("setgid", "setgid", 0)
plain("capset", "capset", struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0xFFFFFFFF] * 6))

# --- sockets and shared memory ---

for family in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG", "AF_BLUETOOTH"):
    ATTEMPTS[f"socket {family}"] = lambda family=family: socket.socket(
        getattr(socket, family), socket.SOCK_RAW if family in ("AF_NETLINK", "AF_PACKET") else socket.SOCK_STREAM
    )
ATTEMPTS["connect to a server of this computer"] = lambda: socket.create_connection(("127.0.0.1", facts["port"]), 1)


@attempt("nf_tables in the namespace")
def _() -> None:
    netfilter = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
    begin, end = (struct.pack("=IHHIIBBH", 20, kind, 1, 0, 0, 0, 0, 0xA00) for kind in (16, 17))
    name = struct.pack("=HH8s", 12, 1, b"hostile\0")
    table = struct.pack("=IHHIIBBH", 20 + len(name), 10 << 8, 0x405, 1, 0, 1, 0, 0) + name
    netfilter.settimeout(1)
    netfilter.send(begin + table + end)
    answer = struct.unpack_from("=IHHIIi", netfilter.recv(4096))[5]
    if answer:
        raise OSError(-answer, os.strerror(-answer))


def _connect(where: str) -> None:
    kept.append(connection := socket.socket(socket.AF_UNIX))
    connection.settimeout(1)
    connection.connect(where)


ATTEMPTS["another service's socket of the user"] = lambda: _connect(facts["service"])
ATTEMPTS["an abstract socket"] = lambda: _connect(f"\0{facts['abstract']}")
ATTEMPTS["X's abstract socket"] = lambda: _connect(f"\0/tmp/.X11-unix/X{facts['display'][1:]}")
for service in (
    "/run/dbus/system_bus_socket",
    "/run/systemd/private",
    "/run/systemd/notify",
    "/run/systemd/journal/socket",
):
    ATTEMPTS[f"connect to {service}"] = lambda service=service: _connect(service)
ATTEMPTS["connect to the user's D-Bus"] = lambda: _connect(f"{os.environ['XDG_RUNTIME_DIR']}/bus")


@attempt("be a server")
def _() -> None:
    kept.append(server := socket.socket(socket.AF_UNIX))
    server.bind(str(Path(sys.argv[1], "server")))


@attempt("BPF on a socket (SO_ATTACH_FILTER)")
def _() -> None:
    pair = socket.socketpair()
    code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    pair[0].setsockopt(socket.SOL_SOCKET, 26, struct.pack("HxxxxxxQ", 1, ctypes.addressof(code)))


plain("shmctl IPC_SET on another's segment", "shmctl", pid("segment"), 1, bytes(112))
plain("SHM_LOCK on another's segment", "shmctl", pid("segment"), 11, None)
plain("find segments (SHM_STAT)", "shmctl", 0, 13, bytes(112))
plain("shared memory by a key", "shmget", 5678293, 4096, 0o1600)
plain("semaphores", "semget", 5678293, 1, 0o1600)
plain("message queues", "msgget", 5678293, 0o1600)
plain("POSIX message queues", "mq_open", b"hostile", 0o102, 0o600, None)


# --- the sound server ---


class Pulse:
    """A client of PulseAudio's."""

    def __init__(self) -> None:
        self.library = ctypes.CDLL("libpulse.so.0")
        for name in ("pa_mainloop_new", "pa_mainloop_get_api", "pa_context_new"):
            getattr(self.library, name).restype = ctypes.c_void_p
        self.loop = ctypes.c_void_p(self.library.pa_mainloop_new())
        api = ctypes.c_void_p(self.library.pa_mainloop_get_api(self.loop))
        self.context = ctypes.c_void_p(self.library.pa_context_new(api, b"hostile"))
        self.library.pa_context_connect(self.context, None, 1, None)
        self.turn(lambda: self.library.pa_context_get_state(self.context) >= 4)
        if self.library.pa_context_get_state(self.context) != 4:
            raise Refused(errno.ECONNREFUSED, "no connection")
        self.answer: list[int] = []
        self.heard = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32, ctypes.c_void_p)(
            lambda _context, answer, _data: self.answer.append(answer)
        )

    def turn(self, done: Callable[[], bool]) -> None:
        until = time.monotonic() + 2
        while not done() and time.monotonic() < until:
            self.library.pa_mainloop_iterate(self.loop, 0, None)
            time.sleep(0.002)

    def order(self, name: str, *arguments: object) -> int:
        """An order to the server: its answer, an index or whether it did it."""
        order = getattr(self.library, name)
        order.restype = ctypes.c_void_p
        order(self.context, *arguments, self.heard, None)
        self.turn(lambda: bool(self.answer))
        return self.answer.pop() if self.answer else 0


@attempt("PulseAudio: load-module")
def _() -> int:
    if (index := Pulse().order("pa_context_load_module", b"module-null-sink", b"")) == -1:
        raise Refused(errno.EACCES, "the server refuses")
    return index


@attempt("PulseAudio: exit the server")
def _() -> int:
    if not (answer := Pulse().order("pa_context_exit_daemon")):
        raise Refused(errno.EACCES, "the server refuses")
    return answer


# --- what X allows ---


def permitted(name: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register what X lets each client do."""

    def register(work: Callable[[], object]) -> Callable[[], object]:
        PERMITTED[name] = work
        return work

    return register


def _x() -> Any:
    connection = display.Display(facts["display"])
    kept.append(connection)
    return connection


@permitted("read the whole screen")
def _() -> str:
    got = _x().screen().root.get_image(0, 0, 32, 1, X.ZPixmap, 0xFFFFFFFF)
    return f"{len(got.data)} bytes"


@permitted("cover the screen")
def _() -> str:
    connection = _x()
    window = connection.screen().root.create_window(0, 0, 320, 200, 0, X.CopyFromParent, override_redirect=True)
    window.map()
    connection.sync()
    return "covered"


@permitted("cover the screen for good (RetainPermanent)")
def _() -> str:
    connection = _x()
    window = connection.screen().root.create_window(0, 0, 320, 200, 0, X.CopyFromParent, override_redirect=True)
    window.map()
    connection.set_close_down_mode(X.RetainPermanent)
    connection.sync()
    return "covered"


@permitted("take the keyboard")
def _() -> str:
    connection = _x()
    connection.screen().root.grab_keyboard(True, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
    connection.sync()
    return "taken"


@permitted("write to a shared picture of the same user (MIT-SHM)")
def _() -> str:
    libc.shmat.restype = ctypes.c_void_p
    ctypes.memset(libc.shmat(facts["segment"], None, 0), 1, 1)
    return "written"


@permitted("mark a shared picture of the same user for removal (MIT-SHM)")
def _() -> str:
    call("shmctl", facts["segment"], 0, None)
    return "marked"


@permitted("leave shared memory behind (MIT-SHM)")
def _() -> int:
    return call("shmget", 0, 4096, 0o600)


@permitted("change the volume at the sound server")
def _() -> str:
    silence = struct.pack("B3x32I", 2, 0, 0, *[0] * 30)
    return f"answer {Pulse().order('pa_context_set_sink_volume_by_index', 0, silence)}"


@permitted("let all users of the computer to the X server")
def _() -> str:
    connection = _x()
    connection.set_access_control(X.DisableAccess)
    connection.sync()
    return "let in"


@permitted("grab the X server")
def _() -> str:
    connection = _x()
    connection.grab_server()
    connection.sync()
    return "grabbed"


def main() -> None:
    """Confine this process, try all, wait to be killed."""
    os.set_inheritable(0, True)
    cue = msgspec.json.decode(sys.stdin.buffer.readline(), type=Cue)
    facts.update(json.loads(sys.argv[3]))
    out = os.dup(1)
    if sys.argv[4] == "True":
        trouble = confine(programme_reach(Path(sys.argv[1]), cue), int(sys.argv[2]))
        _tell(out, "the sandbox itself", trouble or "all of it", not trouble)
    for name, work in (*ATTEMPTS.items(), *PERMITTED.items()):
        if sys.argv[4] == "True":
            _try(out, name, work)
        elif name in ATTEMPTS:
            _try_in_a_fork(out, name, work)
    while True:
        time.sleep(60)


def _try(out: int, name: str, work: Callable[[], object]) -> None:
    try:
        seen, held = f"done: {work()!r:.60}", False
    except OSError as error:
        seen, held = f"{errno.errorcode.get(error.errno or 0, '?')} {error.strerror or error}", True
    _tell(out, name, seen, held)


def _try_in_a_fork(out: int, name: str, work: Callable[[], object]) -> None:
    """Without the sandbox: what replaces or ends the process that tries has succeeded."""
    if (forked := os.fork()) == 0:
        _try(out, name, work)
        os._exit(7)
    if os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) != 7:
        _tell(out, name, "done: the process became another, or ended", False)


def _tell(out: int, name: str, seen: str, held: bool) -> None:
    os.write(out, json.dumps({"name": name, "seen": seen, "held": held}).encode() + b"\n")


if __name__ == "__main__":
    main()
