"""`kiosk town ...` as a person types it, with a server in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
import requests
from click.testing import CliRunner
from contract.signing import enrol_request, report

from kiosk.contract.enrolment import parse_code
from kiosk.contract.records import Play
from kiosk.contract.reports import Heartbeat
from kiosk.contract.wire import encode
from kiosk.town.commands.town import town


@pytest.fixture
def kiosk(tmp_path):
    """Runs `kiosk town --folder ... ARGUMENTS`; gives stdout, or fails with what was said."""

    def run(*arguments, fails=None):
        done = CliRunner().invoke(town, ["--folder", str(tmp_path / "town"), "--by", "li", *map(str, arguments)])
        if fails is not None:
            assert done.exit_code != 0
            assert fails in done.stderr
            assert "Traceback" not in done.output
            return done.stderr
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.fixture
def served(kiosk, tmp_path):
    """A town served by `kiosk town serve --port 0`; gives its URL."""
    kiosk("init", "丰乐镇", "--id", "fengle")
    command = [sys.executable, "-m", "kiosk", "town", "--folder", str(tmp_path / "town"), "serve", "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=os.environ | {"PYTHONUTF8": "1"}
    )
    line = process.stdout.readline()
    assert "丰乐镇" in line
    yield re.search(r"http://\S+", line)[0]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) in (0, -signal.SIGTERM)
    process.stdout.close()


def test_whole_story_from_init_to_plays(kiosk, served, source):
    code = parse_code(kiosk("add-station", "room-1", "--name", "一号").splitlines()[-1])
    assert "Version 1 for group all" in kiosk("publish", "--yes", source())
    assert "Version 2 for group all: 2026-03-02" in kiosk("publish", "--yes", source())
    body = encode(enrol_request(code.secret))
    answer = requests.post(f"{served}/v1/enrol", data=body, timeout=10).json()
    assert (answer["town"], answer["station"], answer["name"]) == ("fengle", "room-1", "一号")
    headers = {"Authorization": f"Bearer {answer['token']}"}
    play = Play(
        id="p1",
        playlist_version=2,
        programme="rice",
        title="水稻",
        sha256="0" * 64,
        origin="slot",
        planned_start_ms=1,
        planned_end_ms=2,
        actual_start_ms=1,
        actual_end_ms=2001,
        played_ms=2000,
        outcome="completed",
        clock="trusted",
        boot_id="b",
        started_monotonic_ms=1,
    )
    sent = requests.post(f"{served}/v1/reports", data=encode(report(encode(play))), headers=headers, timeout=10)
    assert sent.json()["receipts"][0]["state"] == "accepted"
    [row] = json.loads(kiosk("plays", "--json"))
    wanted = {"station": "room-1", "id": "p1", "programme": "rice", "actual_start_ms": 1, "actual_end_ms": 2001}
    assert wanted.items() <= row.items()
    assert (row["outcome"], row["title"]) == ("completed", "水稻")
    assert "水稻" in kiosk("plays")
    assert "Root 2" in kiosk("rotate-key", "targets")
    assert requests.get(f"{served}/v1/root/2.root.json", timeout=10).status_code == 200
    assert "retired" in kiosk("retire-station", "room-1")
    assert requests.get(f"{served}/v1/station.json", headers=headers, timeout=10).status_code == 403


def dated(first, length, *slots, **more):
    """Fields of a week of ``length`` days, the first one ``first`` days from today in the town; with a slot of an hour
    on each of the days of ``slots``, counted from today."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    days = [(today + timedelta(days=n)).isoformat() for n in (first, first + length - 1, *slots)]
    hour = {"start": "09:00:00", "end": "10:00:00", "programmes": ["rice"], "mode": "loop"}
    week = {"first_day": days[0], "last_day": days[1], "slots": [{"date": day, **hour} for day in days[2:]]}
    return week | {"recommended": [], "month_plans": []} | more


