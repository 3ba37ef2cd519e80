"""Reports at the town's door, over real HTTP: signed by the station that they are of, and within its quotas."""

import gzip
import json
import threading
import time

import msgspec
import pytest
import requests
from contract.signing import enrol_request, report, signed_report
from msgspec.structs import replace

from kiosk.contract import wire
from kiosk.contract.enrolment import EnrolAnswer
from kiosk.contract.records import Action, Attendance, ClockRepair
from kiosk.contract.reports import Heartbeat
from kiosk.contract.wire import encode
from kiosk.town.intake import complaints, intake, quota
from kiosk.town.intake.quota import OverQuota, Quota, Quotas
from kiosk.town.ledger import queries
from kiosk.town.stations import registry


class Station(requests.Session):
    """An enrolled station on the line."""

    def __init__(self, server, office, name="room-1"):
        super().__init__()
        code = registry.add_station(office, name, "all", "Room", None, by="test")
        body = encode(enrol_request(code.secret, name, host="pc"))
        answer = wire.decode(requests.post(f"{server.url}/v1/enrol", data=body, timeout=10).content, EnrolAnswer, "a")
        self.headers["Authorization"] = f"Bearer {answer.token}"
        self.url, self.name = f"{server.url}/v1", name

    def tell(self, sent, **how):
        return self.post(f"{self.url}/reports", data=sent if isinstance(sent, bytes) else encode(sent), **how)

    def beat(self):
        beat = Heartbeat(
            station=self.name, epoch="e", sent_ms=1, nonce="n", boot_id="b", up_ms=1, software="1", clock="trusted"
        )
        return self.post(f"{self.url}/heartbeat", data=encode(beat))


@pytest.fixture
def station(server, office):
    with Station(server, office) as found:
        yield found


def action(name, **more):
    return encode(Action(**{"id": name, "at_ms": 1, "by": "li", "action": "boot", "clock": "trusted"} | more))


def of(office, name="room-1"):
    return next(row for row in queries.stations(office.store) if row["id"] == name)


def refusals(office, name="room-1"):
    return {one["cause"]: one["times"] for one in of(office, name)["complaints"]}


# --- C5: signed ---


def test_c5_stolen_token_invents_no_play(station, office):
    genuine = report(action("a1"), action("a2"))
    lies = (
        replace(genuine, signature=""),
        report(action("a1"), action("a2"), by="thief"),
        replace(report(action("lie")), signature=genuine.signature),
        replace(genuine, epoch="another"),
        replace(report(), signature=""),
    )
    for lie in lies:
        answer = station.tell(lie)
        assert answer.status_code == 403 and "not signed with the key of this station" in answer.json()["error"]
    assert (of(office)["chain"], of(office)["head_seq"]) == (0, 0), "not so much as a chain is begun"
    assert station.tell(genuine).status_code == 200
    [complaint] = of(office)["complaints"]
    assert complaint["cause"] == "unsigned" and "update the kiosk on that PC" in complaint["detail"]


def test_c5_signed_head_that_was_overheard_proves_nothing_before_it(station, office):
    """Whoever reads along has a signature over the hash of entry 3. The records before it may not be others."""
    genuine = report(action("a1"), action("a2"), action("a3"))
    forged = report(action("f1"), action("f2"), action("a3"))
    last = replace(genuine.entries[2], record=forged.entries[2].record)
    lie = replace(forged, entries=(*forged.entries[:2], last), signature=genuine.signature)
    answer = station.tell(lie)
    assert answer.status_code == 400 and "the record of entry 3 does not fit its hash" in answer.json()["error"]
    assert of(office)["head_seq"] == 0
    assert [receipt["state"] for receipt in station.tell(genuine).json()["receipts"]] == ["accepted"] * 3


