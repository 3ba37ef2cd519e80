"""The counts kept at intake: what they say follows from the records, in whatever order these came."""

import random
import tracemalloc
from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest
from contract.signing import report
from sqlalchemy import select
from town.postgres import BOTH

from kiosk.contract.records import Action, Attendance, ClockRepair, Fault, Play
from kiosk.contract.reports import GENESIS, Entry, Report, read_report
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.intake.intake import receive
from kiosk.town.ledger import queries
from kiosk.town.stations import registry

pytestmark = BOTH
NOW = 1_772_323_200_000  # 2026-03-01 08:00 in Shanghai
DAY_MS = 86_400_000


@pytest.fixture
def town(office):
    registry.add_station(office, "room-1", "all", "Room 1", None, by="test")
    return office


def play(name, began=1000, wrong_by=0, **changes):
    """A play that began so many ms after the boot, which was at NOW, by a clock that was wrong by so much."""
    fields = {
        "id": name, "playlist_version": 1, "programme": "rice", "title": "水稻", "sha256": "0" * 64, "origin": "slot",
        "planned_start_ms": NOW, "planned_end_ms": NOW + 2000, "actual_start_ms": NOW + began + wrong_by,
        "actual_end_ms": NOW + began + wrong_by + 2000, "played_ms": 2000, "outcome": "completed", "clock": "trusted",
        "boot_id": "b1", "started_monotonic_ms": began,
    }  # fmt: skip
    return Play(**fields | changes)


def repair(name, offset, start=0, end=None, boot="b1"):
    return ClockRepair(
        id=name, at_ms=NOW, boot_id=boot, from_monotonic_ms=start, to_monotonic_ms=end, offset_ms=offset,
        clock="trusted",
    )  # fmt: skip


def there(name, *plays, present=3, others=0):
    return Attendance(id=name, at_ms=NOW, by="li", plays=plays, present=present, others=others)


class Told:
    """A station that tells its records batch by batch."""

    def __init__(self, office, station="room-1"):
        self.office, self.station, self.seq, self.previous = office, station, 0, GENESIS

    def tell(self, *records, now=NOW):
        data = [one if isinstance(one, bytes) else encode(one) for one in records]
        offered = report(*data, station=self.station, first=self.seq + 1, previous=self.previous)
        receipts, _ = receive(self.office.store, read_report(encode(offered)), now)
        self.seq, self.previous = offered.entries[-1].seq, offered.entries[-1].hash
        return [receipt.state for receipt in receipts]

    def tallies(self):
        table = schema.tally
        with self.office.store.read() as connection:
            rows = connection.execute(select(table).where(table.c.station == self.station, table.c.plays != 0))
            return {
                (row.day, row.programme, row.outcome, row.seen): (row.plays, row.played_ms) for row in rows
            }  # fmt: skip

    def times(self):
        rows = (row for row in queries.plays(self.office.store) if row["station"] == self.station)
        return {
            row["id"]: (row["actual_start_ms"], row["repaired_start_ms"], row["repaired_end_ms"], row["seen"])
            for row in rows
        }


def recount(told):
    """What the plays themselves say, counted afresh."""
    found = {}
    for row in queries.plays(told.office.store):
        if row["station"] == told.station and not row["practice"]:
            key = row["day"], row["programme"], row["outcome"], row["seen"]
            plays, ms = found.get(key, (0, 0))
            found[key] = plays + 1, ms + row["played_ms"]
    return found


def test_plays_are_counted_by_local_day_programme_outcome_and_whether_seen(town):
    told = Told(town)
    told.tell(
        play("p1"),
        play("p2", programme="song", screen_evidence="cec"),
        play("p3", began=15 * 3_600_000 + 1000, outcome="stopped", cause="Stop"),
        play("p4", began=16 * 3_600_000),  # midnight in Shanghai
        play("p5", practice=True),
    )
    assert told.tallies() == {
        ("2026-03-01", "rice", "completed", "unknown"): (1, 2000),
        ("2026-03-01", "song", "completed", "unattended"): (1, 2000),
        ("2026-03-01", "rice", "stopped", "unknown"): (1, 2000),
        ("2026-03-02", "rice", "completed", "unknown"): (1, 2000),
    }