def test_d1_publishing_next_week_prints_which_days_it_touches_and_keeps_this_week(kiosk, source):
    kiosk("init")
    kiosk("add-station", "room-1")
    this, following = dated(0, 2, 0, 1), dated(1, 7, 2)
    said = kiosk("publish", source(**this))
    assert f"Days added: {this['first_day']} to {this['last_day']}\nDays replaced: none\nDays kept: none" in said
    said = kiosk("publish", source(**following))
    assert f"Days replaced: {following['first_day']}\nDays kept: {this['first_day']}\n" in said
    assert f"Version 2 for group all: {this['first_day']} to {following['last_day']}, 2 slots" in said
    said = kiosk("publish", "--yes", source(**dated(365, 7, 365)), fails="together with the days that are kept")
    assert "a playlist covers 1 to 35" in said and "lies more than 35 days ahead" in said


def test_d2_publishing_asks_before_it_signs_what_is_seldom_meant(kiosk, source):
    kiosk("init")
    kiosk("add-station", "room-1")
    kiosk("retire-station", "room-1")
    kiosk("add-station", "room-2", "--group", "north")
    said = kiosk("publish", source(**dated(0, 1)), fails="nothing is published; mend the source, or give --yes")
    assert "Is it meant? no station is in group all: nobody will show this week." in said
    assert "Is it meant? there are no slots from" in said
    for first, words in (
        (-8, "lies in the past; today is"),
        (-1, "begins in the past"),
        (365, "more than 35 days ahead"),
    ):
        assert words in kiosk("publish", source(group="north", **dated(first, 7, first)), fails="nothing is published")
    [slot] = dated(0, 1, 0)["slots"]
    short = dated(0, 1, slots=[slot | {"end": "09:00:01", "mode": "once", "programmes": ["rice"] * 2}])
    said = kiosk("publish", source(group="north", **short), fails="nothing is published")
    assert "its programmes last 0:00:04, the slot 0:00:01; the rest is not shown" in said
    night = dated(0, 1, slots=[slot | {"end": "08:30:00"}])
    said = kiosk("publish", source(group="north", **night), fails="nothing is published")
    assert "the end is before the start, so it runs over midnight for 23:30:00" in said
    assert "Version 1 for group north" in kiosk("publish", "--yes", source(group="north", **short))
    assert "Is it meant?" not in kiosk("publish", source(group="north", **dated(0, 2, 1)))


def test_d2_group_that_does_not_exist_is_refused_with_the_near_name(kiosk, source):
    kiosk("init")
    kiosk("add-station", "room-1", "--group", "villages")
    kiosk("publish", "--yes", source(group="vilages"), fails="there is no group vilages")
    assert "did you mean villages?" in kiosk("publish", "--yes", source(group="vilages"), fails="group: ")
    assert "known are villages" in kiosk("publish", "--yes", source(group="x"), fails="group: ")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_d2_source_is_read_as_editors_of_an_office_save_it(kiosk, source, encoding):
    kiosk("init")
    kiosk("add-station", "room-1")
    path = source(**dated(0, 1, 0), title="丰乐镇本周推荐节目")
    path.write_bytes(path.read_text("utf-8").encode(encoding))
    kiosk("publish", path)
    path.write_bytes(path.read_bytes().replace("镇".encode(encoding.removesuffix("-sig")), b"\xff\xfe\xff"))
    if encoding == "utf-8-sig":
        kiosk("publish", path, fails="neither UTF-8 nor GBK text (byte")


def test_d2_week_with_a_byte_order_mark_and_nothing_in_it_is_asked_about(kiosk, tmp_path):
    kiosk("init")
    path = tmp_path / "week-bom.json"
    week = dated(1, 3)
    path.write_text(
        f'{{"title": "周", "group": "all", "first_day": "{week["first_day"]}", "last_day": "{week["last_day"]}", '
        '"programmes": []}',
        encoding="utf-8-sig",
    )
    said = kiosk("publish", path, fails="nothing is published")
    assert "no station is in group all" in said and "there are no slots" in said


def test_d2_end_before_its_start_is_told_as_that_and_not_as_overlaps(kiosk, source):
    kiosk("init")
    slots = [
        {"date": "2026-03-02", "start": f"{hour:02}:00:00", "end": f"{hour:02}:30:00", "programmes": ["rice"]}
        for hour in (8, 9, 10, 11)
    ]
    slots[1] |= {"start": "09:30:00", "end": "09:00:00"}
    said = kiosk("publish", source(slots=slots), fails="slot 2: 2026-03-02 09:30:00-09:00:00 ends before it starts")
    assert "overlaps" not in said and said.count("slot ") == 1


