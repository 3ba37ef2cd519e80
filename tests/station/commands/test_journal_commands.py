"""`kiosk journal`: what is right and what is wrong is said, with its place; what is handed out opens in Excel."""

import csv
import io
import json
import os
import shutil
import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import journal_m001
import msgspec
import pytest
from click.testing import CliRunner, Result
from journal_room import FILM, START, action, countersign, due, opened, play_once
from journal_town import CountersigningTown

from kiosk.cli import main
from kiosk.contract.playlist import Playlist, Slot
from kiosk.contract.records import Attendance, ClockRepair, Correction, Session
from kiosk.contract.reports import GENESIS, chain
from kiosk.station.journal import Journal
from kiosk.station.journal.database import connect_looking
from kiosk.station.journal.proof import code_of, proof_of, read_code
from kiosk.station.journal.verify import verify
from kiosk.station.library.plans import Plans

ROOM = "room-1"
MINUTE = 60_000


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder: ten plays and one that the town refuses, all countersigned but the last two entries."""
    folder = tmp_path_factory.mktemp("signed")
    town = CountersigningTown(folder / "town")
    town.add(ROOM, folder / "state")
    with opened(folder / "state" / "journal.db") as (journal, _):
        for n in range(10):
            play_once(journal, f"p{n}", START + n * MINUTE)
        town.receive(journal, ROOM)
        journal.record(action("a1"))
        journal.record(Attendance(id="there", at_ms=START, by="A", plays=("p0",), present=12, others=3))
        assert journal.settle(5)
    town.office.close()
    return folder / "state"


@pytest.fixture
def state(signed: Path, tmp_path: Path) -> Path:
    shutil.copytree(signed, tmp_path / "state")
    return tmp_path / "state"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["journal", *map(str, arguments)])


def meddle(state: Path, *statements: str) -> None:
    """Change the record as somebody would who knows SQLite."""
    with closing(sqlite3.connect(state / "journal.db", isolation_level=None)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for sql in statements:
            db.execute(sql)


def complaints(state: Path) -> str:
    done = run("verify", "--journal", state / "journal.db")
    assert done.exit_code == 1
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith("WRONG"))


def test_a_record_in_order_is_said_to_be(state: Path) -> None:
    there = sorted(path.name for path in state.iterdir())
    done = run("verify", "--journal", state / "journal.db")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in state.iterdir()) == there
    assert "12 entries, 10 of them plays, 1 later findings; head 12" in done.stdout
    assert "the town has countersigned all up to entry 10, and its signature is genuine" in done.stdout
    assert "2 entries wait for the town" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("in order")
    assert "WRONG" not in done.stdout


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE entries SET record = CAST(replace(CAST(record AS TEXT), '\"played_ms\":60000', '\"played_ms\":99999') "
         "AS BLOB) WHERE seq = 3", "entry 3: its hash does not fit"),
        ("UPDATE entries SET record = CAST(replace(CAST(record AS TEXT), '\"played_ms\":60000', '\"played_ms\":99999') "
         "AS BLOB) WHERE seq = 3", "play p2: its row has played_ms 60000, its record 99999"),
        ("UPDATE plays SET played_ms = 99999 WHERE seq = 4", "entry 4: play p3: its row has played_ms 99999"),
        ("UPDATE plays SET title = 'x', shown_ms = shown_ms + 1 WHERE seq = 4", "its row has actual_start_ms"),
        ("DELETE FROM entries WHERE seq = 5", "entry 5: entries 5-5 are missing, and nothing says why"),
        ("DELETE FROM entries WHERE seq = 5", "the row of play p4 has no entry of its own there"),
        ("DELETE FROM plays WHERE seq = 6", "entry 6: play p5 has no row"),
        ("UPDATE entries SET id = 'other' WHERE seq = 7", "entry 7: it stands as play other"),
        ("UPDATE entries SET record = x'00' WHERE seq = 7", "entry 7: its record cannot be read"),
        ("UPDATE receipts SET id = 'other' WHERE seq = 7", "entry 7: there is a receipt for other"),
        ("UPDATE delivery SET hash = 'x'", "what the town has countersigned is not what stands there"),
        ("UPDATE delivery SET signature = 'ab' || substr(signature, 3)", "the countersignature is not the town's"),
        ("UPDATE delivery SET seq = 99", "but the record ends at 12"),
        ("DELETE FROM entries WHERE seq >= 10", "the town has countersigned up to 10, but the record ends at 9"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(state: Path, statement: str, complaint: str) -> None:
    meddle(state, statement)
    assert complaint in complaints(state)


def test_a_record_made_up_anew_does_not_fit_the_countersignature(state: Path) -> None:
    """Whoever changes a play and mends every hash behind it is told by the town's signature alone."""
    path = state / "journal.db"
    meddle(state, "UPDATE plays SET played_ms = 99999 WHERE seq = 3")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        previous = GENESIS
        for seq, record in db.execute("SELECT seq, record FROM entries ORDER BY seq").fetchall():
            data = record.replace(b'"played_ms":60000', b'"played_ms":99999') if seq == 3 else record
            previous = chain(previous, seq, data)
            db.execute("UPDATE entries SET record = ?, hash = ? WHERE seq = ?", [data, previous, seq])
        db.execute("UPDATE delivery SET hash = (SELECT hash FROM entries WHERE seq = 10)")
    assert complaints(state) == "WRONG  entry 10: the town's signature is genuine, but for another record than this"


