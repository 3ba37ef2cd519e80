"""Texts for people before a language is chosen: marked for the catalogue, with values to put in. Pure."""

from collections.abc import Callable

import msgspec


def mark(text: str) -> str:
    """Mark ``text`` for the catalogue where it is written; it is translated where it is shown."""
    return text


class Message(msgspec.Struct, frozen=True):
    """A text that is not yet in any language: an English template and what stands in it."""

    text: str
    values: dict[str, str] = {}

    def render(self, translate: Callable[[str], str]) -> str:
        """The text in the language of ``translate``."""
        return translate(self.text).format_map(self.values)
