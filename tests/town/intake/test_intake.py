"""Reports in: receipts, the chain, forks, and that one bad record blocks no other."""

import json
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from contract.signing import enrol_request, report
from msgspec.structs import replace
from sqlalchemy import func, select, update
from town.postgres import BOTH

from kiosk.contract.records import Action, Fault, Play
from kiosk.contract.reports import GENESIS, Entry, Heartbeat, Report, chain, read_report
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.intake import intake
from kiosk.town.intake.intake import Gap, receive
from kiosk.town.ledger import queries
from kiosk.town.stations import registry

pytestmark = BOTH
NOW = 1_772_323_200_000
BEAT = Heartbeat(
    station="room-1", epoch="epoch-1", sent_ms=1, nonce="n", boot_id="b", up_ms=1, software="1", clock="trusted"
)


@pytest.fixture
def town(office):
    registry.add_station(office, "room-1", "all", "Room 1", None, by="test")
    return office


def play(name, **changes):
    fields = {
        "id": name,
        "playlist_version": 1,
        "programme": "rice",
        "title": "水稻",
        "sha256": "0" * 64,
        "origin": "slot",
        "planned_start_ms": NOW,
        "planned_end_ms": NOW + 2000,
        "actual_start_ms": NOW + 1,
        "actual_end_ms": NOW + 2001,
        "played_ms": 2000,
        "outcome": "completed",
        "clock": "trusted",
        "boot_id": "b1",
        "started_monotonic_ms": 5,
    }
    return encode(Play(**fields | changes))


def sent(*records, **where):
    """A report as it comes off the wire."""
    return read_report(encode(report(*records, **where)))


def states(receipts):
    return [receipt.state for receipt in receipts]


def rows(office, table):
    with office.store.read() as connection:
        return connection.execute(select(table)).all()


def plays(office):
    return list(queries.plays(office.store))


def head(office):
    """Of the newest chain."""
    newest = rows(office, schema.chain)[-1]
    return newest.head_seq, newest.head_hash


def test_plays_are_accepted_and_the_head_is_witnessed(town):
    offered = sent(play("p1"), play("p2", outcome="stopped", cause="Stop"))
    receipts, witness = receive(town.store, offered, NOW)
    assert states(receipts) == ["accepted", "accepted"]
    assert [receipt.id for receipt in receipts] == ["p1", "p2"]
    assert (witness.station, witness.seq, witness.hash, witness.at_ms) == ("room-1", 2, offered.entries[1].hash, NOW)
    assert head(town) == (2, offered.entries[1].hash)
    found = plays(town)
    assert [(row["id"], row["outcome"], row["cause"], row["actual_start_ms"]) for row in found] == [
        ("p1", "completed", "", NOW + 1),
        ("p2", "stopped", "Stop", NOW + 1),
    ]


def test_report_sent_again_after_a_lost_reply_counts_once(town):
    offered = sent(play("p1"), play("p2"))
    receive(town.store, offered, NOW)
    receipts, witness = receive(town.store, offered, NOW + 1)
    assert states(receipts) == ["duplicate", "duplicate"]
    assert witness.seq == 2
    assert len(plays(town)) == 2


def test_report_that_overlaps_what_is_known_adds_only_what_is_new(town):
    receive(town.store, sent(play("p1"), play("p2")), NOW)
    receipts, _ = receive(town.store, sent(play("p1"), play("p2"), play("p3")), NOW)
    assert states(receipts) == ["duplicate", "duplicate", "accepted"]
    assert head(town)[0] == 3


def test_same_report_from_two_threads_at_once_counts_once(town):
    offered = sent(*[play(f"p{n}") for n in range(100)])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: states(receive(town.store, offered, NOW)[0]), range(4)))
    assert sorted(answers) == [["accepted"] * 100] + [["duplicate"] * 100] * 3
    assert len(plays(town)) == 100


BAD = b'{"id":"bad","kind":"play","x":1.5}'


