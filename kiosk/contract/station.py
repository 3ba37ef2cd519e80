"""What the town tells one station: its hours, its thresholds, its equipment and people, how its tickets stand."""

import hashlib
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kiosk.common.messages import Sentence, mark
from kiosk.contract.playlist import is_date
from kiosk.contract.reports import Receipt, TicketState
from kiosk.contract.wire import (
    Count,
    Day,
    Format1,
    Id,
    Instant,
    LongText,
    Percent,
    Record,
    Span,
    Text,
    TimeOfDay,
    Version,
)

FillerPolicy = Literal["never", "when-present", "opening-hours"]
"""When recommended items may fill a gap."""


class Hours(Record, frozen=True, kw_only=True):
    """Open from ``start`` to ``end``, local time; an end at or before the start lies on the next day."""

    start: TimeOfDay
    end: TimeOfDay


class DayHours(Record, frozen=True, kw_only=True):
    """The hours of one date, in place of the week's: a holiday (no hours) or a make-up workday."""

    date: Day
    hours: tuple[Hours, ...] = ()
    name: Text = ""
    """What the day is (国庆节, 调休上班)."""


class Season(Record, frozen=True, kw_only=True):
    """Hours of a stretch of the year, such as the busy farm season; both days included."""

    first_day: Day
    last_day: Day
    week: tuple[tuple[Hours, ...], ...]
    """Seven entries, Monday first."""
    name: Text = ""


class Opening(Record, frozen=True, kw_only=True):
    """When the room is open. A date's own hours go before a season's, a season's before the week's."""

    time_zone: Text = "Asia/Shanghai"
    week: tuple[tuple[Hours, ...], ...] = ((),) * 7
    """Seven entries, Monday first."""
    seasons: tuple[Season, ...] = ()
    days: tuple[DayHours, ...] = ()


class Thresholds(Record, frozen=True, kw_only=True):
    """What the town asks of a room and when it wants to be told. They differ by county and year."""

    plays_per_week: Count = 4
    minutes_per_month: Count = 600
    power_ons_per_week: Count = 4
    power_on_minutes_per_week: Count = 240
    session_minutes: Count = 120
    attendance_percent: Percent = 85
    session_days: tuple[Count, ...] = (5, 15, 25)
    """Days of the month on which a session is due."""
    no_zero_play_after_day: Count = 10
    counted_from_minute: Count = 0
    """A play counts from this minute on (one platform: 3)."""
    counted_minutes_per_play: Count = 0
    """At most this many minutes of one play count; 0 for no limit (one platform: 60)."""
    once_a_day: bool = False
    """Each programme counts once a day."""
    disk_free_mb: Count = 2048
    temperature_c: Count = 85
    child_restarts_per_hour: Count = 6
    hysteresis_ms: Span = 60_000
    """How long a device is wrong before it is a fault, and right before it is repaired."""
    spot_check_ms: Span = 600_000
    presence_ms: Span = 1_800_000
    """How long after somebody was noticed in the room recommended items may still begin."""


class Equipment(Record, frozen=True, kw_only=True):
    """One line of the equipment register (名称 型号 规格 数量 购买日期 经办人)."""

    id: Id
    kind: Literal["screen", "pc", "sound", "usb", "network", "ups", "set-top-box", "other"]
    name: Text
    model: Text = ""
    specification: Text = ""
    quantity: Count = 1
    bought: Day | None = None
    bought_by: Text = ""
    usb: Text | None = None
    """``vendor:product`` in hexadecimal, where the device is a USB device that should be there."""
    connector: Text | None = None
    """The DRM connector of a screen, such as ``HDMI-A-1``."""


class Person(Record, frozen=True, kw_only=True):
    """Somebody of the room: an administrator (posts A and B), or a member on the roster."""

    id: Id
    name: Text
    post: Literal["A", "B", "secretary", "member", "villager"] = "member"
    telephone: Text = ""


