"""The one reader and the one writer of JSON that crosses between town and station.

What crosses is RFC 8785 canonical JSON of a narrow kind: integers of at most 64 bits, text, booleans, null, arrays and
objects; no floats, no duplicate keys. Any language can write the same bytes: keys sorted, no white space, UTF-8 as is.
"""

import json
import re
from typing import Annotated, Any, ClassVar, NoReturn, TypeVar

import msgspec

MAX_DOCUMENT = 4 * 1024 * 1024
"""The largest document (not programme) that either end reads, in bytes: one character outside of the plane that most
are in makes Python hold every one in four, twice over, and 100 MB must do."""
MAX_VALUES = 200_000
"""The most values in one, counted as its ``[``, ``{`` and ``,``, in texts too: twice what a slot every five minutes of
five weeks takes. Millions of empty lists would take 30 bytes of memory for each of the document's."""

Id = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z",
        description="a name of 1 to 64 letters, digits, dots, dashes and underscores of ASCII",
    ),
]
"""A name that is safe in a path, a URL and a log line."""
Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
FileName = Annotated[str, msgspec.Meta(pattern=r"\A(?!\.)[^/\\\x00-\x1f]{1,200}\Z")]
"""A plain file name: no folder, no leading dot, no control character."""
Text = Annotated[str, msgspec.Meta(max_length=400, pattern=r"\A[^\x00]*\Z")]
LongText = Annotated[str, msgspec.Meta(max_length=20_000, pattern=r"\A[^\x00]*\Z")]
"""Text of a page at most. Neither kind holds a NUL, which PostgreSQL cannot store."""
Day = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", description="a date, such as 2026-03-02")]
"""A local date, ``YYYY-MM-DD``."""
TimeOfDay = Annotated[
    str,
    msgspec.Meta(
        pattern=r"\A([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\Z", description="a time of day, written HH:MM:SS"
    ),
]
"""A local time of day, ``HH:MM:SS``."""
MAX_INSTANT = 32_503_680_000_000
Instant = Annotated[int, msgspec.Meta(ge=0, le=MAX_INSTANT)]
"""Milliseconds since 1970-01-01T00:00:00Z."""
Span = Annotated[int, msgspec.Meta(ge=0, le=366 * 86_400_000)]
"""A length of time in milliseconds."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]

T = TypeVar("T")


MOST_TOLD = 4_000
"""The most characters of a message about something that came from outside."""


def tellable(message: str) -> str:
    """``message`` fit for a log line, a page and a :data:`LongText`, whatever it quotes of what came from outside.

    A NUL in it would make the very report malformed that tells of it.
    """
    head = message[: MOST_TOLD + 1]
    if not head.isprintable():
        head = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in head)
    return head if len(head) <= MOST_TOLD else f"{head[:MOST_TOLD]} ..."


class Malformed(ValueError):
    """A document that cannot be read; the message names the document, the place in it and what is wrong."""

    def __init__(self, message: str) -> None:
        super().__init__(tellable(message))


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that crosses: immutable, keyword-only, unknown fields ignored."""


class Format1(Record, frozen=True, kw_only=True):
    """Base of the documents of format 1."""

    FORMAT: ClassVar[int] = 1

    format: int = 1


class Format2(Record, frozen=True, kw_only=True):
    """Base of the documents of format 2."""

    FORMAT: ClassVar[int] = 2

    format: int = 2


def encode(value: Any) -> bytes:
    """Canonical bytes of ``value``. The same value gives the same bytes in every language and version."""
    return msgspec.json.encode(value, order="sorted")


def plain(data: bytes, what: str, limit: int = MAX_DOCUMENT, values: int = MAX_VALUES) -> Any:
    """Read ``data`` into plain dicts and lists; raise :class:`Malformed` for what canonical JSON does not allow.

    ``limit`` is in bytes, ``values`` counts as :data:`MAX_VALUES` does.
    """
    if len(data) > limit:
        raise Malformed(f"{what}: {len(data)} bytes is more than the {limit} allowed")
    if sum(map(data.count, _BEFORE_VALUES)) > values:
        raise Malformed(f"{what}: more than the {values} values allowed")
    try:
        tree = _DECODER.decode(data.decode("utf-8"))
    except Malformed as error:
        raise Malformed(f"{what}: {error}") from None
    except UnicodeDecodeError as error:
        raise Malformed(f"{what}: not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"{what}: not JSON at line {error.lineno} column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise Malformed(f"{what}: nested too deeply") from None
    if _SURROGATE.search(data) and _HALF_CHARACTER.search(data.replace(rb"\\", b"  ")):
        raise Malformed(f"{what}: a text holds half a character (an unpaired surrogate)")
    return tree


def decode(data: bytes, kind: type[T], what: str) -> T:
    """Read ``data`` as a ``kind``. ``what`` names the document in errors (``playlist``, ``report``).

    Raises :class:`Malformed`; its message ends with the path of the field at fault.
    """
    return convert(plain(data, what), kind, what)


def convert(tree: Any, kind: type[T], what: str) -> T:
    """Turn a plain tree into a ``kind``; the format version is judged before anything else."""
    if hasattr(kind, "FORMAT"):
        judge_format(tree.get("format") if isinstance(tree, dict) else None, kind, what)
    config = getattr(kind, "__struct_config__", None)
    if config is not None and config.tag is not None and isinstance(tree, dict) and config.tag_field not in tree:
        raise Malformed(f"{what}: the field {config.tag_field!r} is missing; it must be {config.tag!r}")
    try:
        return msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        raise Malformed(f"{what}: {error}") from None
    except RecursionError:
        raise Malformed(f"{what}: nested too deeply") from None


def judge_format(found: object, kind: Any, what: str) -> None:
    """Raises :class:`Malformed` unless ``found`` is the format version of ``kind``."""
    if found != kind.FORMAT:
        raise Malformed(
            f"{what}: format {found!r} is not the format {kind.FORMAT} that this version reads; "
            "update the kiosk at the end whose format is lower"
        )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Malformed(f"the key {name[:64]!r} stands twice in one object")
            seen.add(name)
    return found


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise Malformed(f"the number {digits[:24]} does not fit 64 bits")
    return int(digits)


def _refuse_float(digits: str) -> NoReturn:
    raise Malformed(f"the number {digits[:24]} is not an integer")


_BEFORE_VALUES = (b"[", b"{", b",")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""Where an escape may write half a character: raw UTF-8 cannot, and few documents escape at all."""
_HALF_CHARACTER = re.compile(rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]", re.DOTALL)
"""The first half without the second, or the second without the first, where no backslash is itself escaped."""
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_refuse_float, parse_constant=_refuse_float
)