def test_d2_all_problems_are_told_at_the_first_try(kiosk, source):
    kiosk("init")
    kiosk("add-station", "room-1")
    slot = {"date": "2026-03-02", "start": "09:00:00", "end": "10:00:00", "programmes": ["opening"]}
    path = source(
        programmes=[
            {"id": "opening", "file": "opening.mp4", "title": "x", "duration": "00:00:10"},
            {"id": "rice", "file": "rise.ts", "title": "x"},
            {"id": "poster", "file": "poster.png", "title": 5},
        ],
        slots=[
            slot | {"start": "9:00", "volume": "80"},
            slot | {"start": "09:40:00", "end": "09:10:00"},
            slot,
            slot | {"start": "09:30:00", "programmes": ["ghost"]},
            slot | {"date": "2026-03-03", "programmes": ["poster"]},
        ],
        recommended=[
            {"programme": "ghost", "plays": -1},
            {"programme": "ghost", "plays": 1, **dict.fromkeys(("first_day", "last_day"), "2026-03-02")},
        ],
    )
    said = kiosk("publish", path, fails='slots 1, start: "9:00" is not a time of day, written HH:MM:SS')
    for words in (
        'slots 1, volume: "80" is not a whole number from 0 to 100',
        "programmes 3 (poster), title: 5 is not a text",
        "programme opening: opening.mp4: it is a film of 1.2 s; leave `duration` out",
        "programme rice: there is no file",
        "slot 2: 2026-03-02 09:40:00-09:10:00 ends before it starts",
        "slot 4: 2026-03-02 09:30:00-10:00:00 overlaps slot 3",
        "slot 4: programme ghost is not known",
        "recommended 1, plays: -1 is not a whole number",
        "recommended item 2: programme ghost is not known",
    ):
        assert words in said
    assert "slot 1:" not in said and "slot 5:" not in said and "recommended item 1" not in said


def test_d2_lists_without_rows_say_none_and_an_unknown_station_is_an_error(kiosk):
    kiosk("init")
    for words in ("late", "refused", "restarts", "plays", "stations"):
        assert kiosk(words) == "none\n"
    kiosk("add-station", "room-1")
    assert kiosk("forks", "room-1") == "none\n"
    for words in ("forks", "refused", "restarts"):
        kiosk(words, "rom-1", fails="station rom-1 is not known; did you mean room-1?")
        kiosk(words, "x", "--json", fails="station x is not known; known are room-1")


def test_a3_title_of_a_play_sends_no_command_to_the_officers_terminal(kiosk, served):
    code = parse_code(kiosk("add-station", "room-1", "--name", "a\u202eb").splitlines()[-1])
    body = encode(enrol_request(code.secret))
    token = requests.post(f"{served}/v1/enrol", data=body, timeout=10).json()["token"]
    title = "\x1b[2J\x1b]0;owned\x07\u202e\x9b31m\nroom-2 a play"
    play = Play(
        id="p1",
        playlist_version=0,
        programme="rice",
        title=title,
        sha256="0" * 64,
        origin="slot",
        planned_start_ms=1,
        planned_end_ms=2,
        actual_start_ms=1,
        actual_end_ms=2001,
        played_ms=2000,
        outcome="completed",
        clock="trusted",
        boot_id="b",
        started_monotonic_ms=1,
    )
    record = report(encode(play), b'{"id":"bad","kind":"\xe2\x80\xae\xc2\x9b"}')
    headers = {"Authorization": f"Bearer {token}"}
    sent = requests.post(f"{served}/v1/reports", data=encode(record), headers=headers, timeout=10)
    assert [one["state"] for one in sent.json()["receipts"]] == ["accepted", "refused"]
    for command in (["plays"], ["plays", "--json"], ["refused"], ["refused", "--json"], ["stations"]):
        [*zone, line, end] = kiosk(*command).split("\n")
        assert line.isprintable() and end == "", command
        assert zone == ([] if "--json" in command else ["Times: Asia/Shanghai"])
    assert "\\u001b[2J\\u001b]0;owned\\u0007\\u202e\\u009b31m\\nroom-2 a play" in kiosk("plays")
    assert json.loads(kiosk("plays", "--json"))[0]["title"] == title, "as JSON it is the same title"


