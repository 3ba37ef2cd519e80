"""A week from JSON to signed files: measured, checked as a station will, all or nothing."""

import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, select
from town.published import TERMS, accepted, notice, tick, urgent_index, urgent_source

from kiosk.common import confined
from kiosk.contract import trust
from kiosk.contract.trust import Refused
from kiosk.town.database import schema, store
from kiosk.town.publishing import measure as measuring
from kiosk.town.publishing.issue import PublishTerms
from kiosk.town.publishing.publish import publish, publish_urgent
from kiosk.town.publishing.source import MOST_PROBLEMS, SourceError
from kiosk.town.signing.keys import KeyTrouble
from kiosk.town.stations import registry
from kiosk.town.town import TownError, found_town, open_town


def everything(office):
    return {path: path.read_bytes() for path in office.public.folder.rglob("*") if path.is_file()}


def problems(call):
    with pytest.raises(SourceError) as caught:
        call()
    return str(caught.value)


def test_week_is_measured_signed_and_accepted_by_a_station(office, source):
    week = publish(office, source(), TERMS, tick).playlist
    assert week == accepted(office)
    opening, rice = week.programmes
    assert (opening.duration_ms, opening.short) == (1200, True)
    assert opening.loudness_clufs is not None
    assert -3500 < opening.loudness_clufs < -1000
    assert opening.peak_cdbtp is not None
    assert opening.loudness_clufs < opening.peak_cdbtp < 0
    assert rice.duration_ms == 2000
    assert (rice.loudness_clufs, rice.peak_cdbtp) == (None, None)
    for programme in week.programmes:
        data = office.public.file_path(programme.sha256).read_bytes()
        assert (len(data), trust.digest(data)) == (programme.size, programme.sha256)


def test_foreign_files_are_opened_by_confined_processes_alone(office, source, monkeypatch):
    """The command line holds the opened signing key; where it cannot confine them, it says so and publishes nothing."""
    started, popen = [], subprocess.Popen

    def opened(words, *arguments, **more):
        started.append(list(words))
        return popen(words, *arguments, **more)

    shown = {"id": "poster", "file": "poster.png", "title": "通知", "duration": "00:00:10"}
    rice = {"id": "rice", "file": "rice.ts", "title": "水稻"}
    week = source(programmes=[shown, rice], slots=[], recommended=[], month_plans=[])
    monkeypatch.setattr("subprocess.Popen", opened)
    monkeypatch.setattr(confined, "LAUNCHER", "kiosk.common.text")
    assert problems(lambda: publish(office, week, TERMS, tick)).count("this computer cannot lock the converter in") == 2
    monkeypatch.undo()
    monkeypatch.setattr("subprocess.Popen", opened)
    started.clear()
    assert len(publish(office, week, TERMS, tick).playlist.programmes) == 2
    assert len(started) == 4
    assert {tuple(words[:3]) for words in started} == {(sys.executable, "-m", "kiosk.common.launcher")}


def test_versions_count_per_town_and_only_grow(office, source):
    for group in ("all", "north"):
        registry.add_station(office, f"room-{group}", group, "", None, by="test")
    versions = [publish(office, source(group=group), TERMS, tick).playlist.version for group in ("all", "north", "all")]
    assert versions == [1, 2, 3]
    assert accepted(office, "north").version == 2


def test_version_grows_beyond_what_is_up_when_the_database_is_an_old_copy(office, source):
    publish(office, source(), TERMS, tick)
    publish(office, source(), TERMS, tick)
    with office.store.write() as connection:
        connection.execute(schema.publication.delete())
        connection.execute(schema.town.update().values(version=0))
    assert publish(office, source(), TERMS, tick).playlist.version == 3


def test_republishing_does_not_measure_again(office, source, monkeypatch):
    first = publish(office, source(), TERMS, tick).playlist

    def fail(*_):
        raise AssertionError("measured again")

    monkeypatch.setattr(measuring, "measure", fail)
    path = source()
    (path.parent / "opening.mp4").touch()
    assert publish(office, path, TERMS, tick).playlist.programmes == first.programmes


def test_file_that_changed_is_measured_again(office, source):
    path = source()
    publish(office, path, TERMS, tick)
    (path.parent / "opening.mp4").write_bytes((path.parent / "mute.mkv").read_bytes())
    opening = publish(office, path, TERMS, tick).playlist.programmes[0]
    assert (opening.duration_ms, opening.loudness_clufs) == (800, None)


