"""Strict reading of what people write: every problem at once, each with its place, an unknown name with the nearest."""

import json
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Literal, NamedTuple, TypeGuard, get_args, get_origin

import msgspec

from kiosk.common.messages import Sentence, mark

Place = tuple[str, ...]
"""Names on the way to a value; an element of a list is named by its number, and its id where it has one."""


class Problem(NamedTuple):
    """What is wrong at one place, as a sentence that names the place."""

    place: Place
    sentence: str


def problems(tree: Any, kind: type[msgspec.Struct], show: Callable[[Place], str]) -> Iterator[Problem]:
    """Everything that is wrong with ``tree`` (dicts, lists and plain values) as a ``kind``, in the order of ``tree``.

    ``show`` writes a place as the reader of the sentence knows it.
    """
    homes = {place[-1]: show(place) for place in _fields_within(kind, ())}
    for place, text in _problems(tree, kind, (), homes):
        yield Problem(place, f"{show(place)}: {text}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy for a name that is not known: the one that may be meant, or the first of those that are."""
    names = list(known)
    near = get_close_matches(name, names, 1)
    if near:
        return Sentence(mark("did you mean {name}?"), name=near[0])
    return Sentence(mark("known are {names}"), names=", ".join(names[:20]) or Sentence(mark("none yet")))


def shown(value: Any) -> str:
    """A value as it would stand in the file, cut short."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:  # ``a.b.c...`` for a key
        return "something nested very deeply"
    return text if len(text) <= 60 else text[:57] + "..."


def _problems(
    tree: Any, kind: Any, place: Place, homes: dict[str, str], default: Any = None
) -> Iterator[tuple[Place, str]]:
    if get_origin(kind) is tuple and isinstance(tree, list):
        for n, element in enumerate(tree, 1):
            yield from _problems(element, get_args(kind)[0], _numbered(place, n, element), homes)
        return
    wanted = _wanted(kind)
    if _is_struct(kind) and isinstance(tree, dict):
        wanted = ""
        sound = True
        for problem in _field_problems(tree, kind, place, homes):
            sound = False
            yield problem
        if not sound:
            return
    try:
        msgspec.convert(tree, kind)
    except msgspec.ValidationError as error:
        standard = f"; the default is {shown(default)}" if isinstance(default, str | int) else ""
        yield place, f"{shown(tree)} is not {wanted}{standard}" if wanted else str(error)


def _field_problems(
    tree: dict[str, Any], kind: type[msgspec.Struct], place: Place, homes: dict[str, str]
) -> Iterator[tuple[Place, str]]:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for name, value in tree.items():
        if name in fields:
            yield from _problems(value, fields[name].type, (*place, name), homes, fields[name].default)
            continue
        near = [] if get_close_matches(name, fields, 1) else get_close_matches(name, homes, 1)
        remedy = f"did you mean {homes[near[0]]}?" if near else nearest(name, fields)
        yield (*place, name), f"there is no such name; {remedy}"
    for name, field in fields.items():
        if field.required and name not in tree:
            yield (*place, name), "is missing; add it"


def _is_struct(kind: Any) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _fields_within(kind: Any, place: Place) -> Iterator[Place]:
    """The places of all fields of ``kind``, and of the structs in it."""
    while get_origin(kind) is tuple:
        kind = get_args(kind)[0]
    if _is_struct(kind):
        for field in msgspec.structs.fields(kind):
            yield (*place, field.name)
            yield from _fields_within(field.type, (*place, field.name))


def _numbered(place: Place, n: int, element: Any) -> Place:
    name = element.get("id") if isinstance(element, dict) else None
    return (*place[:-1], f"{place[-1]} {n} ({name})" if isinstance(name, str) else f"{place[-1]} {n}")


def _wanted(kind: Any) -> str:
    """A type in the words of somebody who edits the file; empty where msgspec's own words must do."""
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(shown(choice) for choice in get_args(kind))
    if get_origin(kind) is Annotated:
        meta = next(extra for extra in get_args(kind) if isinstance(extra, msgspec.Meta))
        if meta.description or meta.max_length:
            return meta.description or f"a text of at most {meta.max_length} characters"
        return f"a whole number from {meta.ge} to {meta.le}"
    if type(None) in get_args(kind):
        return _wanted(get_args(kind)[0])
    if _is_struct(kind):
        return "a table of named values"
    words = {bool: "true or false", str: "a text in quotes", int: "a whole number", tuple: "a list"}
    return words.get(get_origin(kind) or kind, "")
