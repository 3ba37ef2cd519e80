"""Messages about tickets and silent rooms: real gateways of Apprise to a real mail server and a real web address."""

import base64
import hashlib
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from apprise.plugins.wecombot import NotifyWeComBot
from msgspec.structs import replace
from sqlalchemy import select, update
from town.postgres import BOTH
from town.tickets.receivers import mail_server, web_address

from kiosk.contract.records import Item
from kiosk.contract.reports import Heartbeat
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.intake import photos as photos_of_rooms
from kiosk.town.intake.intake import keep_heartbeat
from kiosk.town.stations import registry
from kiosk.town.tickets import by_hand, deliveries, gateways, outbox, wording, worker
from kiosk.town.tickets.channels import FILE, Channel, ChannelsError, Settings, check, keep_settings, read_settings
from kiosk.town.tickets.life_cycle import HOUR_MS, Limits
from kiosk.town.tickets.schema import attempt, channel_state, delivery, message, ticket
from kiosk.town.tickets.watch import note_overdue, note_silence, silent_rooms
from kiosk.town.tickets.worker import TicketWorker

NOW = 1_772_323_200_000
MINUTE = 60_000
RUNS = threading.Event()
ALWAYS = {"quiet_from": "00:00", "quiet_to": "00:00"}
KEY = "very-secret-key-0815"


@pytest.fixture
def town(office):
    for n in (1, 2, 3, 4):
        registry.add_station(office, f"room-{n}", "all", f"{n}号站", None, by="test")
    return office


@pytest.fixture
def clock(monkeypatch):
    """The town's clock, in a list."""
    at = [NOW]
    monkeypatch.setattr(worker, "now_ms", lambda: at[0])
    return at


def webhook(port, name="hook", **changes):
    settings = {"address": f"http://127.0.0.1:{port}/x?key={KEY}"}
    return Channel(name, "值班群", "webhook", settings, **{**ALWAYS, "language": "en"} | changes)


def use(town, *channels, limits=None):
    seen = read_settings(town.folder).version
    keep_settings(town.folder, Settings(limits=limits or Limits(), channels=channels), seen)


def open_one(town, station="room-1", cause="lightning", device="screen"):
    with town.store.write() as connection:
        return by_hand.open_by_hand(connection, station, cause, device, "", who="li", now_ms=NOW)


def move(town, number, wanted, **more):
    with town.store.write() as connection:
        version = connection.execute(select(ticket.c.version).where(ticket.c.id == number)).scalar_one()
        by_hand.move(connection, number, wanted, version, who="li", now_ms=NOW, **more)


def deliveries_of(town):
    with town.store.read() as connection:
        question = select(message.c.name, delivery.c.channel, delivery.c.state).join(delivery)
        return {(name, channel): state for name, channel, state in connection.execute(question)}


@BOTH
def test_a_new_ticket_is_told_once_and_that_it_is_over_too(town, clock, database):
    number, sending = open_one(town), TicketWorker()
    with web_address() as web:
        use(town, webhook(web.port))
        assert sending.step(town, RUNS) is True
        assert sending.step(town, RUNS) is False
        (body,) = web.bodies
        assert (body["title"], web.paths) == ("Fengle New fault: 1号站", [f"/x?key={KEY}"])
        assert body["message"] == (f"New fault: 1号站, Damage by lightning screen (no. {number}), since 03-01 08:00")
        move(town, number, "closed")
        sending.step(town, RUNS)
    # An officer who closes it knows: "works again" is what a room's kiosk or its people say.
    assert len(web.bodies) == 1
    with town.store.read() as connection:
        assert [(one.channel, one.messages, one.arrived) for one in connection.execute(select(attempt))] == [
            ("hook", 1, True)
        ]


def test_many_at_once_are_one_message_and_what_is_over_meanwhile_is_not_told(town, clock):
    numbers = [open_one(town, device=f"device {n}") for n in range(12)]
    move(town, numbers[3], "closed")
    with web_address() as web:
        use(town, webhook(web.port))
        TicketWorker().step(town, RUNS)
    (body,) = web.bodies
    assert body["title"] == "Fengle: 11 messages"
    assert "device 3" not in body["message"]
    assert body["message"].endswith("and 3 more, see the console")
    assert deliveries_of(town)[f"new/{numbers[3]}", "hook"] == "dropped"