def printed_code(state: Path, seq: int) -> str:
    with closing(connect_looking(state / "journal.db")) as db:
        proof = proof_of(db, "2026-03", seq)
    assert proof
    return code_of(proof)


def test_printed_code_of_a_month_is_checked_with_the_town_s_signature(state: Path) -> None:
    code = printed_code(state, 8)
    done = run("verify", "--journal", state / "journal.db", "--code", code)
    assert done.exit_code == 0, done.output
    assert "the code's countersignature is the town's, up to entry 10" in done.stdout
    assert "the town has countersigned the record of 2026-03: entries 8-10 prove it" in done.stdout
    meddle(state, "UPDATE entries SET hash = replace(hash, substr(hash, 1, 1), 'f') WHERE seq = 8")
    assert run("verify", "--journal", state / "journal.db", "--code", code).exit_code == 1


def test_printed_code_with_a_made_up_signature_is_wrong(state: Path) -> None:
    proof = read_code(printed_code(state, 8))
    forged = msgspec.structs.replace(proof, signature="00" * 64)
    done = run("verify", "--journal", state / "journal.db", "--code", code_of(forged))
    assert done.exit_code == 1
    assert "WRONG  the countersignature in the code is not the town's" in done.stdout
    assert "begins with KIOSK1:" in run("verify", "--journal", state / "journal.db", "--code", "x").output


