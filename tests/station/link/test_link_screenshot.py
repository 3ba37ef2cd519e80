"""A picture of the screen on its way to the town: sent once, before the heartbeat, and in nobody's way."""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes_town import Endless, Hanging, TownOnTheLine, eventually, page
from sqlalchemy import select
from starlette.types import ASGIApp

from kiosk.contract.records import Action, Attendance, Fault, Item
from kiosk.contract.reports import Heartbeat
from kiosk.station.config import Fetch, Town
from kiosk.station.events import Crashed, Delivered, Event, HeartbeatAnswered, TownUnreachable
from kiosk.station.journal import Journal
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.link.enrol import enrol
from kiosk.station.link.link import Link
from kiosk.station.link.station_key import signer
from kiosk.town.database.schema import photo
from kiosk.town.stations import screenshots
from kiosk.town.tickets.schema import fault_picture

JPEG = b"\xff\xd8\xff\xe0 what the screen shows \xff\xd9"
BEAT = Heartbeat(
    station="room-1",
    epoch="epoch-1",
    sent_ms=1,
    nonce="",
    boot_id="boot-1",
    up_ms=5,
    software="kiosk test",
    clock="trusted",
)


class Line:
    """A station's link, and what it posts."""

    def __init__(self, town: TownOnTheLine, state: Path) -> None:
        self.town, self.events, self.state = town, list[Event](), state
        identity = enrol(town.url, town.add_station(), state)
        self.journal = Journal(state / "journal.db", self.events.append, "boot-1")
        self.journal.start()
        documents = Documents(Library(state / "library"))
        settings = Town(timeout_s=1), Fetch(), signer(state), state / "photos"
        self.link = Link(identity, documents, self.journal, self.post, *settings)
        root = documents.load("villages", "room-1", identity.root_sha256).root
        assert root is not None
        self.link.use_root(root)
        self.link.start()
        town.asked.clear()

    def post(self, event: Event) -> None:
        if isinstance(event, Delivered):
            self.journal.receipts(event.receipts, event.witness, event.signed)
        self.events.append(event)

    def beat(self) -> HeartbeatAnswered:
        """Send a heartbeat, and all that waits."""
        before = len(self.answers())
        self.link.report(BEAT)
        eventually(lambda: len(self.answers()) > before, 30)
        return self.answers()[-1]

    def answers(self) -> list[HeartbeatAnswered]:
        return [event for event in self.events if isinstance(event, HeartbeatAnswered)]

    def paths(self) -> list[str]:
        return [asked.path for asked in self.town.asked]

    def close(self) -> None:
        self.link.stop()
        self.journal.stop(10)
        assert [event for event in self.events if isinstance(event, Crashed)] == []


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    town = TownOnTheLine(tmp_path / "town")
    line = Line(town, tmp_path / "state")
    yield line
    line.close()
    town.close()


def test_picture_is_sent_once_and_the_answer_asks_for_no_other(line: Line) -> None:
    assert not line.beat().answer.picture_wanted
    screenshots.request_picture(line.town.office, "room-1", by="li")
    assert line.beat().answer.picture_wanted
    line.link.send_picture(b"\xff\xd8\xff an older one \xff\xd9", 6)
    line.link.send_picture(JPEG, 7)
    assert not line.beat().answer.picture_wanted
    kept = screenshots.newest(line.town.office, "room-1")
    assert kept is not None and (kept.at_ms, kept.jpeg) == (7, JPEG), "the newest"
    line.beat()
    assert line.paths().count("/v1/picture") == 1
    [sent] = [asked for asked in line.town.asked if asked.path == "/v1/picture"]
    assert sent.headers["content-type"] == "image/jpeg"
    assert int(sent.headers["content-length"]) == len(JPEG)


