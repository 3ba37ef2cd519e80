"""Keys of a remote: real events through a pipe in a device's place, a device that comes and goes, bad bytes."""

import os
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kiosk.station.config import Keys
from kiosk.station.events import Crashed, Event
from kiosk.station.host import keypad
from kiosk.station.host.events import KeyPressed
from kiosk.station.host.keypad import EV_KEY, EVENT, InputDevice, Keypad, codes_of

UP, ENTER, PLAY, VOLUME_UP, A = 103, 28, 207, 115, 30


@dataclass
class Box:
    """A button box: a pipe in the place of its node."""

    node: Path
    name: str = "Test box"
    keys: frozenset[int] = frozenset({UP, ENTER, PLAY, VOLUME_UP})
    _into: int = -1

    def plug_in(self) -> None:
        os.mkfifo(self.node)
        self._into = os.open(self.node, os.O_RDWR)  # so that neither end waits for the other

    def send(self, *codes: int, value: int = 1, kind: int = EV_KEY) -> None:
        os.write(self._into, b"".join(EVENT.pack(0, 0, kind, code, value) for code in codes))

    def write(self, data: bytes) -> None:
        os.write(self._into, data)

    def pull_out(self) -> None:
        os.close(self._into)
        self.node.unlink()


@dataclass
class Desk:
    """What is plugged in, and what was posted."""

    boxes: list[Box] = field(default_factory=list)
    inbox: "queue.SimpleQueue[Event]" = field(default_factory=queue.SimpleQueue)

    def devices(self) -> list[InputDevice]:
        return [InputDevice(str(box.node), box.name, box.keys) for box in self.boxes]

    def key(self) -> str:
        event = self.inbox.get(timeout=5)
        assert isinstance(event, KeyPressed), event
        assert abs(time.monotonic() - event.monotonic) < 1
        return event.key


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def reading(desk: Desk) -> Iterator[Callable[[], Keypad]]:
    readers: list[Keypad] = []

    def start() -> Keypad:
        readers.append(Keypad(desk.inbox.put, desk.devices, codes_of(Keys().names())[0]))
        readers[-1].start()
        return readers[-1]

    yield start
    for reader in readers:
        reader.stop()
    while not desk.inbox.empty():
        assert not isinstance(desk.inbox.get(), Crashed)


@pytest.fixture
def box(desk: Desk, tmp_path: Path) -> Box:
    found = Box(tmp_path / "event3")
    found.plug_in()
    desk.boxes.append(found)
    return found


def test_keys_are_posted_once_when_they_go_down(desk: Desk, reading: Callable[[], Keypad], box: Box) -> None:
    reading()
    box.send(ENTER)
    box.send(ENTER, value=2)  # OK held down is one OK
    box.send(ENTER, value=0)
    box.send(A)  # a letter means nothing
    box.send(UP, kind=4)  # another kind of event
    box.send(PLAY)
    assert [desk.key(), desk.key()] == ["ok", "start"]
    assert desk.inbox.empty()


def test_a_volume_key_that_is_held_goes_on_but_not_faster_than_ears(
    desk: Desk, reading: Callable[[], Keypad], box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keypad, "AGAIN_S", 0.2)
    reading()
    box.send(VOLUME_UP)
    assert desk.key() == "louder"
    box.send(*[VOLUME_UP] * 50, value=2)
    time.sleep(0.25)
    box.send(VOLUME_UP, value=2)
    assert desk.key() == "louder"
    assert desk.inbox.empty()


def test_half_an_event_waits_for_its_other_half(desk: Desk, reading: Callable[[], Keypad], box: Box) -> None:
    reading()
    data = EVENT.pack(0, 0, EV_KEY, UP, 1)
    for piece in (data[:7], data[7:] + data[:1], data[1:]):
        box.write(piece)
        time.sleep(0.05)
    assert [desk.key(), desk.key()] == ["up", "up"]


def test_a_box_that_is_pulled_out_and_plugged_in_again_is_read_again(
    desk: Desk, reading: Callable[[], Keypad], box: Box
) -> None:
    reader = reading()
    box.send(ENTER)
    assert desk.key() == "ok"
    desk.boxes.clear()
    box.pull_out()
    reader.look()
    time.sleep(0.1)
    box.plug_in()
    desk.boxes.append(box)
    reader.look()
    time.sleep(0.1)
    box.send(ENTER)
    assert desk.key() == "ok"


def test_what_cannot_be_opened_is_said_once_and_tried_again(
    desk: Desk, reading: Callable[[], Keypad], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    late = Box(tmp_path / "event9")
    desk.boxes.append(late)
    reader = reading()
    for _ in range(5):
        reader.look()
        time.sleep(0.02)
    late.plug_in()
    reader.look()
    time.sleep(0.1)
    late.send(UP)
    assert desk.key() == "up"
    assert caplog.text.count("cannot be read") == 1


def test_a_device_without_a_key_of_ours_is_left_alone(
    desk: Desk, reading: Callable[[], Keypad], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk.boxes.append(Box(tmp_path / "event1", "Power Button", frozenset({116})))
    reading()
    time.sleep(0.1)
    assert "Power Button" not in caplog.text


def test_a_reader_that_fails_is_noticed(desk: Desk) -> None:
    def broken() -> list[InputDevice]:
        raise RuntimeError("no such thing")

    reader = Keypad(desk.inbox.put, broken, {UP: "up"})
    reader.start()
    event = desk.inbox.get(timeout=5)
    assert isinstance(event, Crashed) and event.thread == "keys"
    reader.stop()


def test_every_default_key_is_one_that_the_kernel_has_and_unknown_ones_are_named() -> None:
    found, unknown = codes_of(Keys().names())
    assert unknown == [] and found[ENTER] == "ok" and found[PLAY] == "start" and len(found) == 22
    assert codes_of({"ok": ("KEY_OK", "KEY_NO_SUCH")})[1] == ["KEY_NO_SUCH"]
