"""The main loop and the browsers before a panel, as the tests of the panel need them."""

import re
import time
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import requests

from kiosk.contract.station import Equipment, StationDocument
from kiosk.station.display.marks import Mark
from kiosk.station.events import ClockDeclared, Event, PictureAsked, PictureCheckSet
from kiosk.station.health.events import FaultMended, FaultReported, MaintenanceSet
from kiosk.station.health.examination import Examination, examine
from kiosk.station.health.maintenance import Work
from kiosk.station.health.observation import Observation
from kiosk.station.health.reported import HandReport
from kiosk.station.health.rules import RuleState
from kiosk.station.panel.server import Panel
from kiosk.station.panel.snapshot import Coming, Row, Showing, Snapshot, Sound, Stopped
from kiosk.station.playout.events import MutePressed, StartPressed, StopPressed, VolumePressed
from kiosk.station.projector.screenshots import Screenshot
from kiosk.station.record_book.count import Count

PIN = "271828"
NOW = datetime(2026, 3, 5, 14, 40, tzinfo=ZoneInfo("Asia/Shanghai"))
SIX = NOW.replace(day=6, hour=6, minute=0)

DOCUMENT = StationDocument(
    town="t", station="room-1", group="g", version=1, issued_ms=0, name="丰乐镇 第一村",
    equipment=(
        Equipment(id="tv", kind="screen", name="电视机", connector="HDMI-A-1"),
        Equipment(id="remote", kind="usb", name="遥控接收器", usb="046d:c31c"),
    ),
)  # fmt: skip
SEEN = Observation(
    facts={
        "screen.connectors": "HDMI-A-1=disconnected",
        "usb.present": "046d:c31c",
        "disk.free_mb": 51_234,
        "disk.writable": True,
        "temperature.max_c": None,
    },
    child_restarts=0, poster_fails=False, inbox=0, journal_trouble="", journal_damaged_ms=0,
    link_down_since_ms=int(NOW.timestamp() * 1000) - 3 * 86_400_000, plan_until_ms=int(SIX.timestamp() * 1000),
    refused="", clock="trusted",
)  # fmt: skip
"""A screen is unplugged, the town has been silent for three days, the plan ends; no thermometer answers."""


def running() -> Snapshot:
    """A room on an ordinary afternoon."""
    hour = NOW.replace(minute=0)
    return Snapshot(
        now=NOW,
        station="丰乐镇 第一村",
        on_air=Showing("春耕技术（上）", NOW - timedelta(minutes=10), NOW + timedelta(minutes=20), "slot"),
        coming=Coming("春耕技术（下）", NOW + timedelta(minutes=20)),
        today=(
            Row(hour - timedelta(hours=5), hour - timedelta(hours=4), "党史故事", Mark("shown")),
            Row(hour - timedelta(hours=4), hour - timedelta(hours=3), "法律常识", Mark("not-shown")),
            Row(hour, hour + timedelta(hours=1), "春耕技术（上）", Mark("now")),
            Row(hour + timedelta(hours=2), hour + timedelta(hours=3), "卫生与健康", Mark("to-come")),
        ),
        morning=SIX,
        count=Count(3, 4, 385, 600),
        waiting=3,
    )


def port_of(panel: Panel) -> int:
    """The port of a panel that has been started; waits until it listens."""
    deadline = time.monotonic() + 20
    while not panel.port:
        assert time.monotonic() < deadline, "the panel does not listen"
        time.sleep(0.01)
    return panel.port


