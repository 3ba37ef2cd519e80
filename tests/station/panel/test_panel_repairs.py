"""The town's tickets on the panel, and what the administrator says of a repair."""

from dataclasses import replace

import requests
from panel_room import Browser, Room
from test_panel_faults import NAME, trouble

from kiosk.contract.reports import TicketState
from kiosk.station.health.events import RepairConfirmed

OWN = TicketState(
    fault="ticket.7", state="telecom-called", work_order="7788", contact="王师傅", note="明天上午来", changed_ms=1,
    ticket=7, text="欠费停机\nLine unpaid",
)  # fmt: skip


def test_a_ticket_of_the_towns_own_is_shown_and_said_to_be_repaired(administrator: Browser, room: Room) -> None:
    room.snapshot = replace(room.snapshot, other_tickets=(OWN,))
    text = administrator.text()
    assert (
        "欠费停机 镇里已通知电信。工单 7788。联系人：王师傅。镇里留言：明天上午来" in text and "Line unpaid" not in text
    )
    answer = administrator.post("/repair", administrator.fields("/", "/repair"))
    assert answer.headers["location"] == "/#state"
    assert room.posted == [RepairConfirmed("panel", "ticket.7")]
    room.snapshot = replace(room.snapshot, repairs_said=frozenset({"ticket.7"}))
    text = administrator.text()
    assert "您已报修好，正在告知镇里。" in text and "已修好" not in text


def test_a_problem_with_a_ticket_has_the_button_and_one_without_has_not(administrator: Browser, room: Room) -> None:
    trouble(room)
    assert "已修好" not in administrator.text()
    room.snapshot = replace(room.snapshot, tickets={NAME: replace_state("seen")})
    assert "已修好" in administrator.text()
    room.snapshot = replace(room.snapshot, tickets={NAME: replace_state("closed")})
    assert "已修好" not in administrator.text()


def test_foreign_forms_and_visitors_confirm_nothing(administrator: Browser, base: str, room: Room) -> None:
    room.snapshot = replace(room.snapshot, other_tickets=(OWN,))
    fields = administrator.fields("/", "/repair")
    assert requests.post(f"{base}/repair", {"fault": "ticket.7"}, timeout=5).status_code == 403
    assert administrator.post("/repair", fields | {"token": "0"}).status_code == 403
    assert administrator.post("/repair", fields | {"fault": ""}).status_code == 400
    assert administrator.post("/repair", fields | {"fault": "x" * 65}).status_code == 400
    assert "欠费停机" not in Browser(base).text()
    assert room.posted == []


def test_what_the_town_writes_is_shown_as_text(administrator: Browser, room: Room) -> None:
    evil = "<script>alert(1)</script>"
    ticket = TicketState(
        fault="ticket.7", state="seen", work_order=evil, contact=evil, note=evil, changed_ms=1, text=evil, device=evil
    )
    room.snapshot = replace(room.snapshot, other_tickets=(ticket,))
    page = administrator.get().text
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert") == 4


def replace_state(state: str) -> TicketState:
    return TicketState(fault="f", state=state, changed_ms=1)  # type: ignore[arg-type]
