"""What the record costs: rows a second of the journal beside bare sqlite3, and the delivery of a month's backlog.

``python tests/bench/records.py [--rows N] [--rounds N] [--backlog N] [--alone] [--postgres URL]``

**Journal.** Both sides write the same columns into the same tables with the same pragmas (WAL, ``synchronous=FULL``),
on the same disk, in short turns, for a disk is never as quick twice. Compared is commit with commit:

- ``record``: one row of the chain, one commit; the bare side knows the bytes to write, the journal works them out.
- ``play``: the life of a row, three commits: due, shown, and closed with its entry in the chain.

The bare side commits each; of the journal what waits becomes one transaction, as after a full disk. With ``--alone``
the journal commits each too, as it does while programmes follow each other.

``record_ratio`` and ``play_ratio`` are the journal's rows a second over the bare side's, the median of the rounds;
``commits_ratio`` is both together; the target is 0.5. ``closed_rows_ratio`` sets whole plays
against a bare side that writes each row once, when it is over: what the two earlier commits cost, which are there so
that a power cut loses nothing.

**Backlog.** Thirty days of closed plays wait in a real journal; the station's own link delivers them over HTTP to a
town in a process of its own. Seconds from the first call to the last receipt on the station's disk, and of both the
processor time meanwhile and the peak RSS. Last line: JSON.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from kiosk.contract.playlist import Programme
from kiosk.contract.records import Action, Play
from kiosk.contract.reports import Heartbeat, chain
from kiosk.contract.trust import first_root
from kiosk.contract.wire import encode
from kiosk.demo.rehearsal import STATION, TOWN, add_station, daemon, wait_for_line
from kiosk.station.config import Fetch, Town
from kiosk.station.events import Crashed, Delivered, Event, TownRefused, TownUnreachable
from kiosk.station.identity import load_identity
from kiosk.station.journal import Due, Journal, writer
from kiosk.station.journal import plays as rows
from kiosk.station.journal.database import WAL_PAGES, open_writing
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.link.enrol import enrol
from kiosk.station.link.link import Link
from kiosk.station.link.station_key import signer
from kiosk.town.town import found_town

NOW = 1_772_323_200_000
DAY_MS = 86_400_000
SHA256 = "ab" * 32
TITLE = "水稻病虫害绿色防控技术"


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description="The record: rows a second, and a month's backlog.")
    parser.add_argument("--rows", type=int, default=100, help="plays, and records, of each side and round")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--backlog", type=int, default=50_000)
    parser.add_argument("--postgres", default="", help="the town's database, empty, in place of SQLite")
    parser.add_argument("--alone", action="store_true", help="the journal writes nothing together")
    parser.add_argument("--deliver", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.deliver:
        deliver(options.deliver)
        return
    if options.alone:
        writer.MOST_TOGETHER = 1
    with tempfile.TemporaryDirectory(prefix="kiosk-records-") as name:
        figures = journal(Path(name), options.rows, options.rounds)
        figures |= backlog(Path(name), options.backlog, options.postgres)
    print(json.dumps(figures))


# --- the journal beside bare sqlite3 ---


def journal(folder: Path, count: int, rounds: int) -> dict[str, float]:
    """Both sides in turn."""
    sides = {
        "record": journal_records, "bare_record": bare_records, "play": journal_plays, "bare_play": bare_plays,
        "bare_row": bare_rows,
    }  # fmt: skip
    found: dict[str, list[float]] = {what: [] for what in sides}
    for n in range(rounds):
        for what, measure in sides.items():
            place = folder / f"{what}-{n}"
            place.mkdir()
            found[what].append(measure(place, count) / count)
        say(f"round {n + 1}: " + ", ".join(f"{what} {1000 * spent[-1]:.2f} ms" for what, spent in found.items()))

    def ratio(ours: str, bare: str) -> float:
        return statistics.median(other / own for own, other in zip(found[ours], found[bare], strict=True))

    both = (
        (bare + plays) / (ours + own_plays)
        for ours, bare, own_plays, plays in zip(*(found[what] for what in list(sides)[:4]), strict=True)
    )
    return {
        "record_rows_per_s": round(1 / statistics.median(found["record"])),
        "bare_record_rows_per_s": round(1 / statistics.median(found["bare_record"])),
        "record_ratio": round(ratio("record", "bare_record"), 2),
        "closed_plays_per_s": round(1 / statistics.median(found["play"])),
        "bare_plays_per_s": round(1 / statistics.median(found["bare_play"])),
        "play_ratio": round(ratio("play", "bare_play"), 2),
        "commits_ratio": round(statistics.median(both), 2),
        "closed_rows_ratio": round(ratio("play", "bare_row"), 2),
    }


def journal_records(folder: Path, count: int) -> float:
    """Seconds for so many records of the chain, until the last is on the disk."""
    return timed(folder, lambda journal: [journal.record(action(n)) for n in range(count)])


def journal_plays(folder: Path, count: int) -> float:
    """Seconds for so many plays, from due to closed."""

    def write(journal: Journal) -> None:
        for n in range(count):
            journal.due(due(n))
            journal.shown(f"play-{n}", NOW + 1, 60_001, 1, 0, "xcb_x11", (80, False))
            journal.close(f"play-{n}", NOW + 6000, 5999, "completed", "", 150, 0)

    return timed(folder, write)


def timed(folder: Path, write: Callable[[Journal], object]) -> float:
    """How long it takes until all that ``write`` puts into a new journal is on the disk."""
    troubles: list[Event] = []
    journal = Journal(folder / "journal.db", troubles.append, "boot-1")
    journal.start()
    began = time.perf_counter()
    write(journal)
    settled = journal.settle(600)
    took = time.perf_counter() - began
    journal.stop(10)
    assert settled and not troubles, troubles
    return took


def bare_records(folder: Path, count: int) -> float:
    """The entries of so many records, one INSERT and one commit each, with their bytes and hashes known before."""
    db = bare(folder)
    seq, digest, entries = 0, "0" * 64, []
    for n in range(count):
        data = encode(action(n))
        seq, digest = seq + 1, chain(digest, seq + 1, data)
        entries.append((seq, digest, f"action-{n}", "action", data))
    return committed(db, [[(ENTRY, entry)] for entry in entries])


def bare_plays(folder: Path, count: int) -> float:
    """The same statements as the journal's, in the same three commits a play."""
    commits, digest = [], "0" * 64
    for n in range(count):
        first, shown, closed, entry = statements(n, digest)
        digest = str(entry[1][1])
        commits += [[first], [shown], [closed, entry]]
    return committed(bare(folder), commits)