def test_only_what_is_truly_new_is_counted(town):
    told = Told(town)
    first = report(encode(play("p1")), encode(play("p2")))
    receive(town.store, first, NOW)
    receive(town.store, first, NOW)
    told.seq, told.previous = 2, first.entries[-1].hash
    assert told.tell(play("p1"), play("p2", played_ms=1), b'{"kind":"play"}') == ["duplicate", "refused", "refused"]
    receive(town.store, report(encode(play("p1")), encode(play("q")), encode(play("r"))), NOW)  # a fork
    assert told.tallies() == {("2026-03-01", "rice", "completed", "unknown"): (2, 4000)}


def test_clock_is_put_right_beside_what_was_told_and_the_day_moves(town):
    told = Told(town)
    wrong = -20 * 365 * DAY_MS
    told.tell(play("p1", wrong_by=wrong), play("p2", began=500_000, wrong_by=wrong), play("p3", boot_id="b2"))
    [(day, *_), _] = sorted(told.tallies())
    assert day.startswith("2006-")
    told.tell(repair("r1", -wrong, 0, 400_000), repair("r2", -wrong + 5, 400_000))
    assert told.times() == {
        "p1": (NOW + 1000 + wrong, NOW + 1000, NOW + 3000, "unknown"),
        "p2": (NOW + 500_000 + wrong, NOW + 500_005, NOW + 502_005, "unknown"),
        "p3": (NOW + 1000, None, None, "unknown"),
    }
    assert told.tallies() == {("2026-03-01", "rice", "completed", "unknown"): (3, 6000)}
    told.tell(play("p4", began=3000, wrong_by=wrong))  # closed after its clock was put right
    assert told.times()["p4"][1] == NOW + 3000
    told.tell(repair("r3", -wrong + 9, 0, 400_000))
    assert told.times()["p1"][1] == NOW + 1009, "what was found out last holds"


def test_repair_that_leads_nowhere_changes_nothing(town):
    told = Told(town)
    told.tell(play("p1"), play("never", actual_end_ms=NOW + 1000, started_monotonic_ms=0, outcome="failed"))
    told.tell(repair("r1", 2**63 - 1), repair("r2", -NOW * 2, boot="nowhere"))
    assert [times[1:3] for times in told.times().values()] == [(None, None), (None, None)]
    assert told.tallies() == recount(told)


def test_attendance_makes_a_play_attended_whichever_came_first(town):
    told = Told(town)
    told.tell(there("a1", "later", "p1", "of-nobody"))
    told.tell(play("p1"), play("p2", screen_evidence="link"), play("p3"))
    told.tell(there("a2", "p2", "p2"), there("a3", "p3", present=0), there("a4", "p2", present=0, others=1))
    told.tell(play("later"))
    seen = {name: times[3] for name, times in told.times().items()}
    assert seen == {"p1": "attended", "p2": "attended", "p3": "unknown", "later": "attended"}
    assert told.tallies() == recount(told)


