"""Spot checks at the town: nothing is concluded from silence, and an answer counts if its code and time are right."""

import pytest
from contract.signing import report
from town.ledger.month_of_rooms import heard
from town.postgres import BOTH

from kiosk.contract.records import Attendance
from kiosk.contract.station import spot_code
from kiosk.contract.wire import encode
from kiosk.town.database.store import now_ms
from kiosk.town.intake import intake
from kiosk.town.stations import registry, spot_checks
from kiosk.town.stations.spot_checks import Check, checks, request_check
from kiosk.town.town import Town, TownError

MINUTE = 60_000


@pytest.fixture
def check(office: Town) -> str:
    registry.add_station(office, "room-1", "all", "一号站", None, by="li")
    return request_check(office, "room-1", by="王")


def newest(office: Town, minutes: float = 0) -> Check:
    with office.store.read() as connection:
        return checks(connection, "room-1", now_ms() + round(minutes * MINUTE))[0]


def answer(office: Town, check: str, code: str, minutes: float = 3, plays: tuple[str, ...] = ("p",)) -> None:
    record = Attendance(
        id="a-1", at_ms=now_ms() + round(minutes * MINUTE), by="张三", plays=plays, evidence="spot-check", code=code,
        spot_check=check,
    )  # fmt: skip
    intake.receive(office.store, report(encode(record)), now_ms())


@BOTH
def test_it_goes_to_the_room_with_a_new_document(office: Town, check: str) -> None:
    document = registry.document(office, "room-1")
    assert document.spot_check and document.spot_check.id == check and document.version == 2
    assert registry.document(office, "room-1") == document, "the same version gives the same bytes"


@BOTH
def test_a_room_that_does_not_say_that_it_shows_the_code_has_not_failed(office: Town, check: str) -> None:
    assert newest(office, 60).state == "asked"
    heard(office, "room-1", now_ms(), spot_check=check)
    assert newest(office).state == "shown"
    assert newest(office, 30).state == "not-answered"


@BOTH
@pytest.mark.parametrize(
    ("minutes", "right", "state"), [(3, True, "answered"), (30, True, "late"), (3, False, "wrong-code")]
)
def test_an_answer_counts_by_its_code_and_its_time(
    office: Town, check: str, minutes: float, right: bool, state: str
) -> None:
    code = spot_code(check, "p")
    answer(office, check, code if right else f"{(int(code) + 1) % 1_000_000:06d}", minutes)
    found = newest(office, 60)
    assert (found.state, found.answered_by) == (state, "张三")


@BOTH
def test_a_code_while_nothing_is_on_and_the_answer_to_another_check(office: Town, check: str) -> None:
    answer(office, check, spot_code(check, ""), plays=())
    assert newest(office).state == "answered"
    request_check(office, "room-1", by="王")
    assert newest(office).state == "asked"


def test_codes_are_six_digits_and_differ_by_play() -> None:
    codes = {spot_code("c", f"p-{n}") for n in range(500)}
    assert len(codes) > 490 and {len(code) for code in codes} == {6} and all(code.isdecimal() for code in codes)


@BOTH
def test_a_retired_station_shows_no_codes(office: Town, check: str) -> None:
    registry.retire(office, "room-1", by="li")
    with pytest.raises(TownError, match="retired"):
        spot_checks.request_check(office, "room-1", by="li")