def test_e2_file_that_was_measured_by_older_rules_is_measured_again(office, source):
    path = source()
    first = publish(office, path, TERMS, tick).playlist
    with closing(sqlite3.connect(office.folder / "town.db")) as database:
        older = "UPDATE measurement SET measured = json_remove(json_set(measured, '$.duration_ms', 7), '$.rules')"
        database.execute(older)
        database.commit()
    assert publish(office, path, TERMS, tick).playlist.programmes == first.programmes


def aged(database, revision):
    """Make a town's database what it was when ``revision`` was the newest one: its tables, and what fits into them."""
    newer = database.rename(database.with_suffix(".newer"))
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with create_engine(f"sqlite:///{database}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    with closing(sqlite3.connect(database)) as old:
        old.execute("ATTACH ? AS newer", [str(newer)])
        tables = old.execute("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name <> 'alembic_version'")
        for (table,) in tables.fetchall():
            columns = ", ".join(f'"{row[1]}"' for row in old.execute(f"PRAGMA main.table_info({table})"))
            old.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")  # noqa: S608 - its own names
        old.execute("UPDATE measurement SET measured = json_remove(measured, '$.peak_cdbtp')")
        old.commit()


def test_town_upgraded_in_place_publishes_with_peaks(office, source):
    """Its database is from before peaks were measured, and says that the files have been measured already."""
    path = source()
    before = publish(office, path, TERMS, tick).playlist
    office.close()
    aged(office.folder / "town.db", "0001")
    upgraded = open_town(office.folder)
    week = publish(upgraded, path, TERMS, tick).playlist
    assert (week.version, week.programmes) == (before.version + 1, before.programmes)
    assert week.programmes[0].peak_cdbtp is not None
    with upgraded.store.read() as connection:
        booked = connection.execute(select(schema.programme.c.id, schema.programme.c.peak_cdbtp)).all()
    assert dict(booked) == {one.id: one.peak_cdbtp for one in week.programmes}
    upgraded.close()


def test_every_problem_of_a_source_is_named_and_nothing_is_published(office, source):
    publish(office, source(), TERMS, tick)
    before = everything(office)
    path = source(
        titel="x",
        first_day="2026-3-2",
        slots=[{"date": "2026-03-02", "start": "9:00", "end": "09:30:00", "programmes": ["opening"], "mode": "lop"}],
    )
    said = problems(lambda: publish(office, path, TERMS, tick))
    for words in (
        "week.json: titel: there is no such name; did you mean title?",
        'first_day: "2026-3-2" is not a date, such as 2026-03-02',
        'slots 1, start: "9:00" is not a time of day, written HH:MM:SS',
        'slots 1, mode: "lop" is not one of "once", "loop"',
    ):
        assert words in said
    assert everything(office) == before
    with office.store.read() as connection:
        assert connection.execute(select(schema.publication.c.version)).scalars().all() == [1]


def test_overlap_unknown_programme_and_missing_file_are_named_together(office, source):
    slot = {"date": "2026-03-02", "start": "09:00:00", "end": "09:30:00", "programmes": ["ghost"]}
    path = source(slots=[slot, slot])
    (path.parent / "rice.ts").unlink()
    said = problems(lambda: publish(office, path, TERMS, tick))
    for words in ("ghost is not known", "slot 2: 2026-03-02", "overlaps slot 1", "programme rice: there is no file"):
        assert words in said
    assert everything(office).keys() == {office.public.root_path(1)}


@pytest.mark.parametrize("name", ["../opening.mp4", "/etc/passwd", "a/b.mp4"])
def test_path_in_a_file_name_is_refused(office, source, name):
    said = problems(
        lambda: publish(office, source(programmes=[{"id": "opening", "file": name, "title": "x"}]), TERMS, tick)
    )
    assert f"programme opening: '{name}' is not a plain file name" in said


def test_file_under_a_name_that_no_disk_takes_is_not_there(office, source):
    name = "农" * 150 + ".mp4"
    said = problems(
        lambda: publish(office, source(programmes=[{"id": "opening", "file": name, "title": "x"}]), TERMS, tick)
    )
    assert "programme opening: there is no file" in said


def test_problems_without_end_are_told_in_part_and_soon(office, source):
    path = source(**{f"titel{n}": 1 for n in range(60_000)})
    began = time.process_time()
    assert problems(lambda: publish(office, path, TERMS, tick)).count("no such name") == MOST_PROBLEMS
    assert time.process_time() - began < 5


def test_files_that_are_no_programmes_are_all_named(office, source):
    path = source(
        programmes=[
            {"id": "opening", "file": "opening.mp4", "title": "x", "duration": "00:00:10"},
            {"id": "rice", "file": "week.json", "title": "x"},
            {"id": "poster", "file": "poster.png", "title": "x"},
        ]
    )
    said = problems(lambda: publish(office, path, TERMS, tick))
    assert "programme opening: opening.mp4: it is a film of 1.2 s; leave `duration` out" in said
    assert "programme rice: " in said
    assert "not media" in said
    assert 'programme poster: poster.png: it is a still; say how long it is shown: "duration": "00:00:10"' in said


def test_still_and_subtitles_are_published(office, source):
    path = source(
        programmes=[
            {"id": "opening", "file": "poster.png", "title": "x", "duration": "00:01:30"},
            {
                "id": "rice",
                "file": "rice.ts",
                "title": "x",
                "subtitles": [{"language": "zh", "file": "opening.zh.srt"}],
            },
        ]
    )
    publish(office, path, TERMS, tick)
    still, rice = accepted(office).programmes
    assert still.duration_ms == 90_000
    [subtitle] = rice.subtitles
    assert office.public.file_path(subtitle.sha256).stat().st_size == subtitle.size


def subtitled(source, name):
    return source(
        programmes=[
            {"id": "opening", "file": "opening.mp4", "title": "x", "subtitles": [{"language": "zh", "file": name}]},
            {"id": "rice", "file": "rice.ts", "title": "x"},
        ]
    )


def test_e4_converted_subtitles_are_what_is_signed_and_the_officers_file_stays(office, source):
    path = subtitled(source, "gbk.vtt")
    theirs = "WEBVTT\n\n00:01.000 --> 00:02.000\n开场\n".encode("gbk")
    (path.parent / "gbk.vtt").write_bytes(theirs)
    publish(office, path, TERMS, tick)
    [subtitle] = accepted(office).programmes[0].subtitles
    data = office.public.file_path(subtitle.sha256).read_bytes()
    assert data.decode() == "1\n00:00:01,000 --> 00:00:02,000\n开场\n"
    assert (subtitle.file, subtitle.size, subtitle.sha256) == ("gbk.srt", len(data), trust.digest(data))
    assert (path.parent / "gbk.vtt").read_bytes() == theirs


def test_e4_subtitles_without_a_line_are_refused_at_publication(office, source):
    path = subtitled(source, "none.srt")
    (path.parent / "none.srt").write_bytes(b"\x7fELF" + bytes(5000))
    said = problems(lambda: publish(office, path, TERMS, tick))
    assert "programme opening: none.srt: its letters are of no known encoding" in said
    assert not office.public.group_path("all").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON at line 1"),
        ('{"title": 1.5}', "1.5"),
        ('{"title": "a", "title": "b"}', "'title' stands twice"),
        ("[]", "[] is not a table of named values"),
    ],
)
def test_source_that_is_no_json_object_is_refused_with_its_place(office, tmp_path, text, words):
    (tmp_path / "w.json").write_text(text)
    said = problems(lambda: publish(office, tmp_path / "w.json", TERMS, tick))
    assert "w.json: " in said
    assert words in said


