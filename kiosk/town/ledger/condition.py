"""How a room is, from what it said last and when: silent, stopped, without screen or sound, or ready. Pure."""

from collections.abc import Callable, Iterator
from typing import Any

from kiosk.common.messages import mark, said
from kiosk.common.opening_hours import open_longer
from kiosk.common.refusals import why
from kiosk.contract.station import Opening

MINUTE_MS = 60_000

Row = dict[str, Any]
"""A row of ``queries.stations`` or ``rooms.rooms``."""
Translate = Callable[[str], str]

_SCREEN = {
    "none": mark("no screen: its X server does not answer"),
    "denied": mark("no screen: its X server does not let the kiosk in"),
    None: mark("screen not known"),
}
_SOUND = {"none": mark("no sound"), "null": mark("sound that nobody hears: no loudspeaker, or the PC is muted")}
CLOCKS = {
    "trusted": mark("right"),
    "declared": mark("set by hand"),
    "holdover": mark("right when last compared"),
    "untrusted": mark("not to be trusted"),
}


OFFERED = {
    "playlist": mark("the week"),
    "urgent notices": mark("the urgent notices"),
    "station document": mark("its register and hours"),
    "programme": mark("the file of a programme"),
}
"""What a room may refuse, by its own names."""


def judged(row: Row, now_ms: int, silent_ms: int) -> Row:
    """The row, with ``silent_for_ms`` (by the town's clock; None: never heard), ``silent``, ``quiet`` and ``ready``.

    A room is silent when it was not heard for ``silent_ms`` of its opening hours (of all time, where it has none), and
    quiet when it was not heard for so long and was closed meanwhile: its PC may be off. Takes ``opening``
    out of the row.
    """
    opening = row.get("opening") or Opening()
    silent_for = None if row["heard_ms"] is None else max(0, now_ms - row["heard_ms"])
    unheard = silent_for is None or silent_for > silent_ms
    silent = unheard and (silent_for is None or open_longer(opening, row["heard_ms"], now_ms, silent_ms))
    said = {"silent_for_ms": silent_for, "silent": silent, "quiet": unheard and not silent}
    row = {name: value for name, value in row.items() if name != "opening"} | said
    return row | {"ready": not unheard and would_play(row)}


def words(row: Row, local: Callable[[int], str], _: Translate = str) -> Iterator[str]:
    """A judged row in words; ``local`` writes an instant. A room that is not heard is never ready."""
    yield heard_words(row, local, _)
    if row["heard_ms"] is None:
        return
    if not row["silent"]:
        yield week_words(row, _)
    yield f"clock {row['clock']}"
    yield from trouble_words(row, local, _)
    if said := readiness_words(row, local, _):
        yield said
    if row["waiting"]:
        yield _("{count} records not yet here").format(count=row["waiting"])


def heard_words(row: Row, local: Callable[[int], str], _: Translate) -> str:
    """When it was heard, and that it is silent where it is."""
    if row["heard_ms"] is None:
        return _("never heard")
    heard = local(row["heard_ms"])
    if row["silent"]:
        said = _("silent for {span}, heard {heard}, said then: {week}")
        return said.format(span=span(row["silent_for_ms"], _), heard=heard, week=week_words(row, _))
    if row["quiet"]:
        return _("closed since, heard {heard}").format(heard=heard)
    return _("heard {heard}").format(heard=heard)


def trouble_words(row: Row, local: Callable[[int], str], _: Translate) -> Iterator[str]:
    """Stop, work on its devices, screen and sound, where there is something to say of them."""
    if row["stopped"]:
        yield _stopped(row["stopped_until_ms"], local, _)
    if row["maintenance_until_ms"]:
        said = _("somebody works on it until {time}, faults are quiet")
        yield said.format(time=local(row["maintenance_until_ms"]))
    if row["screen"] != "up":
        yield _(_SCREEN.get(row["screen"], _SCREEN[None]))
    if row["sound"] in _SOUND:
        yield _(_SOUND[row["sound"]])