class ScreenPower(Record, frozen=True, kw_only=True):
    """How the screen is put to rest outside opening hours."""

    off: Literal["black", "dpms", "cec"] = "black"
    lead_ms: Span = 300_000
    """How long before opening, or before a programme outside the hours, it is on."""
    wake_pc: TimeOfDay | None = None
    """When the PC wakes at the latest; None: before the next opening."""
    shut_down_pc: TimeOfDay | None = None
    """From when on the PC shuts down, once the room is closed and nothing is left to show or fetch; None: never."""


class SpotCheck(Record, frozen=True, kw_only=True):
    """The town asks a room to prove that somebody sees the screen."""

    id: Id
    """Random: whoever knows it can tell the code."""
    asked_ms: Instant


def spot_code(check: str, play: str) -> str:
    """The code of a spot check that a room's screen shows while ``play`` (its id; empty: none) is on: six digits."""
    digest = hashlib.sha256(b"%s\n%s" % (check.encode(), play.encode())).digest()
    return f"{int.from_bytes(digest[:8]) % 1_000_000:06d}"


class StationDocument(Format1, frozen=True, kw_only=True, tag_field="type", tag="station"):
    """Everything that the town tells one station beside the playlist. Signed by the town's online key."""

    town: Id
    station: Id
    group: Id
    version: Version
    """Counts per station and only grows."""
    issued_ms: Instant
    name: Text
    place: Text = ""
    town_name: Text = ""
    town_telephone: Text = ""
    opening: Opening = Opening()
    thresholds: Thresholds = Thresholds()
    screen_power: ScreenPower = ScreenPower()
    equipment: tuple[Equipment, ...] = ()
    people: tuple[Person, ...] = ()
    tickets: tuple[TicketState, ...] = ()
    volume: Percent = 80
    target_clufs: int = -2300
    """The loudness to which programmes are evened out, in hundredths of LUFS (EBU R 128: -23)."""
    rules: LongText = ""
    """The wall-mounted rules (上墙制度)."""
    standards: tuple[Text, ...] = ()
    """What inspectors ask for (六有), in the town's words; empty: the usual six."""
    receipts: tuple[Receipt, ...] = ()
    """Receipts that could not be given on the line: for stations that report by stick."""
    filler: FillerPolicy = "when-present"
    """When recommended items may fill a gap."""
    maintenance_until_ms: Instant | None = None
    """Somebody works on the room's devices until then, and faults are quiet; None: nobody does."""
    spot_check: SpotCheck | None = None
    """The newest one."""
    pin_reset: Id | None = None
    """Another value than before: the panel's PIN is forgotten, and a new one set on the room's own screen."""


def check(document: StationDocument) -> list[str]:
    """Everything that is wrong with a well-formed station document, as sentences that name the place."""
    opening = document.opening
    problems: list[str] = []
    try:
        ZoneInfo(opening.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = mark("opening: time zone {zone} is not known; use an IANA name, such as Asia/Shanghai")
        problems.append(Sentence(text, zone=repr(opening.time_zone)))
    weeks = [(mark("opening"), "", opening.week)]
    weeks += [(mark("season {n}"), str(n), one.week) for n, one in enumerate(opening.seasons, 1)]
    text = mark("{place}: {count} days; a week has 7, Monday first")
    problems += [
        Sentence(text, place=Sentence(place, n=n), count=str(len(week))) for place, n, week in weeks if len(week) != 7
    ]
    seasons = enumerate(opening.seasons, 1)
    days = [(mark("season {n}"), str(n), day) for n, one in seasons for day in (one.first_day, one.last_day)]
    days += [(mark("day {n}"), str(n), one.date) for n, one in enumerate(opening.days, 1)]
    days += [(mark("equipment {n}"), one.id, one.bought) for one in document.equipment if one.bought is not None]
    text = mark("{place}: {day} is not a date")
    return problems + [
        Sentence(text, place=Sentence(place, n=n), day=day) for place, n, day in days if not is_date(day)
    ]
