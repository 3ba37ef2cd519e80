"""The parts of a station's register as forms: which fields and lists each has, and what they are called. Pure."""

from dataclasses import dataclass
from typing import Literal

from kiosk.common.messages import mark

Kind = Literal["text", "id", "long", "number", "date", "time", "choice", "flag", "numbers", "hours", "week", "lines"]
BLANK_ROWS = 3
"""How many empty rows a list has at its end, to write new ones."""


@dataclass(frozen=True)
class Field:
    """One field. ``scale``: what is stored for one of what is typed (60,000 ms for a minute)."""

    name: str
    label: str
    kind: Kind = "text"
    required: bool = False
    scale: int = 1
    most: int = 400
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    optional: bool = False
    """Whether an empty text stands for no value."""
    default: str = ""
    """What an empty row offers."""


@dataclass(frozen=True)
class Rows:
    """A list: its path and the fields of a row. ``has_id``: each row is known by an id of its own."""

    name: str
    title: str
    fields: tuple[Field, ...]
    has_id: bool = True
    blank: int = BLANK_ROWS


@dataclass(frozen=True)
class Part:
    """A part of the register as a form."""

    title: str
    fields: tuple[Field, ...] = ()
    rows: tuple[Rows, ...] = ()
    for_all: bool = False
    """Whether a town sets it for all rooms of a group, as a rule."""


POSTS = (
    ("A", mark("administrator A")),
    ("B", mark("administrator B")),
    ("secretary", mark("secretary")),
    ("member", mark("party member")),
    ("villager", mark("villager")),
)
DEVICES = (
    ("screen", mark("screen")),
    ("pc", mark("PC")),
    ("sound", mark("sound")),
    ("usb", mark("USB device")),
    ("network", mark("network")),
    ("ups", mark("battery (UPS)")),
    ("set-top-box", mark("set-top box")),
    ("other", mark("other")),
)
FILLER = (
    ("never", mark("never")),
    ("when-present", mark("when somebody is there")),
    ("opening-hours", mark("in all opening hours (marked in every figure)")),
)
SCREEN_OFF = (
    ("black", mark("a black picture")),
    ("dpms", mark("no signal")),
    ("cec", mark("switched off by HDMI-CEC")),
)
HOURS_HINT = mark("such as 8:30-11:30, 14:00-17:00; empty: closed")

PARTS: dict[str, Part] = {
    "room": Part(
        mark("The room"),
        (
            Field("name", mark("Name of the room"), required=True),
            Field("place", mark("Place")),
            Field("group", mark("Group whose weeks it plays"), "id", required=True, most=64),
            Field("town_name", mark("Name of the town as the room shows it")),
            Field("town_telephone", mark("Telephone of the town as the room shows it")),
            Field("volume", mark("Volume, in percent"), "number", most=100),
            Field("rules", mark("Rules on the wall"), "long", most=20_000),
        ),
    ),
    "people": Part(
        mark("Administrators and people"),
        rows=(
            Rows(
                "people",
                mark("People of the room"),
                (
                    Field("name", mark("Name"), required=True),
                    Field("post", mark("Post"), "choice", choices=POSTS, default="member"),
                    Field("telephone", mark("Telephone")),
                ),
            ),
        ),
    ),
    "equipment": Part(
        mark("Equipment register"),
        rows=(
            Rows(
                "equipment",
                mark("Equipment"),
                (
                    Field("name", mark("Name of the device"), required=True),
                    Field("kind", mark("Kind"), "choice", choices=DEVICES, default="other"),
                    Field("model", mark("Model")),
                    Field("specification", mark("Specification")),
                    Field("quantity", mark("Quantity"), "number", most=10_000),
                    Field("bought", mark("Date of purchase"), "date"),
                    Field("bought_by", mark("Handled by")),
                    Field("usb", mark("USB number"), optional=True, hint=mark("vendor:product, such as 046d:c31c")),
                    Field("connector", mark("Connector"), optional=True, hint=mark("of a screen, such as HDMI-A-1")),
                ),
            ),
        ),
    ),
    "hours": Part(
        mark("Opening hours and holidays"),
        (
            Field("opening.week", mark("Hours of the week"), "week", hint=HOURS_HINT),
            Field("filler", mark("Recommended programmes fill gaps"), "choice", choices=FILLER),
        ),
        (
            Rows(
                "opening.days",
                mark("Holidays, make-up workdays and other single days"),
                (
                    Field("date", mark("Which day"), "date", required=True),
                    Field("hours", mark("Hours"), "hours", hint=HOURS_HINT),
                    Field("name", mark("What the day is")),
                ),
                has_id=False,
            ),
            Rows(
                "opening.seasons",
                mark("Seasons, such as the busy farm season"),
                (
                    Field("name", mark("Name of the season")),
                    Field("first_day", mark("First day"), "date", required=True),
                    Field("last_day", mark("Last day"), "date", required=True),
                    Field("week", mark("Hours of the week"), "week"),
                ),
                has_id=False,
                blank=1,
            ),
        ),
        for_all=True,
    ),
    "limits": Part(
        mark("What is asked of the room"),
        (
            Field("thresholds.plays_per_week", mark("Plays a week, at least"), "number"),
            Field("thresholds.minutes_per_month", mark("Minutes a month, at least"), "number"),
            Field("thresholds.power_ons_per_week", mark("Power-ons a week, at least"), "number"),
            Field("thresholds.power_on_minutes_per_week", mark("Minutes on a week, at least"), "number"),
            Field("thresholds.session_minutes", mark("Minutes of a session, at least"), "number"),
            Field("thresholds.attendance_percent", mark("Attendance in percent, at least"), "number", most=100),
            Field("thresholds.session_days", mark("Days of the month with a session"), "numbers", most=31),
            Field("thresholds.no_zero_play_after_day", mark("No zero-play after day of the month"), "number", most=31),
            Field("thresholds.counted_from_minute", mark("A play counts from this minute on"), "number"),
            Field(
                "thresholds.counted_minutes_per_play", mark("Minutes of a play that count at most (0: all)"), "number"
            ),
            Field("thresholds.once_a_day", mark("Each programme counts once a day"), "flag"),
            Field("thresholds.disk_free_mb", mark("Free disk, at least, in MB"), "number"),
            Field("thresholds.temperature_c", mark("Temperature of the PC, at most, in °C"), "number", most=150),
            Field("thresholds.child_restarts_per_hour", mark("Restarts of the player an hour, at most"), "number"),
            Field(
                "thresholds.hysteresis_ms",
                mark("Seconds until a trouble is a fault"),
                "number",
                scale=1000,
                most=86_400,
            ),
            Field(
                "thresholds.spot_check_ms", mark("Minutes to answer a spot check"), "number", scale=60_000, most=1440
            ),
            Field("screen_power.off", mark("The screen outside opening hours"), "choice", choices=SCREEN_OFF),
            Field(
                "screen_power.lead_ms",
                mark("Minutes that the screen is on before opening"),
                "number",
                scale=60_000,
                most=720,
            ),
            Field(
                "screen_power.wake_pc",
                mark("The PC wakes at the latest at"),
                "time",
                hint=mark("empty: before opening"),
            ),
            Field("screen_power.shut_down_pc", mark("The PC shuts down from"), "time", hint=mark("empty: never")),
            Field(
                "standards",
                mark("Standards that inspectors ask for, one a line"),
                "lines",
                hint=mark("empty: the usual six (六有)"),
            ),
        ),
        for_all=True,
    ),
}
