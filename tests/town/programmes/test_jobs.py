"""From the upload to the shelf with real ffmpeg, confined: the profile by ffprobe, causes in words, restarts, twins."""

import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from town.programmes.library_room import IN_PROFILE, PICTURE, TONE, brought, entry, film, made, make, probed
from town.published import TERMS, accepted, tick

from kiosk.common.i18n import translator
from kiosk.town.programmes import convert, dropped, jobs, library
from kiosk.town.programmes import shelves as shelves_module
from kiosk.town.programmes.schema import job
from kiosk.town.programmes.shelves import shelves
from kiosk.town.publishing.publish import publish_week
from kiosk.town.publishing.source import WeekSource
from kiosk.town.town import found_town

LOCK = bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e")


class Killed(BaseException):
    """The worker is gone, from one moment to the next."""


def on_shelf(town, one):
    return shelves(town.folder).files / one.file


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """A town in which one film of another kind was made; how it stood meanwhile, and which processes were started."""
    folder = tmp_path_factory.mktemp("worked")
    (folder / "a.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\n开场\n", encoding="utf-8")
    words = ("-i", str(folder / "a.srt"), "-t", "2", "-c:v", "mpeg2video", "-aspect", "4:3", "-s", "352x288")
    path = make(folder / "水稻.mkv", *PICTURE, *TONE, *words, "-c:a", "mp2", "-ac", "1", "-c:s", "srt")
    town = found_town(folder / "town", "Fengle", town="fengle", by="test")
    programme, steps, started = brought(town, path), [], []
    step, popen = jobs._Work._step, subprocess.Popen

    def noted(self, name, permille=0):
        step(self, name, permille)
        with town.store.read() as connection:
            row = connection.execute(select(job)).one()
        steps.append((row.step, row.permille))

    def opened(words, *arguments, **more):
        started.append(list(words))
        return popen(words, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "SAY_EVERY_S", 0.0)
        patch.setattr(jobs._Work, "_step", noted)
        patch.setattr("subprocess.Popen", opened)
        assert jobs.step(town)
    yield SimpleNamespace(town=town, one=entry(town, programme), steps=steps, started=started)
    town.close()