def test_a_channel_that_fails_is_tried_again_later_each_try_is_kept_and_nothing_secret_is_told(town, clock, caplog):
    caplog.set_level(logging.DEBUG)
    open_one(town)
    sending = TicketWorker()
    with web_address() as web:
        web.answer = (503, b"no")
        use(town, webhook(web.port))
        for at in (0, 30, 61, 62, 181, 182):  # seconds
            clock[0] = NOW + at * 1000
            sending.step(town, RUNS)
        assert len(web.bodies) == 3  # at once, after a minute, after two more
        with town.store.read() as connection:
            standing = deliveries.standing(connection)["hook"]
            tries = deliveries.attempts(connection)
        assert (standing["failures"], standing["waiting"], len(tries)) == (3, 1, 3)
        assert "503" in standing["trouble"]
        web.answer = (200, b"")
        clock[0] = NOW + HOUR_MS
        sending.step(town, RUNS)
    with town.store.read() as connection:
        standing = deliveries.standing(connection)["hook"]
    assert (standing["failures"], standing["waiting"], standing["trouble"]) == (0, 0, "")
    assert KEY not in caplog.text + json.dumps([str(one) for one in tries])


def test_message_is_sent_once_more_where_the_process_ended_while_it_was_sent_and_never_a_third_time(
    town, clock, monkeypatch
):
    number, send = open_one(town), gateways.send

    def power_cut(*words):
        assert send(*words) == ""
        raise KeyboardInterrupt

    with web_address() as web:
        use(town, webhook(web.port))
        monkeypatch.setattr(gateways, "send", power_cut)
        for state in ("sending", "again"):
            with pytest.raises(KeyboardInterrupt):
                TicketWorker().step(town, RUNS)
            assert deliveries_of(town)[f"new/{number}", "hook"] == state
        TicketWorker().step(town, RUNS)
        assert (len(web.bodies), deliveries_of(town)[f"new/{number}", "hook"]) == (2, "unknown")
        monkeypatch.setattr(gateways, "send", lambda *_words: 1 / 0)
        number = open_one(town, device="sound")
        TicketWorker().step(town, RUNS)
    assert deliveries_of(town)[f"new/{number}", "hook"] == "waiting", "an error in our own code is no sending"
    with town.store.read() as connection:
        assert deliveries.standing(connection)["hook"]["trouble"] == "ZeroDivisionError"


def test_what_could_not_be_sent_for_three_days_is_given_up(town, clock):
    number = open_one(town)
    use(town, webhook(1))
    sending = TicketWorker()
    sending.step(town, RUNS)
    clock[0] = NOW + deliveries.GIVE_UP_MS + 10_000_000_000
    with town.store.write() as connection:
        connection.execute(update(channel_state).values(next_ms=0))
        connection.execute(update(message).values(at_ms=NOW))
    sending.step(town, RUNS)
    assert deliveries_of(town)[f"new/{number}", "hook"] == "failed"


def test_in_quiet_hours_nothing_is_sent_but_a_test(town, clock):
    number, sending = open_one(town), TicketWorker()  # NOW is 08:00 in Shanghai
    with web_address() as web:
        use(town, webhook(web.port, quiet_from="07:00", quiet_to="08:30"))
        assert sending.step(town, RUNS) is True  # handed over, not sent
        with town.store.write() as connection:
            deliveries.test_message(connection, "hook", NOW)
        sending.step(town, RUNS)
        assert [body["title"] for body in web.bodies] == ["Fengle Test"]
        clock[0] = NOW + 31 * MINUTE
        sending.step(town, RUNS)
        assert len(web.bodies) == 2
    assert deliveries_of(town)[f"new/{number}", "hook"] == "sent"


