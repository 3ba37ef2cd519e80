"""Sandbox of a process that reads hostile files: it reaches what a :class:`Reach` names and nothing else. Linux only.

No privilege is needed. Four means, each of which holds some of what the others lack (an older kernel, a container):
namespaces (no network; a file tree of what is named, so that no other socket has a path), no capabilities, Landlock
(no other file, no signal to others), and seccomp (no new process, no call that Landlock does not cover).
"""

import contextlib
import ctypes
import os
import resource
import select
import signal
import stat
import struct
import sys
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kiosk.common.seccomp import Filter

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 24, 28, 38, 47
AMBIENT_CLEAR_ALL = 4
SECUREBITS = 0b11101111
"""No capabilities for root, none kept or raised, and all of that locked."""
CAPABILITY_VERSION_3 = 0x20080522
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_SLAVE = 1, 2, 4, 8, 0x1000, 0x4000, 0x80000
MNT_DETACH, AT_RECURSIVE = 2, 0x8000
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine, -1)
SYS_MOUNT_SETATTR = 442
SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 444, 445, 446
ABI_QUESTION, RULE_PATH_BENEATH = 1, 1
OWN_FOLDER_BYTES = 64 << 20
"""What a process may write to its own folder, where it has a file tree of its own."""
THREADS = 512
"""At most, else nobody else of this user could start one: of an ordinary user's namespace, from Linux 5.14 on."""

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE, MAKE = 1 << 4 | 1 << 5, 1 << 7 | 1 << 8  # folders and files; never devices, sockets, pipes, links
ALL_OF_ABI_1 = (1 << 13) - 1
REFER, TRUNCATE, IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
"""Landlock's rights that a file can have; all others are for folders."""
READ = READ_FILE | READ_DIR
OWN = READ | WRITE_FILE | REMOVE | MAKE | REFER | TRUNCATE
DEVICE = READ | WRITE_FILE | IOCTL_DEVICE
NEWEST_ABI = 7
BIND_AND_CONNECT_TCP = 0b11  # since ABI 4
SCOPE_SIGNALS = 0b10
"""Since ABI 6. Not abstract sockets: they are the network namespace's, and where there is none, libxcb gives up on X
when its abstract socket is forbidden, and does not try the one with a path."""

SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64"),
    *("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime"),
    *(
        "/etc/timezone",
        "/etc/machine-id",
        "/var/lib/dbus/machine-id",
        "/etc/nsswitch.conf",
        "/etc/passwd",
        "/etc/group",
    ),
    *("/etc/fonts", "/var/cache/fontconfig", "/etc/drirc", "/etc/glvnd", "/etc/vulkan", "/etc/vdpau_wrapper.cfg"),
    *("/etc/pulse", "/etc/asound.conf", "/etc/alsa"),
)
"""To read: libraries and their plug-ins, fonts, time zones, and the settings of libraries. Nothing of it is secret."""
KERNEL = (
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems"),
    *("/sys/devices", "/sys/dev/char", "/sys/class/drm", "/sys/bus/pci"),
)
"""To read: what the kernel says of this process, the processor, memory and graphics cards."""
LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
"""What the kernel executes on behalf of a program, on each processor architecture."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")

KEPT_VARIABLES = ("PATH", "LANG", "LANGUAGE", "TZ")
NO_TREE, NO_LANDLOCK, NO_FILTER = "no file tree of its own", "no Landlock", "no system call filter"

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Reach:
    """What a process may reach beside the system's libraries and fonts. Paths that are not there are left out."""

    folder: Path | None = None
    """Its own, to read and write; in memory, and gone with the process, where it has a file tree of its own."""
    kept: bool = False
    """Whether what it writes to its folder is to stay on the disk."""
    programs: tuple[str, ...] = ()
    """Programs that it may become (execve); it never starts another process beside itself."""
    files: tuple[str, ...] = ()
    """Files and folders to read."""
    sockets: tuple[str, ...] = ()
    """Sockets, or folders of sockets, to connect to; nothing in such a folder can be read."""
    devices: tuple[str, ...] = ()
    """Devices, or folders of devices, to use."""
    alsa: bool = False
    """ALSA without a sound server: it shares memory with other processes."""

    @property
    def readable(self) -> tuple[str, ...]:
        """All that may be read."""
        python = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        ours = (*sorted(python), str(Path(sys.prefix, "pyvenv.cfg")), str(Path(__file__).parents[1]))
        return (*SYSTEM, *KERNEL, *ours, *self.files, *self.programs)


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that is to be confined: without what else stands in this one's, as the address and
    password of a database."""
    kept = {k: v for k, v in os.environ.items() if k in KEPT_VARIABLES or k.startswith(("LC_", "PYTHON"))}
    return kept | more


def is_too_weak(trouble: str) -> bool:
    """Whether, by what :func:`confine` has returned, too little holds this process for a file of a stranger's."""
    return NO_FILTER in trouble or (NO_TREE in trouble and NO_LANDLOCK in trouble)


