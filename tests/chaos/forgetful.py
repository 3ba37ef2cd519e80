"""Files in memory that remember two states, what was written and what is durable, and what a power cut leaves of them.

Pure: the kernel's side is :mod:`forgetful_mount`. Hostile as far as POSIX allows, and honest:

- What was written to a file since its last fsync is lost wholly, partly or out of order, page by page; so is its size.
- What was made, moved or removed in a folder since the folder's last fsync may be lost, each change on its own. To sync
  a file does not make its name last; one rename is done or not done, never by half, and loses no file.
- What was synced is there.

Choices are the caller's ``random.Random``: the same one after the same history leaves the same files.
"""

import random
import stat
import time
from dataclasses import dataclass, field
from typing import TypeVar

PAGE = 4096

T = TypeVar("T")


class Node:
    """A file or a folder."""

    def __init__(self, mode: int, uid: int = 0, gid: int = 0) -> None:
        self.mode, self.uid, self.gid = mode, uid, gid
        self.atime_ns = self.mtime_ns = self.ctime_ns = time.time_ns()


class File(Node):
    """Bytes as they were written, and as they were synced last."""

    def __init__(self, mode: int, uid: int = 0, gid: int = 0, kept: bytes = b"") -> None:
        super().__init__(stat.S_IFREG | mode, uid, gid)
        self.now = bytearray(kept)
        self._kept = kept
        self._pages: list[tuple[int, bytes]] = []
        """Since the last sync, in the order of writing: the page's number and its bytes then."""
        self._sizes: list[int] = []

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes at an offset; a hole before them is zeros."""
        if offset > len(self.now):
            self.now.extend(bytes(offset - len(self.now)))
        self.now[offset : offset + len(data)] = data
        self._touched(offset, offset + len(data))

    def truncate(self, size: int) -> None:
        """Cut short, or lengthen with zeros."""
        grown = size - len(self.now)
        if grown > 0:
            self.now.extend(bytes(grown))
        else:
            del self.now[size:]
        self._touched(max(0, size - 1), size)

    def sync(self) -> None:
        """From now on, what is written is durable."""
        self._kept = bytes(self.now)
        self._pages.clear()
        self._sizes.clear()

    def after_cut(self, chance: random.Random) -> "File":
        """The file as the disk has it when the power comes back."""
        sizes = _chosen(self._sizes, chance)
        size = sizes[-1] if sizes else len(self._kept)
        data = bytearray(self._kept[:size].ljust(size, b"\0"))
        for number, page in _chosen(self._pages, chance):
            at = number * PAGE
            data[at : at + PAGE] = page[: max(0, size - at)]
        file = File(stat.S_IMODE(self.mode), self.uid, self.gid, bytes(data))
        file.mtime_ns = self.mtime_ns
        return file

    def _touched(self, begin: int, end: int) -> None:
        for number in range(begin // PAGE, -(-end // PAGE)):
            self._pages.append((number, bytes(self.now[number * PAGE : (number + 1) * PAGE])))
        self._sizes.append(len(self.now))
        self.mtime_ns = self.ctime_ns = time.time_ns()


@dataclass(eq=False)
class _Change:
    """Names of one folder that changed at once; None where the name is free from then on."""

    names: dict[str, Node | None]
    first: "tuple[Folder, _Change] | None" = None
    """The other half of a move to another folder, without which this half would lose the file."""


@dataclass(eq=False)
class _Lasting:
    """The names that are durable, and what has changed since."""

    names: dict[str, Node] = field(default_factory=dict)
    changes: list[_Change] = field(default_factory=list)


class Folder(Node):
    """Names as they are, and as they were synced last."""

    def __init__(self, mode: int, uid: int = 0, gid: int = 0) -> None:
        super().__init__(stat.S_IFDIR | mode, uid, gid)
        self.now: dict[str, Node] = {}
        self._lasting = _Lasting()

    def put(self, name: str, node: Node) -> None:
        """Give a node a name."""
        self._change(_Change({name: node}))

    def remove(self, name: str) -> None:
        """Free a name."""
        self._change(_Change({name: None}))

    def move(self, name: str, target: "Folder", new: str) -> None:
        """Rename, into another folder perhaps, in the place of what stands there."""
        node = self.now[name]
        if target is self:
            if new != name:
                self._change(_Change({name: None, new: node}))
            return
        arrival = _Change({new: node})
        target._change(arrival)
        self._change(_Change({name: None}, (target, arrival)))

    def sync(self) -> None:
        """From now on, the names are durable."""
        for change in list(self._lasting.changes):
            self._keep(change)

    def after_cut(self, chance: random.Random) -> "Folder":
        """The folder, with all below it, as the disk has it when the power comes back."""
        self._settle(chance)
        return self._copy(chance, {})

    def _change(self, change: _Change) -> None:
        _apply(change, self.now)
        self._lasting.changes.append(change)
        self.mtime_ns = self.ctime_ns = time.time_ns()

    def _keep(self, change: _Change) -> None:
        if change not in self._lasting.changes:
            return
        if change.first is not None:
            folder, other = change.first
            folder._keep(other)
        self._lasting.changes.remove(change)
        _apply(change, self._lasting.names)

    def _settle(self, chance: random.Random) -> None:
        """Decide, for all folders that may be reached, which changes the disk has got."""
        waiting, seen = [self], set[int]()
        while waiting:
            folder = waiting.pop()
            if id(folder) in seen:
                continue
            seen.add(id(folder))
            below = [*folder.now.values(), *folder._lasting.names.values()]
            waiting += [node for node in below if isinstance(node, Folder)]
            for change in _chosen(folder._lasting.changes, chance):
                folder._keep(change)

    def _copy(self, chance: random.Random, copies: dict[int, File]) -> "Folder":
        copy = Folder(stat.S_IMODE(self.mode), self.uid, self.gid)
        for name, node in sorted(self._lasting.names.items()):
            if isinstance(node, Folder):
                left: Node = node._copy(chance, copies)
            else:
                assert isinstance(node, File)
                left = copies.setdefault(id(node), node.after_cut(chance))
            copy.now[name] = copy._lasting.names[name] = left
        return copy


def _apply(change: _Change, names: dict[str, Node]) -> None:
    for name, node in change.names.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


def _chosen(changes: list[T], chance: random.Random) -> list[T]:
    """What of some changes the disk has got: nothing, all, what came first, or any of them; in their order."""
    match chance.randrange(4):
        case 0:
            return []
        case 1:
            return list(changes)
        case 2:
            return changes[: chance.randrange(len(changes) + 1)]
        case _:
            return [change for change in changes if chance.random() < 0.5]
