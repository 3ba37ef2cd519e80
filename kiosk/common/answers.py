"""The answers to an installer's questions: typed by a person, or from a file for many PCs.

A file of answers holds secrets (a code, a PIN), so it must be readable by its owner alone.
"""

import getpass
import os
import stat
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from kiosk.common.strict import Place, problems

T = TypeVar("T")
A = TypeVar("A", bound=msgspec.Struct)

MAX_BYTES = 64 * 1024


class Wrong(Exception):
    """An answer that cannot be used; the message says why, to the person who typed it."""


class AnswersError(Exception):
    """A file of answers that cannot be used, or an answer in it; the message names the file and the remedy."""


def read_answers(path: Path, kind: type[A]) -> A:
    """Read the file of answers ``path``, or standard input for ``-``. Raises :class:`AnswersError`."""
    try:
        with open(0, "rb", closefd=False) if str(path) == "-" else path.open("rb") as file:  # noqa: PTH123
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077:
                raise AnswersError(f"{path}: other users can read it, and it holds secrets; run: chmod 600 {path}")
            data = file.read(MAX_BYTES)
    except OSError as error:
        raise AnswersError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        tree = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise AnswersError(f"{path}: not TOML in UTF-8: {error}") from None
    if wrong := [problem.sentence for problem in problems(tree, kind, _show)]:
        raise AnswersError("\n".join(f"{path}: {sentence}" for sentence in wrong))
    return msgspec.convert(tree, kind)


def _show(place: Place) -> str:
    return ".".join(place)


class Hidden(NamedTuple):
    """What is said where nothing of the answer is shown as it is typed, and it is therefore asked for twice."""

    again: str
    differs: str


class Questions:
    """Asks a person, again and again until the answer is right; or takes the file's answers, and none of a person."""

    def __init__(self, answers: msgspec.Struct | None, place: str) -> None:
        """``place`` names the file of ``answers`` in sentences; without answers a person is asked."""
        self._answers, self._place = answers, place

    def ask(self, name: str, text: str, check: Callable[[str], T], hidden: Hidden | None = None) -> T:
        """What ``check`` makes of the answer called ``name``. ``check`` raises :class:`Wrong` with a sentence.

        Raises :class:`AnswersError` for a wrong answer of a file, and where nobody is there to ask.
        """
        if self._answers is not None:
            try:
                return check(str(getattr(self._answers, name)))
            except Wrong as error:
                raise AnswersError(f"{self._place}: {name}: {error}") from None
        while True:
            try:
                typed = getpass.getpass(f"{text} ") if hidden else input(f"{text} ")
                found = check(typed.strip())
                if hidden and getpass.getpass(f"{hidden.again} ") != typed:
                    print(f"  {hidden.differs}", file=sys.stderr)  # noqa: T201
                    continue
                return found  # noqa: TRY300
            except Wrong as error:
                print(f"  {error}", file=sys.stderr)  # noqa: T201 - on the terminal where the question stands
            except EOFError:
                raise AnswersError(f"{text}: nobody answers; run this on a terminal, or with --answers FILE") from None