def bare_rows(folder: Path, count: int) -> float:
    """Each row written once, when it is over: one INSERT of all columns and one commit."""
    db = bare(folder)
    names = [row[1] for row in db.execute("PRAGMA table_info(plays)")]
    sql = f"INSERT INTO plays VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    commits = []
    for n in range(count):
        row = begun(n) | {
            "shown_ms": NOW + 1, "started_monotonic_ms": 60_001, "late_ms": 1, "gap_ms": 0, "video_output": "xcb_x11",
            "last_ms": NOW + 1, "end_ms": NOW + 6000, "played_ms": 5999, "outcome": "completed", "cause": "",
            "pictures_shown": 150, "pictures_lost": 0, "seq": n + 1,
        }  # fmt: skip
        commits.append([(sql, tuple(row.get(name) for name in names))])
    return committed(db, commits)


ENTRY = "INSERT INTO entries (seq, hash, id, kind, record) VALUES (?, ?, ?, ?, ?)"
Statement = tuple[str, tuple[object, ...]]


def statements(n: int, previous: str) -> tuple[Statement, ...]:
    """What a play's three commits write."""
    first = begun(n)
    names = ", ".join(first)
    insert = f"INSERT INTO plays ({names}) VALUES ({', '.join('?' * len(first))})"  # noqa: S608
    shown = """UPDATE plays SET shown_ms = ?, started_monotonic_ms = ?, late_ms = ?, gap_ms = ?, video_output = ?,
               last_ms = ?, volume = ?, muted = ? WHERE id = ?"""
    closed = """UPDATE plays SET end_ms = ?, played_ms = ?, outcome = ?, cause = ?, pictures_shown = ?,
                pictures_lost = ?, seq = ? WHERE id = ?"""
    data = encode(play(n))
    entry = (n + 1, chain(previous, n + 1, data), f"play-{n}", "play", data)
    return (
        (insert, tuple(first.values())),
        (shown, (NOW + 1, 60_001, 1, 0, "xcb_x11", NOW + 1, 80, 0, f"play-{n}")),
        (closed, (NOW + 6000, 5999, "completed", "", 150, 0, n + 1, f"play-{n}")),
        (ENTRY, entry),
    )


def bare(folder: Path) -> sqlite3.Connection:
    """A database with the journal's tables and pragmas, without its triggers and its code."""
    path = folder / "bare.db"
    open_writing(path).conn.close()
    db = sqlite3.connect(path, isolation_level=None)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"wal_autocheckpoint = {WAL_PAGES}"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    return db


def committed(db: sqlite3.Connection, commits: list[list[Statement]]) -> float:
    """Seconds for these transactions."""
    began = time.perf_counter()
    for commit in commits:
        db.execute("BEGIN IMMEDIATE")
        for sql, values in commit:
            db.execute(sql, values)
        db.execute("COMMIT")
    took = time.perf_counter() - began
    db.close()
    return took


def action(n: int) -> Action:
    return Action(id=f"action-{n}", at_ms=NOW + n, by="kiosk", action="boot", clock="trusted")


