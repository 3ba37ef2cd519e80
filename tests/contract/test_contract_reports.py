"""Reports: a strict envelope around records of which each stands for itself; and the chain over their bytes."""

import time

import pytest
from signing import report

from kiosk.contract import reports
from kiosk.contract.enrolment import BadCode, Code, parse_code
from kiosk.contract.records import KINDS, Action, read_record
from kiosk.contract.reports import GENESIS, chain, read_report
from kiosk.contract.wire import Malformed, encode

RECORD = encode(Action(id="a1", at_ms=1, by="li", action="boot", clock="trusted"))
BROKEN = b'{"kind":"action","x":1.5,"x":2}'


def test_record_is_kept_byte_for_byte():
    spaced = b'{ "kind" : "action",  "id":"\\u0061" }'
    read = read_report(encode(report(RECORD, spaced)))
    assert [bytes(entry.record) for entry in read.entries] == [RECORD, spaced]


def test_bad_record_does_not_make_the_report_bad():
    read = read_report(encode(report(RECORD, BROKEN, b'{"x":"\xff"}', RECORD)))
    assert len(read.entries) == 4
    assert read_record(bytes(read.entries[3].record), "entry 4").id == "a1"


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (b'{"kind":"action"}', "id"),
        (b'{"kind":"dance","id":"x"}', "'dance' is not known"),
        (b'{"id":"x"}', "`kind`"),
        (b'{"kind":["play"]}', "`kind`"),
        (b"[]", "`kind`"),
        (b'{"kind":"action","x":1.5}', "not an integer"),
        (b'{"kind":"action","x":1,"x":2}', "twice"),
        (b'{"kind":"action","x":%d}' % 2**70, "64 bits"),
        (b'{"kind":"action","by":"\\ud800"}', "half a character"),
        (RECORD.replace(b'"li"', b'"l\\u0000i"'), "$.by"),
        (b'{"kind":"action","x":"\xff"}', "UTF-8"),
        (b'{"kind":"action","x":' + b"[" * 100_000, "nested"),
    ],
)
def test_bad_record_is_refused_with_its_place(record, words):
    with pytest.raises(Malformed) as caught:
        read_record(record, "entry 7")
    assert str(caught.value).startswith("entry 7: ")
    assert words in str(caught.value)


ENVELOPE = encode(report(RECORD))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (ENVELOPE.replace(b'"seq":1', b'"seq":1,"seq":1'), "twice"),
        (ENVELOPE.replace(b'"station":', b'"station":"room-2","station":'), "twice"),
        (ENVELOPE.replace(b'"record":', b'"record":{},"record":'), "twice"),
        (ENVELOPE.replace(b'"seq":1', b'"seq":1,"x":1.5'), "not an integer"),
        (ENVELOPE.replace(b'"seq":1', b'"seq":0'), "$.entries[0].seq"),
        (ENVELOPE.replace(b'"seq":1', b'"seq":%d' % 2**70), "$.entries[0].seq"),
        (
            b'{"entries":[],"format":1,"previous":"%s","station":"room-1"}' % GENESIS.encode(),
            "format 1 is not the format 2",
        ),
        (ENVELOPE.replace(b'"format":2', b'"format":3'), "format 3"),
        (ENVELOPE.replace(b'"format":2,', b""), "format None"),
        (ENVELOPE.replace(b'"epoch-1"', b'"../1"'), "$.epoch"),
        (ENVELOPE.replace(b"room-1", b"../room"), "$.station"),
        (ENVELOPE[:-1], "truncated"),
        (b"", "report"),
        (b"null", "report"),
        (b'{"a":' * 100_000, "nested"),
        (bytes(10 * 1024 * 1024), "10485760 bytes"),
    ],
)
def test_bad_envelope_is_refused(data, words):
    with pytest.raises(Malformed) as caught:
        read_report(data)
    assert str(caught.value).startswith("report: ")
    assert words in str(caught.value)


def test_report_out_of_order_or_with_a_gap_is_refused():
    sound = report(RECORD, RECORD, RECORD)
    for order in ((0, 2), (1, 0), (0, 0)):
        entries = tuple(sound.entries[n] for n in order)
        with pytest.raises(Malformed, match="send them in order"):
            read_report(encode(reports.Report(station="room-1", epoch="e", previous=GENESIS, entries=entries)))


def test_report_of_more_than_500_entries_is_refused():
    assert len(read_report(encode(report(*[RECORD] * 500))).entries) == 500
    with pytest.raises(Malformed, match="501 entries"):
        read_report(encode(report(*[RECORD] * 501)))


@pytest.mark.parametrize("tail", ["", ',"y":{"record":1}'])
def test_report_of_many_entries_whose_keys_are_written_otherwise_is_judged_quickly(tail):
    """Each of them was looked for to the end of the report: minutes for 4 MB."""
    entry = '{"hash":"%s","r\\u0065cord":{},"seq":%d}'
    few = ",".join(entry % ("0" * 64, seq) for seq in range(1, 501))
    many = ",".join(entry % ("0" * 64, seq) for seq in range(1, 36_001))
    sound = '{"entries":[%s],"epoch":"e","format":2,"previous":"' + GENESIS + '","station":"s","x":"%s"' + tail + "}"
    began = time.process_time()
    assert len(read_report((sound % (few, "a" * 4_000_000)).encode()).entries) == 500
    with pytest.raises(Malformed, match="36000 entries"):
        read_report((sound % (many, "")).encode())
    assert time.process_time() - began < 1


def test_chain_binds_place_predecessor_and_record():
    first = chain(GENESIS, 1, RECORD)
    assert len({first, chain(GENESIS, 2, RECORD), chain(first, 1, RECORD), chain(GENESIS, 1, RECORD + b" ")}) == 4


def test_every_kind_of_record_is_read_by_its_name():
    assert set(KINDS) == {"play", "attendance", "session", "correction", "clock-repair", "fault", "item", "action"}


def test_code_forgives_how_it_is_typed_and_catches_a_slip():
    code = Code("00112233445566778a", "ab" * 32)
    text = str(code)
    assert parse_code(text) == code
    assert parse_code(text.lower().replace("-", " – ").replace("o", "0").replace("i", "1")) == code
    swapped = text[:2] + text[3] + text[2] + text[4:]
    for bad in (swapped, text[:-1], text[:-4], "", "!", "A" * 71):
        with pytest.raises(BadCode):
            parse_code(bad)
