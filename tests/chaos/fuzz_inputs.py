"""Inputs that are almost right: sound ones bent by a random hand, spliced, cut, swollen; and plain noise.

What is bent is known by its seed alone: the same random numbers bend the same sound inputs to the same bytes.
"""

import json
import random
import re
from collections.abc import Sequence
from typing import Any

SCALARS = (
    *(b"0", b"-1", b"1", b"-0", b"1.0", b"1e3", b"1E999", b"NaN", b"-Infinity", b"01", b"true", b"false", b"null"),
    *(b"%d" % (2**53 + 1), b"%d" % (2**63), b"%d" % (-(2**63) - 1), b"1" + b"0" * 400, b"9" * 5000, b"253402300800000"),
    *(
        b'""',
        b'"\\u0000"',
        b'"\x00"',
        b'"\\ud800"',
        b'"\\udfff\\ud800"',
        b'"\xff\xfe"',
        b'"\xed\xa0\x80"',
        b'"\\u00e9"',
    ),
    *(b'"../../etc/passwd"', b'"no-such-word"', b'"2026-02-30"', b'"0000-00-00"', b'"9999-12-31"', b'"24:00:00"'),
    *(
        b'"Asia"',
        b'"posixrules"',
        b'"{0.__class__}"',
        b'"%s%n"',
        b'"\\n\\r\\u2028"',
        b'"a"',
        b'"zone.tab"',
        b'"localtime"',
    ),
    *('"٣"'.encode(), '"²"'.encode(), '"😀"'.encode(), '"ß"'.encode(), b"[]", b"{}", b"[[]]", b'{"":{}}'),
    *(b'{"a":1,"a":2}', b'"%s"' % (b"f" * 64), b'"2999-12-31"', b'"1971-01-01"', b'"00:00:00"'),
)
"""JSON values that readers stumble over."""
NOISE = (
    b"\x00",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r\n",
    b'"',
    b"\\",
    b"\\u",
    b"{",
    b"[",
    b"]",
)
NUMBERS = (
    b"0",
    b"-1",
    b"",
    b"1" * 20,
    b"9" * 400,
    b"9" * 5000,
    b"1e999",
    b"0x10",
    "٣".encode(),
    b"\xb2",
    b"2147483648",
)
_DIGITS = re.compile(rb"[0-9]{1,60}")
DEPTHS = (10, 60, 300, 990, 1100, 20_000)
LENGTHS = (63, 65, 201, 401, 5_000, 20_001, 100_000)
COUNTS = (2, 8, 40, 300, 1200)
SWOLLEN, LONGEST = 400_000, 1_000_000
"""No single bend makes an input longer than the one, and all together not longer than the other, in bytes;
:func:`monsters` are longer."""


class Raw(bytes):
    """A piece of JSON that is written as it is."""


class Pairs(list[Any]):
    """A JSON object as it stands: a list of keys (JSON texts) and values, so that a key can stand there twice."""


def tree_of(data: bytes) -> Any:
    """``data`` as a tree that can be bent; None for what is no JSON."""
    try:
        found = json.loads(
            data, object_pairs_hook=lambda pairs: Pairs([Raw(_text(key)), value] for key, value in pairs)
        )
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def written(node: Any) -> bytes:
    """The bytes of a bent tree."""
    if isinstance(node, Raw):
        return node
    if isinstance(node, Pairs):
        return b"{" + b",".join(key + b":" + written(value) for key, value in node) + b"}"
    if isinstance(node, list):
        return b"[" + b",".join(map(written, node)) + b"]"
    return _text(node)


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def bent(seeds: Sequence[bytes], words: Sequence[bytes], number: int) -> bytes:
    """The ``number``-th input made from ``seeds``. ``words`` are tokens of the language that it is written in."""
    return _bent(seeds, words, number)[:LONGEST]


def _bent(seeds: Sequence[bytes], words: Sequence[bytes], number: int) -> bytes:
    hand = random.Random(number)
    data = hand.choice(seeds)
    kind = hand.random()
    if kind < 0.03:
        return hand.randbytes(hand.choice((0, 1, 2, 7, 64, 1000)))
    if kind < 0.06:
        return b"".join(hand.choice((*words, *SCALARS, *NOISE, b",", b":")) for _ in range(hand.randint(1, 40)))
    tree = tree_of(data)
    if tree is not None and kind < 0.75:
        for _ in range(_few(hand)):
            _bend_tree(hand, tree, seeds, words)
        data = written(tree)
        if kind < 0.65:
            return data
    for _ in range(_few(hand)):
        data = _bend_bytes(hand, data, seeds, words)
    return data