@pytest.mark.parametrize(
    "bad", [BAD, b'{"kind":"dance","id":"d"}', b"7", b'{"id":"\xff"}', play("p2").replace(b'"completed"', b'"perfect"')]
)
def test_one_bad_record_blocks_nothing_and_keeps_its_place(town, bad):
    offered = sent(play("p1"), bad, play("p3"))
    receipts, witness = receive(town.store, offered, NOW)
    assert states(receipts) == ["accepted", "refused", "accepted"]
    assert receipts[1].reason.startswith("malformed: entry 2: ")
    assert witness.hash == offered.entries[2].hash
    kept = rows(town, schema.entry)[1]
    assert (kept.record, kept.state, kept.hash) == (bad, "refused", offered.entries[1].hash)
    again, _ = receive(town.store, offered, NOW)
    assert states(again) == ["duplicate", "refused", "duplicate"]
    assert again[1].reason == receipts[1].reason
    more, _ = receive(town.store, sent(play("p4"), first=4, previous=offered.entries[2].hash), NOW)
    assert states(more) == ["accepted"]


def test_record_that_does_not_fit_its_hash_is_refused_and_keeps_its_place(town):
    sound = report(play("p1"), play("p2"), play("p3"))
    altered = Entry(seq=2, hash=sound.entries[1].hash, record=msgspec.Raw(play("p2", played_ms=9_999_999)))
    receipts, witness = receive(town.store, replace(sound, entries=(sound.entries[0], altered, sound.entries[2])), NOW)
    assert states(receipts) == ["accepted", "refused", "accepted"]
    assert receipts[1].reason.startswith("hash")
    assert witness.seq == 3
    assert [row["id"] for row in plays(town)] == ["p1", "p3"]


def test_gap_refuses_the_whole_report_and_tells_the_head(town):
    first = sent(play("p1"))
    receive(town.store, first, NOW)
    later = sent(play("p3"), first=3, previous="1" * 64)
    with pytest.raises(Gap, match="send again from 2") as caught:
        receive(town.store, later, NOW)
    assert (caught.value.head_seq, caught.value.head_hash) == (1, first.entries[0].hash)
    assert head(town)[0] == 1


def test_fork_at_a_known_place_is_flagged_and_overwrites_nothing(town):
    told = sent(play("p1"), play("p2"))
    receive(town.store, told, NOW)
    other = sent(play("p1"), play("p2", played_ms=1), play("p3"))
    receipts, witness = receive(town.store, other, NOW + 5)
    assert states(receipts) == ["duplicate", "refused", "refused"]
    assert [receipt.reason for receipt in receipts[1:]] == ["fork", "fork"]
    assert (witness.seq, witness.hash) == (2, told.entries[1].hash)
    assert rows(town, schema.station)[0].forked_ms == NOW + 5
    assert [row["played_ms"] for row in plays(town)] == [2000, 2000]
    assert [row.seq for row in rows(town, schema.fork)] == [2, 3]
    receive(town.store, other, NOW + 9)
    assert len(rows(town, schema.fork)) == 2
    assert rows(town, schema.station)[0].forked_ms == NOW + 5


def test_fork_behind_the_head_is_flagged(town):
    receive(town.store, sent(play("p1")), NOW)
    receipts, witness = receive(town.store, sent(play("p2"), first=2, previous="1" * 64), NOW)
    assert (states(receipts), receipts[0].reason) == (["refused"], "fork")
    assert witness.seq == 1


def test_record_changed_under_the_same_hash_is_a_fork(town):
    told = report(play("p1"))
    receive(town.store, told, NOW)
    altered = Entry(seq=1, hash=told.entries[0].hash, record=msgspec.Raw(play("p1", played_ms=1)))
    receipts, _ = receive(town.store, replace(told, entries=(altered,)), NOW)
    assert receipts[0].reason == "fork"
    assert plays(town)[0]["played_ms"] == 2000


