"""The console's first page: what it says of the server."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import update
from town.console.conftest import Visitor, settled

from kiosk.town.console import notices
from kiosk.town.database.store import now_ms
from kiosk.town.town import Town
from kiosk.town.work.loop import work
from kiosk.town.work.schema import worker


def test_home_says_when_the_second_process_is_silent_and_nothing_when_it_lives(officer: Visitor, office: Town) -> None:
    assert "从未运行过" in officer.look("/").text
    stopping = threading.Event()
    stopping.set()
    work(office, [], stopping)
    assert "后台进程" not in officer.look("/").text
    with office.store.write() as connection:
        connection.execute(update(worker).values(beat_ms=now_ms() - 7 * 60_000))
    assert "已有 7 分钟没有消息" in officer.look("/").text


def test_notice_that_fails_is_said_to_be_unknown_and_hides_no_other(
    officer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_town: Town, _translate: notices.Translate) -> list[notices.Notice]:
        raise OSError("the disk is gone")

    monkeypatch.setattr(notices, "NOTICES", (fails, notices.worker_silent))
    page = officer.look("/").text
    assert "查不到" in page and "从未运行过" in page and "disk" not in page


def test_repair_contact_is_told_of_repairs_alone(visitor: Callable[[], Visitor], office: Town) -> None:
    settled(office, "王工", "repair")
    browser = visitor()
    browser.log_in("王工")
    page = browser.look("/").text
    assert "后台进程" not in page and "根密钥" not in page
    assert "/repairs" in page
