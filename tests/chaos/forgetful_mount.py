"""Mounts a :mod:`forgetful` folder: speaks the kernel's FUSE protocol on /dev/fuse.

Needs root and /dev/fuse, and no library. Pages that are mapped shared, as SQLite's -shm is, live in the kernel's cache
and come here when it writes them back; nobody syncs them, so a cut loses them by chance like all else.
"""

import contextlib
import ctypes
import errno
import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path

from chaos.forgetful import File, Folder, Node

MS_NOSUID_NODEV, MNT_DETACH = 6, 2
MAX_WRITE = 128 * 1024
BUFFER = MAX_WRITE + 4096
BIG_WRITES = 1 << 5
KEEP_CACHE = 1 << 1
FOREVER = 1 << 30
"""Seconds for which the kernel may believe what it was told: nobody else changes anything here."""
ROOT = 1
IN, OUT = struct.Struct("<IIQQIIIHH"), struct.Struct("<IiQ")
ATTR = struct.Struct("<6Q10I")
NO_REPLY = {2, 36, 42}
"""Forgetting, and interrupts: what is asked here takes no time."""
MODE, UID, GID, SIZE = 1, 2, 4, 8

_libc = ctypes.CDLL(None, use_errno=True)


class Mount:
    """One life of the folder, from a mount to the loss of power."""

    def __init__(self, root: Folder, place: Path) -> None:
        self._place = place
        self._nodes: dict[int, Node] = {ROOT: root}
        self._numbers: dict[int, int] = {id(root): ROOT}
        self._known: dict[int, int] = {ROOT: FOREVER}
        self._next = ROOT + 1
        self._listings: dict[int, list[tuple[str, Node]]] = {}
        self.fuse = os.open("/dev/fuse", os.O_RDWR | os.O_NONBLOCK)
        options = f"fd={self.fuse},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
        if _libc.mount(b"forgetful", bytes(place), b"fuse", MS_NOSUID_NODEV, options.encode()):
            raise OSError(ctypes.get_errno(), f"{place}: cannot be mounted; is this root, and is there FUSE?")

    def off(self) -> None:
        """Take the power away: whoever waits for the disk gets an error, and the place is bare."""
        os.close(self.fuse)
        _libc.umount2(bytes(self._place), MNT_DETACH)

    def serve(self) -> str:
        """Take and answer one request. Gives its name where it changes the disk or makes a change last."""
        try:
            data = os.read(self.fuse, BUFFER)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EINTR, errno.ENOENT):
                return ""
            raise
        _, code, unique, number, uid, gid, _, _, _ = IN.unpack_from(data)
        name, answer = _OPERATIONS.get(code, ("", Mount._unknown))
        if code in NO_REPLY:
            self._forget(code, number, data[IN.size :])
            return ""
        body, error = b"", 0
        try:
            body = answer(self, self._nodes[number] if number else None, memoryview(data)[IN.size :], (uid, gid))
        except OSError as failure:
            error = failure.errno or errno.EIO
        with contextlib.suppress(FileNotFoundError):  # whoever asked is gone
            os.write(self.fuse, OUT.pack(OUT.size + len(body), -error, unique) + body)
        return name

    # --- what is asked ---

    def _init(self, _node: Node, body: memoryview, _who: tuple[int, int]) -> bytes:
        readahead = struct.unpack_from("<I", body, 8)[0]
        return struct.pack("<4I2H2I2HI7I", 7, 31, readahead, BIG_WRITES, 16, 12, MAX_WRITE, 1, 0, 0, 0, *[0] * 7)

    def _lookup(self, node: Folder, body: memoryview, _who: tuple[int, int]) -> bytes:
        return self._entry(_in(node, _names(body)[0]))

    def _getattr(self, node: Node, _body: memoryview, _who: tuple[int, int]) -> bytes:
        return struct.pack("<QII", FOREVER, 0, 0) + self._attributes(node)

    def _setattr(self, node: Node, body: memoryview, who: tuple[int, int]) -> bytes:
        valid, _, _, size, _, _, mtime, _, _, mtime_ns, _, mode, _, uid, gid, _ = struct.unpack_from("<II6Q8I", body)
        if valid & MODE:
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)
        node.uid = uid if valid & UID else node.uid
        node.gid = gid if valid & GID else node.gid
        if valid & SIZE and isinstance(node, File):
            node.truncate(size)
        if valid & 32 and not valid & 256:
            node.mtime_ns = mtime * 10**9 + mtime_ns
        return self._getattr(node, body, who)

    def _mkdir(self, node: Folder, body: memoryview, who: tuple[int, int]) -> bytes:
        mode = struct.unpack_from("<I", body)[0]
        return self._entry(_new(node, _names(body[8:])[0], Folder(stat.S_IMODE(mode), *who)))

    def _create(self, node: Folder, body: memoryview, who: tuple[int, int]) -> bytes:
        _, mode = struct.unpack_from("<II", body)
        made = _new(node, _names(body[16:])[0], File(stat.S_IMODE(mode), *who))
        return self._entry(made) + self._open(made, body, who)

    def _unlink(self, node: Folder, body: memoryview, _who: tuple[int, int]) -> bytes:
        name = _names(body)[0]
        _in(node, name)
        node.remove(name)
        return b""

    def _rmdir(self, node: Folder, body: memoryview, who: tuple[int, int]) -> bytes:
        if getattr(_in(node, _names(body)[0]), "now", None):
            raise OSError(errno.ENOTEMPTY, "")
        return self._unlink(node, body, who)

    def _rename(self, node: Folder, body: memoryview, _who: tuple[int, int]) -> bytes:
        return self._move(node, body, 8)

    def _rename2(self, node: Folder, body: memoryview, _who: tuple[int, int]) -> bytes:
        if struct.unpack_from("<I", body, 8)[0]:
            raise OSError(errno.EINVAL, "")
        return self._move(node, body, 16)

    def _move(self, node: Folder, body: memoryview, start: int) -> bytes:
        target = self._nodes[struct.unpack_from("<Q", body)[0]]
        old, new = _names(body[start:])
        _in(node, old)
        assert isinstance(target, Folder)
        node.move(old, target, new)
        return b""

    def _open(self, _node: Node, _body: memoryview, _who: tuple[int, int]) -> bytes:
        return struct.pack("<QII", 0, KEEP_CACHE, 0)

    def _read(self, node: File, body: memoryview, _who: tuple[int, int]) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        return bytes(node.now[offset : offset + size])

    def _write(self, node: File, body: memoryview, _who: tuple[int, int]) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        node.write(offset, bytes(body[40 : 40 + size]))
        return struct.pack("<II", size, 0)

    def _sync(self, node: File | Folder, _body: memoryview, _who: tuple[int, int]) -> bytes:
        node.sync()
        return b""

    def _statfs(self, _node: Node, _body: memoryview, _who: tuple[int, int]) -> bytes:
        return struct.pack("<5Q4I6I", 1 << 22, 1 << 21, 1 << 21, 1 << 20, 1 << 20, 4096, 255, 4096, *[0] * 7)

    def _opendir(self, node: Folder, body: memoryview, _who: tuple[int, int]) -> bytes:
        self._next += 1
        self._listings[self._next] = [(".", node), ("..", node), *node.now.items()]
        return struct.pack("<QII", self._next, 0, 0)

    def _readdir(self, _node: Folder, body: memoryview, _who: tuple[int, int]) -> bytes:
        handle, offset, size = struct.unpack_from("<QQI", body)
        found = b""
        for place, (name, node) in enumerate(self._listings[handle][offset:], offset + 1):
            text = name.encode("utf-8", "surrogateescape")
            entry = struct.pack("<QQII", id(node), place, len(text), node.mode >> 12) + text
            entry += bytes(-len(entry) % 8)
            if len(found) + len(entry) > size:
                break
            found += entry
        return found

    def _releasedir(self, _node: Folder, body: memoryview, _who: tuple[int, int]) -> bytes:
        self._listings.pop(struct.unpack_from("<Q", body)[0], None)
        return b""

    def _nothing(self, _node: Node, _body: memoryview, _who: tuple[int, int]) -> bytes:
        return b""

    def _unknown(self, _node: Node, _body: memoryview, _who: tuple[int, int]) -> bytes:
        raise OSError(errno.ENOSYS, "")

    # --- how it is told ---

    def _entry(self, node: Node) -> bytes:
        number = self._numbers.get(id(node))
        if number is None:
            self._next += 1
            number = self._numbers[id(node)] = self._next
            self._nodes[number], self._known[number] = node, 0
        self._known[number] += 1
        return struct.pack("<4Q2I", number, 0, FOREVER, FOREVER, 0, 0) + self._attributes(node)

    @staticmethod
    def _attributes(node: Node) -> bytes:
        size, links = (len(node.now), 1) if isinstance(node, File) else (0, 2)
        times = [divmod(ns, 10**9) for ns in (node.atime_ns, node.mtime_ns, node.ctime_ns)]
        seconds, parts = [at for at, _ in times], [part for _, part in times]
        blocks = -(-size // 512)
        return ATTR.pack(id(node), size, blocks, *seconds, *parts, node.mode, links, node.uid, node.gid, 0, 4096, 0)

    def _forget(self, code: int, number: int, body: bytes) -> None:
        if code == 2:
            self._forget_one(number, struct.unpack_from("<Q", body)[0])
        elif code == 42:
            for place in range(struct.unpack_from("<I", body)[0]):
                self._forget_one(*struct.unpack_from("<QQ", body, 8 + 16 * place))

    def _forget_one(self, number: int, times: int) -> None:
        self._known[number] -= times
        if self._known[number] <= 0:
            del self._known[number], self._numbers[id(self._nodes.pop(number))]


_OPERATIONS: dict[int, tuple[str, Callable[..., bytes]]] = {
    1: ("", Mount._lookup),
    3: ("", Mount._getattr),
    4: ("setattr", Mount._setattr),
    9: ("mkdir", Mount._mkdir),
    10: ("unlink", Mount._unlink),
    11: ("rmdir", Mount._rmdir),
    12: ("rename", Mount._rename),
    14: ("", Mount._open),
    15: ("", Mount._read),
    16: ("write", Mount._write),
    17: ("", Mount._statfs),
    18: ("", Mount._nothing),
    20: ("fsync", Mount._sync),
    26: ("", Mount._init),
    27: ("", Mount._opendir),
    28: ("", Mount._readdir),
    29: ("", Mount._releasedir),
    30: ("fsyncdir", Mount._sync),
    35: ("create", Mount._create),
    45: ("rename", Mount._rename2),
}


def _names(body: memoryview) -> list[str]:
    return [name.decode("utf-8", "surrogateescape") for name in bytes(body).split(b"\0")[:-1]]


def _in(folder: Folder, name: str) -> Node:
    if name not in folder.now:
        raise OSError(errno.ENOENT, "")
    return folder.now[name]


def _new(folder: Folder, name: str, node: Node) -> Node:
    if name in folder.now:
        raise OSError(errno.EEXIST, "")
    folder.put(name, node)
    return node