def test_one_id_for_two_records_is_refused_and_for_the_same_one_a_duplicate(town):
    receipts, _ = receive(town.store, sent(play("p1"), play("p1"), play("p1", played_ms=1)), NOW)
    assert states(receipts) == ["accepted", "duplicate", "refused"]
    assert "p1" in receipts[2].reason
    assert len(plays(town)) == 1


def test_empty_report_is_answered_with_the_head(town):
    receipts, witness = receive(
        town.store, Report(station="room-1", epoch="epoch-1", previous=GENESIS, entries=()), NOW
    )
    assert (receipts, witness.seq, witness.hash) == ((), 0, GENESIS)


def test_fault_raised_and_cleared_is_one_row(town):
    raised = Fault(id="f1", fault="f1", cause="screen-unplugged", device="HDMI-A-1", found_ms=NOW, text="no screen")
    cleared = replace(raised, id="f2", cleared_ms=NOW + 60_000, state="cleared")
    receive(town.store, sent(encode(raised)), NOW)
    [row] = rows(town, schema.fault)
    assert (row.state, row.cleared_ms) == ("reported", None)
    receive(town.store, sent(encode(raised), encode(cleared)), NOW)
    [row] = rows(town, schema.fault)
    assert (row.state, row.cleared_ms, row.found_ms) == ("cleared", NOW + 60_000, NOW)


def test_every_kind_of_record_is_kept_whole(town):
    action = encode(Action(id="a1", at_ms=NOW, by="li", action="stop", clock="trusted"))
    receive(town.store, sent(action), NOW)
    [row] = rows(town, schema.entry)
    assert (row.kind, row.record) == ("action", action)


def test_new_computer_begins_a_new_chain_and_the_old_record_stays(town):
    receive(town.store, sent(play("p1"), play("p2")), NOW)
    for name in ("old-pc", "old-pc", "new-pc"):
        code = registry.add_station(town, "room-1", "all", "", None, by="test")
        registry.enrol(town, enrol_request(code.secret, name))
    receipts, witness = receive(town.store, sent(play("q1")), NOW)
    assert (states(receipts), witness.seq) == (["accepted"], 1), "though the epoch's name is the same"
    assert [(row.chain, row.enrolment, row.head_seq) for row in rows(town, schema.chain)] == [(1, 1, 2), (2, 2, 1)]
    assert [row["id"] for row in plays(town)] == ["p1", "p2", "q1"]
    again, _ = receive(town.store, sent(play("q1"), play("p1")), NOW)
    assert states(again) == ["duplicate", "duplicate"]
    assert len(plays(town)) == 3
    assert list(queries.restarts(town.store)) == [] and rows(town, schema.station)[0].cloned_ms is None


def restarted(**facts):
    return encode(Action(id="r1", at_ms=NOW, by="", action="journal-restarted", facts=facts, clock="untrusted"))


def test_new_epoch_begins_a_new_chain_and_what_it_says_is_missing_is_shown(town):
    told = sent(play("p1"), play("p2"), play("p3"))
    receive(town.store, told, NOW)
    anew = sent(restarted(epoch="epoch-1", lost="4-5"), play("p2"), play("p6"), epoch="epoch-2")
    receipts, witness = receive(town.store, anew, NOW + 5)
    assert states(receipts) == ["accepted", "duplicate", "accepted"]
    assert (witness.epoch, witness.seq, witness.hash) == ("epoch-2", 3, anew.entries[2].hash)
    assert [row["id"] for row in plays(town)] == ["p1", "p2", "p3", "p6"]
    [restart] = queries.restarts(town.store, "room-1")
    assert (restart["chain"], restart["epoch"], restart["begun_ms"], restart["held_seq"]) == (2, "epoch-2", NOW + 5, 3)
    assert restart["facts"] == {"epoch": "epoch-1", "lost": "4-5"}
    [station] = queries.stations(town.store)
    assert (station["restarts"], station["head_seq"], station["epoch"]) == (1, 3, "epoch-2")
    assert (station["forked_ms"], station["cloned_ms"], station["forks"]) == (None, None, 0)
    more, witness = receive(town.store, sent(play("p7"), epoch="epoch-2", first=4, previous=anew.entries[2].hash), NOW)
    assert (states(more), witness.seq) == (["accepted"], 4)
    with pytest.raises(Gap, match="the town has the chain up to 0"):
        receive(town.store, sent(play("p8"), epoch="epoch-3", first=2), NOW)
    assert len(rows(town, schema.chain)) == 2
    receive(town.store, sent(play("p9"), epoch="epoch-3"), NOW)
    assert [row["facts"] for row in queries.restarts(town.store)] == [restart["facts"], {}]
    assert list(queries.restarts(town.store, "room-2")) == []