def die_with_parent() -> None:
    """Be killed when the daemon ends, however it ends. Standard input is the pipe that it writes its orders to.

    One that ended while this process was on its way here sends no signal: but nobody holds its end of the pipe.
    """
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    orders = select.poll()
    orders.register(0, 0)  # hang-up alone, which is told whether orders are left to read or not
    if any(event & select.POLLHUP for _, event in orders.poll(0)):
        os._exit(0)


def confine(reach: Reach, newest_abi: int = NEWEST_ABI) -> str:
    """Confine this process for good, before it has a second thread. Returns what could not be done; empty if all was.

    What a kernel does not offer is no reason not to play what the town has signed: it is said, and the parent writes it
    down. Who opens the file of a stranger asks :func:`is_too_weak`. ``newest_abi``
    keeps Landlock to what an older kernel has, for tests.
    """
    troubles = [
        _tried("no network namespace", _leave_network),
        _tried(NO_TREE, lambda: _enter_own_tree(reach)),
        _tried("capabilities stay", _drop_capabilities),
        _tried(NO_LANDLOCK, lambda: _restrict_files(reach, newest_abi)),
    ]
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NPROC, (THREADS, THREADS))
    die_with_parent()  # a change of credentials has made the kernel forget it
    troubles.append(_tried(NO_FILTER, lambda: _filter(reach).load()))
    return "; ".join(trouble for trouble in troubles if trouble)


def _filter(reach: Reach) -> Filter:
    return Filter(os.getpid(), alsa=reach.alsa, programs=bool(reach.programs))


def _tried(failure: str, work: Callable[[], None]) -> str:
    try:
        work()
    except OSError as error:
        return f"{failure} ({error.strerror or error})"
    return ""


def _check(result: int, *done: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{' '.join(done)}: {os.strerror(number)}" if done else os.strerror(number))
    return result


# --- namespaces ---


def _leave_network() -> None:
    uid, gid = os.getuid(), os.getgid()
    if _libc.unshare(CLONE_NEWNET) == 0:  # root may
        return
    _check(_libc.unshare(CLONE_NEWNET | CLONE_NEWUSER))
    # the same user inside as outside: the X and sound servers know it by that
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def _enter_own_tree(reach: Reach) -> None:
    """Make a file tree that holds nothing but what may be reached, read-only, and leave the old one."""
    _check(_libc.unshare(CLONE_NEWNS))
    old_root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        _build_tree(reach)
    except OSError:
        os.fchdir(old_root)
        os.chroot(".")
        raise
    finally:
        os.close(old_root)


def _build_tree(reach: Reach) -> None:
    """For its time the old tree lies at /old and the new one at /new, of a file system in memory mounted on /tmp."""
    named = (*reach.readable, *reach.sockets, *reach.devices, *DEVICES)
    paths = sorted({"/proc" if path.startswith("/proc/") else path for path in named if _kind(path)})
    sources = {path: os.path.realpath(path) for path in paths}
    _mount("", "/", MS_REC | MS_SLAVE)
    _mount("tmpfs", "/tmp", MS_NOSUID | MS_NODEV)  # noqa: S108 - a mount point that every system has
    try:
        Path("/tmp/old").mkdir()  # noqa: S108
        _pivot_root("/tmp", "/tmp/old")  # noqa: S108
    except OSError:
        _libc.umount2(b"/tmp", MNT_DETACH)
        raise
    os.chdir("/")
    Path("/new").mkdir()
    _mount("tmpfs", "/new", MS_NOSUID | MS_NODEV)
    for path in paths:
        if Path(f"/old{path}").is_symlink() and path.count("/") == 1:  # /lib and its like
            Path(f"/new{path}").symlink_to(sources[path])
        else:
            _bind(f"/old{sources[path]}", f"/new{path}")
    if reach.folder is not None:
        own = Path(f"/new{reach.folder.absolute()}")
        own.mkdir(parents=True, exist_ok=True)
        if reach.kept:
            _mount(f"/old{os.path.realpath(reach.folder)}", str(own), MS_BIND)
            _set_attributes(str(own), MS_NOSUID | MS_NODEV | MS_NOEXEC, 0)
        else:
            _mount("tmpfs", str(own), MS_NOSUID | MS_NODEV | MS_NOEXEC, f"mode=700,size={OWN_FOLDER_BYTES}")
    _read_only("/new", 0)
    os.chdir("/new")
    _pivot_root(".", ".")
    _check(_libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")


def _bind(source: str, target: str) -> None:
    if Path(source).is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    elif not Path(target).exists():
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    _mount(source, target, MS_BIND | MS_REC)
    _read_only(target, AT_RECURSIVE)


def _mount(source: str, target: str, flags: int, options: str = "") -> None:
    kind = source if flags & MS_BIND == 0 else ""
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode() or None), target)


