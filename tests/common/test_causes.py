"""D5: every cause that a station writes into its record is there in the language of those who read it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import kiosk
from kiosk.common.causes import CAUSES, REASONS, cause_text, why_text
from kiosk.common.planned import Reason, Why

ROOT = Path(kiosk.__file__).parent
CALLS = {"Failure", "StillError", "_replan", "replan", "_take_off", "close", "_replace", "fail"}
"""What is called with a cause in words."""
FILES = (
    *("station/app.py", "station/playout/playout.py", "station/projector/projector.py", "station/player/film.py"),
    *("station/player/still.py", "station/player/programme.py", "common/stills.py"),
    *(str(path.relative_to(ROOT)) for path in (ROOT / "station/control").glob("*.py")),
)
ENGLISH = re.compile(r"[A-Za-z]{3,}")


def words(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be, with a 7 for each value in them."""
    match node:
        case ast.Constant(value=str() as text):
            yield re.sub(r"\{\w+\}", "7", text)
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from (*words(one), *words(other))
        case ast.BoolOp(values=several):
            yield from (text for one in several for text in words(one))
        case ast.Call(func=ast.Name(id="mark"), args=[text]):
            yield from words(text)


def written() -> Iterator[str]:
    for name in FILES:
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if called in CALLS:
                    yield from (text for one in node.args for text in words(one))
    for name in ("station/projector/showing.py", "station/playout/playout.py"):
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Return) and node.value is not None:
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                yield from (text for one in values for text in words(one) if " " in text)


def test_d5_every_cause_that_is_written_is_known_in_chinese() -> None:
    found = {text for text in written() if text and text not in ("completed", "stopped", "interrupted", "failed")}
    assert len(found) > 25, "the sources are read"
    assert {text for text in found if cause_text(text, "zh") == text} == set()


@pytest.mark.parametrize("template", CAUSES)
def test_d5_a_cause_is_said_in_chinese_with_its_values(template: str) -> None:
    made = re.sub(r"\{\w+\}", "17", template)
    said = cause_text(made, "zh")
    assert said != made and ("17" in said) == ("{" in template)
    left = ENGLISH.findall(said.replace("vlc-plugin-base", "").replace("JPEG", "").replace("PNG", ""))
    assert left == []
    assert cause_text(made, "en") == made


def test_d5_a_stop_is_told_with_its_reason() -> None:
    assert cause_text("Stop: meeting", "zh") == "停播：开会"
    assert cause_text("Stop: 停水 {x}", "zh") == "停播：停水 {x}"
    assert why_text(Why("stopped", "farm-season"), "zh") == "停播：农忙"
    assert why_text(Why("failed", "the player ended with -11"), "zh") == "播放程序意外退出（-11）"


def test_d5_a_cause_of_an_unknown_version_stays_as_it_is() -> None:
    assert cause_text("a new kind of trouble", "zh") == "a new kind of trouble"


@pytest.mark.parametrize("reason", get_args(Reason))
def test_d5_every_reason_is_known_in_chinese(reason: Reason) -> None:
    assert set(REASONS) == set(get_args(Reason))
    assert not ENGLISH.search(why_text(Why(reason), "zh"))


def test_what_ends_a_station_by_surprise_is_said_as_the_journal_says_it() -> None:
    from kiosk.station.journal.plays import ENDED, PC_ENDED

    assert {ENDED, PC_ENDED} <= set(CAUSES)