@pytest.mark.parametrize("seed", range(6))
def test_order_of_the_records_makes_no_difference(town, seed):
    rng = random.Random(seed)
    hour = 3_600_000
    records = [
        play(f"p{n}", began=n * hour + 1, wrong_by=(n // 5) * 7 * hour, programme=f"prog-{n % 3}")
        for n in range(1, 20)
    ]  # fmt: skip
    records += [repair(f"r{n}", -n * 7 * hour, n * 5 * hour, (n + 1) * 5 * hour) for n in range(4)]
    records += [there(f"a{n}", f"p{n}", f"p{n + 1}") for n in range(1, 19, 4)]
    straight = Told(town)
    straight.tell(*records)
    registry.add_station(town, "other", "all", "", None, by="test")
    shuffled = Told(town, "other")
    rng.shuffle(records)
    while records:
        size = rng.randint(1, 6)
        shuffled.tell(*records[:size])
        records = records[size:]
    assert shuffled.times() == straight.times()
    assert shuffled.tallies() == straight.tallies() == recount(straight)
    assert {row[1] - row[0] for row in straight.times().values() if row[1]} == {0, -7 * hour, -14 * hour, -21 * hour}


def test_repair_reaches_plays_of_long_ago_and_of_an_earlier_chain(town):
    told = Told(town)
    for batch in range(3):
        told.tell(*[play(f"p{batch}-{n}", began=batch * 10_000 + n + 1, wrong_by=-DAY_MS) for n in range(400)])
    with town.store.write() as connection:
        connection.execute(schema.station.update().values(enrolment=2))
    told.seq, told.previous = 0, GENESIS
    told.tell(repair("r1", DAY_MS))
    assert told.tallies() == {("2026-03-01", "rice", "completed", "unknown"): (1200, 2_400_000)}


def test_age_at_first_witness_is_kept(town):
    told = Told(town)
    fault = Fault(id="f1", fault="f1", cause="hot", device="pc", found_ms=NOW - DAY_MS, text="x")
    told.tell(
        play("p1"), fault, Action(id="a1", at_ms=NOW, by="li", action="stop", clock="trusted"), b"{}", now=NOW + 9000
    )
    told.tell(play("p2", wrong_by=-40 * DAY_MS), now=NOW + 9000)
    with town.store.read() as connection:
        ages = connection.execute(select(schema.entry.c.age_ms).order_by(schema.entry.c.seq)).scalars().all()
    assert ages == [6000, DAY_MS + 9000, 9000, None, 40 * DAY_MS + 6000]
    assert [row["record_id"] for row in queries.late(town.store, DAY_MS)] == ["f1", "p2"]
    told.tell(repair("r1", 40 * DAY_MS, 1), now=NOW + 9000)
    told.tell(play("p3", wrong_by=-40 * DAY_MS, began=2000), now=NOW + 3 * DAY_MS)
    found = {row["record_id"]: row["age_ms"] for row in queries.late(town.store, DAY_MS)}
    assert found == {"f1": DAY_MS + 9000, "p3": 3 * DAY_MS - 4000}, "by the clock put right"


def test_memory_does_not_grow_with_what_the_town_holds(town):
    """A station that has sent many large records, and then names them all again, has none of them in memory at once."""
    told = Told(town)
    text, hashes = "词" * 20_000, []
    for n in range(20):
        told.tell(*[
            Action(id=f"a{n}-{m}", at_ms=NOW, by="li", action="x", clock="trusted", facts=dict.fromkeys("xyz", text))
            for m in range(5)
        ])  # fmt: skip
    with town.store.read() as connection:
        hashes = connection.execute(select(schema.entry.c.hash).order_by(schema.entry.c.seq)).scalars().all()
    small = [
        encode(Action(id=f"a{n}-{m}", at_ms=1, by="", action="y", clock="trusted")) for n in range(20) for m in range(5)
    ]
    offered = Report(
        station="room-1",
        epoch="epoch-1",
        previous=GENESIS,
        entries=tuple(Entry(seq=n + 1, hash=hashes[n], record=msgspec.Raw(data)) for n, data in enumerate(small)),
    )
    tracemalloc.start()
    receipts, _ = receive(town.store, offered, NOW)
    told.tell(*small)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert Counter(receipt.reason for receipt in receipts) == {"fork": 100}
    assert peak < 6 * 2**20, "18 MB are held of them"


def test_clock_at_either_end_of_time_is_counted_where_it_says(town):
    told = Told(town)
    far = int(datetime(2999, 12, 31, tzinfo=UTC).timestamp() * 1000)
    assert told.tell(
        play("p1", actual_start_ms=0, actual_end_ms=2000), play("p2", actual_start_ms=far, actual_end_ms=far + 2000)
    ) == ["accepted", "accepted"]
    assert [day for day, *_ in sorted(told.tallies())] == ["1970-01-01", "2999-12-31"]
