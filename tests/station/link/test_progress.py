"""How far fetching has come, as the panel, the terminal and the town are told; and records that the town refused."""

import os
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from link_room import Room
from msgspec import structs
from playout_room import at, programme, slot, week

from kiosk.cli import main
from kiosk.contract.records import Action
from kiosk.contract.reports import Receipt
from kiosk.station import status_file
from kiosk.station.journal.refused import RefusedEntries, RefusedEntry
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.library import Library
from kiosk.station.link.download import RESERVE, DownloadProgress
from kiosk.station.link.progress import FetchProgress, fetch_progress, progress_line
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.schedule.fetch_hours import FetchHours

MB = 1_000_000
LAW, RICE = programme("law", 60), programme("rice", 60)


@pytest.fixture
def accepted(room: Room) -> Accepted:
    found = Accepted(room.documents, room.documents.load("villages", "room-1", room.identity.root_sha256))
    big = [structs.replace(one, size=size) for one, size in ((LAW, 6 * MB), (RICE, 4 * MB))]
    found.playlist = week(
        tuple(big), slot("15:00:00", "15:01:00", "rice"), slot("16:00:00", "16:01:00", "law", day="2026-03-06"),
        last_day="2026-03-06",
    )  # fmt: skip
    return found


def test_what_is_missing_and_when_all_will_be_here(room: Room, accepted: Accepted) -> None:
    now = at("12:00:00")
    assert fetch_progress(accepted, room.link, now, True) == FetchProgress(files=2, missing=10 * MB)
    room.link.restore_speed(100_000)
    room.library.stage(RICE.sha256).write_bytes(bytes(2 * MB))
    room.link.downloading = DownloadProgress(RICE.sha256, 4 * MB, 2 * MB)
    found = fetch_progress(accepted, room.link, now, True)
    assert (found.title, found.percent, found.left_s, found.missing) == ("rice", 50, 20, 8 * MB)
    assert found.ready == now + timedelta(seconds=81)
    assert progress_line(found) == (
        "2 files (8.0 MB) to fetch, rice 50 % of 4.0 MB, 100 kB/s, all here about 03-05 12:01"
    )  # fmt: skip


def test_a_programme_that_does_not_fit_is_never_ready(
    room: Room, accepted: Accepted, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.link.restore_speed(100_000)
    monkeypatch.setattr(Library, "free_bytes", lambda self: RESERVE + 5 * MB)
    found = fetch_progress(accepted, room.link, at("12:00:00"), True)
    assert (found.ready, found.lacking_title, found.lacking) == (None, "law", 5 * MB)
    assert progress_line(found) == (
        "2 files (10.0 MB) to fetch, 100 kB/s, law does not fit: the disk lacks 5.0 MB"
    )  # fmt: skip


def test_the_hours_for_fetching_count(room: Room, accepted: Accepted) -> None:
    room.link.restore_speed(1_000)
    room.link.hours = FetchHours.of("22:00-23:00")
    today = fetch_progress(accepted, room.link, at("12:00:00"), True)
    assert today.opens is None, "one is due today"
    assert today.ready == at("22:46:41") + timedelta(days=2), "an hour a night"
    path = room.library.stage(RICE.sha256).parents[1] / "files" / RICE.sha256
    with path.open("wb") as file:
        file.truncate(4 * MB)
    waits = fetch_progress(accepted, room.link, at("12:00:00"), True)
    assert waits.opens == at("22:00:00") and waits.files == 1
    assert "goes on at 03-05 22:00" in progress_line(waits)
    assert fetch_progress(accepted, room.link, at("12:00:00"), False).opens is None, "without a clock nobody can tell"


def test_when_nothing_is_missing_there_is_nothing_to_say(room: Room, accepted: Accepted) -> None:
    accepted.playlist = None
    assert fetch_progress(accepted, room.link, at("12:00:00"), True) == FetchProgress()
    assert progress_line(FetchProgress()) == ""


# --- refused ---


def test_refused_entries_are_shown_with_what_they_are_and_why(room: Room) -> None:
    room.act("a1", "a2")
    room.journal.receipts((Receipt(seq=2, id="a2", state="refused", reason="malformed: x"),), None, None)
    assert room.journal.settle(10)
    aside = RefusedEntries(room.journal)
    assert aside.newest() == (RefusedEntry(2, "action", "", 1, "malformed: x"),)
    aside.update([Receipt(seq=1, id="a1", state="refused", reason="id"), Receipt(seq=2, id="a2", state="duplicate")])
    assert [one.seq for one in aside.newest()] == [2, 1] and aside.count == 2
    aside.update([Receipt(seq=2, id="a2", state="accepted"), Receipt(seq=77, id="?", state="refused", reason="lost")])
    assert [(one.seq, one.kind) for one in aside.newest()] == [(77, ""), (1, "action")]


def test_the_record_itself_stays_untouched(room: Room, tmp_path: Path) -> None:
    room.journal.record(Action(id="a1", at_ms=1, by="A", action="stop", clock="trusted"))
    assert room.journal.settle(10)
    RefusedEntries(room.journal).update([Receipt(seq=1, id="a1", state="refused", reason="id")])
    with sqlite3.connect(f"file:{tmp_path}/state/journal.db?mode=ro", uri=True) as db:
        assert db.execute("SELECT count(*) FROM entries").fetchone() == (1,)


# --- the terminal ---


def snapshot() -> Snapshot:
    now = datetime(2026, 3, 5, 14, 40, tzinfo=ZoneInfo("Asia/Shanghai"))
    return Snapshot(
        now=now, station="第一村", waiting=3,
        refused=(RefusedEntry(7, "play", "水稻", 1, "id: twice"),), refused_count=1,
        fetching=FetchProgress(files=2, missing=8 * MB, title="水稻", size=4 * MB, have=MB, bytes_per_s=50_000),
    )  # fmt: skip


def test_status_says_how_the_running_station_is(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'[station]\nruntime = "{tmp_path}/run"\n')
    (tmp_path / "run").mkdir()
    ask = ["status", "--config", str(settings)]
    done = CliRunner().invoke(main, ask)
    assert done.exit_code == 1 and "no station runs here" in done.stderr
    status_file.write(tmp_path / "run", snapshot())
    said = CliRunner().invoke(main, ask)
    assert said.exit_code == 0
    for words in (
        "第一村",
        "on air: poster",
        "received by the town: 3",
        "no. 7 水稻: id: twice",
        "水稻 25 % of 4.0 MB",
    ):
        assert words in said.stdout
    os.utime(tmp_path / "run" / status_file.NAME, (1, 1))
    stale = CliRunner().invoke(main, ask)
    assert stale.exit_code == 1 and "no station runs" in stale.stderr


def test_a_runtime_folder_that_is_gone_harms_nobody(tmp_path: Path) -> None:
    status_file.write(tmp_path / "nowhere", replace(snapshot(), refused=()))