def test_errors_are_a_sentence_on_stderr(kiosk, source, tmp_path):
    kiosk("plays", fails="there is no town; make one with `kiosk town")
    kiosk("init")
    kiosk("init", fails="there is a town already")
    kiosk("add-station", "room/1", fails="station 'room/1': use 1 to 64 letters")
    kiosk("retire-station", "ghost", fails="station ghost is not known")
    kiosk("publish", source(titel="x"), fails="did you mean title?")
    kiosk("publish", tmp_path / "none.json", fails="does not exist")
    (tmp_path / "d.json").write_text('{"openning": {}, "opening": {"week": [[{"start": "8:00"}]]}}')
    said = kiosk("add-station", "room-1", "--document", tmp_path / "d.json", fails="did you mean opening?")
    assert 'opening, week 1 1, start: "8:00" is not a time of day, written HH:MM:SS' in said
    assert "opening, week 1 1, end: is missing" in said


def test_document_of_a_station_is_checked_and_replaced(kiosk, tmp_path):
    kiosk("init")
    week = [[{"start": "08:00:00", "end": "21:00:00"}]] * 7
    (tmp_path / "d.json").write_text(json.dumps({"opening": {"week": week}, "people": [{"id": "li", "name": "李"}]}))
    kiosk("add-station", "room-1", "--document", tmp_path / "d.json")
    assert "document version 2" in kiosk("station-document", "room-1", tmp_path / "d.json")
    (tmp_path / "d.json").write_text(json.dumps({"opening": {"week": week[:6]}}))
    kiosk("station-document", "room-1", tmp_path / "d.json", fails="opening: 6 days; a week has 7, Monday first")


def test_urgent_notices_from_the_command_line(kiosk, source):
    kiosk("init")
    path = source("urgent.json")
    path.write_text('{"notices": []}')
    assert "Version 1 of the urgent notices: 0 in force" in kiosk("urgent", path)


def test_port_that_is_taken_is_said(kiosk, served):
    port = served.rpartition(":")[2]
    kiosk("serve", "--port", port, fails=f"listen on 127.0.0.1 port {port}: Address already in use; name another")


def test_ledger_shows_two_stories_and_what_came_late(kiosk, tmp_path):
    from kiosk.contract.records import Action
    from kiosk.contract.reports import Entry, Heartbeat
    from kiosk.town.intake import intake
    from kiosk.town.stations import registry
    from kiosk.town.town import open_town

    def action(name, at_ms=0):
        return encode(Action(id=name, at_ms=at_ms, by="li", action="stop", clock="trusted"))

    kiosk("init", "丰乐镇", "--id", "fengle")
    office = open_town(tmp_path / "town")
    for name in ("room-1", "room-2", "room-3"):
        registry.add_station(office, name, "all", name, None, by="test")
    day = 86_400_000
    intake.receive(office.store, report(action("a1"), action("a2", 2 * day)), 3 * day)
    intake.receive(office.store, report(action("a1"), action("b2")), 3 * day)
    whole = report(action("c1"), station="room-2")
    altered = msgspec.structs.replace(
        whole, entries=(Entry(seq=1, hash=whole.entries[0].hash, record=msgspec.Raw(action("c2"))),)
    )
    intake.receive(office.store, altered, 3 * day)
    beat = Heartbeat(
        station="room-2", epoch="epoch-1", sent_ms=1, nonce="n", boot_id="b", up_ms=1, software="1", clock="trusted"
    )
    intake.keep_heartbeat(office.store, beat, 3 * day)
    office.close()
    zone, one, two, three = kiosk("stations").splitlines()
    assert zone == "Times: Asia/Shanghai"
    assert (
        "room-1  room-1  2 entries  never heard; tells two stories since 1970-01-04" in one
        and "1 entries set aside" in one
    )
    assert "heard 1970-01-04" in two and "does not fit its hash came 1970-01-04" in two
    assert three == "room-3  room-3  0 entries  never heard"
    assert [row["forks"] for row in json.loads(kiosk("stations", "--json"))] == [1, 0, 0]
    told = kiosk("forks", "room-1")
    assert "entry 2, told 1970-01-04" in told and "the town has a2 there" in told and '"id":"b2"' in told
    [other] = json.loads(kiosk("forks", "room-1", "--json"))
    assert json.loads(other["record"])["id"] == "b2"
    assert kiosk("restarts") == "none\n" and kiosk("restarts", "room-1", "--json") == "[]\n"
    assert kiosk("forks", "room-3") == "none\n" and kiosk("forks", "room-3", "--json") == "[]\n"
    [line] = kiosk("late").splitlines()
    assert line.split() == ["room-1", "entry", "1", "action", "3.0", "days", "a1"]
    assert [row["record_id"] for row in json.loads(kiosk("late", "--days", "0.5", "--json"))] == ["a1", "a2"]


