"""Repairs in the console: the list, one ticket moved on, the order, and who may do what."""

import re
import threading
from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy import select
from town.console.conftest import PASSWORD, Visitor, settled
from town.tickets.receivers import web_address
from town.tickets.test_tickets import FOUND, Room

from kiosk.contract.reports import Heartbeat
from kiosk.town.database import schema
from kiosk.town.database.store import now_ms
from kiosk.town.intake.intake import keep_heartbeat
from kiosk.town.stations import registry
from kiosk.town.tickets import pictures
from kiosk.town.tickets.channels import FILE, read_settings
from kiosk.town.tickets.schema import room_work, ticket
from kiosk.town.tickets.worker import TicketWorker
from kiosk.town.town import Town

Make = Callable[[], Visitor]
EVIL = "<script>alert(1)</script>"
JPEG = b"\xff\xd8\xff picture \xff\xd9"


@pytest.fixture
def room(office: Town) -> Room:
    registry.add_station(office, "room-1", "all", "陈家村", None, by="test")
    beat = {"epoch": "epoch-1", "sent_ms": 1, "nonce": "n", "boot_id": "b", "up_ms": 1, "software": "1"}
    keep_heartbeat(office.store, Heartbeat(station="room-1", **beat, clock="trusted"), now_ms())
    made = Room(office)
    made.at_ms = now_ms() - 60_000
    return made


def text(answer: object) -> str:
    body = answer.text.split("<main>")[1]  # type: ignore[attr-defined]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def version(office: Town) -> int:
    with office.store.read() as connection:
        return int(connection.execute(select(ticket.c.version)).scalar_one())


def state(office: Town) -> str:
    with office.store.read() as connection:
        return str(connection.execute(select(ticket.c.state)).scalar_one())


def test_a_fault_is_listed_and_moved_to_its_end(officer: Visitor, room: Room, office: Town) -> None:
    assert "没有未办结的报修单" in text(officer.look("/repairs"))
    room.find()
    said = text(officer.look("/repairs"))
    assert "陈家村 屏幕没有接上 HDMI-A-1" in said and "未查看" in said
    assert "0% 的站点完好（1 个中 0 个）。 有故障：1 个。" in said
    assert "无人查看的报修单：1 张。" in text(officer.look("/"))
    page = text(officer.look("/repairs/1"))
    assert "屏幕没有接上。" in page and "The screen" not in page and "故障仍在" in page
    assert officer.submit("/repairs/1", button="seen", version=version(office)).headers["location"] == "/repairs/1"
    officer.submit("/repairs/1", button="telecom-called", version=version(office), work_order="7788", contact="王 138")
    page = text(officer.look("/repairs/1"))
    assert "工单号 7788" in page and "已通知电信 (李萍) 7788 王 138" in page
    order = text(officer.look("/repairs/1/order"))
    assert "报修单 1" in order and "7788" in order and "陈家村" in order and "管理员签字确认" in order
    room.clear()
    assert "站点电话确认" in text(officer.look("/repairs/1"))
    officer.submit("/repairs/1", button="confirmed", version=version(office))
    assert state(office) == "closed"
    assert "没有未办结" in text(officer.look("/repairs")) and "陈家村" in text(officer.look("/repairs?closed=1"))
    assert "100% 的站点完好" in text(officer.look("/repairs"))
    with office.store.read() as connection:
        deeds = connection.execute(select(schema.audit.c.what).where(schema.audit.c.who == "李萍")).scalars().all()
    assert [one for one in deeds if one.startswith("ticket-")] == [
        "ticket-seen",
        "ticket-telecom-called",
        "ticket-confirmed",
    ]