def test_c5_record_altered_on_the_stations_disk_comes_first_in_a_report(station, office):
    genuine = report(action("a1"), action("a2"), action("a3"))
    altered = replace(genuine.entries[1], record=msgspec.Raw(action("b2")))
    assert station.tell(replace(genuine, entries=(genuine.entries[0], altered, genuine.entries[2]))).status_code == 400
    assert station.tell(signed_report(replace(genuine, entries=genuine.entries[:1]))).status_code == 200
    rest = replace(genuine, previous=genuine.entries[0].hash, entries=(altered, genuine.entries[2]))
    receipts = station.tell(signed_report(rest)).json()["receipts"]
    assert [receipt["state"] for receipt in receipts] == ["refused", "accepted"]
    assert receipts[0]["reason"].startswith("hash:") and of(office)["broken_ms"] is not None


# --- C8: quotas ---


def less(monkeypatch, **most):
    for name, value in most.items():
        name = name.replace("_", "-")
        monkeypatch.setitem(quota.QUOTAS, name, replace_most(quota.QUOTAS[name], value))


def replace_most(old, most):
    return Quota(most, old.window_s, old.unit)


def test_c8_quota_is_full_again_after_its_window_and_one_thing_is_always_taken():
    now = [0.0]
    quotas = Quotas(lambda: now[0])
    quotas.take("room-1", "bytes", 10**9)
    with pytest.raises(OverQuota, match="more than 100,000,000 bytes of reports in a minute; come again in 60 s"):
        quotas.take("room-1", "bytes")
    quotas.take("room-2", "bytes")
    now[0] = 59.5
    with pytest.raises(OverQuota, match="in 1 s"):
        quotas.take("room-1", "bytes")
    now[0] = 60
    quotas.take("room-1", "bytes")
    quotas.spend("room-1", "writer", 31)
    with pytest.raises(OverQuota, match="seconds of the database"):
        quotas.require("room-1", "writer")
    with quotas.one_report("room-1"), quotas.one_report("room-2"), pytest.raises(OverQuota, match="another report"):
        quotas.one_report("room-1").__enter__()
    with quotas.one_report("room-1"):
        pass


def test_windows_of_strangers_addresses_are_bounded_and_push_out_no_station_s(monkeypatch):
    monkeypatch.setattr(quota, "MOST_WINDOWS", 10)
    quotas = Quotas(lambda: 0.0)
    quotas.spend("room-1", "writer", 31)
    for n in range(99):
        quotas.spend(f"address {n}", "codes", 1)
    assert len(quotas._windows) <= 10
    with pytest.raises(OverQuota):
        quotas.require("room-1", "writer")


