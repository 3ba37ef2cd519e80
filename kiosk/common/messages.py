"""Texts for people before a language is chosen: marked for the catalogue, with values to put in. Pure."""

import re
from collections.abc import Callable

import msgspec

_FIELD = re.compile(r"\{(\w+)\}")


def mark(text: str) -> str:
    """Mark ``text`` for the catalogue where it is written; it is translated where it is shown."""
    return text


class Message(msgspec.Struct, frozen=True):
    """A text that is not yet in any language: an English template and what stands in it."""

    text: str
    values: dict[str, str] = {}

    def render(self, translate: Callable[[str], str]) -> str:
        """The text in the language of ``translate``. Its fields are names alone: it may come from a process that a
        hostile file has taken over, and ``{x:>999999999}`` would take a gigabyte."""
        return _FIELD.sub(lambda field: self.values.get(field[1], field[0]), translate(self.text))
