"""Which days a publication replaces, keeps and drops, with what belongs to them."""

from datetime import UTC, datetime

from msgspec.structs import replace

from kiosk.contract.playlist import MonthPlan, PlanEntry, Playlist, Programme, Recommended, Slot, check
from kiosk.town.publishing.compose import compose, stretches

SATURDAY = datetime(2026, 11, 28, 2, tzinfo=UTC)
"""Ten o'clock in the morning in the town."""


def programme(name, sha="a"):
    return Programme(id=name, title=name, file=f"{name}.mp4", duration_ms=60_000, size=1, sha256=sha * 64)


def slot(day, name, start="09:00:00", end="10:00:00", **more):
    return Slot(date=day, start=start, end=end, programmes=(name,), **more)


def week(first, last, *slots, programmes=None, **more):
    named = dict.fromkeys(name for one in slots for name in one.programmes)
    return Playlist(
        town="fengle", group="all", version=1, issued_ms=0, first_day=first, last_day=last, slots=slots,
        programmes=tuple(programmes or map(programme, named)), **more,
    )  # fmt: skip


THIS = week(
    "2026-11-23",
    "2026-11-29",
    slot("2026-11-23", "law"),
    slot("2026-11-28", "rice", occasion="主题党日", priority=3, volume=60, mode="loop", ending="finish"),
    slot("2026-11-29", "song"),
)
NEXT = week("2026-11-30", "2026-12-06", slot("2026-11-30", "party"))


def days(playlist):
    return [(one.date, *one.programmes) for one in playlist.slots]


def test_d1_next_week_leaves_this_week_as_it_is():
    made = compose(THIS, NEXT, SATURDAY)
    assert days(made.playlist) == [("2026-11-28", "rice"), ("2026-11-29", "song"), ("2026-11-30", "party")]
    assert made.playlist.slots[:2] == THIS.slots[1:], "with every field"
    assert (made.playlist.first_day, made.playlist.last_day) == ("2026-11-28", "2026-12-06")
    assert sorted(one.id for one in made.playlist.programmes) == ["party", "rice", "song"]
    assert stretches(made.added) == "2026-11-30 to 2026-12-06"
    assert (made.replaced, stretches(made.kept)) == ((), "2026-11-28 to 2026-11-29")
    assert stretches(made.past) == "2026-11-23 to 2026-11-27"
    assert check(made.playlist) == []


def test_d1_own_days_are_replaced_whole_and_days_around_them_are_kept():
    held = compose(THIS, NEXT, SATURDAY).playlist
    made = compose(held, week("2026-11-29", "2026-11-29", slot("2026-11-29", "law")), SATURDAY)
    assert days(made.playlist) == [("2026-11-28", "rice"), ("2026-11-29", "law"), ("2026-11-30", "party")]
    assert (made.replaced, made.added) == (("2026-11-29",), ())
    assert "song" not in {one.id for one in made.playlist.programmes}


def test_d1_yesterday_stays_while_its_slot_runs_over_midnight():
    night = week(
        "2026-11-27", "2026-11-28", slot("2026-11-27", "law", "23:00:00", "00:30:00"), slot("2026-11-28", "song")
    )
    before, after = datetime(2026, 11, 27, 16, 20, tzinfo=UTC), datetime(2026, 11, 27, 16, 40, tzinfo=UTC)
    assert days(compose(night, NEXT, before).playlist)[0] == ("2026-11-27", "law")
    assert days(compose(night, NEXT, after).playlist)[0] == ("2026-11-28", "song")
    assert days(compose(None, night, before).playlist)[0] == ("2026-11-27", "law"), "of the publication's own days too"


def test_d1_past_days_of_the_publication_are_dropped_unless_nothing_lies_ahead():
    assert days(compose(None, THIS, SATURDAY).playlist) == [("2026-11-28", "rice"), ("2026-11-29", "song")]
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert compose(NEXT, THIS, later).playlist == THIS
    assert days(compose(NEXT, THIS, datetime(2026, 12, 1, tzinfo=UTC)).playlist) == []


