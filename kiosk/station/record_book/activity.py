"""The text of a day for a group chat: when, what, who was there, as far as the record says it."""

from datetime import date
from zoneinfo import ZoneInfo

from kiosk.common.i18n import Language, day_name, translator
from kiosk.contract.instants import to_utc
from kiosk.station.journal.amendments import PutRight


def activity_text(plays: list[PutRight], day: date, zone: ZoneInfo, station: str, who: str, language: Language) -> str:
    """What was done on a day, ready for a group chat: only what the record says. Empty where nothing was shown."""
    if not plays:
        return ""
    _ = translator(language)
    first, last = plays[0].play, plays[-1].play
    start, end = (to_utc(ms).astimezone(zone) for ms in (first.actual_start_ms, last.actual_end_ms))
    titles = dict.fromkeys(one.play.title for one in plays)
    there = {one.attendance.id: one.attendance for one in plays if one.attendance}.values()
    occasions = dict.fromkeys(one.play.occasion for one in plays if one.play.occasion)
    lines = [
        _("[{station}] {day} {start}–{end}").format(
            station=station, day=day_name(day, language), start=f"{start:%H:%M}", end=f"{end:%H:%M}"
        ),
        *occasions,
        _("Programmes: {titles}").format(titles=_("; ").join(titles)),
        _("Minutes played: {minutes}").format(minutes=sum(one.play.played_ms for one in plays) // 60_000),
    ]
    for one in there:
        lines.append(
            _("{present} of {expected} present, {leave} on leave, {others} others ({by})").format(
                present=one.present, expected=one.expected, leave=one.on_leave, others=one.others, by=one.by
            )
        )
        lines += [one.remark] if one.remark else []
    return "\n".join([*lines, *([_("Told by {name}").format(name=who)] if who else [])])
