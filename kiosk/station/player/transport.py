"""A join into a transport stream: libVLC is given the stream from the key picture before the position on.

libVLC goes to a time, not to a key picture: until the next one it shows grey and torn pictures, or none. So it gets a
stream of our own: the programme's tables, the pictures from the key picture to the position (their time stamps moved
together, so that they are decoded at once), and all that follows as it is (ISO/IEC 13818-1). Times in 1/90000 s.
"""

import mmap
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKET, SYNC = 188, 0x47
LAYOUTS = ((188, 0), (192, 4), (204, 0))
"""Bytes from packet to packet, and those before the packet itself: plain, with time codes, with error correction."""
SECOND, WRAP = 90_000, 1 << 33
LEAD_S = 0.2
"""Seconds in which the pictures before the position are due."""
FARTHEST = 64 << 20
"""Bytes before the position in which a key picture is looked for."""
TABLES_WITHIN = 4 << 20
"""Bytes at the head in which the tables must stand."""
SOUND_WITHIN = 4 << 20
"""Bytes after the position in which each sound track is begun with the position's own sound."""
_KEYS = {
    0x01: re.compile(rb"\x00\x00\x01\xb3"),
    0x02: re.compile(rb"\x00\x00\x01\xb3"),
    0x1B: re.compile(rb"\x00\x00\x01[\x25\x27\x45\x47\x65\x67]"),
    0x24: re.compile(rb"\x00\x00\x01[\x20-\x2b\x40\x42]"),
}
"""How a picture begins that is decoded by itself, by the type of stream: MPEG-1, MPEG-2, H.264, HEVC."""


def is_transport_stream(file: str) -> bool:
    """Whether the file is one, by its first packets. Raises OSError."""
    with Path(file).open("rb") as opened:
        return _layout(opened.read(4 * 204)) is not None


