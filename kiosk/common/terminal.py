"""Text on its way to a terminal, a log or systemd: what is not ours can add no line and send no command."""

from unicodedata import category

_NOT_SHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that are escaped: control (new line, ESC), format (bidi, zero width), surrogates, private use and
not assigned, and the line and paragraph separators."""
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    """``text`` as one line without control characters: each is written as JSON writes it, ESC as ``\\u001b``.

    Escaped JSON is therefore still JSON, with the same content.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if category(c) in _NOT_SHOWN else c for c in text)


def escape_lines(text: str) -> str:
    """The same for a text whose lines are ours: these stay."""
    return "\n".join(escape(line) for line in text.split("\n"))


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))