def test_older_epoch_that_reports_beside_a_newer_one_is_a_clone_and_both_are_taken(town):
    one, two = sent(play("a1"), epoch="a"), sent(play("b1"), epoch="b")
    for now, offered in enumerate((one, two, two)):
        receipts, witness = receive(town.store, offered, NOW + now)
        assert witness.hash == offered.entries[0].hash
    assert rows(town, schema.station)[0].cloned_ms is None
    for epoch in ("b", "never reported"):
        intake.keep_heartbeat(town.store, replace(BEAT, epoch=epoch), NOW)
    assert rows(town, schema.station)[0].cloned_ms is None
    later = sent(play("a2"), epoch="a", first=2, previous=one.entries[0].hash)
    for now in (7, 8):
        receipts, witness = receive(town.store, later, NOW + now)
        assert (witness.epoch, witness.seq) == ("a", 2)
    assert rows(town, schema.station)[0].cloned_ms == NOW + 7
    receipts, witness = receive(town.store, sent(play("b2"), epoch="b", first=2, previous=two.entries[0].hash), NOW)
    assert (states(receipts), witness.seq) == (["accepted"], 2)
    assert sorted(row["id"] for row in plays(town)) == ["a1", "a2", "b1", "b2"]
    assert rows(town, schema.station)[0].forked_ms is None


def test_heartbeat_of_an_older_epoch_flags_a_clone_too(town):
    receive(town.store, sent(play("a1"), epoch="a"), NOW)
    receive(town.store, sent(play("b1"), epoch="b"), NOW)
    intake.keep_heartbeat(town.store, replace(BEAT, epoch="a"), NOW + 3)
    assert rows(town, schema.station)[0].cloned_ms == NOW + 3


def test_chain_of_before_epochs_takes_the_first_epoch_that_goes_on_with_it(town):
    told = sent(play("p1"), play("p2"), play("p3"))
    receive(town.store, told, NOW)
    with town.store.write() as connection:
        connection.execute(update(schema.chain).values(epoch=None))
    more = sent(play("p4"), epoch="e", first=4, previous=told.entries[2].hash)
    receipts, witness = receive(town.store, more, NOW)
    assert (states(receipts), witness.epoch, witness.seq) == (["accepted"], "e", 4)
    assert [(row.chain, row.epoch) for row in rows(town, schema.chain)] == [(1, "e")]
    receive(town.store, sent(play("q1"), epoch="other"), NOW)
    assert [(row.chain, row.epoch) for row in rows(town, schema.chain)] == [(1, "e"), (2, "other")]


def test_latest_heartbeat_is_kept(town):
    intake.keep_heartbeat(town.store, BEAT, NOW)
    intake.keep_heartbeat(town.store, replace(BEAT, waiting=3), NOW + 1)
    [row] = rows(town, schema.heartbeat)
    assert (row.waiting, row.received_ms, json.loads(row.heartbeat)["waiting"]) == (3, NOW + 1, 3)


def test_heartbeat_of_an_earlier_format_is_still_shown(town):
    intake.keep_heartbeat(town.store, BEAT, NOW)
    with town.store.write() as connection:
        connection.execute(update(schema.heartbeat).values(heartbeat='{"clock":"holdover","format":1,"waiting":3}'))
    [station] = queries.stations(town.store)
    assert (station["clock"], station["waiting"], station["ready_ms"]) == ("holdover", 3, None)