def test_a_copy_is_checked_as_far_as_it_goes(state: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(state / "journal.db", copy)
    copy.chmod(0o444)
    done = run("verify", "--journal", copy)
    assert done.exit_code == 0, done.output
    assert "countersigned up to 10, not checked: the station's identity does not lie beside the journal" in done.stdout


def test_a_running_station_is_neither_stopped_nor_changed(state: Path) -> None:
    with opened(state / "journal.db") as (journal, events):
        journal.due(due("open", START + 20 * MINUTE))
        journal.shown("open", START + 20 * MINUTE, 0, 0, 0, "")
        assert journal.settle(5)
        done = run("verify", "--journal", state / "journal.db")
        assert done.exit_code == 0, done.output
        assert "1 plays are not closed" in done.stdout
        assert run("export", "--journal", state / "journal.db").exit_code == 0
        journal.close("open", START + 21 * MINUTE, MINUTE, "completed", "", 1, 0)
        assert journal.settle(5) and events == []


def test_an_earlier_version_s_record_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal_m001.make(path, [], witnessed=0, open_play="p1", start_ms=START)
    before = path.read_bytes()
    assert run("verify", "--journal", path).exit_code == 0
    assert run("export", "--journal", path).exit_code == 0
    assert path.read_bytes() == before


def test_a_record_begun_anew_and_pruned_entries_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        for n in range(10):
            play_once(journal, f"p{n}", START + n * MINUTE)
        countersign(journal, 5, START)
        countersign(journal, 8, START + 100 * 86_400_000)
        journal.prune(100)
        assert journal.settle(5)
    assert "entries 1-5 were removed after the town had had them" in run("verify", "--journal", path).stdout
    path.write_bytes(path.read_bytes().replace(b'"id":"p8"', b'"id":"q8"'))
    with opened(path) as (journal, _):
        pass
    done = run("verify", "--journal", path)
    assert done.exit_code == 0, done.output
    assert "begun anew after damage, with 5 records of the one before; lost of that: none" in done.stdout
    path.write_bytes(b"")
    with opened(path) as (journal, _):
        pass
    assert "begun anew after damage, with 0 records of the one before" in run("verify", "--journal", path).stdout


@pytest.mark.parametrize("content", [None, b"", b"not a database at all " * 300])
def test_what_is_no_journal_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "journal.db"
    if content is not None:
        path.write_bytes(content)
    for command in ("verify", "export"):
        done = run(command, "--journal", path)
        assert done.exit_code == 1 and f"journal {path}" in done.output
        assert "Traceback" not in done.output


def test_a_folder_in_a_journal_s_place_is_said(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'[station]\nstate = "{tmp_path}"\nlanguage = "en"\n')
    (tmp_path / "journal.db").mkdir()
    for command in ("verify", "export"):
        done = run(command, "--config", settings)
        assert done.exit_code == 1 and "this is a folder; name the file journal.db" in done.output


def test_settings_lead_to_the_journal(state: Path, tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'[station]\nstate = "{state}"\nlanguage = "en"\n')
    assert run("verify", "--config", settings).exit_code == 0
    assert run("export", "--config", settings).stdout.startswith("﻿No.,Date,Start,End,Programme")
    done = run("verify", "--config", tmp_path / "none.toml")
    assert done.exit_code == 1 and "or name the file itself: --journal FILE" in done.output


# --- export ---


def test_d5_what_was_planned_lies_beside_the_journal_or_its_absence_is_said(state: Path) -> None:
    done = run("export", "--journal", state / "journal.db")
    assert f"no accepted plans lie in {state / 'library' / 'plans'}" in done.stderr
    day = {"date": "2026-03-05", "start": "09:03:00", "end": "09:04:00"}
    shown = Slot(**day, programmes=("rice",))
    missed = Slot(**day | {"start": "09:04:00", "end": "09:05:00"}, programmes=("other",))
    week = Playlist(
        town="fengle", group="villages", version=7, issued_ms=0, first_day="2026-03-05", last_day="2026-03-05",
        programmes=(FILM, msgspec.structs.replace(FILM, id="other", title="法律常识")), slots=(shown, missed),
    )  # fmt: skip
    Plans(state / "library").keep(week, 1)
    done = run("export", "--journal", state / "journal.db")
    assert done.stderr == "11 rows; times and days: Asia/Shanghai\n"
    rows = list(csv.DictReader(io.StringIO(done.stdout_bytes.decode("utf-8-sig"))))
    assert [(row["序号"], row["节目名称"]) for row in rows if row["播放结果"] == "未播"] == [("6", "法律常识")]
    assert [row["记录序号"] for row in rows] == ["1", "2", "3", "4", "5", "", *map(str, range(6, 11))]


def test_d5_corrections_of_any_field_are_told_in_the_station_s_language(journal: Journal) -> None:
    play_once(journal, "p1")
    about = {"at_ms": START, "by": "王芳", "reason": "写错"}
    for n, (field, value) in enumerate(
        [("outcome", "stopped"), ("screen_evidence", "person"), ("muted", "true"), ("played_ms", "30000"),
         ("actual_end_ms", str(START + 30_000)), ("cause", "cut by the plan"), ("volume", "30")]
    ):  # fmt: skip
        journal.record(Correction(id=f"c{n}", corrects="p1", field=field, value=value, **about))
    (row,) = exported(journal)
    remarks = row["备注"].replace("（王芳：写错）", "")
    assert [one for one in remarks.split("；") if "更正" in one] == [
        "播放结果由 完整播放 更正为 人工停止",
        "画面依据由 无 更正为 有人看到",
        "静音由 否 更正为 是",
        "时长由 0:01:00 更正为 0:00:30",
        "结束由 2026-03-05 09:01:00 更正为 2026-03-05 09:00:30",
        "备注由 空 更正为 按计划切换",
        "音量由 空 更正为 30",
    ]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with opened(tmp_path / "journal.db") as (found, _):
        yield found


def exported(journal: Journal, *arguments: str) -> list[dict[str, str]]:
    assert journal.settle(5)
    done = run("export", "--journal", journal._path, *arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout_bytes.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(done.stdout_bytes.decode("utf-8-sig"))))