HOSTILE: dict[str, Callable[[], ASGIApp]] = {
    "too large": lambda: page(b'{"error": "too large"}', 413),
    "not wanted": lambda: page(b"", 404),
    "not known here": lambda: page(b"", 401),
    "broken": lambda: page(b"<html>", 500),
    "elsewhere": lambda: page(b"", 307, Location="http://127.0.0.1:1/"),
    "a gap": lambda: page(b'{"error": "gap", "head_seq": 0}', 409),
    "endless": Endless,
    "silent": lambda: Hanging(b"{", 100),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_whatever_the_town_says_to_a_picture_heartbeat_and_record_get_through(line: Line, how: str) -> None:
    line.town.switch("/v1/picture", HOSTILE[how]())
    line.journal.record(Action(id="a-1", at_ms=1, by="A", action="mute", clock="trusted"))
    assert line.journal.settle(10)
    line.link.send_picture(JPEG, 7)
    began = time.monotonic()
    line.beat()
    eventually(lambda: line.journal.waiting_count() == 0)
    assert time.monotonic() - began < 20
    assert line.paths()[:3] == ["/v1/picture", "/v1/heartbeat", "/v1/reports"]
    assert [event for event in line.events if isinstance(event, TownUnreachable)] == []
    line.beat()
    assert line.paths().count("/v1/picture") == 1, "it is not sent again unless it is asked for again"


def photo_of(number: int) -> tuple[str, bytes]:
    jpeg = b"\xff\xd8\xff photo %d \xff\xd9" % number
    return hashlib.sha256(jpeg).hexdigest(), jpeg


def states(line: Line) -> dict[str, str]:
    """What the town has of each photo."""
    with line.town.office.store.read() as connection:
        rows = connection.execute(select(photo.c.sha256, photo.c.state, photo.c.jpeg)).all()
        shown = connection.execute(select(fault_picture.c.fault, fault_picture.c.jpeg)).all()
    assert all(row.jpeg is None or hashlib.sha256(row.jpeg).hexdigest() == row.sha256 for row in rows)
    return {row.sha256: row.state for row in rows} | {row.fault: row.jpeg for row in shown}


def test_photos_of_every_kind_of_record_reach_the_town_and_are_sent_again_until_they_have(line: Line) -> None:
    folder = line.state / "photos"
    folder.mkdir()
    photos = dict(photo_of(number) for number in range(6))
    names = list(photos)
    for name in names[:4]:
        (folder / f"{name}.jpg").write_bytes(photos[name])
    (folder / f"{names[4]}.jpg").write_bytes(b"rotten")  # and the last is not here at all
    line.town.switch("/v1/photo", page(b"<html>", 500))
    of_fault = {"fault": "reported.1.a", "cause": "reported", "device": "TV", "picture": names[0]}
    line.journal.record(Fault(id="f-1", found_ms=1, text="dark", **of_fault))
    line.journal.record(Attendance(id="a-1", at_ms=1, by="A", plays=(), photos=(names[1], names[2])))
    line.journal.record(Item(id="i-1", at_ms=1, by="A", item_kind="weekly", title="rice", photos=tuple(names[3:])))
    assert line.journal.settle(10)
    line.beat()
    eventually(lambda: line.journal.waiting_count() == 0)
    assert set(states(line).values()) == {"wanted"}, "the records have come, no photo has"
    line.town.switch("/v1/photo", None)
    for _ in range(4):  # three at a time
        line.beat()
    kept = dict.fromkeys(names[:4], "kept") | dict.fromkeys(names[4:], "gone")
    eventually(lambda: states(line) == kept | {"reported.1.a": photos[names[0]]}, 20)
    before = line.paths().count("/v1/photo")
    line.beat()
    line.beat()
    assert line.paths().count("/v1/photo") == before, "nothing is asked for that has come, or is gone"


def test_picture_of_a_fault_that_did_not_arrive_is_sent_with_a_later_report(line: Line) -> None:
    line.town.switch("/v1/picture", page(b"<html>", 500))
    line.link.send_picture(JPEG, 7, "no-screen.1.a")
    line.beat()
    line.town.switch("/v1/picture", None)
    line.beat()
    eventually(lambda: states(line) == {"no-screen.1.a": JPEG}, 20)