def test_d1_recommended_items_keep_the_days_that_are_not_the_publications():
    def item(first, last, name="rice", plays=4):
        return Recommended(programme=name, plays=plays, first_day=first, last_day=last)

    held = replace(THIS, recommended=(item("2026-11-23", "2026-12-10"), item("2026-11-01", "2026-11-20")))
    new = replace(NEXT, recommended=(item("2026-11-30", "2026-12-06", "party"),))
    assert compose(held, new, SATURDAY).playlist.recommended == (
        item("2026-11-30", "2026-12-06", "party"),
        item("2026-11-23", "2026-11-29"),
        item("2026-12-07", "2026-12-10"),
    )
    again = compose(compose(held, new, SATURDAY).playlist, new, SATURDAY).playlist
    assert again == compose(held, new, SATURDAY).playlist, "the same publication twice changes nothing"


def test_d1_month_plan_is_replaced_by_days_and_kept_until_the_month_is_over():
    def plan(month, *entries, **more):
        return MonthPlan(month=month, entries=tuple(PlanEntry(date=d, title=t) for d, t in entries), **more)

    held = replace(
        THIS,
        month_plans=(plan("2026-10"), plan("2026-11", ("2026-11-02", "a"), ("2026-11-28", "b"), ("2026-11-30", "c"))),
    )
    new = replace(NEXT, month_plans=(plan("2026-11", ("2026-11-28", "B")), plan("2026-12", ("2026-12-24", "d"))))
    assert compose(held, new, SATURDAY).playlist.month_plans == (
        plan("2026-11", ("2026-11-02", "a"), ("2026-11-28", "B")),
        plan("2026-12", ("2026-12-24", "d")),
    )


def test_d1_id_that_stands_for_another_file_on_the_kept_days_is_told_apart():
    held = week("2026-11-28", "2026-11-29", slot("2026-11-28", "p1"), programmes=[programme("p1", "a")])
    new = week("2026-11-30", "2026-12-06", slot("2026-11-30", "p1"), programmes=[programme("p1", "b")])
    made = compose(held, new, SATURDAY)
    assert days(made.playlist) == [("2026-11-28", "p1"), ("2026-11-30", "p1-bbbbbbbb")]
    assert {one.id: one.sha256[0] for one in made.playlist.programmes} == {"p1": "a", "p1-bbbbbbbb": "b"}
    assert made.renamed == (("p1", "p1-bbbbbbbb"),)
    later = compose(made.playlist, new, datetime(2026, 11, 30, tzinfo=UTC)).playlist
    assert days(later) == [("2026-11-30", "p1-bbbbbbbb")], "or what is on air would be another programme"


def test_d1_night_slot_that_runs_into_a_kept_day_is_an_overlap():
    new = week("2026-11-30", "2026-11-30", slot("2026-11-30", "law", "23:00:00", "01:00:00"))
    held = week("2026-12-01", "2026-12-01", slot("2026-12-01", "song", "00:30:00", "02:00:00"))
    [problem] = check(compose(held, new, SATURDAY).playlist)
    assert "2026-12-01 00:30:00-02:00:00 overlaps slot 1" in problem


def test_stretches_of_days():
    assert stretches(()) == "none"
    assert stretches(("2026-02-28", "2026-03-01", "2026-03-03")) == "2026-02-28 to 2026-03-01, 2026-03-03"


def test_d4_each_stretch_of_days_keeps_the_title_that_it_came_with():
    held, new = replace(THIS, title="第48周"), replace(NEXT, title="第49周")
    made = compose(held, new, SATURDAY).playlist
    told = [(one.title, one.first_day, one.last_day) for one in made.headings]
    assert told == [("第48周", "2026-11-23", "2026-11-29"), ("第49周", "2026-11-30", "2026-12-06")]
    own = week("2026-11-29", "2026-11-29", slot("2026-11-29", "law"), title="补播")
    again = compose(made, own, SATURDAY).playlist
    assert [(one.title, one.first_day, one.last_day) for one in again.headings] == [
        ("第48周", "2026-11-23", "2026-11-28"),
        ("补播", "2026-11-29", "2026-11-29"),
        ("第49周", "2026-11-30", "2026-12-06"),
    ]
    assert check(again) == []
    later = compose(again, replace(new, title="第49周改"), datetime(2026, 12, 1, tzinfo=UTC)).playlist
    assert (later.title, later.headings) == ("第49周改", ()), "what is past is forgotten"
