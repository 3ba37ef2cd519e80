"""Why an instant shows what it shows, in words: true of every case, in both languages."""

import random
from dataclasses import replace
from itertools import chain
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest
from test_explanation import NOTICED
from test_timetable import LAW, MEETING, MORNING, THURSDAY, TIMETABLE, at

from kiosk.common.i18n import LANGUAGES
from kiosk.contract.occasions import ON_DEMAND
from kiosk.contract.playlist import Recommended
from kiosk.station.panel import why
from kiosk.station.schedule.layers import Why
from kiosk.station.schedule.situation import Demand, Owed, Presence, Situation, Stop
from kiosk.station.schedule.timetable import compile_playlist, explain

SHANGHAI = ZoneInfo("Asia/Shanghai")
QUIET = Stop(at("09:02"), at("09:50"), "meeting")
UNTRUSTED = replace(MORNING, clock_trusted=False)
THERE = replace(MORNING, filler="when-present", owed=Owed(at("11:00"), (("rice", 1), ("song", 2))))
CASES = [
    ("09:12", NOTICED, "flood, 09:10–09:15", "An urgent notice goes before all else: Flood warning, 09:10–09:30."),
    ("09:20", NOTICED, "rice, 09:20–09:40", "The timetable has it 09:00–10:00."),
    ("09:12", replace(MORNING, stop=QUIET), "table", "Somebody has pressed Stop (meeting), until 09:50."),
    ("09:50", replace(MORNING, stop=QUIET), "song, 09:50–10:05",
     "What is planned for this time has been shown; a recommended programme fills it."),
    ("09:12", replace(MORNING, session=MEETING), "song, 09:05–09:20",
     "A session goes before the timetable: Theme Party Day, 09:05–11:00."),
    ("10:30", replace(MORNING, session=MEETING), "table",
     "A session keeps the screen quiet to its end: Theme Party Day, 09:05–11:00."),
    ("09:00", replace(MORNING, unavailable=frozenset({"law"}), owed=None), "table",
     "law is planned for this time, but is not here yet or has failed; nothing is recommended for this day."),
    ("12:00", MORNING, "table",
     "Nothing is planned for this time; no recommended programme is owed any more plays."),
    ("07:00", MORNING, "table",
     "Nothing is planned for this time; the room is closed, so nothing recommended is shown."),
    ("12:00", replace(MORNING, unavailable=frozenset({"rice", "song"})), "table",
     "Nothing is planned for this time; what is still to be shown is not here yet or has failed."),
    ("12:00", THERE, "table",
     "Nothing is planned for this time; nobody has been noticed in the room, so nothing recommended is shown."),
    ("12:35", replace(THERE, presence=Presence(at("12:30"), at("13:00"))), "song, 12:30–12:45",
     "Nothing is planned for this time; a recommended programme fills it."),
    ("12:00", replace(THERE, filler="never"), "table",
     "Nothing is planned for this time; the town wants nothing recommended to be shown in this room."),
    ("12:10", replace(THERE, demand=Demand("d", ON_DEMAND, at("12:00"), (LAW,))), "law, 12:00–12:20",
     "Nothing is planned for this time; somebody has chosen what is shown."),
    ("09:00", replace(UNTRUSTED, stop=QUIET), "table",
     "Somebody has pressed Stop (meeting), until somebody presses Start."),
    ("06:59", UNTRUSTED, "table",
     "The clock cannot be trusted, so the timetable is not followed; a recommended programme begins within seconds."),
    ("07:10", UNTRUSTED, "song, 07:00–07:15",
     "The clock cannot be trusted, so the timetable is not followed; a recommended programme fills it."),
]  # fmt: skip


@pytest.mark.parametrize(("clock", "situation", "shown", "sentence"), CASES)
def test_one_sentence_says_what_decided(clock: str, situation: Situation, shown: str, sentence: str) -> None:
    told = explain(TIMETABLE, at(clock), situation)
    expected = (
        "no programme; the week's table is shown, or black while the room is closed" if shown == "table" else shown
    )
    assert why.on_screen(told, "en", SHANGHAI) == expected
    assert why.sentence(told, "en", SHANGHAI) == sentence


def lines(clock: str, situation: Situation, language: Any = "en") -> list[str]:
    return list(why.lines(explain(TIMETABLE, at(clock), situation), language, SHANGHAI))


def test_every_layer_is_a_line_and_one_decides() -> None:
    assert lines("14:30", NOTICED) == [
        "Urgent notice Flood warning: is over",
        "Stop: nobody has pressed it",
        "Session: there is none",
        "Timetable: 14:20–14:40 (priority 1), party is to be shown – this decides",
        "Timetable: 14:00–15:00: song is covered by it",
    ]
    assert lines("10:00", replace(MORNING, owed=None)) == [
        "Urgent notice: there is none",
        "Stop: nobody has pressed it",
        "Session: there is none",
        "Timetable: nothing for this time; the next is at 14:00",
        "Recommended: nothing is recommended for this day",
        "The week's table, or black while the room is closed: nothing above shows anything – this decides",
    ]
    assert lines("09:12", replace(NOTICED, stop=QUIET, unavailable=frozenset({"flood"}))) == [
        "Urgent notice Flood warning: 09:10–09:30, the turn is that of flood, which is not here yet or has failed",
        "Stop: in force, until 09:50 – this decides",
    ]
    assert lines("12:00", THERE)[-2:] == [
        "Somebody there: nobody has been noticed in the room, so nothing recommended is shown",
        "The week's table, or black while the room is closed: nothing above shows anything – this decides",
    ]
    assert lines("12:10", replace(THERE, demand=Demand("d", ON_DEMAND, at("12:00"), (LAW,))))[-1] == (
        "On demand: 12:00–12:20, law is to be shown – this decides"
    )
    assert lines("09:12", UNTRUSTED)[0].startswith("The clock cannot be trusted: urgent notices, sessions and the")
    ended = replace(MORNING, stop=replace(QUIET, since=at("09:06")), session=MEETING)
    assert "Session: ended by Stop" in lines("09:55", ended)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("clock", "situation"), [case[:2] for case in CASES])
