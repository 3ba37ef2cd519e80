"""The table: every parser of something from outside, with the one error that it documents."""

import importlib

from fuzz_parser import Parser

FAMILIES = (
    *("fuzz_contract", "fuzz_trust", "fuzz_line", "fuzz_kept", "fuzz_station", "fuzz_web", "fuzz_town"),
    "fuzz_back",
)
"""Modules of this folder that hold ``PARSERS``. The stick's will be one more."""


def family(module: str) -> tuple[Parser, ...]:
    """The parsers of one module; a process that fuzzes one of them loads no other's."""
    found: tuple[Parser, ...] = importlib.import_module(module).PARSERS
    return found


def everything() -> list[tuple[str, Parser]]:
    """All parsers, each with its module."""
    return [(module, parser) for module in FAMILIES for parser in family(module)]


def named(module: str, name: str) -> Parser:
    """One parser."""
    return next(parser for parser in family(module) if parser.name == name)