def test_restarts_tell_what_is_missing_and_stations_that_there_were_some(kiosk, tmp_path):
    from kiosk.contract.records import Action
    from kiosk.town.intake import intake
    from kiosk.town.stations import registry
    from kiosk.town.town import open_town

    def action(name, **facts):
        return encode(Action(id=name, at_ms=0, by="", action="journal-restarted", facts=facts, clock="untrusted"))

    kiosk("init", "丰乐镇", "--id", "fengle")
    office = open_town(tmp_path / "town")
    registry.add_station(office, "room-1", "all", "", None, by="test")
    for epoch, record in (("a", action("a")), ("b", action("b", lost="5-7")), ("c", action("c", epoch="b"))):
        intake.receive(office.store, report(record, epoch=epoch), 86_400_000)
    intake.receive(
        office.store, report(action("d"), first=2, epoch="a", previous=report(action("a")).entries[0].hash), 1
    )
    office.close()
    _, one, two = kiosk("restarts").splitlines()
    assert one.startswith("room-1  begun anew 1970-01-02") and "entries 5-7 are lost; the town has" in one
    assert one.endswith("up to entry 2") and "nothing is known to be lost" in two and two.endswith("up to entry 1")
    assert [row["facts"] for row in json.loads(kiosk("restarts", "room-1", "--json"))] == [
        {"lost": "5-7"},
        {"epoch": "b"},
    ]
    said = kiosk("stations")
    assert "record begun anew 2 times: kiosk town restarts; two PCs report as this station since 1970-01-01" in said


def test_stations_and_refused_tell_which_room_is_ready_when_and_what_was_not_taken(kiosk, served):
    code = parse_code(kiosk("add-station", "room-1", "--name", "一号").splitlines()[-1])
    kiosk("add-station", "room-2", "--name", "二号")
    assert kiosk("refused") == "none\n"
    body = encode(enrol_request(code.secret))
    token = requests.post(f"{served}/v1/enrol", data=body, timeout=10).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    told = {"programmes_missing": 2, "bytes_missing": 5_000_000, "bytes_per_s": 250_000, "ready_ms": 1_772_413_200_000}
    beat = Heartbeat(
        station="room-1",
        epoch="epoch-1",
        sent_ms=1,
        nonce="n",
        boot_id="b",
        up_ms=1,
        software="1",
        clock="holdover",
        waiting=4,
        **told,
    )
    assert requests.post(f"{served}/v1/heartbeat", data=encode(beat), headers=headers, timeout=10).status_code == 200
    bad = report(b'{"id":"bad","kind":"dance"}')
    requests.post(f"{served}/v1/reports", data=encode(bad), headers=headers, timeout=10)
    [one, two] = json.loads(kiosk("stations", "--json"))
    assert told.items() <= one.items()
    assert (one["id"], one["clock"], one["waiting"], one["refused"]) == ("room-1", "holdover", 4, 1)
    assert (two["heard_ms"], two["refused"], two["ready_ms"]) == (None, 0, None)
    _, *said = kiosk("stations").splitlines()
    assert "2 files (5.0 MB) to fetch at 250 kB/s, ready about 2026-03-0" in said[0]
    assert "4 records not yet here; 1 records refused" in said[0]
    assert said[1] == "room-2  二号  0 entries  never heard"
    [row] = json.loads(kiosk("refused", "room-1", "--json"))
    assert (row["seq"], row["record"]) == (1, '{"id":"bad","kind":"dance"}') and "dance" in row["reason"]
    assert "room-1" in kiosk("refused") and "entry 1" in kiosk("refused")
    assert kiosk("refused", "room-2") == "none\n"


def test_serve_says_how_often_stations_are_to_call(kiosk):
    kiosk("serve", "--heartbeat-s", "5000", fails="5000 is not in the range")