def test_a_ticket_that_somebody_else_has_moved_is_shown_as_it_stands(
    officer: Visitor, room: Room, office: Town
) -> None:
    room.find()
    officer.look("/repairs/1")
    old = version(office)
    officer.submit("/repairs/1", button="seen", version=old)
    answer = officer.submit("/repairs/1", button="closed", version=old, detail="x")
    assert answer.status_code == 422 and "改过了" in answer.text
    answer = officer.submit("/repairs/1", button="closed", version=version(office))
    assert answer.status_code == 422 and "仍检测到" in answer.text
    assert state(office) == "seen"
    for button, status in (("no-such", 422), ("", 422)):
        assert officer.submit("/repairs/1", button=button, version=version(office)).status_code == status
    assert officer.submit("/repairs/1", button="seen", version="x").status_code == 400
    assert officer.look("/repairs/2").status_code == 404
    assert officer.look(f"/repairs/{2**70}").status_code == 404
    assert officer.submit("/repairs/4711", button="seen", version=1).status_code == 404


def test_an_officer_opens_one_by_hand_and_says_who_works_there(officer: Visitor, room: Room, office: Town) -> None:
    officer.look("/repairs")
    form = {"station": "room-1", "cause": "line-unpaid", "device": "", "text": "三月起"}
    assert officer.submit("/repairs", **form | {"station": ""}).status_code == 422
    assert officer.submit("/repairs", **form).headers["location"] == "/repairs/1"
    assert officer.submit("/repairs", **form | {"text": "已催缴"}).headers["location"] == "/repairs/1"
    assert "已催缴" in text(officer.look("/repairs/1")), "what is written of the same once more is not lost"
    officer.submit("/repairs/1", button="note", version=version(office), note="明天缴费")
    officer.submit("/repairs/1", button="work", version=version(office), hours=8, work_ms=0)
    told = registry.document(office, "room-1")
    assert told.tickets[0].note == "明天缴费" and told.maintenance_until_ms
    assert "检修至" in text(officer.look("/repairs"))
    old = officer.submit("/repairs/1", button="work-over", version=version(office), work_ms=0)
    assert old.status_code == 422 and "检修至" in text(officer.look("/repairs")), "of a page without the work"
    until = re.search(r'name="work_ms" value="(\d+)"', officer.look("/repairs/1").text)
    officer.submit("/repairs/1", button="work-over", version=version(office), work_ms=until[1] if until else 0)
    assert "检修至" not in text(officer.look("/repairs"))


def test_a_repair_contact_sees_and_moves_tickets_only_and_a_viewer_moves_none(
    visitor: Make, room: Room, office: Town
) -> None:
    room.find()
    settled(office, "王师傅", "repair")
    settled(office, "县里", "viewer")
    repairer, viewer = visitor(), visitor()
    repairer.log_in("王师傅", PASSWORD)
    viewer.log_in("县里", PASSWORD)
    assert repairer.look("/repairs").status_code == 200 and "人工登记报修" not in repairer.look("/repairs").text
    assert repairer.submit("/repairs", station="room-1", cause="other").status_code == 403
    for path in ("/repairs/messages", "/repairs/messages/new", "/accounts"):
        assert repairer.look(path).status_code == 403
    repairer.look("/repairs/1")
    assert repairer.submit("/repairs/1", button="work", hours=2, version=version(office)).status_code == 403
    assert repairer.submit("/repairs/1", button="note", note="x", version=version(office)).status_code == 403
    assert repairer.submit("/repairs/1", button="seen", version=version(office)).status_code == 303
    assert "已修好" not in text(viewer.look("/repairs/1"))
    assert viewer.submit("/repairs/1", button="repaired", version=version(office)).status_code == 403
    assert state(office) == "seen"
    with office.store.read() as connection:
        assert connection.execute(select(room_work)).all() == []


