"""Sentences of the first page: what is on air, the large button, the count of plays, what is wrong."""

from datetime import UTC

from kiosk.common.i18n import Language, translator
from kiosk.station.panel.moments import when
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.panel.why import sentence


def left(snapshot: Snapshot, language: Language) -> str:
    """Where the programme on the screen is, and how much of it is left: not how much was shown, it may have joined."""
    one, _ = snapshot.on_air, translator(language)
    if one is None:
        return ""
    gone_s, left_s = ((b - a).total_seconds() for a, b in ((one.start, snapshot.now), (snapshot.now, one.end)))
    said = _("At {gone}, {left} left")
    return said.format(gone=_minutes(gone_s), left=_minutes(left_s))


def _minutes(seconds: float) -> str:
    """As a clock has it: 12:05, 1:02:05."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def left_percent(snapshot: Snapshot) -> int:
    """Where it is, in percent of its length."""
    one = snapshot.on_air
    if one is None or one.end <= one.start:
        return 0
    return min(100, max(0, round(100 * ((snapshot.now - one.start) / (one.end - one.start)))))


def why(snapshot: Snapshot, language: Language) -> str:
    """Why the plan has it so; empty where there is no screen, or Stop says why."""
    if snapshot.why is None or not snapshot.screen or snapshot.shows == "stopped":
        return ""
    return sentence(snapshot.why, language, snapshot.now.tzinfo or UTC)


def start(snapshot: Snapshot, language: Language) -> str:
    """What Start will do; empty where the room is not stopped."""
    _ = translator(language)
    if snapshot.stopped is None:
        return ""
    if snapshot.on_start is not None:
        said = _("{title} goes on where it should be by now; it ends at {time}.")
        return said.format(title=snapshot.on_start.title, time=when(snapshot.on_start.end, snapshot, language))
    return _("The timetable is followed again; nothing is planned for now.")


def health(snapshot: Snapshot, language: Language) -> str:
    """One line: whether something is wrong, and the first of it."""
    _ = translator(language)
    if snapshot.work is not None:
        return _("Nothing is looked at while somebody works here.")
    wrong = [problem.text.render(_) for problem in snapshot.problems]
    wrong += [f"{report.device}{_(': ')}{report.text}" for report in snapshot.reports]
    if not wrong:
        return _("Nothing is found wrong.")
    return _("Needs attention: {count}. First: {problem}").format(count=len(wrong), problem=wrong[0])


def count(snapshot: Snapshot, language: Language) -> tuple[str, ...]:
    """This week's plays and this month's hours, against what the town asks for."""
    count, _ = snapshot.count, translator(language)
    if count is None:
        return (_("Not known while the clock cannot be trusted."),)
    return (
        _("Plays this week: {count}; the town asks for {asked}.").format(count=count.plays, asked=count.plays_asked),
        _("Hours this month: {count}; the town asks for {asked}.").format(
            count=f"{count.minutes / 60:.1f}", asked=f"{count.minutes_asked / 60:.1f}"
        ),
    )
