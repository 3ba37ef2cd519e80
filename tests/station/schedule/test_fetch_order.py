"""In which order programmes are needed, and when."""

from datetime import UTC, datetime

from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot
from kiosk.station.schedule.fetch_order import needs

NAMES = ("spare", "filler", "later-filler", "over", "evening", "morning", "loop")


def week() -> Playlist:
    programmes = tuple(
        Programme(id=name, title=name, file=f"{name}.mp4", duration_ms=1000, size=1, sha256=f"{number:064d}")
        for number, name in enumerate(NAMES)
    )
    days = {"first_day": "2026-03-02", "last_day": "2026-03-08"}
    return Playlist(
        town="fengle", group="all", version=1, issued_ms=0, programmes=programmes, **days,
        slots=(
            Slot(date="2026-03-06", start="19:00:00", end="20:00:00", programmes=("evening",)),
            Slot(date="2026-03-06", start="08:00:00", end="09:00:00", programmes=("morning", "over")),
            Slot(date="2026-03-03", start="08:00:00", end="09:00:00", programmes=("over", "evening")),
            Slot(date="2026-03-05", start="08:00:00", end="20:00:00", programmes=("loop",), mode="loop"),
        ),
        recommended=(
            Recommended(programme="later-filler", plays=1, first_day="2026-03-07", last_day="2026-03-08"),
            Recommended(programme="filler", plays=1, **days),
        ),
    )  # fmt: skip


def china(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour - 8, tzinfo=UTC)


def test_the_next_showing_counts_and_one_under_way_is_due() -> None:
    found = list(needs(week(), china(5, 12)))
    assert [programme.id for programme, _ in found] == [
        "loop", "morning", "over", "evening", "filler", "later-filler", "spare",
    ]  # fmt: skip
    due = {programme.id: at for programme, at in found}
    assert due["loop"] == china(5, 8) and due["over"] == china(6, 8) and due["evening"] == china(6, 19)
    assert due["filler"] is None and due["spare"] is None


def test_what_only_the_past_names_comes_last() -> None:
    found = list(needs(week(), china(8, 12)))
    assert [programme.id for programme, _ in found][:2] == ["filler", "later-filler"]
    assert all(at is None for _, at in found) and len(found) == len(NAMES)
    assert [programme.id for programme, _ in found][-1] == "spare"


def test_without_a_clock_the_week_counts_from_its_first_slot() -> None:
    assert [programme.id for programme, _ in needs(week())][:4] == ["over", "evening", "loop", "morning"]
