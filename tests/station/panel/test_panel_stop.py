"""The Stop form: until when, and why."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from panel_room import NOW, SIX, Browser, Room

from kiosk.station.panel import stop_form
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.playout.events import StopPressed


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def posted(room: Room) -> list[tuple[str, int | None]]:
    return [(event.reason, event.until_ms) for event in room.posted if isinstance(event, StopPressed)]


def at(hour: int, minute: int, morning: datetime) -> Snapshot:
    return Snapshot(now=NOW.replace(hour=hour, minute=minute), station="x", morning=morning)


def offered(snapshot: Snapshot) -> dict[str, bool]:
    return {until.text: until.chosen for until in stop_form.choices(snapshot, "en")}


def test_until_when_is_offered_by_the_time_of_day() -> None:
    today = NOW.replace(hour=8, minute=0)
    assert offered(at(0, 20, today)) == {
        "until this morning, 08:00": True,
        "for one hour": False,
        "until 14:00": False,
        "until somebody presses Start": False,
    }
    tomorrow = today + timedelta(days=1)
    midday = ["until tomorrow morning, 08:00", "for one hour", "until 14:00", "until somebody presses Start"]
    assert list(offered(at(9, 0, tomorrow))) == midday
    assert list(offered(at(14, 0, tomorrow))) == [*midday[:2], midday[3]], "14:00 is past"
    assert [until.text for until in stop_form.choices(at(0, 20, today), "zh")][:3] == [
        "到今天早上 08:00", "停 1 小时", "到 14:00 为止",
    ]  # fmt: skip


def test_without_a_trusted_clock_only_start_ends_it() -> None:
    snapshot = replace(at(9, 0, SIX), clock="untrusted")
    assert offered(snapshot) == {"until somebody presses Start": True}


def test_each_end_is_what_the_label_says(administrator: Browser, room: Room) -> None:
    room.snapshot = replace(room.snapshot, now=NOW.replace(hour=9, minute=10, second=7))
    now = room.snapshot.now
    for until in stop_form.choices(room.snapshot, "zh"):
        administrator.stop("meeting", until=until.value)
        room.snapshot = replace(room.snapshot, now=now)
    ends = [SIX, now.replace(hour=10, minute=11, second=0), now.replace(hour=14, minute=0, second=0)]
    assert posted(room) == [*(("meeting", ms(end)) for end in ends), ("meeting", None)]


def test_the_morning_that_was_read_holds_though_it_is_pressed_after_midnight(
    administrator: Browser, room: Room
) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "farm-season"}
    room.snapshot = replace(room.snapshot, now=SIX.replace(hour=0, minute=20))
    assert administrator.post("/stop", fields).status_code == 303
    assert posted(room) == [("farm-season", ms(SIX))]
    assert "农忙，到 06:00 为止" in administrator.text()


def test_a_page_that_was_open_past_its_time_asks_again(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "other", "words": "选举"}
    room.snapshot = replace(room.snapshot, now=SIX.replace(hour=9), morning=SIX + timedelta(days=1))
    answer = administrator.post("/stop", fields)
    assert answer.status_code == 422 and "这个时间已经不能选了" in answer.text and 'value="选举"' in answer.text
    assert room.posted == []


def test_a_choice_that_went_while_the_page_was_renewed_is_asked_for_again(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/", "/stop") | {"reason": "meeting", "until": ""}
    assert administrator.post("/stop", fields).status_code == 422 and room.posted == []


def test_words_alone_are_the_reason_other(administrator: Browser, room: Room) -> None:
    form = administrator.get("/stop").text
    first = form.index("<button")
    assert 'name="reason" value="other"' in form[first : form.index(">", first)], "the one that the Enter key presses"
    administrator.stop("other", words=" 选举 \t 大会 ")
    assert [reason for reason, _ in posted(room)] == ["选举 大会"]


def test_other_without_words_asks_for_them(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "other", "words": " \t ", "until": "hour"}
    answer = administrator.post("/stop", fields)
    assert answer.status_code == 422 and room.posted == []
    assert "还没有停播：请写一句原因" in answer.text
    assert 'aria-invalid="true" aria-describedby="no-words" autofocus' in answer.text
    assert 'value="hour" checked' in answer.text, "what was chosen stays chosen"
    assert administrator.post("/stop", fields | {"words": "停水"}).status_code == 303
    assert [reason for reason, _ in posted(room)] == ["停水"]


def test_words_are_left_out_where_a_reason_was_tapped(administrator: Browser, room: Room) -> None:
    administrator.stop("meeting", words="half typed")
    assert [reason for reason, _ in posted(room)] == ["meeting"]


def test_a_reason_in_ones_own_words_is_escaped_cut_and_one_line(administrator: Browser, room: Room) -> None:
    administrator.stop("other", words="<script>alert('x')</script>\r\n" + "y" * 500)
    [(reason, _)] = posted(room)
    assert len(reason) == 100 and "\n" not in reason
    page = administrator.get().text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)" in page


@pytest.mark.parametrize(
    "change",
    [{"reason": "party"}, {"reason": ""}, {"press": ""}, {"press": "x" * 65}]
    + [{"until": value} for value in ("morning", "-1", "1e9", "١٢", "9" * 16)],
)
def test_a_form_that_makes_no_sense_is_refused(administrator: Browser, room: Room, change: dict[str, str]) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "meeting"} | change
    assert administrator.post("/stop", fields).status_code == 400
    assert room.posted == []


def test_a_time_further_ahead_than_any_offered_asks_again(administrator: Browser, room: Room) -> None:
    fields = administrator.fields("/stop", "/stop") | {"reason": "meeting", "until": str(ms(NOW + timedelta(days=4)))}
    assert administrator.post("/stop", fields).status_code == 422
    assert room.posted == []
