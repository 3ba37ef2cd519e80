"""Texts for people before a language is chosen: marked for the catalogue, with values to put in. Pure."""

import re
from collections.abc import Callable
from typing import Self

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
        values = {name: said(value, translate) for name, value in self.values.items()}
        return _FIELD.sub(lambda field: values.get(field[1], field[0]), translate(self.text))


class Sentence(str):
    """An English sentence that keeps its template and values: it goes wherever a text goes, an exception's too, and can
    still be said in another language."""

    message: Message

    def __new__(cls, text: str, /, **values: str) -> Self:
        """``text`` is a marked template; a value may be a sentence itself."""
        message = Message(text, values)
        made = super().__new__(cls, message.render(str))
        made.message = message
        return made


def said(text: str, translate: Callable[[str], str]) -> str:
    """``text`` in the language of ``translate``, where it is a :class:`Sentence`; any other text as it stands."""
    return text.message.render(translate) if isinstance(text, Sentence) else text
