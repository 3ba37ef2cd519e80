"""Sessions kept on the server: whose they are, and when they end."""

import stat
from pathlib import Path

import pytest

from kiosk.common.web_sessions import MOST_SESSIONS, Sessions

AGE_S = 100


class Clock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sessions.json"


def test_a2_session_is_of_one_device_and_one_credential(file: Path, clock: Clock) -> None:
    sessions = Sessions(file, AGE_S, clock)
    token = sessions.begin("phone", "pin-1")
    assert sessions.is_open(token, "phone", "pin-1")
    assert not sessions.is_open(token, "other", "pin-1")
    assert not sessions.is_open(token, "phone", "pin-2")
    assert not any(sessions.is_open(text, "phone", "pin-1") for text in ("", token[:-1], token + "x", "é", "\udc80"))


def test_a2_ended_session_stays_ended_and_the_others_go_on(file: Path, clock: Clock) -> None:
    sessions = Sessions(file, AGE_S, clock)
    one, two = sessions.begin("phone", "pin-1"), sessions.begin("phone", "pin-1")
    sessions.end(one)
    sessions.end("nobody's")
    for found in (sessions, Sessions(file, AGE_S, clock)):
        assert not found.is_open(one, "phone", "pin-1")
        assert found.is_open(two, "phone", "pin-1"), "over a restart too"


def test_a2_session_ends_with_its_age(file: Path, clock: Clock) -> None:
    sessions = Sessions(file, AGE_S, clock)
    token = sessions.begin("phone", "pin-1")
    clock.now_ms += 1000 * AGE_S - 1
    assert sessions.is_open(token, "phone", "pin-1")
    clock.now_ms += 1
    assert not sessions.is_open(token, "phone", "pin-1")


def test_a2_file_of_the_sessions_opens_none_and_is_the_owners_alone(file: Path, clock: Clock) -> None:
    token = Sessions(file, AGE_S, clock).begin("phone", "pin-1")
    assert token not in file.read_text(encoding="ascii")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a2_number_of_sessions_is_bounded_and_the_oldest_end(file: Path, clock: Clock) -> None:
    sessions = Sessions(file, AGE_S, clock)
    tokens = [sessions.begin("phone", "pin-1") for _ in range(MOST_SESSIONS + 1)]
    assert [sessions.is_open(token, "phone", "pin-1") for token in tokens] == [False] + [True] * MOST_SESSIONS


@pytest.mark.parametrize("broken", ["{", "[]", '{"x": 1}', '{"' + "0" * 64 + '": {"device": 1}}', "[" * 100_000])
def test_a2_broken_file_opens_no_session(file: Path, clock: Clock, broken: str) -> None:
    file.write_text(broken, encoding="ascii")
    sessions = Sessions(file, AGE_S, clock)
    assert not sessions.is_open("", "phone", "pin-1")
    assert sessions.is_open(sessions.begin("phone", "pin-1"), "phone", "pin-1")


def test_a2_folder_that_cannot_be_written_keeps_the_session_for_this_run(tmp_path: Path, clock: Clock) -> None:
    sessions = Sessions(tmp_path / "nowhere" / "deeper" / "sessions.json", AGE_S, clock)
    assert sessions.is_open(sessions.begin("phone", "pin-1"), "phone", "pin-1")