def lead_in(file: str, position_ms: int) -> "LeadIn | None":
    """The stream from ``position_ms`` on; None where no key picture is found before. Raises OSError."""
    with Path(file).open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        layout = _layout(data[: 4 * 204])
        stream = _Stream.found(data, *layout) if layout else None
        return stream.lead_in(file, position_ms * SECOND // 1000) if stream else None


def decoded_when_shown(file: str) -> tuple[int, bytes] | None:
    """Where in the file the first picture's time of decoding stands, and its time of showing, to stand there instead.

    None where both are the same, or nothing is found. libavformat goes to the time at which a stream's first picture is
    shown, or its first sound is heard, by the times of decoding: to a picture after the first. Raises OSError.
    """
    with Path(file).open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        layout = _layout(data[: 4 * 204])
        stream = _Stream.found(data, *layout) if layout else None
        if stream is None:
            return None
        first = next((number for number in range(stream.count) if stream.due(number)[0] >= 0), 0)
        packet = stream.packet(first)
        if len(stamps := _stamps(packet)) < 2:
            return None
        patch = bytearray(packet)
        _put_stamp(patch, stamps[1], (_stamp(packet, stamps[0]) + 1) % WRAP)
        at = first * stream.stride + stream.before + stamps[1]
        return at, bytes(patch[stamps[1] : stamps[1] + 5])


@dataclass(frozen=True)
class LeadIn:
    """A stream that begins at a key picture: ``head``, then the file from byte ``rest`` on."""

    file: str
    head: bytes
    rest: int

    def open(self) -> int:
        """A file descriptor to read it from, which cannot seek. A thread fills it, until nobody reads any more."""
        out, into = os.pipe()
        threading.Thread(target=self._fill, args=(into,), name="lead-in", daemon=True).start()
        return out

    def _fill(self, into: int) -> None:
        with Path(self.file).open("rb") as opened, os.fdopen(into, "wb", buffering=0) as pipe:
            try:
                left = memoryview(self.head)
                while left:
                    left = left[os.write(pipe.fileno(), left) :]
                at = self.rest
                while sent := os.sendfile(pipe.fileno(), opened.fileno(), at, 1 << 20):
                    at += sent
            except BrokenPipeError:
                return


def _layout(head: bytes) -> tuple[int, int] | None:
    for stride, before in LAYOUTS:
        syncs = head[before::stride][:3]
        if len(syncs) == 3 and set(syncs) == {SYNC}:
            return stride, before
    return None


def _pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def _begins(packet: bytes) -> bool:
    return bool(packet[1] & 0x40)


def _payload(packet: bytes) -> int:
    """Where the payload begins; the packet's end where there is none."""
    if not packet[3] & 0x10:
        return PACKET
    return min(PACKET, 5 + packet[4]) if packet[3] & 0x20 else 4


def _stamps(packet: bytes) -> list[int]:
    """Where in a packet that begins a PES packet its time stamps stand: the presentation's, then the decoding's."""
    at = _payload(packet)
    if packet[at : at + 3] != b"\0\0\1" or at + 19 > PACKET or packet[at + 6] & 0xC0 != 0x80:
        return []
    flags = packet[at + 7] >> 6
    return [at + 9, at + 14][: {2: 1, 3: 2}.get(flags, 0)]


def _stamp(packet: bytes, at: int) -> int:
    b = packet[at : at + 5]
    return (b[0] >> 1 & 7) << 30 | b[1] << 22 | b[2] >> 1 << 15 | b[3] << 7 | b[4] >> 1


def _put_stamp(packet: bytearray, at: int, value: int) -> None:
    mark = packet[at] & 0xF1
    packet[at : at + 5] = bytes(
        (
            mark | value >> 29 & 0x0E,
            value >> 22 & 0xFF,
            value >> 14 & 0xFE | 1,
            value >> 7 & 0xFF,
            value << 1 & 0xFE | 1,
        )
    )


@dataclass(frozen=True)
class _Stream:
    data: mmap.mmap
    stride: int
    before: int
    tables: bytes
    """The packets of its tables, as they stand in the file."""
    table_pids: frozenset[int]
    video: int
    key: "re.Pattern[bytes]"
    zero: int
    """The time stamp of its first whole picture."""

    @classmethod
    def found(cls, data: mmap.mmap, stride: int, before: int) -> "_Stream | None":
        """The first programme of a stream, with its first picture track."""
        pmt, tables = -1, b""
        for number in range(min(len(data), TABLES_WITHIN) // stride):
            raw = data[number * stride : (number + 1) * stride]
            packet = raw[before : before + PACKET]
            if packet[0] != SYNC or not _begins(packet) or _pid(packet) not in (0, pmt):
                continue
            section = packet[_payload(packet) :]
            section = section[1 + section[0] :] if section else b""
            if _pid(packet) == 0 and pmt < 0:
                pmt, tables = _programme_map(section), raw
            elif _pid(packet) == pmt and (video := _video(section)) is not None:
                stream = cls(data, stride, before, tables + raw, frozenset({0, pmt}), *video, zero=0)
                first = next((n for n in range(stream.count) if stream.is_key(n)), None)
                return None if first is None else cls(**{**stream.__dict__, "zero": stream.due(first)[0]})
        return None

    @property
    def count(self) -> int:
        return len(self.data) // self.stride

    def packet(self, number: int) -> bytes:
        at = number * self.stride + self.before
        return self.data[at : at + PACKET]

    def due(self, number: int) -> tuple[int, int]:
        """When the picture that begins in a packet is shown and decoded; -1 where none begins with a time stamp."""
        packet = self.packet(number)
        if packet[0] != SYNC or _pid(packet) != self.video or not _begins(packet):
            return -1, -1
        stamps = [_stamp(packet, at) for at in _stamps(packet)]
        return (stamps[0], stamps[-1]) if stamps else (-1, -1)

    def is_key(self, number: int) -> bool:
        if self.due(number)[0] < 0:
            return False
        packet = self.packet(number)
        flagged = packet[3] & 0x20 and packet[4] and packet[5] & 0x40
        return bool(flagged or self.key.search(packet, _payload(packet)))

    def lead_in(self, file: str, position: int) -> LeadIn | None:
        """From the first picture on that is decoded at ``position`` or later."""
        there = self._at(position)
        if there is None:
            return None
        farthest = max(0, there - FARTHEST // self.stride)
        key = next((number for number in range(there, farthest - 1, -1) if self.is_key(number)), None)
        if key is None:
            return None
        last = min(self.count, there + SOUND_WITHIN // self.stride)
        head = b"".join(self._moved(key, there, last))
        return LeadIn(file, self.tables + head, last * self.stride)

    def _at(self, position: int) -> int | None:
        """The first packet with a picture that is decoded at ``position`` or later, by bisection."""
        low, high = 0, self.count
        while high - low > 1:
            middle = (low + high) // 2
            here = next((number for number in range(middle, high) if self.due(number)[0] >= 0), None)
            if here is None or self._since(self.due(here)[1]) >= position:
                high = middle
            else:
                low = max(here, middle)
        return next((number for number in range(low, self.count) if self._reached(number, position)), None)

    def _reached(self, number: int, position: int) -> bool:
        decoded = self.due(number)[1]
        return decoded >= 0 and self._since(decoded) >= position

    def _since(self, stamp: int) -> int:
        """A time stamp as the time since the first picture; a little below 0 for what is decoded before it."""
        since = (stamp - self.zero) % WRAP
        return since - WRAP if since > WRAP // 2 else since

    def _moved(self, key: int, there: int, last: int) -> Iterator[bytes]:
        """The packets from ``key`` to ``last``: pictures alone before ``there``, moved together."""
        pivot, begin = self._since(self.due(there)[1]), self._since(self.due(key)[1])
        lead = round(LEAD_S * SECOND)
        share = min(1.0, lead / max(1, pivot - begin))
        heard: set[int] = set()
        for number in range(key, last):
            raw = self.data[number * self.stride : (number + 1) * self.stride]
            packet = raw[self.before : self.before + PACKET]
            pid = _pid(packet)
            if pid == self.video:
                moved = bytearray(raw)
                for at in _stamps(packet) if _begins(packet) and number < there else ():
                    due = self._since(_stamp(packet, at))
                    if due < pivot:
                        new = pivot - round((pivot - due) * share)
                        _put_stamp(moved, self.before + at, (new + self.zero) % WRAP)
                yield bytes(moved)
            elif pid in self.table_pids:
                yield raw
            elif number >= there:
                stamps = _stamps(packet) if _begins(packet) else []
                if stamps and self._since(_stamp(packet, stamps[0])) >= pivot - lead:
                    heard.add(pid)
                if pid in heard:
                    yield raw


def _programme_map(section: bytes) -> int:
    """The packet identifier of the first programme's map; -1 where there is none."""
    end = 3 + ((section[1] & 0x0F) << 8 | section[2]) - 4 if len(section) > 8 else 0
    for at in range(8, min(end, len(section) - 3), 4):
        if section[at : at + 2] != b"\0\0":
            return (section[at + 2] & 0x1F) << 8 | section[at + 3]
    return -1


def _video(section: bytes) -> "tuple[int, re.Pattern[bytes]] | None":
    """The first picture track of a programme's map, and how its key pictures begin."""
    if len(section) < 12:
        return None
    end = min(len(section) - 4, 3 + ((section[1] & 0x0F) << 8 | section[2]) - 4)
    at = 12 + ((section[10] & 0x0F) << 8 | section[11])
    while at < end:
        if section[at] in _KEYS:
            return (section[at + 1] & 0x1F) << 8 | section[at + 2], _KEYS[section[at]]
        at += 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])
    return None