def test_film_of_another_kind_is_made_into_the_profile(worked):
    one = worked.one
    assert (one.state, one.cause, one.title) == ("ready", None, "水稻")
    container, picture, sound = probed(on_shelf(worked.town, one))
    assert "mp4" in container["format_name"]
    assert (picture["codec_name"], picture["profile"], picture["pix_fmt"]) == ("h264", "High", "yuv420p")
    assert (picture["sample_aspect_ratio"], picture["r_frame_rate"]) == ("1:1", "25/1")
    assert (picture["width"], picture["height"]) == (384, 288)
    assert (sound["codec_name"], sound["profile"], sound["channels"]) == ("aac", "LC", 2)
    assert one.duration_ms == pytest.approx(2000, abs=50)
    place = shelves(worked.town.folder)
    assert (place.posters / f"{one.id}.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert not (place.arriving / one.id).exists()
    assert not list(place.making.iterdir())


def test_subtitles_inside_a_film_stand_beside_it_in_utf8(worked):
    with worked.town.store.read() as connection:
        ((language, name),) = library.subtitles(connection, worked.one.id)
    assert language == "zh"
    assert "开场" in (shelves(worked.town.folder).files / name).read_text(encoding="utf-8")


def test_progress_is_seen_while_it_is_made(worked):
    names = [name for name, _ in worked.steps]
    assert names == sorted(names, key=["read", "measure", "convert", "check"].index)
    assert set(names) == {"read", "measure", "convert", "check"}
    assert any(permille for name, permille in worked.steps if name == "convert")


def test_upload_reaches_ffmpeg_only_confined(worked):
    """No process is started but the launcher that confines itself."""
    assert {tuple(words[:3]) for words in worked.started} == {(sys.executable, "-m", "kiosk.common.launcher")}
    assert len(worked.started) >= 5


def test_week_of_the_librarys_programmes_is_published_without_decoding_them_again(worked, tmp_path, monkeypatch):
    town, one = worked.town, worked.one
    with town.store.read() as connection:
        source = library.source(connection, one)
    week = WeekSource(title="第10周", group="all", first_day="2026-03-02", last_day="2026-03-08", programmes=(source,))
    monkeypatch.setenv("PATH", str(tmp_path))  # no ffmpeg there
    publish_week(town, library.week_path(shelves(town.folder).files), week, TERMS, tick)
    (published,) = accepted(town).programmes
    assert (published.id, published.sha256, published.title) == (one.id, one.sha256, "水稻")
    assert published.duration_ms == one.duration_ms
    assert published.loudness_clufs is not None
    assert [subtitle.language for subtitle in published.subtitles] == ["zh"]


def test_film_of_the_profile_stays_byte_for_byte(office, tmp_path):
    path = film(tmp_path / "a.mp4", *IN_PROFILE)
    data = path.read_bytes()
    one = made(office, path)
    assert (one.state, one.changes, one.sha256) == ("ready", (), one.upload_sha256)
    assert on_shelf(office, one).read_bytes() == data


def test_same_content_is_found_before_it_is_made_and_after(office, tmp_path):
    path = film(tmp_path / "水稻.mkv", *IN_PROFILE[:-2])
    first = made(office, path)
    twin = made(office, path, "另一个.mkv")
    assert twin.state == "refused"
    assert twin.cause.render(translator("en")) == "it is in the library already, as 《水稻》"
    again = tmp_path / "made.mp4"
    again.write_bytes(on_shelf(office, first).read_bytes())
    assert "already" in made(office, again).cause.render(str)


@pytest.mark.parametrize(
    ("name", "data", "cause"),
    [
        ("a.mp4", b"\0" * 10, "empty"),
        ("a.mp4", b"no film at all " * 100, "not media"),
        ("a.rmvb", b".RMF\0\0\0\x12" + bytes(4000), "not media"),
        ("a.wmv", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + LOCK + bytes(400), "DRM"),
        ("a.srt", "1\n00:00:00,100 --> 00:00:00,900\n开场\n".encode("gbk"), "subtitles"),
        ("a.mp4", b"<!DOCTYPE html><title>404</title>" * 9, "web page"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(400), "picture"),
    ],
)
def test_what_cannot_be_made_is_refused_with_its_cause_in_both_languages(office, tmp_path, name, data, cause):
    (tmp_path / name).write_bytes(data)
    one = made(office, tmp_path / name)
    assert one.state == "refused"
    assert cause in one.cause.render(translator("en"))
    assert one.cause.render(translator("zh")) != one.cause.render(translator("en"))
    assert not list(shelves(office.folder).arriving.iterdir())


def test_realmedia_of_old_collections_is_made_an_mp4(office, tmp_path):
    one = made(office, make(tmp_path / "老片.rmvb", *PICTURE, "-t", "1", "-s", "176x144", "-c:v", "rv20", "-f", "rm"))
    assert (one.state, probed(on_shelf(office, one))[1]["codec_name"]) == ("ready", "h264")


def test_millions_of_empty_pieces_do_not_hold_the_worker_up(office, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x08free" * 300_000)
    began = time.monotonic()
    assert made(office, tmp_path / "a.mp4").state == "refused"
    assert time.monotonic() - began < 20


def test_still_is_made_a_film(office, tmp_path):
    one = made(office, make(tmp_path / "通知.png", *PICTURE, "-frames:v", "1"))
    assert (one.state, one.duration_ms) == ("ready", 15_000)
    assert probed(on_shelf(office, one))[1]["profile"] == "High"


def test_sound_alone_is_a_programme_without_a_picture(office, tmp_path):
    one = made(office, make(tmp_path / "广播.mp3", *TONE, "-t", "1"))
    assert one.state == "ready"
    assert probed(on_shelf(office, one))[1:][0] is None
    assert not (shelves(office.folder).posters / f"{one.id}.jpg").exists()


def test_job_that_a_restart_broke_off_begins_anew(office, tmp_path, monkeypatch):
    programme = brought(office, film(tmp_path / "a.mp4", *IN_PROFILE, seconds="0.4"))

    def killed(*_arguments):
        raise Killed

    monkeypatch.setattr(convert.Converter, "source", killed)
    with pytest.raises(Killed):
        jobs.step(office)
    assert entry(office, programme).state == "working"
    monkeypatch.undo()
    assert jobs.step(office)
    assert entry(office, programme).state == "ready"
    assert not jobs.step(office)


def test_worker_that_is_told_to_end_ends_soon_and_the_file_has_lost_no_try(office, tmp_path):
    programme = brought(office, film(tmp_path / "a.mp4", *IN_PROFILE, seconds="0.4"))
    stopping = threading.Event()
    stopping.set()
    for _ in range(jobs.MOST_TRIES + 1):
        jobs.step(office, stopping)
        assert entry(office, programme).state == "waiting"
    assert jobs.step(office)
    assert entry(office, programme).state == "ready"


def test_fault_of_the_towns_own_is_tried_twice_and_then_told_and_nothing_is_lost(office, tmp_path, monkeypatch):
    programme = brought(office, film(tmp_path / "a.mp4", *IN_PROFILE, seconds="0.4"))
    monkeypatch.setattr(shelves_module, "RESERVE", 1 << 60)
    assert jobs.step(office)
    assert entry(office, programme).state == "waiting"
    assert jobs.step(office)
    one = entry(office, programme)
    assert (one.state, one.cause.render(str)) == (
        "failed",
        "the town's disk is full; make room on it, then try again",
    )
    assert (shelves(office.folder).arriving / programme).exists()
    monkeypatch.undo()
    with office.store.write() as connection:
        library.try_again(connection, programme, one.version)
    assert jobs.step(office)
    assert entry(office, programme).state == "ready"


def test_converter_that_crashes_the_worker_each_time_is_not_tried_for_ever(office, tmp_path, monkeypatch):
    programme = brought(office, film(tmp_path / "a.mp4", *IN_PROFILE, seconds="0.4"))

    def killed(*_arguments):
        raise Killed

    monkeypatch.setattr(convert.Converter, "source", killed)
    for _ in range(jobs.MOST_TRIES):
        with pytest.raises(Killed):
            jobs.step(office)
    jobs.step(office)
    assert entry(office, programme).state == "failed"


def test_dropped_file_is_taken_when_it_is_whole_and_never_lost(office, tmp_path, monkeypatch):
    place = shelves(office.folder)
    film(place.drop / "民法典.mkv", *IN_PROFILE[:-2], seconds="0.4")
    (place.drop / "坏.mp4").write_bytes(b"no film at all " * 100)
    monkeypatch.setattr(dropped, "MOST_AT_ONCE", 2)
    for n in range(3):
        (place.drop / f"0{n}.part").write_bytes(b"x")  # what is not whole keeps nothing waiting
    assert not jobs.step(office), "they were changed a moment ago"
    for path in place.drop.iterdir():
        os.utime(path, (0, 0))
    assert jobs.step(office)
    assert jobs.step(office)
    with office.store.read() as connection:
        states = {one.title: one.state for one in library.listing(connection)}
    assert states == {"民法典": "ready", "坏": "refused"}
    assert (place.drop / "done" / "民法典.mkv").is_file()
    assert (place.drop / "refused" / "坏.mp4").read_bytes() == b"no film at all " * 100
    assert "not media" in (place.drop / "refused" / "坏.mp4.txt").read_text()
    assert dropped.BY == "drop"


def test_names_of_any_bytes_and_length_and_links_are_taken_or_left_and_hold_nobody_up(office, monkeypatch):
    """A stick's name in GBK ended every step of the worker; the longest name lost the cause, or a good film."""
    place = shelves(office.folder)
    names = ["水稻.mp4".encode("gbk"), "长".encode() * 83 + b".mp4", b"a\nb.mp4"]
    for name in names:
        path = place.drop / os.fsdecode(name)
        path.write_bytes(b"no film at all " * 100 + name)
        os.utime(path, (0, 2**33))  # by a clock that was ahead
    (place.drop / "key.mp4").symlink_to(office.keys_folder / "targets.pem")
    monkeypatch.setattr(dropped, "QUIET_S", -1)
    while jobs.step(office):
        pass
    with office.store.read() as connection:
        found = library.listing(connection)
    assert {(one.title[:3], one.state) for one in found} == {(title, "refused") for title in ("水稻", "长长长", "a b")}
    kept = {path.name for path in (place.drop / "refused").iterdir()}
    assert kept >= {os.fsdecode(name) for name in names} and len(kept) == 6
    assert [path.name for path in place.drop.iterdir() if not path.is_dir()] == ["key.mp4"]
    one, name = found[0], os.fsdecode(names[0])  # a power cut, and a file of the same name has come meanwhile
    (place.drop / name).write_bytes(b"newer")
    (place.arriving / f"{one.id}.dropped").write_bytes(names[0])
    (place.arriving / one.id).write_bytes(b"older")
    assert dropped.go_back(place, one.id)
    assert (place.drop / name).read_bytes() == b"newer"
    assert (place.drop / f"{one.id}-{name}").read_bytes() == b"older"


def test_film_that_was_shelved_when_the_power_failed_is_not_lost(office, tmp_path, monkeypatch):
    """It was of the profile: the very file that was uploaded is moved to the shelf, before the row says so."""
    programme = brought(office, film(tmp_path / "a.mp4", *IN_PROFILE, seconds="0.4"))

    def killed(*_arguments, **_more):
        raise Killed

    monkeypatch.setattr(jobs._Work, "_end", killed)
    with pytest.raises(Killed):
        jobs.step(office)
    monkeypatch.undo()
    assert jobs.step(office)
    one = entry(office, programme)
    assert (one.state, on_shelf(office, one).stat().st_size) == ("ready", (tmp_path / "a.mp4").stat().st_size)