def test_the_play_record_has_the_county_s_columns(journal: Journal) -> None:
    journal.due(due("p1", occasion="主题党日"))
    journal.shown("p1", START, 1000, 0, 0, "", evidence="link")
    journal.close("p1", START + 754_000, 753_600, "completed", "", 18_000, 0)
    journal.record(Attendance(id="t1", at_ms=START, by="王芳", plays=("p1",), present=9, others=1))
    journal.record(Attendance(id="t2", at_ms=START, by="王芳", plays=("p1",), present=12, others=3, remark="三户试种"))
    (row,) = exported(journal)
    assert row == {
        "序号": "1", "播放日期": "2026-03-05", "开始": "09:00:00", "结束": "09:12:34", "节目名称": "水稻育秧技术",
        "类别": "农业实用技术", "来源": "", "时长": "0:12:34", "计划/临时": "计划", "活动类型": "主题党日",
        "收看人数（党员）": "12", "收看人数（群众）": "3", "学用效果": "三户试种", "管理员签字": "王芳", "备注": "",
        "播放结果": "完整播放", "画面依据": "屏幕已连接", "记录序号": "1",
    }  # fmt: skip


def test_corrections_show_what_is_right_and_keep_what_was_recorded(journal: Journal) -> None:
    play_once(journal, "p1")
    about = {"at_ms": START, "by": "王芳", "reason": "片名有误"}
    journal.record(Correction(id="c1", corrects="p1", field="title", value="水稻移栽", **about))
    journal.record(Correction(id="c2", corrects="p1", field="actual_start_ms", value=str(START + MINUTE), **about))
    journal.record(Correction(id="c3", corrects="p1", field="no_such", value="x", **about))
    journal.record(Attendance(id="t1", at_ms=START, by="A", plays=("p1",), present=9))
    journal.record(Correction(id="c4", corrects="t1", field="present", value="19", **about))
    (row,) = exported(journal)
    assert (row["节目名称"], row["开始"], row["收看人数（党员）"]) == ("水稻移栽", "09:01:00", "19")
    assert "节目名称由 水稻育秧技术 更正为 水稻移栽（王芳：片名有误）" in row["备注"]
    assert "开始由 2026-03-05 09:00:00 更正为" in row["备注"]
    assert "no_such" in row["备注"]


def test_a_clock_put_right_puts_the_times_right(journal: Journal) -> None:
    for name, start, monotonic in (("before", START, 1_000), ("after", START + 10 * MINUTE, 601_000)):
        journal.due(due(name))
        journal.shown(name, start, monotonic, 0, 0, "")
        journal.close(name, start + MINUTE, MINUTE, "completed", "", 1500, 0)
    journal.record(
        ClockRepair(
            id="r1", at_ms=START, boot_id="boot-1", to_monotonic_ms=600_000, offset_ms=3 * MINUTE, clock="trusted"
        )
    )
    before, after = exported(journal)
    assert (before["开始"], before["结束"], before["时长"]) == ("09:03:00", "09:04:00", "0:01:00")
    assert before["备注"] == "开始按错误时钟记为 2026-03-05 09:00:00；结束按错误时钟记为 2026-03-05 09:01:00"
    assert (after["开始"], after["备注"]) == ("09:10:00", "")


def test_of_stretches_of_a_boot_that_were_put_right_the_last_word_holds(journal: Journal) -> None:
    for n, monotonic in enumerate([1_000, 2_000, 3_000]):
        journal.due(due(f"p{n}"))
        journal.shown(f"p{n}", START + n * 10 * MINUTE, monotonic, 0, 0, "")
        journal.close(f"p{n}", START + n * 10 * MINUTE + MINUTE, MINUTE, "completed", "", 1500, 0)
    for name, start, end, offset in (("r1", 0, None, 9), ("r2", 1_500, 3_000, 3), ("r3", 0, 1_500, 1)):
        journal.record(
            ClockRepair(
                id=name, at_ms=START, boot_id="boot-1", from_monotonic_ms=start, to_monotonic_ms=end,
                offset_ms=offset * MINUTE, clock="trusted",
            )
        )  # fmt: skip
    assert [row["开始"] for row in exported(journal)] == ["09:01:00", "09:13:00", "09:29:00"]


def test_who_was_at_a_session_was_at_its_plays(journal: Journal) -> None:
    for n in range(3):
        play_once(journal, f"p{n}", START + n * 10 * MINUTE)
    session = {"by": "A", "start_ms": START + 5 * MINUTE, "end_ms": START + 15 * MINUTE}
    journal.record(Session(id="s1", session_kind="主题党日", **session))
    journal.record(Attendance(id="t1", at_ms=START, by="A", plays=(), session="s1", present=20))
    assert [row["收看人数（党员）"] for row in exported(journal)] == ["", "20", ""]


