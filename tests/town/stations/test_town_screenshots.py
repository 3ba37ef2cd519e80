"""Pictures of the stations' screens at the town: asked for, taken in with suspicion, written out."""

import gzip
import threading
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import requests
from click.testing import CliRunner
from contract.signing import enrol_request
from sqlalchemy import select

from kiosk.contract import wire
from kiosk.contract.enrolment import EnrolAnswer
from kiosk.contract.picture import MAX_PHOTO, MAX_PICTURE
from kiosk.contract.reports import Heartbeat, HeartbeatAnswer, Signed
from kiosk.contract.wire import encode
from kiosk.town.commands.town import town
from kiosk.town.intake import quota
from kiosk.town.stations import registry, screenshots
from kiosk.town.tickets.schema import fault_picture
from kiosk.town.town import TownError

AT = 1_772_413_200_000
JPEG = b"\xff\xd8\xff\xe0 what the screen shows \xff\xd9"


@pytest.fixture
def station(server, office):
    """The session of room-1; its ``url`` is where pictures go."""
    secret = registry.add_station(office, "room-1", "all", "Room", None, by="test").secret
    body = encode(enrol_request(secret))
    answer = requests.post(f"{server.url}/v1/enrol", data=body, timeout=10)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {wire.decode(answer.content, EnrolAnswer, 'answer').token}"
    session.base = server.url
    session.url = f"{server.url}/v1/picture?at_ms={AT}"
    yield session
    session.close()


def send(station, data=JPEG, url="", **headers):
    return station.post(url or station.url, data=data, headers={"Content-Type": "image/jpeg"} | headers, timeout=10)


def wanted(station):
    beat = Heartbeat(
        station="room-1", epoch="epoch-1", sent_ms=1, nonce="n", boot_id="b", up_ms=1, software="1", clock="trusted"
    )
    body = station.post(f"{station.base}/v1/heartbeat", data=encode(beat), timeout=10).content
    signed = wire.decode(body, Signed, "answer")
    return wire.decode(signed.payload.encode(), HeartbeatAnswer, "answer").picture_wanted


def test_picture_is_wanted_from_the_asking_until_one_has_come(station, office):
    assert not wanted(station)
    screenshots.request_picture(office, "room-1", by="li")
    assert wanted(station) and wanted(station), "until it has come"
    answer = send(station)
    assert (answer.status_code, answer.json()) == (200, {})
    assert not wanted(station)
    kept = screenshots.newest(office, "room-1")
    assert (kept.at_ms, kept.jpeg) == (AT, JPEG) and kept.received_ms > AT
    assert "screen" not in repr(kept)


def test_only_the_newest_picture_of_a_station_is_kept(station, office):
    for n in range(3):
        send(station, JPEG[:-2] + bytes([n]) + JPEG[-2:], f"{station.base}/v1/picture?at_ms={AT + n}")
    assert screenshots.newest(office, "room-1").at_ms == AT + 2
    with office.store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM picture").scalar() == 1


def test_a_picture_for_a_fault_is_kept_beside_it_and_a_name_that_is_none_refused(station, office):
    assert send(station, url=f"{station.url}&fault=screen-mode.1.abc").status_code == 200
    assert send(station, url=f"{station.url}&fault=../x").status_code == 400
    assert screenshots.newest(office, "room-1").jpeg == JPEG
    with office.store.read() as connection:
        rows = connection.execute(select(fault_picture)).all()
    assert [(row.station, row.fault, row.at_ms, row.jpeg) for row in rows] == [
        ("room-1", "screen-mode.1.abc", AT, JPEG)
    ]


def test_a_photo_of_a_fault_is_kept_beside_it_and_is_no_picture_of_the_screen(station, office):
    url = f"{station.base}/v1/photo"
    large = b"\xff\xd8\xff" + bytes(MAX_PHOTO - 5) + b"\xff\xd9"
    assert send(station, large, url=f"{url}?fault=reported.1.abc").status_code == 200
    assert send(station, large + b"\xff\xd9", url=f"{url}?fault=reported.2.abc").status_code == 413
    for wrong in (url, f"{url}?fault=", f"{url}?fault=../x"):
        assert send(station, url=wrong).status_code == 400
    assert send(station, b"GIF89a", url=f"{url}?fault=x").status_code == 400
    assert screenshots.newest(office, "room-1") is None
    with office.store.read() as connection:
        assert [row.fault for row in connection.execute(select(fault_picture))] == ["reported.1.abc"]


def test_pictures_of_a_station_are_limited(station, office, monkeypatch):
    """Each is a transaction that the other stations' reports wait for."""
    monkeypatch.setitem(quota.QUOTAS, "pictures", quota.Quota(3, 60, "pictures"))
    urls = [station.url, f"{station.base}/v1/photo?fault=a"]
    assert [send(station, url=url).status_code for url in (*urls, *urls)] == [200, 200, 200, 429]


def test_every_station_has_its_own(station, office):
    registry.add_station(office, "room-2", "all", "Room", None, by="test")
    screenshots.request_picture(office, "room-2", by="li")
    assert not wanted(station)
    send(station)
    assert screenshots.is_wanted(office, "room-2") and screenshots.newest(office, "room-2") is None