def test_exactly_one_line_says_that_it_decides(clock: str, situation: Situation, language: Any) -> None:
    marked = [line for line in lines(clock, situation, language) if "this decides" in line or "←由此决定" in line]
    assert len(marked) == 1


def situations() -> list[tuple[str, Situation]]:
    """A thousand times of the day, each in another situation."""
    chosen = random.Random(7)
    some = chosen.choice
    left = [None, MORNING.owed, THERE.owed, Owed(at("07:00"), ()), Owed(at("07:00"), (("rice", 0), ("song", 0)))]
    sessions = [MEETING, replace(MEETING, meeting=at("10:00")), replace(MEETING, programmes=())]

    def one() -> Situation:
        return replace(
            MORNING,
            clock_trusted=chosen.random() < 0.8,
            urgents=NOTICED.urgents if chosen.random() < 0.3 else (),
            stop=some([None, None, None, QUIET, replace(QUIET, until=None), replace(QUIET, reason="unsaid")]),
            session=some([None, None, *sessions]),
            demand=some([None, None, Demand("d", ON_DEMAND, at("12:00"), (LAW, LAW))]),
            filler=some(["never", "when-present", "opening-hours"]),
            presence=some([None, Presence(at("08:00"), at("12:30")), Presence(at("12:30"), at("13:00"))]),
            owed=some(left),
            unavailable=frozenset(name for name in ("law", "rice", "song", "flood", "party") if chosen.random() < 0.2),
        )

    return [(f"{chosen.randrange(6, 23):02}:{chosen.randrange(60):02}", one()) for _ in range(1000)]


def test_whatever_decides_has_a_sentence_in_both_languages() -> None:
    """Titles and names of the example are English; everything else is told in Chinese."""
    theirs = "Flood warning", "Theme Party Day", "flood", "song", "party", "law", "rice"
    decided = set()
    for clock, situation in [*situations(), *(case[:2] for case in CASES)]:
        told = explain(TIMETABLE, at(clock), situation)
        last = told.answers[-1] if told.decided else None
        why_not = told.no_filler or (told.answers[-1].kind, told.answers[-1].why)
        decided.add((last.kind, last.why) if last else ("poster", why_not))
        for language in LANGUAGES:
            said = [why.on_screen(told, language, SHANGHAI), why.sentence(told, language, SHANGHAI)]
            for line in chain(said, why.lines(told, language, SHANGHAI)):
                for name in theirs:
                    line = line.replace(name, "")
                assert line and not set("{}") & set(line)
                assert language == "en" or not any(c.isascii() and c.isalpha() for c in line), line
            assert told.decision.on_air is None or told.decision.on_air.programme.title in said[0]
    assert decided == {
        ("urgent", "shown"), ("stop", "in-force"), ("slot", "shown"), ("demand", "shown"), ("hours", "closed"),
        ("session", "shown"), ("session", "list-over"), ("session", "unavailable"), ("session", "quiet"),
        ("filler", "shown"), ("poster", ("filler", "over")), ("poster", ("filler", "not-begun")),
        *(("poster", reason) for reason in ("none", "over", "unavailable", "never", "nobody")),
    }  # fmt: skip
    assert set(why.STATES) == set(get_args(Why)), "every answer of a layer has words"


def test_filler_of_another_day_is_not_foretold_as_it_is_counted_anew() -> None:
    """Plays owed are those of today: what is owed tomorrow is known tomorrow. The timetable of then is known."""
    tomorrows = (
        Recommended(programme=item.programme, plays=1, first_day="2026-03-06", last_day="2026-03-06")
        for item in THURSDAY.recommended
    )
    week = compile_playlist(msgspec.structs.replace(THURSDAY, recommended=(*THURSDAY.recommended, *tomorrows)))
    today, tomorrow = (explain(week, at("12:00", day), MORNING) for day in ("2026-03-05", "2026-03-06"))
    assert not today.counted_anew and tomorrow.counted_anew
    assert why.sentence(tomorrow, "en", SHANGHAI) == (
        "Nothing is planned for this time; recommended programmes are counted anew on that day."
    )
    assert "counted anew" in why.on_screen(tomorrow, "en", SHANGHAI)
    last = list(why.lines(tomorrow, "en", SHANGHAI))[-1]
    assert last == "Recommended: counted anew on that day"
    night = explain(week, at("23:00", "2026-03-06"), MORNING)
    assert "the room is closed" in why.sentence(night, "en", SHANGHAI)