def test_outcomes_and_circumstances_stand_in_the_remarks(journal: Journal) -> None:
    journal.due(due("p1", origin="urgent", continues="p0", muted=True, practice=True, clock="untrusted"))
    journal.shown("p1", START, 0, 0, 0, "")
    journal.close("p1", START + 1000, 1000, "stopped", "Stop: meeting", 25, 0)
    (row,) = exported(journal)
    assert (row["计划/临时"], row["播放结果"], row["画面依据"]) == ("临时", "人工停止", "无")
    assert row["备注"] == "练习，不计入；停播：开会；中断后续播；静音；时钟不可信"
    (row,) = exported(journal, "--language", "en")
    assert row["Remarks"].startswith("practice, not counted; stopped: meeting; goes on")


@pytest.mark.parametrize("title", ["=1+1", "+86", "-2+3", "@SUM(A1)", "\t=1", "＝HYPERLINK(1)"])
def test_a_text_is_never_a_formula(journal: Journal, title: str) -> None:
    play_once(journal, "p1", programme=msgspec.structs.replace(FILM, title=title))
    (row,) = exported(journal)
    assert row["节目名称"] == f"'{title}"


def test_days_are_the_room_s_own_and_both_included(journal: Journal) -> None:
    day = 86_400_000
    midnight = START - 9 * 60 * MINUTE
    for n, start in enumerate([midnight - 1, midnight, midnight + day - 1, midnight + day]):
        play_once(journal, f"p{n}", start)
    rows = exported(journal, "--from", "2026-03-05", "--to", "2026-03-05")
    assert [(row["序号"], row["记录序号"]) for row in rows] == [("1", "2"), ("2", "3")]
    rows = exported(journal, "--from", "2026-03-05", "--zone", "UTC")
    assert [row["记录序号"] for row in rows] == ["3", "4"]
    done = run("export", "--journal", journal._path, "--zone", "Nowhere/Else")
    assert done.exit_code == 1 and "is no time zone" in done.output


def test_json_lines_are_the_chain_byte_for_byte(journal: Journal, tmp_path: Path) -> None:
    for n in range(4):
        play_once(journal, f"p{n}", START + n * 86_400_000)
        journal.record(action(f"a{n}"))
    assert journal.settle(5)
    out = tmp_path / "entries.jsonl"
    done = run("export", "--journal", journal._path, "--format", "jsonl", "--out", out)
    assert (done.exit_code, done.stdout) == (0, "")
    lines, (_, entries) = out.read_bytes().splitlines(), journal.waiting()
    assert len(lines) == len(entries) == 8
    previous = GENESIS
    for line, entry in zip(lines, entries, strict=True):
        told = msgspec.json.decode(line, type=type(entry))
        assert told == entry
        previous = chain(previous, told.seq, bytes(told.record))
        assert previous == told.hash
    days = ("--from", "2026-03-06", "--to", "2026-03-07")
    done = run("export", "--journal", journal._path, "--format", "jsonl", *days)
    assert [json.loads(line)["seq"] for line in done.stdout.splitlines()] == [3, 4, 5]


def test_what_cannot_be_read_is_told_and_hides_nothing_else(state: Path) -> None:
    meddle(state, "UPDATE entries SET record = x'00' WHERE seq IN (3, 12)")
    done = run("export", "--journal", state / "journal.db")
    rows = list(csv.DictReader(io.StringIO(done.stdout_bytes.decode("utf-8-sig"))))
    assert [row["记录序号"] for row in rows] == [str(n) for n in range(1, 11)]
    assert rows[2]["备注"] == "此条记录无法读取" and rows[3]["节目名称"] == "水稻育秧技术"


def test_the_room_s_time_zone_is_the_week_s(state: Path) -> None:
    trust, files = state / "library" / "trust", state / "library" / "files"
    files.mkdir()
    (files / "aa").write_text(json.dumps({"time_zone": "Asia/Urumqi"}))
    pins = {"playlist/villages": {"hashes": {"sha256": "aa"}, "length": 1}, "programme/x": {}}
    (trust / "group.json").write_text(json.dumps({"signed": {"targets": pins}}))
    done = run("export", "--journal", state / "journal.db")
    assert "2026-03-05,07:00:00" in done.stdout


