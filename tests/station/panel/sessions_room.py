"""What a room has that holds sessions: short programmes, some that were missed, members, and somebody who presses."""

from dataclasses import replace
from datetime import timedelta

from panel_room import NOW, Room

from kiosk.common.planned import Why
from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.playlist import Programme
from kiosk.station.events import Event
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.sessions.events import (
    DemandOver,
    DemandPressed,
    PracticePressed,
    PresenceNoticed,
    SessionOver,
    SessionPressed,
)
from kiosk.station.sessions.make_up import Missed
from kiosk.station.sessions.seen import OnDemand, SessionsSeen
from kiosk.station.sessions.sessions import hold


def programme(name: str, title: str, minutes: float, *, short: bool = False, category: str = "") -> Programme:
    return Programme(
        id=name, title=title, file=f"{name}.mp4", duration_ms=round(minutes * 60_000), size=1, sha256="0" * 64,
        short=short, category=category,
    )  # fmt: skip


PROGRAMMES = (
    programme("oath", "入党誓词", 2.5, short=True, category="党建"),
    programme("song", "唱支山歌给党听", 4, short=True, category="文化"),
    programme("rice", "水稻病虫害绿色防治技术（上）：识别与监测", 32, category="农业实用技术"),
    programme("law", "法律常识：土地承包纠纷怎么办", 25, category="法律法规"),
)
SEEN = SessionsSeen(
    programmes=PROGRAMMES,
    owed=2,
    missed=(
        Missed(PROGRAMMES[2], to_ms(NOW - timedelta(days=1, hours=5)), (Why("stopped", "meeting"),)),
        Missed(PROGRAMMES[3], to_ms(NOW - timedelta(hours=4)), (Why("not-running"),)),
    ),
    members=(("wang", "王建国"), ("li", "李秀英")),
    session_ms=7_200_000,
)


def quiet(snapshot: Snapshot, seen: SessionsSeen = SEEN) -> Snapshot:
    """Nothing is on air."""
    return replace(snapshot, on_air=None, coming=None, sessions=seen)


class SessionRoom(Room):
    """Obeys presses about sessions as the station does."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = quiet(self.snapshot)

    def post(self, event: Event) -> None:
        super().post(event)
        seen, now_ms = self.snapshot.sessions, to_ms(NOW)
        match event:
            case SessionPressed():
                held = hold(event, "s1", now_ms, PROGRAMMES, {}, seen.practice_until is not None, 7_200_000)
                phase = held.phase(now_ms)
                assert phase != "over"
                seen = replace(seen, held=held, phase=phase)
            case SessionOver():
                seen = replace(seen, held=None, phase="", untold=())
            case DemandPressed():
                chosen = [one for one in PROGRAMMES if one.id in event.programmes]
                end = NOW + sum((timedelta(milliseconds=one.duration_ms) for one in chosen), timedelta())
                demand = OnDemand(
                    "d1", event.occasion, tuple(one.title for one in chosen), NOW, end, NOW + timedelta(hours=1)
                )
                seen = replace(seen, demand=demand)
            case DemandOver():
                seen = replace(seen, demand=None)
            case PracticePressed():
                seen = replace(seen, practice_until=NOW + timedelta(hours=1) if event.on else None)
            case PresenceNoticed():
                seen = replace(seen, present_until=to_utc(now_ms + 1_800_000))
        self.snapshot = replace(self.snapshot, sessions=seen)