def test_what_a_room_writes_is_shown_as_text(officer: Visitor, room: Room) -> None:
    room.find(cause="usb-missing", device=EVIL, text=EVIL, remedy=EVIL, tried=EVIL, by=EVIL)
    for path in ("/repairs", "/repairs/1", "/repairs/1/order"):
        page = officer.look(path).text
        assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_the_picture_of_a_fault_is_beside_its_ticket(officer: Visitor, visitor: Make, room: Room, office: Town) -> None:
    room.find()
    assert officer.look("/repairs/1/picture.jpg").status_code == 404
    pictures.keep_fault_picture(office.store, "room-1", FOUND.fault, now_ms(), JPEG, now_ms())
    assert "当时电脑送出的画面" in text(officer.look("/repairs/1"))
    answer = officer.look("/repairs/1/picture.jpg")
    assert (answer.content, answer.headers["content-type"]) == (JPEG, "image/jpeg")
    assert visitor().look("/repairs/1/picture.jpg").status_code == 303
    for n in range(pictures.MOST_OF_A_ROOM + 5):
        pictures.keep_fault_picture(office.store, "room-1", f"f{n}", 1, JPEG, now_ms() + n)
    with office.store.read() as connection:
        assert len(connection.execute(select(pictures.fault_picture.c.fault)).all()) == pictures.MOST_OF_A_ROOM


def test_a_channel_is_set_tested_and_removed_and_its_secret_is_never_shown(officer: Visitor, office: Town) -> None:
    secret = "key-that-nobody-sees"
    assert "没有人会收到通知" in text(officer.look("/repairs"))
    officer.look("/repairs/messages/new?kind=webhook")
    with web_address() as web:
        address = f"http://127.0.0.1:{web.port}/hook?key={secret}"
        form = {"kind": "webhook", "name": "值班", "set-address": address, "quiet_from": "00:00", "quiet_to": "00:00"}
        form |= {"language": "zh", "active": "on", "version": 0, "button": "keep"}
        assert officer.submit("/repairs/messages/new", **form | {"set-address": "ftp://x"}).status_code == 422
        assert officer.submit("/repairs/messages/new", **form | {"set-address": ""}).status_code == 422
        assert officer.submit("/repairs/messages/new", **form).status_code == 303
        (channel,) = read_settings(office.folder).channels
        assert (office.folder / FILE).stat().st_mode & 0o777 == 0o600
        path = f"/repairs/messages/{channel.id}"
        for page in (path, "/repairs/messages", "/repairs", "/accounts/audit"):
            assert secret not in officer.look(page).text
        assert officer.submit(path, **form | {"version": 1, "set-address": "", "name": "夜班"}).status_code == 303
        assert read_settings(office.folder).channels[0].settings == channel.settings
        assert officer.submit(path, **form | {"version": 1}).status_code == 422  # another officer was faster
        officer.submit(path, button="test", version=2)
        TicketWorker().step(office, threading.Event())
        assert "这是测试" in web.texts[0]
        assert "夜班" in text(officer.look("/repairs/messages")) and "已送达" in text(officer.look("/repairs/messages"))
        web.answer = (500, b"")
        officer.submit(path, button="test", version=2)
        TicketWorker().step(office, threading.Event())
    for page in ("/repairs", "/"):
        assert "“夜班”的通知发不出去" in text(officer.look(page))
    assert secret not in officer.look("/repairs/messages").text
    officer.submit(path, button="remove", version=2)
    assert read_settings(office.folder).channels == ()
    assert officer.submit(path, button="test", version=3).status_code == 404


def test_limits_are_kept_and_wrong_ones_named(officer: Visitor, office: Town) -> None:
    officer.look("/repairs/messages")
    hours = {"unseen_hours": 4, "seen_hours": 8, "called_hours": 12, "repaired_hours": 0}
    assert officer.submit("/repairs/messages", version=0, **hours | {"unseen_hours": -1}).status_code == 422
    assert officer.submit("/repairs/messages", version=0, **hours).status_code == 303
    assert read_settings(office.folder).limits.called_hours == 12
    (office.folder / FILE).chmod(0o644)
    assert "chmod 600" in officer.look("/repairs/messages").text
    assert "chmod 600" in officer.look("/repairs").text