@pytest.mark.parametrize(
    ("begins", "ends", "at", "quiet"),
    [
        ("21:30", "07:00", "23:00", True),
        ("21:30", "07:00", "07:00", False),
        ("12:00", "14:00", "13:00", True),
        ("12:00", "14:00", "14:00", False),
        ("00:00", "00:00", "00:00", False),
    ],
)
def test_quiet_hours_may_go_over_midnight(begins, ends, at, quiet):
    from datetime import time

    channel = Channel("a", "A", "sms", {}, quiet_from=begins, quiet_to=ends)
    assert channel.is_quiet(time.fromisoformat(at)) is quiet


def test_a_mail_arrives_in_chinese(town, clock):
    open_one(town, cause="line-unpaid", device="")
    with mail_server() as mails:
        settings = {"host": "127.0.0.1", "port": str(mails.port), "sender": "kiosk@town.example"}
        settings |= {"to": "li@town.example", "security": "insecure"}
        channel = Channel("mail", "李干事", "email", settings, **ALWAYS)
        check(channel)
        use(town, channel)
        TicketWorker().step(town, RUNS)
    (text,) = mails.texts
    assert "1号站" in text
    assert "Fengle" in text


def test_a_robot_that_says_200_and_an_errcode_has_not_taken_it(monkeypatch):
    channel = Channel("w", "群", "wecom", {"key": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"})
    assert gateways.address(channel) == f"wecombot://{KEY}/"
    with web_address() as web:
        plain = NotifyWeComBot.__init__

        def local(self, *args, **kwargs):
            plain(self, *args, **kwargs)
            self.api_url = f"http://127.0.0.1:{web.port}/send?key={KEY}"

        monkeypatch.setattr(NotifyWeComBot, "__init__", local)
        web.answer = (200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}')
        said = gateways.send(channel, "t", "b")
        shown = gateways.trouble_words(said, {"It knows no such address or robot.": "没有这个机器人。"}.get)
        assert shown.startswith("没有这个机器人。 (") and "errcode 93000: invalid webhook url" in shown
        web.answer = (200, b"<html>a login page</html>")
        assert gateways.send(channel, "t", "b") != ""
        web.answer = (200, b'{"errcode": 0, "errmsg": "ok"}')
        assert gateways.send(channel, "title", "故障") == ""
        assert web.bodies[-1]["text"]["content"] == "title\r\n故障"
        assert gateways.send(channel, "title", "活动", b"\xff\xd8\xff photo \xff\xd9") == ""
    text, image = web.bodies[-2:]
    assert (text["msgtype"], image["msgtype"]) == ("text", "image")
    assert base64.b64decode(image["image"]["base64"]) == b"\xff\xd8\xff photo \xff\xd9"


def activity(town, number, station="room-1", photos=()):
    """A room's report with an activity for its group's chat."""
    item = Item(
        id=f"activity-{number}", at_ms=NOW, by="陈家明", item_kind="activity", title="主题党日", text="学习" * 900,
        photos=photos,
    )  # fmt: skip
    data = encode(item)
    with town.store.write() as connection:
        photos_of_rooms.note_named(connection, station, item, NOW)
        row = {"station": station, "chain": 1, "seq": number, "hash": "", "record": data, "record_id": item.id}
        row |= {"kind": "item", "state": "accepted", "reason": "", "received_ms": NOW, "age_ms": 0}
        connection.execute(schema.entry.insert().values(row))
        outbox.note_activity(connection, station, item.id, NOW)
        outbox.note_activity(connection, station, item.id, NOW)  # the same record reported twice


@BOTH
def test_activity_goes_to_the_robot_of_its_group_alone_with_its_photo_and_faults_do_not(town, clock, database):
    jpeg = b"\xff\xd8\xff a photo \xff\xd9"
    sha256 = hashlib.sha256(jpeg).hexdigest()
    registry.add_station(town, "room-9", "north", "9号站", None, by="test")
    with web_address() as web, web_address() as other:
        south = webhook(other.port, "south", about="activities", group="south")
        use(town, webhook(web.port, about="activities", group="all"), south)
        open_one(town)
        activity(town, 1, photos=(sha256,))
        activity(town, 2, station="room-9")
        sending = TicketWorker()
        sending.step(town, RUNS)
        assert web.bodies == [], "its photo has not come yet, and a fault is not for this channel"
        photos_of_rooms.keep(town.store, "room-1", sha256, jpeg, NOW)
        sending.step(town, RUNS)
        (body,) = web.bodies
        assert body["title"] == "1号站: 主题党日" and body["message"].startswith("学习学习")
        assert len(body["message"].encode()) <= 2_000
        assert base64.b64decode(body["attachments"][0]["base64"]) == jpeg
        activity(town, 3, photos=("ab" * 32,))
        clock[0] += 11 * MINUTE
        sending.step(town, RUNS)
        assert len(web.bodies) == 2 and not web.bodies[1].get("attachments"), "a photo that does not come"
        assert other.bodies == []
        for number in range(10, 30):
            activity(town, number)
        while sending.step(town, RUNS):
            pass
    assert len(web.bodies) == outbox.MOST_ACTIVITIES, "a group's chat is for people"


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("sms", {"url": "dbus://"}),
        ("sms", {"url": "syslog://"}),
        ("sms", {"url": "file:///etc/passwd"}),
        ("sms", {"url": "twilio://x"}),
        ("webhook", {"address": "ftp://x/"}),
        ("webhook", {"address": "https:///"}),
        ("wecom", {"key": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"}),
        ("email", {"host": "h", "port": "x", "sender": "a@b.c", "to": "d@e.f", "security": "ssl"}),
        ("email", {"host": "h?pgpkey=/x&a=", "port": "1", "sender": "a@b.c", "to": "d@e.f", "security": "ssl"}),
    ],
)
def test_an_address_that_is_none_or_acts_on_this_computer_is_refused(kind, settings):
    with pytest.raises(ChannelsError):
        gateways.check(Channel("c", "C", kind, settings))


def test_a_channel_with_an_empty_field_or_wrong_hours_is_named():
    with pytest.raises(ChannelsError, match="Fill in: To"):
        check(Channel("c", "C", "email", {}))
    with pytest.raises(ChannelsError, match="Write the quiet hours"):
        check(Channel("c", "C", "wecom", {"key": "k"}, quiet_from="late"))
    with pytest.raises(ChannelsError, match="name"):
        check(Channel("c", " ", "wecom", {"key": "k"}))


def test_the_file_of_the_channels_is_private_and_two_officers_do_not_overwrite_each_other(tmp_path):
    keep_settings(tmp_path, Settings(channels=(webhook(1),)), 0)
    path = tmp_path / FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert KEY not in repr(read_settings(tmp_path))
    with pytest.raises(ChannelsError, match="Somebody else"):
        keep_settings(tmp_path, Settings(), 0)
    with ThreadPoolExecutor(8) as officers:
        at_once = [officers.submit(keep_settings, tmp_path, Settings(), 1) for _ in range(8)]
    assert sum(one.exception() is None for one in at_once) == 1 and read_settings(tmp_path).version == 2
    path.chmod(0o640)
    with pytest.raises(ChannelsError, match="chmod 600"):
        read_settings(tmp_path)
    path.chmod(0o600)
    for broken in (b"", b"{", b'{"channels": 3}', b"\xff\xff", b'{"limits": {"unseen_hours": -4}}'):
        path.write_bytes(broken)
        with pytest.raises(ChannelsError, match="cannot be used"):
            read_settings(tmp_path)


@BOTH
def test_an_overdue_ticket_is_told_once_for_each_state(town, database):
    number, limits = open_one(town), Limits(unseen_hours=1, called_hours=2)

    def look(hours):
        with town.store.write() as connection:
            note_overdue(connection, limits, NOW + hours * HOUR_MS)
            found = connection.execute(select(message.c.name).where(message.c.kind == "overdue")).scalars().all()
        return len(found)

    assert [look(hours) for hours in (0, 1, 2)] == [0, 1, 1]
    move(town, number, "telecom-called")
    assert [look(hours) for hours in (1, 2, 3)] == [1, 2, 2]
    move(town, number, "closed")
    assert look(100) == 2


def test_a_ticket_that_was_moved_on_meanwhile_is_not_told_as_overdue(town, clock):
    number = open_one(town)
    with web_address() as web:
        use(town, webhook(web.port), limits=Limits(unseen_hours=1))
        sending = TicketWorker()
        sending.step(town, RUNS)
        with town.store.write() as connection:
            note_overdue(connection, Limits(unseen_hours=1), NOW + HOUR_MS)
        move(town, number, "seen")
        sending.step(town, RUNS)
        assert len(web.bodies) == 1
        with town.store.write() as connection:
            note_overdue(connection, Limits(seen_hours=1), NOW + 2 * HOUR_MS)
        sending.step(town, RUNS)
    assert web.bodies[-1]["title"] == "Fengle Overdue: 1号站"
    assert web.bodies[-1]["message"].endswith(", looked at")


def heard(town, station, at_ms):
    fields = {"epoch": "e", "sent_ms": 1, "nonce": "n", "boot_id": "b", "up_ms": 1, "software": "1", "clock": "trusted"}
    keep_heartbeat(town.store, Heartbeat(station=station, **fields), at_ms)


def look_for_silence(town, at_ms):
    silent, rooms = silent_rooms(town.store, at_ms)
    with town.store.write() as connection:
        note_silence(connection, silent, rooms, at_ms)
        return connection.execute(select(message.c.name).order_by(message.c.id)).scalars().all()


@BOTH
def test_a_silent_room_is_told_once_and_that_it_is_heard_again(town, database):
    for n in (1, 2, 3):
        heard(town, f"room-{n}", NOW)  # room-4 was never heard: it is not set up yet
    later = NOW + 11 * MINUTE
    heard(town, "room-1", later)
    heard(town, "room-2", later)
    assert look_for_silence(town, NOW + MINUTE) == []
    assert look_for_silence(town, later) == [f"silent/room-3/{later}"]
    assert look_for_silence(town, later + MINUTE) == [f"silent/room-3/{later}"]
    heard(town, "room-3", later + 2 * MINUTE)
    assert look_for_silence(town, later + 2 * MINUTE)[1:] == [f"heard/room-3/{later}"]


def test_when_no_room_at_all_is_heard_it_is_one_message(town):
    for n in (1, 2, 3, 4):
        heard(town, f"room-{n}", NOW)
    later = NOW + 11 * MINUTE
    assert look_for_silence(town, later) == [f"silent/all/{later}"]
    for n in (1, 2, 3, 4):
        heard(town, f"room-{n}", later + MINUTE)
    assert look_for_silence(town, later + MINUTE) == [f"silent/all/{later}"]


def test_that_a_room_is_heard_again_is_told_only_where_its_silence_was(town, clock):
    for n in (1, 2, 3, 4):
        heard(town, f"room-{n}", NOW)
    heard(town, "room-1", NOW + 11 * MINUTE)
    look_for_silence(town, NOW + 11 * MINUTE)
    heard(town, "room-2", NOW + 12 * MINUTE)
    look_for_silence(town, NOW + 12 * MINUTE)
    with web_address() as web:
        use(town, webhook(web.port))
        sending = TicketWorker()
        sending.step(town, RUNS)
        (body,) = web.bodies
        assert body["title"] == "Fengle: 2 messages"
        assert "Heard again" not in body["message"]
        heard(town, "room-3", NOW + 13 * MINUTE)
        look_for_silence(town, NOW + 13 * MINUTE)
        sending.step(town, RUNS)
        assert web.bodies[-1]["message"] == "Heard again: 3号站"


def test_a_text_of_a_station_cannot_make_a_message_long_or_another_one():
    row = {"kind": "new", "room": "R" * 400, "number": 1, "cause": "no-sound", "device": "d" * 400, "state": "reported"}
    row |= {"since_ms": NOW}
    from kiosk.contract.instants import to_utc

    _title, body = wording.compose([row] * 30, "T", to_utc, "en")
    assert len(body.encode()) <= wording.MOST_BYTES
    assert replace(webhook(1), name="x").name == "x"