def test_record_that_does_not_fit_its_hash_flags_the_station(town):
    told = report(play("p1"))
    altered = Entry(seq=1, hash=told.entries[0].hash, record=msgspec.Raw(play("p1", played_ms=1)))
    assert rows(town, schema.station)[0].broken_ms is None
    broken = replace(told, entries=(altered,))
    for now in (NOW + 5, NOW + 9):
        receipts, _ = receive(town.store, broken, now)
        assert receipts[0].reason.startswith("hash")
    assert rows(town, schema.station)[0].broken_ms == NOW + 5
    receipts, _ = receive(town.store, told, NOW)
    assert receipts[0].reason == "fork", "what fits the hash comes too late, and is kept aside"
    assert [row.record for row in rows(town, schema.fork)] == [play("p1")]


def test_heartbeat_of_another_story_flags_a_cloned_disk(town):
    told = sent(play("p1"), play("p2"))
    receive(town.store, told, NOW)
    for seq in (0, 1, 2):
        intake.keep_heartbeat(
            town.store, replace(BEAT, head_seq=seq, head_hash=told.entries[seq - 1].hash if seq else GENESIS), NOW
        )
    intake.keep_heartbeat(town.store, replace(BEAT, head_seq=3, head_hash="1" * 64), NOW)
    assert rows(town, schema.station)[0].forked_ms is None
    intake.keep_heartbeat(town.store, replace(BEAT, head_seq=2, head_hash="1" * 64), NOW + 7)
    intake.keep_heartbeat(town.store, replace(BEAT, head_seq=2, head_hash="1" * 64), NOW + 8)
    assert rows(town, schema.station)[0].forked_ms == NOW + 7


def test_two_pcs_with_the_same_state_that_report_in_turn_are_both_kept_and_shown(town):
    """A cloned disk: they have the token, the key and the first entries in common."""
    common = sent(play("p1"))
    receive(town.store, common, NOW)
    heads = {"a": common.entries[0].hash, "b": common.entries[0].hash}
    witnessed = []
    for seq in range(2, 6):
        for pc in ("a", "b"):
            story = sent(play(f"{pc}{seq}"), first=seq, previous=heads[pc])
            receipts, witness = receive(town.store, story, NOW + seq)
            assert states(receipts) == ["accepted" if pc == "a" else "refused"]
            heads[pc] = story.entries[0].hash
            witnessed.append(witness.hash)
    assert witnessed[-1] == heads["a"] and set(witnessed).isdisjoint({heads["b"]})
    assert [row["id"] for row in plays(town)] == ["p1", "a2", "a3", "a4", "a5"]
    other = list(queries.forks(town.store, "room-1"))
    assert [json.loads(row["record"])["id"] for row in other] == ["b2", "b3", "b4", "b5"]
    assert [row["stands"] for row in other] == ["a2", "a3", "a4", "a5"]
    [station] = queries.stations(town.store)
    assert (station["forked_ms"], station["forks"], station["head_seq"]) == (NOW + 2, 4, 5)


def test_batch_of_500_plays_is_taken_in_well_under_a_second(town):
    """FIELD-NOTES: the index matters most; a village of stations reports at once after an outage."""
    import time

    offered = sent(*[play(f"p{n}") for n in range(500)])
    began = time.monotonic()
    receive(town.store, offered, NOW)
    assert time.monotonic() - began < 2
    with town.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(schema.play)).scalar() == 500


def test_chain_is_checked_over_the_bytes_that_were_sent(town):
    """A record with white space is no other record: its hash is over the bytes as they came."""
    spaced = play("p1").replace(b",", b", ")
    receipts, _ = receive(town.store, sent(spaced), NOW)
    assert states(receipts) == ["accepted"]
    assert rows(town, schema.entry)[0].hash == chain(GENESIS, 1, spaced)
