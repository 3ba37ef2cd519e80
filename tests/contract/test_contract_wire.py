"""The one reader of JSON: what it refuses, and that writing is canonical."""

import json
import time
import tracemalloc
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.contract.reports import Refusal
from kiosk.contract.wire import MAX_DOCUMENT, MAX_VALUES, MOST_TOLD, Malformed, Record, convert, decode, encode, plain

texts = st.text(st.characters(exclude_categories=["Cs"]))
trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


class Quoting(Record, frozen=True, kw_only=True):
    """msgspec's complaint quotes the word that is none."""

    kind: Literal["play"]


@given(trees)
def test_what_is_written_is_read_back_and_written_the_same(tree):
    data = encode(tree)
    assert plain(data, "document") == tree
    assert encode(plain(data, "document")) == data


@given(st.dictionaries(st.text(st.characters(codec="ascii")), st.integers(-(2**63), 2**63 - 1)))
def test_canonical_bytes_are_those_that_another_writer_gives(tree):
    assert encode(tree) == json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**70, 10**400])
def test_integer_beyond_64_bits_is_refused(number):
    with pytest.raises(Malformed, match=r"week: the number .* does not fit 64 bits"):
        plain(b'{"a":%d}' % number, "week")


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_integer_of_64_bits_is_read(number):
    assert plain(b"%d" % number, "week") == number


def test_eight_megabytes_of_digits_are_refused_quickly():
    began = time.monotonic()
    with pytest.raises(Malformed):
        plain(b"1" * MAX_DOCUMENT, "week")
    assert time.monotonic() - began < 5


def test_duplicate_among_a_hundred_thousand_keys_is_found_quickly():
    keys = ",".join(f'"k{n}":1' for n in range(100_000))
    began = time.monotonic()
    with pytest.raises(Malformed, match="'k99999' stands twice"):
        plain(f'{{{keys},"k99999":2}}'.encode(), "week")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("data", [rb'{"a":"\ud800"}', rb'["\uDFFF"]', rb'{"\ud800":1}', rb'[["x",["\ud83d"]]]'])
def test_half_a_character_is_refused_wherever_it_stands(data):
    with pytest.raises(Malformed, match="week: .*half a character"):
        plain(data, "week")


@given(
    st.lists(st.sampled_from([r"\\", r"\ud83d", r"\ude00", r"\uDBFF", r"\udfff", r"\n", r"\u00e9", "ud83d", "a", "😀"]))
)
def test_half_a_character_is_found_among_all_that_escapes_can_be(pieces):
    data = f'["{"".join(pieces)}"]'.encode()
    try:
        json.dumps(json.loads(data), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        with pytest.raises(Malformed, match="half a character"):
            plain(data, "week")
    else:
        assert plain(data, "week") == json.loads(data)


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"9999,", b'{"a":1},', b'"",'])
def test_document_of_millions_of_values_is_refused_before_it_takes_their_memory(piece):
    tracemalloc.start()
    with pytest.raises(Malformed, match=f"week: more than the {MAX_VALUES} values"):
        plain(b"[" + piece * ((MAX_DOCUMENT - 3) // len(piece)) + b"0]", "week")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000 + MAX_DOCUMENT
    tracemalloc.stop()


def test_document_of_a_hundred_thousand_values_is_read():
    assert len(plain(b"[" + b"{}," * 99_999 + b"{}]", "week")) == 100_000


def test_whole_characters_are_read_however_they_are_written():
    assert plain(rb'["\ud83d\ude00", "\\ud800"]', "week") == ["😀", "\\ud800"]


def test_bytes_that_are_not_utf8_are_refused():
    with pytest.raises(Malformed, match="week: not UTF-8 at byte 2"):
        plain(b'["\xff"]', "week")


def test_broken_json_is_refused_with_line_and_column():
    with pytest.raises(Malformed, match="week: not JSON at line 2 column 4"):
        plain(b'{"a":\n1, }', "week")


def test_document_beyond_the_limit_is_refused():
    with pytest.raises(Malformed, match=f"{MAX_DOCUMENT + 1} bytes"):
        plain(b" " * (MAX_DOCUMENT + 1), "week")


def test_endless_nesting_is_refused():
    for data in (b"[" * 100_000, b'{"a":' * 100_000):
        with pytest.raises(Malformed, match="nested too deeply"):
            plain(data, "week")


@pytest.mark.parametrize("quoted", ["\0", "\x1b[2J", "\u2028", "\U000e0001" * 9_000, "x" * 100_000])
def test_what_is_told_of_a_bad_document_fits_a_report_whatever_it_quotes(quoted):
    """Or the refusal itself would make the next heartbeat, or the fault that tells of it, one that cannot be read."""
    with pytest.raises(Malformed) as caught:
        convert({"kind": quoted}, Quoting, "week")
    assert str(caught.value).isprintable()
    refusal = Refusal(at_ms=1, what="week", reason=str(caught.value)[:400])
    assert decode(encode(refusal), Refusal, "refusal") == refusal
    assert len(str(caught.value)) <= MOST_TOLD + 4


def test_what_is_told_keeps_its_lines_and_its_chinese():
    assert str(Malformed("计划：\n第1行")) == "计划：\n第1行"
