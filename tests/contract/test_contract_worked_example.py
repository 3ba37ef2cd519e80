"""CONTRACT.md holds what the code does: its worked example byte for byte, its tables field for field."""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from worked_example import SECRET, worked_example

from kiosk import contract
from kiosk.contract import enrolment, picture, playlist, reports, station, trust, wire
from kiosk.contract.enrolment import parse_code
from kiosk.contract.records import read_record
from kiosk.contract.reports import GENESIS, Heartbeat, HeartbeatAnswer, ReportAnswer, Signed, Witness, read_report
from kiosk.contract.trust import Held

PAGE = (Path(contract.__file__).parent / "CONTRACT.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^`([^`]+)`, (\d+) bytes, SHA-256 `([0-9a-f]{64})`:\n\n```text\n(.*?)\n```$", re.MULTILINE | re.DOTALL
)
BLOCKS = {name: text.encode() for name, _, _, text in BLOCK.findall(PAGE)}
NOW = datetime(2026, 3, 1, tzinfo=UTC)

RECORDS = {
    kind.__name__: kind
    for module in (playlist, station, reports, enrolment)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, wire.Record) and kind.__module__ == module.__name__
    if not kind.__name__.startswith("_")
}


def test_sizes_and_hashes_of_the_blocks_are_as_written():
    found = BLOCK.findall(PAGE)
    assert len(found) == 10
    for name, size, sha256, text in found:
        data = text.encode()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (int(size), sha256), name


def test_blocks_are_made_by_the_seeds_that_the_page_names():
    assert worked_example() == BLOCKS


def test_code_names_the_root_and_the_metadata_verifies_under_it():
    code = parse_code(BLOCKS["code"].decode())
    assert code.secret == SECRET
    root = trust.first_root(BLOCKS["root/1.root.json"], code.root_sha256)
    index = trust.index(root, BLOCKS["groups/all.json"], Held(), NOW)
    week = trust.the_playlist(index, BLOCKS["playlist"], "all")
    assert wire.encode(week) == BLOCKS["playlist"]
    for programme in week.programmes:
        assert trust.digest(programme.id.encode()) == programme.sha256


def test_chain_of_the_report_is_as_the_page_describes_it():
    report = read_report(BLOCKS["report"])
    assert (report.previous, wire.encode(report)) == (GENESIS, BLOCKS["report"])
    before = "0" * 64
    for n, entry in enumerate(report.entries, 1):
        record = bytes(entry.record)
        assert record in BLOCKS["report"]
        before = hashlib.sha256(f"{before}\n{n}\n".encode() + record).hexdigest()
        assert (entry.seq, entry.hash) == (n, before)
        assert wire.encode(read_record(record, "entry")) == record


def test_witness_in_the_answer_verifies_and_names_the_head():
    root = trust.stored_root(BLOCKS["root/1.root.json"])
    answer = wire.decode(BLOCKS["answer"], ReportAnswer, "answer")
    assert answer.witness.payload.encode() == BLOCKS["witness"]
    witness = trust.vouched(root, answer.witness, Witness, "witness")
    head = read_report(BLOCKS["report"]).entries[-1]
    assert (witness.seq, witness.hash) == (head.seq, head.hash)
    assert [receipt.state for receipt in answer.receipts] == ["accepted", "accepted"]


def test_heartbeat_is_answered_with_the_time_for_its_nonce_and_the_wish_for_a_picture():
    root = trust.stored_root(BLOCKS["root/1.root.json"])
    heartbeat = wire.decode(BLOCKS["heartbeat"], Heartbeat, "heartbeat")
    signed = wire.decode(BLOCKS["heartbeat answer"], Signed, "heartbeat answer")
    answer = trust.vouched(root, signed, HeartbeatAnswer, "heartbeat answer")
    assert answer.nonce == heartbeat.nonce
    assert heartbeat.head_hash == read_report(BLOCKS["report"]).entries[-1].hash
    assert answer.picture_wanted
    assert picture.MAX_PICTURE == 60_000 and "60,000 bytes" in PAGE


@pytest.mark.parametrize("name", RECORDS)
def test_table_of_the_page_has_every_field_with_its_default(name):
    kind = RECORDS[name]
    [section] = re.findall(rf"^### {name}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.+) \|$", section, re.MULTILINE)
    config = kind.__struct_config__
    if config.tag is not None:
        assert rows.pop(0)[:2] == (config.tag_field, f"`{config.tag}`")
    fields = msgspec.structs.fields(kind)
    assert [row[0] for row in rows] == [field.name for field in fields]
    for (field_name, _, default, _), field in zip(rows, fields, strict=True):
        if field.required or field_name == "format":
            assert default == "required", field_name
        elif default.startswith("`"):
            value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
            assert wire.encode(value).decode() == default.strip("`"), field_name
        else:
            assert default in ("all defaults", "seven times `[]`", "64 zeros"), field_name


def test_every_word_of_refusal_is_on_the_page():
    code = Path(trust.__file__).read_text(encoding="utf-8")
    words = set(re.findall(r'Refused\(\s*"([a-z-]+)"', code))
    assert len(words) > 8
    section = PAGE.split("### What a station refuses")[1].split("## 3.")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \| ", section, re.MULTILINE)) == words | {"wrong-station"}