def test_d1_what_the_towns_key_has_not_signed_or_an_older_week_is_not_kept(office, source):
    """Questions before anything is signed; a week that the folder holds rightly is composed with."""
    asked = []

    def publish_and_ask():
        asked.clear()
        publish(office, source(), TERMS, tick, lambda _, questions: asked.extend(one.render(str) for one in questions))
        return [one for one in asked if "cannot be trusted, none of it is kept" in one]

    assert publish_and_ask() == []
    old = office.public.group_path("all").read_bytes()
    assert publish_and_ask() == []
    office.public.write(office.public.group_path("all"), old)
    assert "it is older than what was published last" in publish_and_ask()[0]
    office.public.write(office.public.group_path("all"), b"{}")
    assert "it cannot be read" in publish_and_ask()[0]
    assert publish_and_ask() == []


def test_expiry_is_as_ordered(office, source):
    publish(office, source(), PublishTerms("test", expires_days=3), tick)
    with pytest.raises(Refused, match="expired"):
        accepted(office, now=datetime.fromtimestamp(datetime.now(UTC).timestamp() + 4 * 86400, UTC))


def test_urgent_notices_are_signed_and_withdrawn(office, source):
    publish(office, source(), TERMS, tick)
    version, [made] = publish_urgent(office, urgent_source(source, notice(stations=["room-1"])), TERMS, tick)
    assert version == 2
    index = urgent_index(office)
    data = office.public.file_path(trust.pinned_notices(index)["flood"].sha256).read_bytes()
    assert trust.urgent_notice(index, "flood", data) == made
    assert made.start_ms == 1_772_413_200_000
    publish_urgent(office, urgent_source(source), TERMS, tick)
    assert (urgent_index(office).version, trust.pinned_notices(urgent_index(office))) == (3, {})