def test_a_long_record_is_walked_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        play_once(journal, "p0")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        (record,) = db.execute("SELECT record FROM entries").fetchone()
        previous = db.execute("SELECT hash FROM entries").fetchone()[0]
        db.execute("BEGIN")
        for seq in range(2, 2001):
            data = record.replace(b'"id":"p0"', b'"id":"p%d"' % seq)
            previous = chain(previous, seq, data)
            db.execute("INSERT INTO entries VALUES (?, ?, ?, 'play', ?)", [seq, previous, f"p{seq}", data])
        names = [row[1] for row in db.execute("PRAGMA table_info(plays)") if row[1] not in ("id", "seq")]
        columns = ", ".join(names)
        every = f"SELECT entries.id, entries.seq, {columns} FROM entries, plays WHERE entries.seq > 1"  # noqa: S608
        db.execute(f"INSERT INTO plays (id, seq, {columns}) {every}")
        db.execute("COMMIT")
    told: list[int] = []
    tracemalloc.start()
    remarks = list(verify(path, lambda done, total: told.append(done)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [remark for remark in remarks if remark.wrong] == []
    assert told == [1000, 2000, 2000]
    assert peak < 1_000_000
    with closing(connect_looking(path)) as db:
        assert db.execute("SELECT count(*) FROM plays").fetchone() == (2000,)


def test_d7_another_user_is_told_whose_the_record_is(state: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can become another user")
    for command in (["verify"], ["export"]):
        os.seteuid(65534)
        try:
            done = run(*command, "--journal", state / "journal.db")
        finally:
            os.seteuid(0)
        assert done.exit_code == 1 and done.stdout == ""
        assert done.stderr == f"Error: journal {state}/journal.db: this user may not read it; run this as root\n"


def test_d7_days_the_wrong_way_round_are_a_mistake_of_the_command(state: Path) -> None:
    done = run("export", "--journal", state / "journal.db", "--from", "2026-03-31", "--to", "2026-03-01")
    assert done.exit_code == 2 and done.stdout == ""
    assert "--from 2026-03-31 is after --to 2026-03-01; name the earlier day with --from" in done.stderr


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_d7_no_rows_are_said_and_the_zone_once(state: Path, tmp_path: Path, form: str) -> None:
    words = ("export", "--journal", state / "journal.db", "--format", form, "--out", tmp_path / "out")
    done = run(*words, "--from", "2020-01-01", "--to", "2020-01-31")
    what = {"csv": "rows", "jsonl": "entries"}[form]
    said = f"no {what} from 2020-01-01 to 2020-01-31; times and days: Asia/Shanghai"
    assert (done.exit_code, done.stderr.splitlines()[-1], done.stderr.count("Shanghai")) == (0, said, 1)
    number = {"csv": 10, "jsonl": 12}[form]
    assert run(*words).stderr.splitlines()[-1] == f"{number} {what}; times and days: Asia/Shanghai"


def test_d7_empty_record_is_in_order_and_said_to_be_empty(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db"):
        pass
    done = run("verify", "--journal", tmp_path / "journal.db")
    assert done.exit_code == 0 and "right  the record is empty: nothing was recorded yet" in done.stdout
    done = run("export", "--journal", tmp_path / "journal.db")
    assert done.exit_code == 0
    assert done.stderr.splitlines()[-1] == "no rows: the record is empty; times and days: Asia/Shanghai"


def test_d6_what_was_not_heard_stands_in_the_remarks(journal: Journal) -> None:
    for n, went in enumerate(("device", "null", "none", None)):
        journal.due(due(f"p{n}", START + n * MINUTE))
        journal.shown(f"p{n}", START + n * MINUTE, 1000, 0, 0, "")
        journal.checkpoint(f"p{n}", START + n * MINUTE + 5000, 5000, 125, 0, went="device")
        journal.close(f"p{n}", START + (n + 1) * MINUTE, MINUTE, "completed", "", 1500, 0, went=went)  # type: ignore[arg-type]
    assert [row["备注"] for row in exported(journal)] == [
        "",
        "没有声音：未接音箱，或电脑静音",
        "没有声音：无声音设备",
        "",
    ]


def test_d6_row_that_was_left_open_keeps_where_its_sound_went(tmp_path: Path) -> None:
    with opened(tmp_path / "journal.db") as (journal, _):
        journal.due(due("p1", START))
        journal.shown("p1", START, 1000, 0, 0, "")
        journal.checkpoint("p1", START + 5000, 5000, 125, 0, went="none")
        assert journal.settle(5)
    with opened(tmp_path / "journal.db") as (journal, _):
        [entry] = journal.waiting()[1]
        assert json.loads(bytes(entry.record))["sound"] == "none"
