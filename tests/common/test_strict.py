"""Strict reading: every problem at once, with its place, and the name that was meant."""

from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
import pytest

from kiosk.common.strict import Place, problems, shown
from kiosk.town.publishing.source import StationSource, UrgentSource, WeekSource

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    volume: Percent | None = None
    mode: Literal["once", "loop"] = "once"
    names: tuple[Annotated[str, msgspec.Meta(max_length=5)], ...] = ()

    def __post_init__(self) -> None:
        if self.mode == "loop" and not self.names:
            raise ValueError("a loop needs names")


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    short: bool = False
    weeks: tuple[tuple[Item, ...], ...] = ()
    best: Item = Item(id="x")


def show(place: Place) -> str:
    return "/".join(place)


def wrong(**tree: Any) -> list[str]:
    return [problem.sentence for problem in problems({"title": "t"} | tree, Sheet, show)]


def test_what_can_be_converted_has_no_problem() -> None:
    assert wrong(short=True, weeks=[[{"id": "a", "volume": None}], []], best={"id": "b", "names": ["x"]}) == []


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        ({"title": 1}, "title: 1 is not a text in quotes"),
        ({"short": 0}, "short: 0 is not true or false; the default is false"),
        ({"weeks": {}}, "weeks: {} is not a list"),
        ({"best": 3}, "best: 3 is not a table of named values"),
        ({"best": {}}, "best/id: is missing; add it"),
        (
            {"weeks": [[], [{"id": "a", "volume": -1}]]},
            "weeks 2 1 (a)/volume: -1 is not a whole number from 0 to 100",
        ),
        ({"best": {"id": "b", "names": ["abcdef"]}}, 'best/names 1: "abcdef" is not a text of at most 5 characters'),
        ({"best": {"id": "b", "mode": "x"}}, 'best/mode: "x" is not one of "once", "loop"; the default is "once"'),
        ({"best": {"id": "b", "mode": "loop"}}, "best: a loop needs names"),
        ({"titel": 1}, "titel: there is no such name; did you mean title?"),
        ({"volum": 1}, "volum: there is no such name; did you mean best/volume?"),
        ({"xyz": 1}, "xyz: there is no such name; known are title, short, weeks, best"),
    ],
)
def test_problem_names_its_place_and_what_would_be_right(tree: dict[str, Any], problem: str) -> None:
    assert wrong(**tree) == [problem]


def test_all_problems_are_found_in_the_order_of_the_source() -> None:
    found = list(problems({"short": 1, "titl": 2, "best": {"id": 3, "volume": -1}}, Sheet, show))
    assert [show(problem.place) for problem in found] == ["short", "titl", "best/id", "best/volume", "title"]


def test_value_is_shown_cut_short() -> None:
    assert len(shown("x" * 100)) == 60


def fields(kind):
    """Every place of a struct, with the structs and lists in it."""
    while get_origin(kind) is tuple:
        kind = get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield kind, field.name
            yield from fields(field.type)


@pytest.mark.parametrize("kind", [WeekSource, UrgentSource, StationSource])
def test_d2_no_problem_is_told_in_the_words_of_the_library(kind):
    for struct, name in {*fields(kind)}:
        for value in (None, 5, -1, 2**63, "\0", "x" * 30_000, "../a", [], [[]], {}, {"x": 1}, True):
            told = [one.sentence for one in problems({name: value}, struct, ", ".join)]
            raw = [one for one in told if "Expected" in one or "`" in one or "None" in one]
            assert not raw, (struct, name, value)