def monsters(limit: int) -> list[bytes]:
    """JSON of ``limit`` bytes that takes as much memory or time as it can."""
    pieces = (b"[],", b"{},", b"999,", b'"ab",', b'{"a":1},', b'{"a":[1]},', b'"\\u0001",', b"[[]],")
    found = [b"[" + piece * ((limit - 3) // len(piece)) + b"0]" for piece in pieces]
    fill = limit - 20
    found += [b'["' + "😀".encode() + b"a" * fill + b'"]', b'["\\ud83d\\ude00' + b"a" * fill + b'"]', b"[" * limit]
    found += [b'["\\ud800' + b"a" * fill + b'"]', b"1" * limit, b" " * limit, bytes(limit), b'{"a":' * (limit // 5)]
    keys = b",".join(b'"%x":0' % n for n in range(limit // 12))
    return [*found, b"{" + keys + b"}", b"{" + keys + b',"0":1}', b"[" + b'"' * fill, b'["' + b"\\n" * (fill // 2)]


def _few(hand: random.Random) -> int:
    return 1 + min(int(hand.expovariate(0.9)), 6)


# --- trees ---


def _places(tree: Any) -> list[tuple[Any, int]]:
    """Every list and object of a tree with the number of each of its members."""
    found, todo = [], [tree]
    while todo:
        node = todo.pop()
        for n, member in enumerate(node):
            found.append((node, n))
            value = member[1] if isinstance(node, Pairs) else member
            if isinstance(value, list):
                todo.append(value)
    return found


def _bend_tree(hand: random.Random, tree: Any, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    places = _places(tree)
    if not places:
        tree.append([Raw(b'"a"'), Raw(hand.choice(SCALARS))] if isinstance(tree, Pairs) else Raw(hand.choice(SCALARS)))
        return
    node, n = hand.choice(places)
    here = node[n][1] if isinstance(node, Pairs) else node[n]
    what = hand.randrange(12)
    if what == 0:
        del node[n]
    elif what == 1:
        node.insert(hand.randint(0, len(node)), list(node[n]) if isinstance(node, Pairs) else node[n])
    elif what == 2 and isinstance(node, Pairs):
        node[n] = [_other_key(hand, node[n][0]), here]
    elif what == 3:
        _put(node, n, _other_place(hand, places, seeds))
    elif what == 4 and len(written(here)) < 5000:
        copies = hand.choice(COUNTS)
        if isinstance(node, Pairs):
            node.extend([[Raw(b'"k%d"' % k), here] for k in range(copies)])
        else:
            node.extend([here] * copies)
    elif what == 5:
        depth = hand.choice(DEPTHS)
        opening, closing = hand.choice(((b"[", b"]"), (b'{"a":', b"}")))
        _put(node, n, Raw(opening * depth + written(here)[:2000] + closing * depth))
    elif what == 6:
        _put(node, n, Raw(b'"' + hand.choice((b"x", b"\\u0000", "农".encode(), b"/")) * hand.choice(LENGTHS) + b'"'))
    elif what <= 8 and isinstance(here, (str, int)) and not isinstance(here, bool):
        _put(node, n, _near(hand, here))
    elif what == 9 and words:
        _put(node, n, Raw(b'"' + hand.choice(words) + b'"'))
    else:
        _put(node, n, Raw(hand.choice(SCALARS)))


def _put(node: Any, n: int, value: Any) -> None:
    node[n] = [node[n][0], value] if isinstance(node, Pairs) else value


def _other_place(hand: random.Random, places: list[tuple[Any, int]], seeds: Sequence[bytes]) -> Any:
    """A value from elsewhere in this document, or another one whole."""
    if hand.random() < 0.2:
        return Raw(hand.choice(seeds)[:SWOLLEN])
    node, n = hand.choice(places)
    return Raw(written(node[n][1] if isinstance(node, Pairs) else node[n])[:SWOLLEN])


def _other_key(hand: random.Random, key: bytes) -> Raw:
    inner = key[1:-1]
    escaped = b"\\u%04x" % inner[0] + inner[1:] if inner[:1].isascii() and inner else b""
    return Raw(
        b'"' + hand.choice((inner + b"x", inner[:-1], inner.upper(), escaped, b"", b"\\ud800", b"k" * 5000)) + b'"'
    )


def _near(hand: random.Random, value: str | int) -> Any:
    if isinstance(value, int):
        return value + hand.choice((-1, 1, 2, -value, -2 * value, 10**6, 10**9, 10**12, 2**31, 2**53, 2**62))
    at = hand.randint(0, len(value))
    more = hand.choice(("\0", "\n", "x", " ", "９", "/", "-", "٣", "\u2028", "{", "%", "\\", '"', "\x7f"))
    return hand.choice((value[:at] + more + value[at:], value[:at], value[at:], value + value, value.upper()))


# --- bytes ---


def _bend_bytes(hand: random.Random, data: bytes, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    at = hand.randint(0, len(data))
    to = min(len(data), at + hand.choice((1, 1, 2, 4, 16, 200, 5000)))
    what = hand.randrange(9)
    if what == 8 and (runs := list(_DIGITS.finditer(data[at : at + 20_000])) or list(_DIGITS.finditer(data[:20_000]))):
        run = hand.choice(runs)
        return data.replace(run[0], hand.choice(NUMBERS), hand.choice((1, -1)))[:SWOLLEN]
    if what == 0 and data:
        return data[:at] + bytes([data[at % len(data)] ^ (1 << hand.randrange(8))]) + data[at + 1 :]
    if what == 1:
        return data[:at]
    if what == 2:
        return data[:at] + data[to:]
    if what == 3:
        return data[:at] + hand.choice((*words, *NOISE, *SCALARS)) + data[at:]
    if what == 4:
        return (data[:at] + data[at:to] * hand.choice(COUNTS) + data[to:])[:SWOLLEN]
    if what == 5:
        other = hand.choice(seeds)
        return (data[:at] + other[hand.randint(0, len(other)) :])[:SWOLLEN]
    if what == 6:
        return data[:at] + hand.randbytes(to - at) + data[to:]
    return data[:at] + hand.choice((*words, *NOISE, *SCALARS)) + data[to:]