def span(milliseconds: int, _: Translate = str) -> str:
    """A length of time in words, rounded down."""
    minutes = milliseconds // MINUTE_MS
    if minutes < 120:
        return _("{count} minutes").format(count=minutes)
    if minutes < 48 * 60:
        return _("{count} hours").format(count=minutes // 60)
    return _("{count} days").format(count=minutes // (24 * 60))


def would_play(row: Row) -> bool:
    """Whether it would show what is due and published, as far as it says."""
    held = row["playlist_version"] and not row["programmes_missing"] and not hindrance_words(row)
    return bool(held and not row["stopped"] and row["screen"] == "up")


def hindrance_words(row: Row, _: Translate = str) -> str:
    """Why a room does not hold what the town has published, and will not by itself; empty where nothing is known."""
    held, published = row["playlist_version"] or 0, row["published"]
    if row["refusing"]:
        return _("it refuses {what}").format(what=refusing_words(row, _))
    if "week-refused" in row["open_faults"]:  # of a kiosk that does not say more
        return _("it refuses the week that is offered")
    if held > row["counted"]:
        return _(
            "this town's database does not know its week (the newest here is {counted}); was the town restored "
            "from an older copy? Publish what is missing once more: it gets a version above that"
        ).format(counted=row["counted"])
    if row["bytes_lacking"]:
        said = _("its disk lacks {megabytes} MB for {title}, and for what follows")
        return said.format(megabytes=f"{row['bytes_lacking'] / 1e6:.1f}", title=row["lacking_for"])
    if held != published and not row["programmes_missing"]:
        return _("week {version} is published").format(version=published)
    return ""


def refusing_words(row: Row, _: Translate = str) -> str:
    """What it refuses at present, and why."""
    return ", ".join(refusal_words(one, _) for one in row["refusing"])


def refusal_words(one: Row, _: Translate = str) -> str:
    """What a room has refused, and why; in its own words, where it does not tell the cause."""
    name = "programme" if one["what"].startswith("programme ") else str(one["what"])
    return f"{_(OFFERED.get(name, name))} ({said(why(one.get('cause', ''), one['reason']), _)})"


def readiness_words(row: Row, local: Callable[[int], str], _: Translate = str) -> str:
    """What it has still to fetch, or whether it is ready; empty where no week is published and none is held."""
    if hindrance := hindrance_words(row, _):
        return _("not ready: {why}").format(why=hindrance)
    if row["programmes_missing"]:
        return _fetching(row, local, _)
    if not row["playlist_version"]:
        return ""
    if not row["ready"]:
        return _("programmes all there")
    return _("otherwise ready") if row["sound"] in _SOUND else _("ready")


def _fetching(row: Row, local: Callable[[int], str], _: Translate) -> str:
    fetching = _("{count} files ({megabytes} MB) to fetch").format(
        count=row["programmes_missing"], megabytes=f"{(row['bytes_missing'] or 0) / 1e6:.1f}"
    )
    if row["silent"]:
        return fetching
    shown = not row["stopped"] and row["screen"] not in ("none", "denied")
    if row["ready_ms"]:
        when = _("ready about {time}") if shown else _("all there about {time}")
        when = when.format(time=local(row["ready_ms"]))
    else:
        when = _("ready at a time not known yet") if shown else _("all there at a time not known yet")
    if not row["bytes_per_s"]:
        return _("{fetching}, its line is not measured yet; {when}").format(fetching=fetching, when=when)
    said = _("{fetching} at {speed} kB/s, {when}")
    return said.format(fetching=fetching, speed=f"{row['bytes_per_s'] / 1000:.0f}", when=when)


def week_words(row: Row, _: Translate = str) -> str:
    """Which week it holds."""
    if not row["playlist_version"]:
        return _("no week")
    return _("week {version}").format(version=row["playlist_version"])


def _stopped(until_ms: int | None, local: Callable[[int], str], _: Translate) -> str:
    if until_ms is None:
        return _("stopped")
    if not until_ms:
        return _("stopped until somebody presses Start")
    return _("stopped until {time}").format(time=local(until_ms))
