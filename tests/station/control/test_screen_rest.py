"""The screen rests with the room, and is on before anything is shown; the PC sleeps when nothing is left to do."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes import HandClock
from playout_room import ALL, FLOOD, Room, at, document, slot, urgent, week

from kiosk.contract.station import ScreenPower as Setting
from kiosk.contract.station import StationDocument
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.pc_sleep import AWAKE_S, REFUSED_S, SETTLE_S, PcSleep
from kiosk.station.control.rest import ScreenRest
from kiosk.station.host import power_off
from kiosk.station.host.screen_power import Want

EVENING = week(ALL, slot("09:00:00", "09:02:00", "law"), slot("21:00:00", "21:05:00", "rice"))


class Wishes:
    """Takes what is wanted of the screen."""

    def __init__(self) -> None:
        self.all: list[Want] = [Want()]

    def want(self, want: Want) -> bool:
        new = want != self.all[-1]
        if new:
            self.all.append(want)
        return new


class Night:
    """A room from some time on, and what is made of it each second."""

    def __init__(self, room: Room, off: str = "cec", **more: object) -> None:
        self.room, self.wishes = room, Wishes()
        self.document: StationDocument | None = document(screen_power=Setting(off=off, **more))  # type: ignore[arg-type]
        self.worked_on, self.to_fetch = False, 0
        self.calls: list[str] = []
        self.rest = ScreenRest(
            room.plan, room.clock, self.wishes, document=lambda: self.document, worked_on=lambda: self.worked_on,  # type: ignore[arg-type]
            read_facts=lambda: self.calls.append("facts"), refresh=lambda: self.calls.append("refresh"),
        )  # fmt: skip
        self.pc = self.begin()

    def begin(self, boot: str = "boot-1") -> PcSleep:
        audit = AuditTrail(self.room.journal, self.room.clock, lambda: None)
        return PcSleep(
            self.room.plan, self.room.clock, self.room.journal, audit, boot, self.room.folder,
            document=lambda: self.document, worked_on=lambda: self.worked_on, to_fetch=lambda: self.to_fetch,
        )  # fmt: skip

    def until(self, moment: datetime, step: float = 1) -> None:
        while self.room.clock.now() < moment:
            self.room.run_for(step)
            self.rest.tick()
            self.pc.tick()

    @property
    def request(self) -> Path:
        return self.room.folder / power_off.FILE


@pytest.fixture
def make_room(tmp_path: Path) -> Iterator[Callable[[str], Room]]:
    rooms: list[Room] = []

    def make(clock: str) -> Room:
        rooms.append(Room(tmp_path, EVENING, at(clock)))
        return rooms[-1]

    yield make
    for room in rooms:
        room.close()


def test_screen_is_on_before_opening_and_before_a_programme_in_the_evening(make_room: Callable[[str], Room]) -> None:
    night = Night(make_room("07:50:00"))
    night.rest.tick()
    assert night.rest.dark_until == at("07:55:00") and night.wishes.all[-1] == Want(False, "cec", 0)
    assert night.calls == ["facts", "refresh"]
    night.until(at("07:54:59"))
    assert len(night.wishes.all) == 2 and night.calls == ["facts", "refresh"], "nothing is said twice"
    night.until(at("07:55:01"))
    assert night.rest.dark_until is None and night.wishes.all[-1].on
    night.until(at("08:55:01"))
    assert night.wishes.all[-1] == Want(True, "cec", 1), "somebody may have switched it off since"
    night.until(at("20:00:01"), 10)
    assert night.rest.dark_until == at("20:55:00"), "not the next morning: there is a programme"
    night.until(at("20:55:01"), 1)
    assert night.rest.dark_until is None and night.wishes.all[-1] == Want(True, "cec", 2)
    night.until(at("21:05:02"))
    assert night.rest.dark_until == at("07:55:00") + timedelta(days=1)


def test_urgent_notice_and_work_on_the_devices_wake_the_screen(make_room: Callable[[str], Room]) -> None:
    room = make_room("22:00:00")
    night = Night(room)
    night.rest.tick()
    assert not night.wishes.all[-1].on
    room.urgent(urgent(at("22:00:05"), at("22:00:25"), FLOOD))
    night.until(at("22:00:02"))
    assert night.wishes.all[-1] == Want(True, "cec", 1), "it comes within the lead"
    night.until(at("22:00:30"))
    assert not night.wishes.all[-1].on
    night.worked_on = True
    night.rest.tick()
    assert night.wishes.all[-1].on and night.rest.dark_until is None
    night.worked_on, night.document = False, None
    night.rest.tick()
    assert night.wishes.all[-1].on, "no hours are known"


def test_screen_stays_on_while_nobody_knows_what_time_it_is(make_room: Callable[[str], Room]) -> None:
    room = make_room("22:00:00")
    night = Night(room)
    room.clock = HandClock(at("03:00:00"), synchronised=False, rtc=None)
    assert room.clock.state == "untrusted"
    night.rest._clock = room.clock
    night.rest.tick()
    assert night.rest.dark_until is None


NIGHT = {"shut_down_pc": "21:30:00", "wake_pc": "07:00:00"}
WAKE_S = int((at("07:00:00") + timedelta(days=1)).timestamp())


@pytest.mark.parametrize("behind_s", [0, 3600])
def test_pc_is_shut_down_once_nothing_is_left_to_do_and_the_record_says_until_when(
    make_room: Callable[[str], Room], behind_s: int
) -> None:
    """``behind_s``: by how much the clock of the PC, which wakes it, is behind the station's."""
    room = make_room("20:58:00")
    if behind_s:
        room.clock.set(at("20:58:00") - timedelta(seconds=behind_s))
        room.clock.check()
    night = Night(room, **NIGHT)
    night.until(at("21:30:50"), 5)
    assert not night.request.exists(), "not before some quiet time"
    night.until(at("21:31:30"), 5)
    assert night.request.read_text() == f"{WAKE_S - behind_s}\n"
    assert room.journal.settle(10)
    *_, last = (json.loads(bytes(entry.record)) for entry in room.journal.waiting()[1])
    assert (last["action"], last["by"], last["until_ms"]) == ("power-off", "kiosk", WAKE_S * 1000)
    assert night.pc.refused is False
    night.request.unlink()
    night.until(room.clock.now() + timedelta(seconds=REFUSED_S + 20), 5)
    assert night.pc.refused is True and not night.request.exists(), "asked once a night"
    assert night.begin().refused is True, "the daemon alone was started again"
    assert night.begin("boot-2").refused is False, "the PC was off since"


@pytest.mark.parametrize("why", ["a fetch", "work", "somebody has just switched it on"])
def test_pc_is_never_shut_down_while_something_is_left_to_do(make_room: Callable[[str], Room], why: str) -> None:
    night = Night(make_room("22:00:00"), **NIGHT)
    night.to_fetch, night.worked_on = int(why == "a fetch"), why == "work"
    night.until(at("22:00:00") + timedelta(seconds=AWAKE_S - 10 if why.startswith("somebody") else 3600), 30)
    assert not night.request.exists() and night.pc.refused is None
    night.to_fetch, night.worked_on = 0, False
    night.until(night.room.clock.now() + timedelta(seconds=SETTLE_S + 90), 10)
    assert night.request.exists()


def test_pc_stays_on_where_the_town_says_nothing_of_the_night(make_room: Callable[[str], Room]) -> None:
    night = Night(make_room("22:00:00"))
    night.until(at("23:30:00"), 60)
    assert not night.request.exists() and night.pc.refused is None
