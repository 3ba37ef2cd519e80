"""The sentences about sessions, on the pages and on the title card, in both languages."""

from datetime import datetime, tzinfo

from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.occasions import occasion_text
from kiosk.contract.instants import to_utc
from kiosk.contract.occasions import KINDS
from kiosk.station.sessions.seen import SessionsSeen
from kiosk.station.sessions.sessions import Held


def card_lines(seen: SessionsSeen, zone: tzinfo, language: Language) -> tuple[str, ...]:
    """What the title card says; empty while no session has the screen."""
    held, _ = seen.held, translator(language)
    if held is None or seen.phase not in ("before", "meeting"):
        return ()
    said = [occasion_text(KINDS[held.kind], language)]
    if held.title:
        said.append(held.title)
    if seen.phase == "before" and held.meeting_ms is not None:
        said.append(_("It begins at {time}").format(time=_clock(held.meeting_ms, zone)))
    else:
        said.append(_("until {time}").format(time=_clock(held.end_ms, zone)))
    if held.practice:
        said.append(_("Practice"))
    return tuple(said)


def state_of(seen: SessionsSeen, now: datetime, language: Language) -> tuple[str, str]:
    """The session's name, and how far it has come, in a sentence; empty where none is held."""
    held, _ = seen.held, translator(language)
    if held is None or now.tzinfo is None:
        return "", ""
    return occasion_text(KINDS[held.kind], language), _sentence(held, seen, now, now.tzinfo, language)


def practice(seen: SessionsSeen, now: datetime, language: Language) -> str:
    """That somebody practises, and until when; empty where nobody does."""
    if seen.practice_until is None:
        return ""
    _, until = translator(language), f"{seen.practice_until.astimezone(now.tzinfo):%H:%M}"
    return _("Practice until {time}: what is begun by hand is not counted.").format(time=until)


def presence(seen: SessionsSeen, now: datetime, language: Language) -> str:
    """Whether recommended programmes are shown, and why, where that is worth a sentence."""
    _ = translator(language)
    if seen.policy == "never":
        return _("The town wants no recommended programmes between those of the table.")
    if seen.policy == "opening-hours":
        return _("The town has chosen: recommended programmes are shown in all opening hours, and marked so.")
    if seen.present_until is not None and seen.owed:
        until = f"{seen.present_until.astimezone(now.tzinfo):%H:%M}"
        return _("Somebody was noticed: recommended programmes may begin until {time}.").format(time=until)
    return ""


def _sentence(held: Held, seen: SessionsSeen, now: datetime, zone: tzinfo, language: Language) -> str:
    _ = translator(language)
    end = _clock(held.end_ms, zone)
    if not seen.phase:
        return _("The clock cannot be trusted, so it is not held now.")
    if held.kind == "other-source":
        return _("The screen is lent to another source until {end}.").format(end=end)
    meeting = "" if held.meeting_ms is None else _clock(held.meeting_ms, zone)
    if seen.phase == "waiting":
        begins = _when(held.start_ms, now, zone, language)
        return _("The screen is the session's from {start} on; it begins at {meeting}.").format(
            start=begins, meeting=meeting
        )
    if seen.phase == "before" and held.programmes and now < to_utc(held.first_ms):
        first = _clock(held.first_ms, zone)
        return _("Short programmes from {first} on; it begins at {meeting}.").format(first=first, meeting=meeting)
    if seen.phase == "before":
        return _("It begins at {meeting}.").format(meeting=meeting)
    return _("The screen is quiet until {end}, or until it is said to be over.").format(end=end)


def _clock(at_ms: int, zone: tzinfo) -> str:
    return f"{to_utc(at_ms).astimezone(zone):%H:%M}"


def _when(at_ms: int, now: datetime, zone: tzinfo, language: Language) -> str:
    local = to_utc(at_ms).astimezone(zone)
    clock = f"{local:%H:%M}"
    return clock if local.date() == now.astimezone(zone).date() else f"{day_name(local.date(), language)} {clock}"
