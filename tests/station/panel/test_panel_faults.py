"""Problems on the panel: how their repair stands, checked again, and known."""

from dataclasses import replace
from datetime import timedelta

import requests
from panel_room import NOW, Browser, Room

from kiosk.contract.reports import TicketState
from kiosk.contract.station import Thresholds
from kiosk.station.health.events import CheckAgain, KnownSet
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import RuleState, judge, problems

NAME = "disk-low/disk"
NOW_MS = int(NOW.timestamp() * 1000)


def trouble(room: Room) -> None:
    full = Observation(facts={"disk.free_mb": 1})
    state, _ = judge(RuleState(), full, Thresholds(hysteresis_ms=0), (), NOW, open_hours=True)
    room.snapshot = replace(room.snapshot, problems=problems(state))


def test_problem_shows_its_ticket_and_is_checked_again_or_known_for_a_week(administrator: Browser, room: Room) -> None:
    trouble(room)
    ticket = TicketState(fault="f", state="telecom-called", work_order="7788", changed_ms=1)
    room.snapshot = replace(room.snapshot, tickets={NAME: ticket})
    assert "镇里已通知电信。工单 7788。" in administrator.text()
    administrator.post("/fault", administrator.fields("/", "/fault") | {"button": "again"})
    administrator.post("/fault", administrator.fields("/", "/fault") | {"button": "known"})
    week_ms = int((NOW + timedelta(days=7)).timestamp() * 1000)
    assert room.posted == [CheckAgain("panel", NAME), KnownSet("panel", NAME, week_ms)]
    room.snapshot = replace(room.snapshot, known={NAME: week_ms})
    assert "已知情；" in administrator.text() and "恢复提示" in administrator.text()


def test_foreign_or_odd_forms_change_nothing(administrator: Browser, base: str, room: Room) -> None:
    trouble(room)
    fields = administrator.fields("/", "/fault")
    assert administrator.post("/fault", fields | {"button": "mend"}).status_code == 400
    assert administrator.post("/fault", fields | {"problem": ""}).status_code == 400
    assert requests.post(f"{base}/fault", {"problem": NAME, "button": "again"}, timeout=5).status_code == 403
    assert room.posted == [] and "再查一次" not in Browser(base).text()