def _read_only(target: str, flags: int) -> None:
    """Devices can be written to and sockets connected to all the same."""
    _set_attributes(target, MS_RDONLY | MS_NOSUID, flags)


def _set_attributes(target: str, attributes_set: int, flags: int) -> None:
    attributes = struct.pack("QQQQ", attributes_set, 0, 0, 0)
    size = ctypes.c_size_t(len(attributes))
    _check(_libc.syscall(SYS_MOUNT_SETATTR, -100, target.encode(), flags, attributes, size), target)


def _pivot_root(new: str, old: str) -> None:
    _check(_libc.syscall(SYS_PIVOT_ROOT, new.encode(), old.encode()), "pivot_root")


# --- capabilities ---


def _drop_capabilities() -> None:
    number = 0
    while _libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0:  # fails beyond the last one, or for who has none to drop
        number += 1
    _libc.prctl(PR_CAP_AMBIENT, AMBIENT_CLEAR_ALL, 0, 0, 0)
    _libc.prctl(PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, bytes(24)))
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


# --- Landlock ---


def _restrict_files(reach: Reach, newest_abi: int) -> None:
    offered = _check(_libc.syscall(SYS_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ABI_QUESTION))
    abi = min(offered, newest_abi)
    since = ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEVICE))
    handled = ALL_OF_ABI_1 | sum(right for version, right in since if abi >= version)
    network = BIND_AND_CONNECT_TCP if abi >= 4 else 0
    scoped = SCOPE_SIGNALS if abi >= 6 else 0
    wanted = struct.pack("QQQ", handled, network, scoped)
    rules = _check(_libc.syscall(SYS_LANDLOCK_CREATE, wanted, ctypes.c_size_t(len(wanted)), 0))
    _allow(rules, reach.readable, handled & READ)
    _allow(rules, (*reach.devices, *DEVICES), handled & DEVICE)
    _allow(rules, (*reach.programs, *(LOADERS if reach.programs else ())), handled & (READ | EXECUTE))
    if reach.folder is not None:
        _allow(rules, [str(reach.folder)], handled & OWN)
    _check(_libc.syscall(SYS_LANDLOCK_RESTRICT, rules, 0))
    os.close(rules)


def _allow(rules: int, paths: Iterable[str], rights: int) -> None:
    for path in paths:
        if kind := _kind(path):
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rule = struct.pack("=Qi", rights if kind == stat.S_IFDIR else rights & ON_FILES, descriptor)
            _check(_libc.syscall(SYS_LANDLOCK_ADD, rules, RULE_PATH_BENEATH, rule, 0), path)
            if not path.startswith("/proc/"):  # what /proc forgets it makes anew, without its rule
                os.close(descriptor)


def _kind(path: str) -> int:
    """What is there, as in ``stat``; 0 where nothing is, or nothing that this user can reach."""
    try:
        return stat.S_IFMT(Path(path).stat().st_mode)
    except OSError:
        return 0