@pytest.mark.parametrize(
    ("data", "headers", "status", "words"),
    [
        (b"GIF89a" + bytes(99), {}, 400, "not a whole JPEG"),
        (JPEG[:-2], {}, 400, "not a whole JPEG"),
        (b"", {}, 400, "not a whole JPEG"),
        (b"<script>alert(1)</script>", {}, 400, "not a whole JPEG"),
        (JPEG, {"Content-Type": "text/html"}, 415, "image/jpeg"),
        (JPEG, {"Content-Type": ""}, 415, "image/jpeg"),
        (JPEG, {"Content-Encoding": "br"}, 415, "coding"),
        (JPEG[:-2] + bytes(MAX_PICTURE) + JPEG[-2:], {}, 413, "60000 bytes allowed"),
        (gzip.compress(JPEG[:-2] + bytes(10_000_000) + JPEG[-2:]), {"Content-Encoding": "gzip"}, 413, "60000"),
    ],
    ids=["gif", "cut short", "empty", "html", "wrong type", "no type", "coding", "too large", "bomb"],
)
def test_what_is_no_picture_is_refused_and_the_one_before_stays(station, office, data, headers, status, words):
    send(station)
    answer = send(station, data, **headers)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert screenshots.newest(office, "room-1").jpeg == JPEG


@pytest.mark.parametrize("query", ["", "?at_ms=", "?at_ms=soon", "?at_ms=-1", "?at_ms=1.5", "?at_ms=" + "9" * 30])
def test_picture_without_an_instant_is_refused(station, office, query):
    answer = send(station, url=f"{station.base}/v1/picture{query}")
    assert (answer.status_code, "at_ms" in answer.json()["error"]) == (400, True)
    assert screenshots.newest(office, "room-1") is None


def test_picture_of_a_stranger_or_a_retired_station_is_refused(station, office):
    for token, status in (("wrong", 401), (None, 401)):
        headers = {"Content-Type": "image/jpeg"} | ({"Authorization": f"Bearer {token}"} if token else {})
        assert requests.post(station.url, data=JPEG, headers=headers, timeout=10).status_code == status
    assert station.get(station.url, timeout=10).status_code == 405
    registry.retire(office, "room-1", by="test")
    assert send(station).status_code == 403
    with pytest.raises(TownError, match="retired"):
        screenshots.request_picture(office, "room-1", by="li")


def test_asking_is_noted_in_the_audit(office):
    registry.add_station(office, "room-1", "all", "Room", None, by="test")
    screenshots.request_picture(office, "room-1", by="li")
    with office.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT who, what, subject FROM audit ORDER BY id DESC LIMIT 1").all()
    assert rows == [("li", "ask-picture", "room-1")]


# --- the command ---


@pytest.fixture
def kiosk(office):
    def run(*arguments):
        return CliRunner().invoke(town, ["--folder", str(office.folder), "--by", "li", "picture", *map(str, arguments)])

    return run


def test_command_asks_and_tells_of_the_newest(kiosk, station, office, tmp_path):
    done = kiosk("room-1")
    assert (done.exit_code, "is asked for a picture" in done.stdout) == (0, True)
    assert wanted(station)
    done = kiosk("room-1", "--out", tmp_path / "room.jpg")
    assert done.exit_code != 0 and "None has come yet; try again in a minute" in done.stderr
    assert not (tmp_path / "room.jpg").exists()
    send(station)
    done = kiosk("room-1", "--out", tmp_path / "room.jpg")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "room.jpg").read_bytes() == JPEG
    taken = datetime.fromtimestamp(AT / 1000, ZoneInfo("Asia/Shanghai"))
    assert f"The picture of {taken:%Y-%m-%d %H:%M:%S} Asia/Shanghai ({len(JPEG)} bytes) is in" in done.stdout
    assert "is asked for a picture" in done.stdout, "and a newer one is on its way"
    done = kiosk("room-1", "--out", tmp_path / "none" / "room.jpg")
    assert done.exit_code != 0 and "No such file or directory; name another file" in done.stderr


def test_command_waits_for_the_picture_that_it_asked_for(kiosk, station, tmp_path):
    send(station)
    done = kiosk("room-1", "--wait", "1", "--out", tmp_path / "room.jpg")
    assert done.exit_code != 0 and not (tmp_path / "room.jpg").exists(), "the old one is not passed off as the new one"


def test_command_for_a_station_that_is_not_known(kiosk):
    done = kiosk("ghost")
    assert done.exit_code != 0 and "station ghost is not known" in done.stderr


def test_command_writes_the_picture_that_comes_while_it_waits(kiosk, station, tmp_path):
    send(station)
    fresh = JPEG[:-2] + b"fresh" + JPEG[-2:]
    later = threading.Timer(0.8, send, (station, fresh))
    later.start()
    done = kiosk("room-1", "--wait", "30", "--out", tmp_path / "room.jpg")
    later.join()
    assert done.exit_code == 0, done.output
    assert (tmp_path / "room.jpg").read_bytes() == fresh
    assert "is asked for" not in done.stdout