def due(n: int, at_ms: int = NOW) -> Due:
    programme = Programme(
        id=f"programme-{n % 20}", title=f"{TITLE} {n % 20}", category="农业实用技术", source="省远程教育中心",
        file="rice.mp4", duration_ms=6000, size=1, sha256=SHA256,
    )  # fmt: skip
    return Due(
        id=f"play-{n}", playlist_version=7, programme=programme, origin="slot", occasion="主题党日",
        planned_start_ms=at_ms, planned_end_ms=at_ms + 6000, volume=80, clock="trusted", boot_id="boot-1",
    )  # fmt: skip


def begun(n: int) -> dict[str, object]:
    """The columns of a due row."""
    one = due(n)
    row = {name: getattr(one, name) for name in Due.__dataclass_fields__ if name != "programme"}
    row |= {name: getattr(one.programme, name) for name in ("title", "sha256", "category", "source")}
    return row | {"programme": one.programme.id, "muted": 0, "practice": 0}


def play(n: int) -> Play:
    """The record that the row becomes when it closes."""
    row = {name: value for name, value in begun(n).items() if name not in ("muted", "practice")}
    shown = {"late_ms": 1, "video_output": "xcb_x11", "started_monotonic_ms": 60_001, "pictures_shown": 150}
    times = {"actual_start_ms": NOW + 1, "actual_end_ms": NOW + 6000, "played_ms": 5999}
    return Play(**(row | shown | times), outcome="completed")  # type: ignore[arg-type]


# --- a month's backlog ---


def backlog(folder: Path, count: int, postgres: str) -> dict[str, float]:
    """Fill a journal, start a town, let a station of its own process deliver."""
    if postgres:
        os.environ["KIOSK_TOWN_DB"] = postgres
    found_town(folder / "town", "Town", town=TOWN, by="bench").close()
    code = add_station(folder / "town")
    log = folder / "town.log"
    with daemon(log, "town", "--folder", str(folder / "town"), "serve", "--port", "0") as town:
        url = wait_for_line(log, "http://", town).split()[-1]
        enrol(url, code, folder / "station")
        fill(folder / "station" / "journal.db", count)
        command = [sys.executable, __file__, "--deliver", str(folder / "station")]
        before = cpu_s(town.pid)
        told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
        peak, town_cpu_s = peak_mb(town.pid), cpu_s(town.pid) - before
    say(f"{count} rows in {told['seconds']:.1f} s; station {told['rss_mb']} MB, town {peak} MB")
    assert told["delivered"] == count, told
    return {
        "backlog_rows": count,
        "backlog_s": round(told["seconds"], 1),
        "backlog_rows_per_s": round(count / told["seconds"]),
        "station_cpu_s": round(told["cpu_s"], 1),
        "town_cpu_s": round(town_cpu_s, 1),
        "station_peak_mb": told["rss_mb"],
        "town_peak_mb": peak,
    }


def fill(path: Path, count: int) -> None:
    """Thirty days of closed plays, written at once by the journal's own functions."""
    db = open_writing(path)
    step = 30 * DAY_MS // count
    with db.atomic():
        for n in range(count):
            at_ms = NOW + n * step
            rows.add_due(db, due(n, at_ms))
            rows.mark_shown(db, f"play-{n}", at_ms + 1, 60_001, 1, 0, "xcb_x11")
            rows.close_play(db, f"play-{n}", at_ms + 6000, 5999, "completed", "", 150, 0)
    db.conn.close()


def deliver(state: Path) -> None:
    """The station's side: journal and link as the daemon has them. Prints seconds and peak RSS."""
    witnessed = [0]
    journal = Journal(state / "journal.db", lambda event: None, "boot-1")

    def post(event: Event) -> None:
        if isinstance(event, Delivered):
            journal.receipts(event.receipts, event.witness, event.signed)
            witnessed[0] = event.witness.seq
        elif isinstance(event, Crashed | TownRefused | TownUnreachable):
            sys.exit(f"the station says {event}")

    journal.start()
    identity = load_identity(state)
    link = Link(
        identity, Documents(Library(state / "library")), journal, post, Town(), Fetch(), signer(state), state / "photos"
    )
    root = (state / "library" / "trust" / "root" / "1.root.json").read_bytes()
    link.use_root(first_root(root, identity.root_sha256))
    link.start()
    head, _ = journal.head()
    began, before = time.perf_counter(), cpu_s(os.getpid())
    link.report(
        Heartbeat(
            station=STATION,
            epoch="epoch-1",
            sent_ms=1,
            nonce="",
            boot_id="boot-1",
            up_ms=1,
            software="1",
            clock="trusted",
        )
    )
    while witnessed[0] < head:
        time.sleep(0.01)
    assert journal.settle(60)
    told = {"seconds": time.perf_counter() - began, "cpu_s": cpu_s(os.getpid()) - before}
    print(json.dumps(told | {"delivered": journal.delivered(), "rss_mb": peak_mb(os.getpid())}))
    link.stop()
    journal.stop(10)


def peak_mb(pid: int) -> float:
    """The most memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(kilobytes) / 1024, 1)


def cpu_s(pid: int) -> float:
    """Processor time that a process has had, in seconds."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
