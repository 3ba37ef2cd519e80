"""What comes from outside is read, or refused as documented; and the fuzzer finds what is neither."""

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from fuzz import Hung, Tally, Worker, fuzz, inputs, shares
from fuzz_back import PARSERS as BACK
from fuzz_contract import example
from fuzz_documents import DOCUMENTS, made
from fuzz_inputs import bent, monsters, tree_of, written
from fuzz_parser import Parser
from fuzz_parsers import FAMILIES, everything
from hypothesis import HealthCheck, given, settings

HERE = Path(__file__).parent
COUNT = 150
"""Inputs for each parser; the long run of ``fuzz.py`` has a hundred thousand for all."""


@pytest.mark.parametrize("module", [module for module in FAMILIES if module != "fuzz_back"])
def test_bent_input_is_read_or_refused_as_documented(module: str) -> None:
    run = subprocess.run(
        [sys.executable, str(HERE / "fuzz_short.py"), module, str(COUNT)], capture_output=True, text=True, timeout=250
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.parametrize("parser", BACK, ids=lambda parser: parser.name)
def test_sound_document_is_read_back_byte_for_byte(parser: Parser) -> None:
    from kiosk.contract import wire

    with tempfile.TemporaryDirectory() as folder:
        read = parser.reader(Path(folder))

        @settings(max_examples=20, derandomize=True, database=None, deadline=None, suppress_health_check=[*HealthCheck])
        @given(DOCUMENTS[parser.document])
        def back(document: object) -> None:
            read(document if isinstance(document, bytes) else wire.encode(document))

        back()


def test_every_parser_has_a_name_of_its_own_and_sound_inputs_that_it_takes() -> None:
    names = [parser.name for _, parser in everything()]
    assert len(names) == len({*names}) > 50
    for _, parser in everything():
        assert list(parser.seeds()), parser.name


def test_bent_inputs_are_the_same_every_time_and_unlike_each_other() -> None:
    seeds = [example()["playlist"]]
    found = [bent(seeds, (), n) for n in range(200)]
    assert found == [bent(seeds, (), n) for n in range(200)]
    assert len({*found}) > 180
    assert written(tree_of(seeds[0])) == seeds[0]


def test_monsters_have_the_length_that_is_asked_for() -> None:
    assert all(9_000 < len(data) <= 10_020 for data in monsters(10_000) if not data.startswith(b'{"0"'))


def test_sound_documents_are_the_same_for_the_same_number() -> None:
    assert made("witness", 10, 7) == made("witness", 10, 7) != made("witness", 10, 8)
    assert len(made("witness", 10)) == 10


def test_shares_add_up() -> None:
    parsers = [parser for _, parser in everything()]
    assert sum(shares(parsers, 100_000)) == 100_000
    assert min(shares(parsers, 100_000)) > 100
    assert len([*inputs(parsers[0], 30, 0)]) == 30


BAD = """
from fuzz_parser import Parser

def reader(folder):
    def read(data):
        if data == b"refused": raise KeyError("documented")
        if data == b"raises": raise TypeError("not documented")
        if data == b"eats": return len(bytearray(150_000_000))
        if data == b"dies": __import__("os")._exit(7)
        while data == b"hangs": pass
    return read

PARSERS = (Parser("bad one", (KeyError,), lambda: [b""], reader),)
"""


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parser:
    """A parser with every fault."""
    (tmp_path / "fuzz_bad.py").write_text(BAD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Parser("bad one", (KeyError,), lambda: [b""], lambda folder: len)


def test_worker_tells_what_a_parser_raises_and_what_memory_it_took(bad: Parser) -> None:
    worker = Worker("fuzz_bad", bad)
    assert worker.read(b"fine")["trace"] == worker.read(b"refused")["trace"] == ""
    assert "TypeError: not documented" in worker.read(b"raises")["trace"]
    assert worker.read(b"fine")["peak_mb"] < 100 < worker.read(b"eats")["peak_mb"]
    worker.end()


@pytest.mark.parametrize(("data", "words"), [(b"hangs", "hangs"), (b"dies", "ended with 7")])
def test_worker_that_does_not_answer_is_gone_and_told(bad: Parser, data: bytes, words: str) -> None:
    worker = Worker("fuzz_bad", bad)
    with pytest.raises(Hung, match=words):
        worker.read(data)
    with pytest.raises(Hung):
        worker.read(b"fine")


def test_long_run_ends_with_its_figures(tmp_path: Path) -> None:
    few = ["--inputs", "60", "--only", "enrolment code", "--save", str(tmp_path / "bad")]
    run = subprocess.run([sys.executable, str(HERE / "fuzz.py"), *few], capture_output=True, text=True, timeout=100)
    found = json.loads(run.stdout.splitlines()[-1])
    assert (run.returncode, found["inputs"], found["escaped"], found["hangs"]) == (0, 60, 0, 0)
    assert {"parsers", "peak_mb", "seconds"} <= found.keys() and 10 < found["peak_mb"] < 100
    assert not (tmp_path / "bad").exists()


def test_run_counts_saves_and_goes_on_after_what_is_bad(bad: Parser, tmp_path: Path) -> None:
    bad = replace(bad, seeds=lambda: [b"fine", b"raises", b"eats", b"dies", b"refused"])
    tally = Tally(tmp_path / "bad")
    fuzz("fuzz_bad", bad, 5, 0, tally)
    assert (tally.inputs, tally.escaped, tally.hangs) == (5, 2, 1)
    assert sorted(path.read_bytes() for path in (tmp_path / "bad").glob("*.input")) == [b"dies", b"eats", b"raises"]
