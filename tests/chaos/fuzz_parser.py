"""What it takes to fuzz a parser: sound inputs, a way to hand it one, and the one error that it documents."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "contract"))  # for its worked example, and the keys that sign it

Read = Callable[[bytes], object]


@dataclass(frozen=True)
class Parser:
    """A parser of something that came from outside."""

    name: str
    errors: tuple[type[Exception], ...]
    """What it may raise; empty where it raises nothing."""
    seeds: Callable[[], Sequence[bytes]]
    """Sound inputs, to be bent."""
    reader: Callable[[Path], Read]
    """Makes the parser ready; it may use the folder given. Imports what it needs here, and not before."""
    words: tuple[bytes, ...] = ()
    """Tokens of its language."""
    monsters: int = 0
    """The longest JSON that it takes, in bytes: such inputs are tried too; 0 where it takes none."""
    document: str = ""
    """The sound documents (of :mod:`fuzz_documents`) that it is given as they are; empty: it is given bent ones."""


def scratch() -> "tempfile.TemporaryDirectory[str]":
    """A folder for a reader, in memory where there is such a place: thousands of commits wait for no disk."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None, ignore_cleanup_errors=True)


def escaped(parser: Parser, read: Read, data: bytes) -> BaseException | None:
    """What the parser raises for ``data`` and does not document; None where all is well."""
    try:
        read(data)
    except parser.errors:
        return None
    except Exception as error:
        return error
    return None