def test_c8_station_over_a_quota_is_told_when_to_come_again_and_is_flagged(station, office, server, monkeypatch):
    less(monkeypatch, requests=5, reports=2)
    one = report(action("a1"))
    assert [station.tell(one).status_code for _ in range(3)] == [200, 200, 429]
    assert [station.beat().status_code for _ in range(2)] == [200, 200]
    answer = station.beat()
    assert answer.status_code == 429 and "more than 5 requests in a minute" in answer.json()["error"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert Station(server, office, "room-2").beat().status_code == 200
    assert refusals(office) == {"reports": 1, "requests": 1} and refusals(office, "room-2") == {}


def test_c8_refusals_are_counted_and_written_once_a_minute(office):
    registry.add_station(office, "room-1", "all", "Room", None, by="test")
    noted = complaints.Complaints()
    for at_ms in (1_000_000, 1_000_100, 1_059_999):
        noted.note(office.store, "room-1", "requests", f"at {at_ms}", at_ms)
    assert refusals(office) == {"requests": 1}
    noted.note(office.store, "room-1", "requests", "last", 1_060_000)
    [found] = of(office)["complaints"]
    assert found == {"cause": "requests", "detail": "last", "times": 4, "first_ms": 1_000_000, "last_ms": 1_060_000}


def test_c8_forks_of_a_few_kilobytes_on_the_line_do_not_fill_the_database(station, office):
    """A report of 30 kB holds 4 MB. What is kept is enough to judge by, and every refusal is still told."""
    assert station.tell(report(action("a1"))).status_code == 200
    line = turned_away = 0
    for number in range(5):
        records = [json.dumps({"id": f"{number}-{n}", "pad": "x" * 8000}).encode() for n in range(500)]
        body = gzip.compress(encode(report(*records)))
        line += len(body)
        answer = station.tell(body, headers={"Content-Encoding": "gzip"})
        if answer.status_code == 429:
            assert "bytes of another story" in answer.json()["error"]
            turned_away += 1
    assert line < 400_000 and turned_away >= 3
    path = office.folder / "town.db"
    assert path.stat().st_size + path.with_name("town.db-wal").stat().st_size < 16_000_000
    assert refusals(office)["fork-bytes"] >= 1 and of(office)["forks"] == 500


def test_c8_forks_beyond_what_is_kept_of_a_station_are_answered_and_counted(office, station, monkeypatch):
    monkeypatch.setattr(intake, "MOST_FORK_BYTES", 2_000)
    station.tell(report(action("a1")))
    for number in range(3):
        receipts = station.tell(report(action(f"b{number}", reason="x" * 300))).json()["receipts"]
        assert [receipt["reason"] for receipt in receipts] == ["fork"]
    assert of(office)["forks"] == 2 and refusals(office) == {"fork-store": 1}


def test_c8_lists_have_a_longest_length(station):
    names = tuple(f"p{n}" for n in range(1001))
    [receipt] = station.tell(report(encode(Attendance(id="a1", at_ms=1, by="li", plays=names)))).json()["receipts"]
    assert receipt["state"] == "refused" and "length <= 1000" in receipt["reason"]


def test_c8_too_much_work_in_one_report_is_sent_in_smaller_ones(station):
    crowd = tuple(encode(Attendance(id=f"a{n}", at_ms=1, by="li", plays=("p",) * 1000)) for n in range(6))
    repairs = tuple(
        encode(ClockRepair(id=f"r{n}", at_ms=1, boot_id="b", offset_ms=1, clock="trusted")) for n in range(21)
    )
    for records in (crowd, repairs):
        answer = station.tell(report(*records))
        assert answer.status_code == 413 and "send fewer entries at a time" in answer.json()["error"]
        assert station.tell(report(*records[: len(records) // 2], epoch=f"e{len(records)}")).status_code == 200


def test_c8_clock_repairs_of_one_boot_have_an_end(office, station):
    done = 0
    for number in range(6):
        names = [f"r{number}-{n}" for n in range(20)]
        sent = [encode(ClockRepair(id=n, at_ms=1, boot_id="b", offset_ms=1, clock="trusted")) for n in names]
        receipts = station.tell(report(*sent, epoch=f"e{number}")).json()["receipts"]
        done += sum(receipt["state"] == "accepted" for receipt in receipts)
    assert done == 100
    assert receipts[-1]["reason"].startswith("too-much: the clock of this boot has been repaired 100 times")


def test_c8_greedy_station_does_not_slow_the_others(server, office, station):
    """The honest room is answered in well under a second while another one takes all that it can get."""
    honest, over, answers = Station(server, office, "room-2"), threading.Event(), []

    def greedy(thread):
        number = 0
        with requests.Session() as session:
            session.headers.update(station.headers)
            while not over.is_set():
                number += 1
                plays = tuple(f"p{n}" for n in range(1000))
                crowd = (encode(Attendance(id=f"a{n}", at_ms=1, by="li", plays=plays, present=1)) for n in range(5))
                body = encode(report(*crowd, epoch=f"e{thread}-{number}"))
                answers.append(session.post(f"{station.url}/reports", data=body).status_code)

    threads = [threading.Thread(target=greedy, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    took, previous = [], "0" * 64
    try:
        for seq in range(1, 13):
            began = time.monotonic()
            sent = report(action(f"h{seq}"), station="room-2", by="room-2", first=seq, previous=previous)
            assert (honest.beat().status_code, honest.tell(sent).status_code) == (200, 200)
            took.append(time.monotonic() - began)
            previous = sent.entries[-1].hash
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert sorted(took)[len(took) // 2] < 0.5 and max(took) < 2, sorted(took)
    assert {200, 429} <= set(answers)