class Room:
    """The main loop as far as the panel sees it: takes presses, replaces the snapshot."""

    def __init__(self) -> None:
        self.snapshot = running()
        self.posted: list[Event] = []
        self.asked: list[Event] = []
        """For a picture of the screen."""
        self.deaf = False
        self.picture: Screenshot | None = None
        self.examination: Examination | None = examine(RuleState(), SEEN, DOCUMENT, NOW)
        self.next_pictures: list[bytes] = []
        """What the screen shows to each that asks."""

    def post(self, event: Event) -> None:
        (self.asked if isinstance(event, PictureAsked) else self.posted).append(event)
        if self.deaf:
            return
        if isinstance(event, StopPressed):
            until = None if event.until_ms is None else datetime.fromtimestamp(event.until_ms / 1000, NOW.tzinfo)
            self.snapshot = replace(self.snapshot, stopped=Stopped(event.reason, until), on_air=None)
        if isinstance(event, StartPressed):
            self.snapshot = replace(self.snapshot, stopped=None)
        if isinstance(event, MaintenanceSet):
            ms = event.until_ms
            work = None if ms is None else Work(datetime.fromtimestamp(ms / 1000, NOW.tzinfo))
            self.snapshot = replace(self.snapshot, work=work)
        if isinstance(event, ClockDeclared):
            self.snapshot = replace(self.snapshot, clock="declared")
        if isinstance(event, PictureCheckSet):
            self.snapshot = replace(self.snapshot, picture_check="K482913" if event.on else "")
        if isinstance(event, FaultReported):
            report = HandReport(
                fault=f"reported.{len(self.snapshot.reports) + 1}", device=event.device, text=event.text, by=event.by,
                found_ms=int(NOW.timestamp() * 1000), picture=event.picture,
            )  # fmt: skip
            self.snapshot = replace(self.snapshot, reports=(*self.snapshot.reports, report))
        if isinstance(event, FaultMended):
            left = tuple(one for one in self.snapshot.reports if one.fault != event.fault)
            self.snapshot = replace(self.snapshot, reports=left)
        sound = self.snapshot.sound
        if isinstance(event, VolumePressed):
            level = min(100, max(0, sound.volume + event.change))
            muted = sound.muted and event.change < 0
            self.snapshot = replace(self.snapshot, sound=Sound(level, muted, by_hand=True))
        if isinstance(event, MutePressed):
            self.snapshot = replace(self.snapshot, sound=replace(sound, muted=event.muted, by_hand=True))
        if isinstance(event, PictureAsked) and self.next_pictures:
            at_ms = (self.picture.at_ms if self.picture else int(NOW.timestamp() * 1000)) + 1000
            self.picture = Screenshot(at_ms, at_ms / 1000, self.next_pictures.pop(0))


class Browser:
    """Keeps cookies, reads forms and sends them as a browser does."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str = "/") -> requests.Response:
        return self.session.get(self.base + path, timeout=20)

    def fields(self, path: str, action: str) -> dict[str, str]:
        """The hidden and the chosen fields of the form on page ``path`` that goes to ``action``."""
        page = self.get(path).text
        form = re.search(rf'<form method="post" action="{action}"[^>]*>(.*?)</form>', page, re.DOTALL)
        assert form, f"{path} has no form to {action}"
        found = re.findall(r'<input type="(hidden|radio)" name="(\w+)" value="([^"]*)"( checked)?>', form[1])
        return {name: value for kind, name, value, checked in found if kind == "hidden" or checked}

    def post(self, action: str, fields: dict[str, str], **headers: str) -> requests.Response:
        sent = {"Origin": self.base} | headers
        return self.session.post(self.base + action, fields, headers=sent, timeout=20, allow_redirects=False)

    def log_in(self, typed: str = PIN) -> requests.Response:
        return self.post("/login", self.fields("/login", "/login") | {"pin": typed})

    def stop(self, reason: str = "meeting", **more: str) -> requests.Response:
        return self.post("/stop", self.fields("/stop", "/stop") | {"reason": reason} | more)

    def sound(self, button: str) -> requests.Response:
        return self.post("/volume", self.fields("/", "/volume") | {"button": button})

    def text(self, path: str = "/") -> str:
        """The page as it reads, without tags."""
        body = re.split(r"<body[^>]*>", self.get(path).text)[1]
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