def test_urgent_notice_outside_the_calendar_is_refused(office, source):
    far = notice(id="far", start="9999-12-30T00:00:00+00:00", end="9999-12-31T00:00:00+00:00")
    assert "urgent notice: " in problems(lambda: publish_urgent(office, urgent_source(source, far), TERMS, tick))


def test_every_problem_of_urgent_notices_is_named(office, source):
    bad = urgent_source(
        source,
        notice(start="2026-03-02 09:00"),
        notice(),
        notice(id="x", programmes=[{"id": "a", "file": "no", "title": ""}]),
    )
    said = problems(lambda: publish_urgent(office, bad, TERMS, tick))
    for words in (
        "notice flood: '2026-03-02 09:00' is no instant",
        "notice flood stands here twice",
        "there is no file",
    ):
        assert words in said
    other = notice(id="b", programmes=[{"id": "alarm", "file": "opening.mp4", "title": "!"}])
    said = problems(lambda: publish_urgent(office, urgent_source(source, notice(), other), TERMS, tick))
    assert "programme/alarm: stands for two different files" in said
    backwards = urgent_source(source, notice(end="2026-03-02T08:00:00+08:00"))
    assert "end after its start" in problems(lambda: publish_urgent(office, backwards, TERMS, tick))
    assert not office.public.urgent_path.exists()


def test_private_keys_are_for_their_owner_alone(office):
    found = list(office.keys_folder.glob("*.pem"))
    assert len(found) == 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
    assert stat.S_IMODE(office.keys_folder.stat().st_mode) == 0o700


def test_missing_or_damaged_key_is_named(office, source):
    path = office.keys_folder / "targets-1.pem"
    pem = path.read_bytes()
    path.write_bytes(b"rubbish")
    with pytest.raises(KeyTrouble, match=r"targets-1\.pem: not a readable private key"):
        publish(office, source(), TERMS, tick)
    path.unlink()
    with pytest.raises(KeyTrouble, match="rotate-key targets"):
        publish(office, source(), TERMS, tick)
    path.write_bytes(pem)
    assert publish(office, source(), TERMS, tick).playlist.version == 3


def test_town_is_made_once_and_opened_again(office, tmp_path):
    with pytest.raises(TownError, match="there is a town already"):
        found_town(office.folder, "Other", by="test")
    with pytest.raises(TownError, match="threshold"):
        found_town(tmp_path / "x", "Other", root_keys=1, threshold=2, by="test")
    with pytest.raises(TownError, match="there is no town"):
        open_town(tmp_path / "nowhere")
    again = open_town(office.folder)
    assert (again.id, again.name) == ("fengle", "Fengle")
    again.close()


def test_full_disk_is_said_and_nothing_is_published(office, source, monkeypatch):
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 10, 0))
    assert "too little room" in problems(lambda: publish(office, source(), TERMS, tick))
    assert not office.public.group_path("all").exists()


def test_second_town_in_one_database_is_refused(office, tmp_path, monkeypatch):
    monkeypatch.setenv("KIOSK_TOWN_DB", f"sqlite:///{office.folder / 'town.db'}")
    with pytest.raises(TownError, match="holds a town already"):
        found_town(tmp_path / "second", "Other", by="test")
    assert not (tmp_path / "second" / "keys").exists()
