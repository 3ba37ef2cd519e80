"""A room with a real record behind its panel: plays, faults and starts of March 2026, and the one who enters what is
typed. The main loop is the test's own thread of presses: what is posted is handled at once."""

import secrets
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from fakes import HandClock
from journal_room import BOOT, due
from station.panel.panel_room import NOW, Room

from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Programme
from kiosk.contract.records import Action, Fault
from kiosk.contract.station import Equipment, Person, StationDocument
from kiosk.station.clock.memory import KEY, Memory
from kiosk.station.control.books import BookKeeper
from kiosk.station.control.spot_check import SpotChecks
from kiosk.station.events import Event
from kiosk.station.journal import Journal
from kiosk.station.record_book.books import RecordBooks
from kiosk.station.record_book.events import FromBooks
from kiosk.station.record_book.forms import Forms

DOCUMENT = StationDocument(
    town="t", station="room-1", group="g", version=1, issued_ms=0, name="丰乐镇 第一村", town_name="丰乐镇党委",
    town_telephone="0551-1234567", rules="一、按时开放。\n二、做好记录。\n三、爱护设备。",
    equipment=(Equipment(id="tv", kind="screen", name="电视机", model="L55", quantity=1, bought="2023-05-01"),),
    people=(
        Person(id="a", name="陈家明", post="A", telephone="13800000001"),
        Person(id="b", name="李桂兰", post="B"),
        Person(id="m1", name="王大伟"),
        Person(id="m2", name="<script>alert(1)</script>"),
    ),
)  # fmt: skip
TITLES = ("春耕技术（上）", "水稻病虫害绿色防治", "党史故事", '=HYPERLINK("http://x")')


def at(day: int, hour: int, minute: int = 0) -> int:
    """An instant of March 2026 by the room's clock (UTC ms)."""
    return to_ms(datetime(2026, 3, day, hour, minute, tzinfo=NOW.tzinfo))


class PaperRoom(Room):
    """What :class:`Room` is, with a journal in ``state``."""

    def __init__(self, state: Path) -> None:
        super().__init__()
        self.clock = HandClock(NOW)
        self.journal = Journal(state / "journal.db", lambda _event: None, BOOT, lambda: at(1, 0))
        self.journal.start()
        self.checks = SpotChecks(
            self.journal, self.clock, lambda: self.snapshot.document, lambda: "play-1", lambda: True, lambda: None
        )
        self.keeper = BookKeeper(self.journal, self.clock, Forms(state), self.checks, lambda: None, self.refresh)
        self.books = RecordBooks(state / "journal.db")
        self.snapshot = replace(self.snapshot, document=DOCUMENT, address="http://192.168.1.20:8080")
        self._one = threading.Lock()

    def refresh(self) -> None:
        self.snapshot = replace(self.snapshot, spot_check=self.checks.asked())

    def post(self, event: Event) -> None:
        super().post(event)
        if isinstance(event, FromBooks) and not self.deaf:
            with self._one:
                self.keeper.handle(event)

    def played(self, day: int, hour: int, title: str = TITLES[0], minutes: int = 40) -> str:
        """A programme that was shown to its end; answers the play's id."""
        made = Programme(
            id=f"p{abs(hash(title)) % 10_000}", title=title, category="农业实用技术", file="a.mp4",
            duration_ms=minutes * 60_000, size=1, sha256="ab" * 32,
        )  # fmt: skip
        start, name = at(day, hour), f"play-{secrets.token_hex(6)}"
        self.journal.due(due(name, start, made))
        self.journal.shown(name, start, 1000, 0, 0, "xcb_x11")
        self.journal.close(name, start + minutes * 60_000, minutes * 60_000, "completed", "", 1500, 0)
        return name

    def booted(self, day: int, hour: int, seen_ms: int | None = None, pc: str = "off") -> None:
        facts = {} if seen_ms is None else {"seen_ms": str(seen_ms), "pc": pc}
        at_ms = at(day, hour)
        self.journal.record(
            Action(id=f"boot-{at_ms}", at_ms=at_ms, by="kiosk", action="boot", facts=facts, clock="trusted")
        )

    def fault(self, day: int, hour: int, cleared_ms: int | None = None, key: str = "no-screen.1") -> None:
        self.journal.record(
            Fault(
                id=f"{key}-{cleared_ms or 0}", fault=key, cause="screen-unplugged", device="电视机",
                found_ms=at(day, hour), cleared_ms=cleared_ms,
                text="屏幕没有接上。\nThe screen is unplugged.", state="cleared" if cleared_ms else "reported",
            )
        )  # fmt: skip

    def ordinary_week(self) -> list[str]:
        """From the 1st to the 5th of March; answers the plays' ids."""
        self.booted(1, 8)
        plays = [self.played(1, 9), self.played(1, 10, TITLES[1])]
        self.booted(2, 8, at(1, 18))
        plays += [self.played(2, 9, TITLES[2]), self.played(3, 9, TITLES[3], 90)]
        self.fault(3, 11)
        self.fault(3, 11, at(3, 15))
        self.runs_still()
        assert self.journal.settle(10)
        return plays

    def runs_still(self) -> None:
        """The station remembers that it runs now, as it does about once a minute."""
        self.journal.remember(KEY, Memory("trusted", to_ms(NOW), BOOT, 0.0, 0.0, rtc=True))

    def close(self) -> None:
        self.journal.stop(10)
