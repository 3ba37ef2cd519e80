"""The second process: workers that fail, take long and are stopped; what the console says of them."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from town.postgres import BOTH

from kiosk.common.i18n import translator
from kiosk.town.console.notices import worker_silent
from kiosk.town.town import Town, TownError
from kiosk.town.work import beats, loop
from kiosk.town.work.loop import Worker, work


def read(office: Town) -> dict[str, beats.Beat]:
    with office.store.read() as connection:
        return beats.read(connection)


def until(truth: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not truth():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_worker_that_fails_is_told_of_and_tried_again_while_others_go_on(
    office: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "AFTER_TROUBLE_S", 0.05)
    stopping, tried, done = threading.Event(), [0], [0]

    def fails(_town: Town, _stopping: threading.Event) -> bool:
        tried[0] += 1
        raise ValueError("the gateway is gone")

    def works(_town: Town, _stopping: threading.Event) -> bool:
        done[0] += 1
        return done[0] < 50

    def hangs(_town: Town, stopping: threading.Event) -> bool:
        return stopping.wait()

    workers = [Worker("Messages", fails), Worker("Films", works, 60), Worker("Slow", hangs)]
    thread = threading.Thread(target=work, args=(office, workers, stopping, 0.05), daemon=True)
    thread.start()
    until(
        lambda: tried[0] > 1 and done[0] == 50 and read(office).get("Slow", None) and read(office)["Messages"].trouble
    )
    found = read(office)
    assert found["Messages"].trouble == "ValueError: the gateway is gone"
    assert found["Films"].trouble == "" and found["Films"].busy_ms is None
    assert found["Slow"].busy_ms is not None
    assert [one.text for one in worker_silent(office, translator("zh"))] == [
        "“消息发送”的后台工作出错，正在重试。请把这一句告诉维护服务器的人：ValueError: the gateway is gone"
    ]
    stopping.set()
    thread.join(5)
    assert not thread.is_alive()


def test_watchdog_is_fed_until_a_worker_is_frozen_and_officers_are_told(
    office: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(loop, "notify", told.append)
    monkeypatch.setattr(loop, "FROZEN_S", 0.5)
    stopping, never = threading.Event(), threading.Event()

    def looks(_town: Town, stopping: threading.Event) -> bool:
        return not stopping.is_set() and not time.sleep(0.01)

    def freezes(_town: Town, stopping: threading.Event) -> bool:
        never.wait()
        return False

    workers = [Worker("Films", looks), Worker("Waits", lambda _town, _stopping: False, 600), Worker("Slow", freezes)]
    thread = threading.Thread(target=work, args=(office, workers, stopping, 0.02), daemon=True)
    thread.start()
    until(lambda: read(office).get("Slow") and read(office)["Slow"].trouble)
    fed = told.count("WATCHDOG=1")
    beat_ms = read(office)[beats.PROCESS].beat_ms
    until(lambda: read(office)[beats.PROCESS].beat_ms > beat_ms + 100)
    assert (told[0], told.count("WATCHDOG=1")) == ("READY=1", fed)
    assert read(office)["Slow"].trouble == "it stands still"
    never.set()
    stopping.set()
    thread.join(30)
    assert told[-1] == "STOPPING=1"


@BOTH
def test_worker_that_is_there_no_more_is_forgotten(office: Town) -> None:
    stopping = threading.Event()
    stopping.set()
    work(office, [Worker("Old", lambda _town, _stopping: False)], stopping)
    work(office, [], stopping)
    assert list(read(office)) == [beats.PROCESS]


def test_process_beats_and_stops_cleanly_on_sigterm(office: Town) -> None:
    command = [sys.executable, "-m", "kiosk", "town", "--folder", str(office.folder), "work"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        until(lambda: beats.PROCESS in read(office))
        with pytest.raises(TownError, match="runs already"), loop.only_one(office.folder):
            pytest.fail("every message would be sent twice")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout is not None
        assert "Traceback" not in process.stdout.read()
