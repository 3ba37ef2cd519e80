"""What makes a playlist unsound; each refusal names its place."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from signing import playlist, programme, slot

from kiosk.contract import playlist as playlists
from kiosk.contract.playlist import MonthPlan, PlanEntry, Recommended
from kiosk.contract.wire import Malformed, encode


def tree():
    return json.loads(encode(playlist()))


def refused(data, *words):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(Malformed) as caught:
        playlists.read(data)
    for word in ("playlist", *words):
        assert word in str(caught.value)


def test_playlist_survives_writing_and_reading():
    assert playlists.read(encode(playlist())) == playlist()


def test_playlist_with_unknown_fields_is_read_past_them():
    week = tree() | {"colour": "red"}
    week["slots"][0]["lights"] = ["off"]
    assert playlists.read(json.dumps(week).encode()) == playlist()


def test_playlist_with_a_float_is_refused():
    refused(encode(playlist()).replace(b'"duration_ms":6000', b'"duration_ms":6000.0'), "6000.0", "not an integer")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e3"])
def test_playlist_with_a_number_that_json_lacks_is_refused(number):
    refused(encode(playlist()).replace(b'"duration_ms":6000', f'"duration_ms":{number}'.encode()), number)


def test_playlist_with_a_duplicate_key_is_refused():
    refused(encode(playlist()).replace(b'"version":1', b'"version":1,"version":1'), "'version'", "twice")


def test_playlist_with_an_integer_of_70_bits_is_refused():
    refused(encode(playlist()).replace(b'"version":1', b'"version":%d' % 2**70), str(2**70), "64 bits")


def test_playlist_of_10_mb_of_zeros_is_refused():
    refused(bytes(10 * 1024 * 1024), "10485760 bytes")
    refused(b"0" * 4 * 1024 * 1024)


def test_playlist_with_slots_of_equal_priority_overlapping_is_refused():
    week = playlist(slots=(slot(), slot(start="09:29:59", end="10:00:00", priority=0)))
    refused(encode(week), "slot 2", "overlaps slot 1", "priority 0")


def test_playlist_with_slots_of_equal_priority_overlapping_across_midnight_is_refused():
    week = playlist(slots=(slot(start="23:00:00", end="01:00:00"), slot(date="2026-03-03", start="00:30:00")))
    refused(encode(week), "slot 2", "overlaps slot 1")


def test_playlist_with_a_short_slot_inside_a_long_one_and_another_after_it_is_refused():
    """The second overlap must be seen although the slot in between has ended."""
    week = playlist(
        slots=(
            slot(end="12:00:00"),
            slot(start="09:10:00", end="09:20:00", priority=1),
            slot(start="11:00:00", end="13:00:00"),
        )
    )
    refused(encode(week), "slot 3", "overlaps slot 1")


def test_playlist_with_slots_of_unlike_priority_overlapping_is_sound():
    assert playlists.check(playlist(slots=(slot(), slot(priority=1)))) == []


def test_playlist_with_slots_that_touch_is_sound():
    assert playlists.check(playlist(slots=(slot(), slot(start="09:30:00", end="10:00:00")))) == []


def test_playlist_with_an_unknown_programme_is_refused():
    refused(encode(playlist(slots=(slot(programmes=("opening", "ghost")),))), "slot 1", "ghost", "not known")


def test_playlist_with_an_unknown_programme_recommended_is_refused():
    item = Recommended(programme="ghost", plays=1, first_day="2026-03-02", last_day="2026-03-03")
    refused(encode(playlist(recommended=(item,))), "recommended item 1", "ghost")


@pytest.mark.parametrize("name", ["../a.mp4", "a/b.mp4", "..", ".hidden", "a\\b.mp4", "a\nb.mp4", "", "a\x00.mp4"])
def test_playlist_with_a_path_in_a_file_name_is_refused(name):
    week = tree()
    week["programmes"][0]["file"] = name
    refused(week, "$.programmes[0].file")


@pytest.mark.parametrize("name", ["../a", "a/b", "..", ".a", "", "a b", "a\n", "é", "a" * 65])
def test_playlist_with_a_path_in_a_programme_id_is_refused(name):
    week = tree()
    week["programmes"][0]["id"] = name
    refused(week, "$.programmes[0].id")


def test_playlist_with_a_path_in_the_group_is_refused():
    refused(tree() | {"group": "../other"}, "$.group")


@pytest.mark.parametrize("sha", ["../" + "0" * 61, "0" * 63, "A" * 64, "0" * 64 + "\n"])
def test_playlist_with_a_hash_that_is_none_is_refused(sha):
    week = tree()
    week["programmes"][0]["sha256"] = sha
    refused(week, "$.programmes[0].sha256")


@pytest.mark.parametrize("zone", ["Asia/Fengle", "../../etc/passwd", "", "Asia"])
def test_playlist_with_an_unknown_time_zone_is_refused(zone):
    refused(encode(playlist(time_zone=zone)), "time zone", "Asia/Shanghai")


@pytest.mark.parametrize("day", ["2026-02-30", "0001-01-01", "2026-13-01"])
def test_playlist_with_a_day_that_is_no_date_is_refused(day):
    refused(encode(playlist(slots=(slot(date=day),))), "slot 1", day)
    plan = MonthPlan(month="2026-03", entries=(PlanEntry(date=day, title="x"),))
    refused(encode(playlist(month_plans=(plan,))), "month plan 1, row 1", day)


def test_playlist_with_digits_of_another_script_is_refused():
    week = tree()
    week["slots"][0]["start"] = "０9:00:00"
    refused(week, "$.slots[0].start")


def test_playlist_with_a_slot_outside_its_days_is_refused():
    refused(encode(playlist(slots=(slot(date="2026-03-09"),))), "slot 1", "2026-03-09", "outside")


@pytest.mark.parametrize("last", ["2026-03-01", "2026-04-06"])
def test_playlist_of_no_day_or_of_more_than_five_weeks_is_refused(last):
    item = Recommended(programme="rice", plays=1, first_day="2026-03-02", last_day="2026-03-02")
    refused(encode(playlist(last_day=last, slots=(), recommended=(item,))), last, "35")


def test_playlist_with_a_programme_twice_is_refused():
    refused(encode(playlist(programmes=(programme(), programme(), programme("rice")))), "opening", "twice")


def test_playlist_with_a_programme_without_length_is_refused():
    refused(encode(playlist(programmes=(programme(duration_ms=0), programme("rice")))), "opening", "no length")


@pytest.mark.parametrize("peak", [-20_001, 20_001, "loud"])
def test_playlist_with_a_peak_that_no_sound_has_is_refused(peak):
    week = tree()
    week["programmes"][0]["peak_cdbtp"] = peak
    refused(week, "$.programmes[0].peak_cdbtp")


@pytest.mark.parametrize("peak", [-20_000, -110, 0, 320, 20_000, None])
def test_playlist_with_peaks_survives_writing_and_reading(peak):
    week = playlist(programmes=(programme(peak_cdbtp=peak), programme("rice")))
    assert playlists.read(encode(week)) == week


def test_playlist_with_a_slot_without_programmes_is_refused():
    refused(encode(playlist(slots=(slot(programmes=()),))), "slot 1", "no programme")


def test_playlist_with_a_slot_in_the_hour_that_the_clocks_skip_is_refused():
    week = playlist(
        time_zone="Europe/Berlin",
        first_day="2026-03-29",
        last_day="2026-03-29",
        slots=(slot(date="2026-03-29", start="02:10:00", end="03:05:00"),),
        recommended=(),
    )
    refused(encode(week), "slot 1", "the clocks change")


def test_playlist_with_a_recommendation_that_ends_before_it_starts_is_refused():
    item = Recommended(programme="rice", plays=1, first_day="2026-03-04", last_day="2026-03-03")
    refused(encode(playlist(recommended=(item,))), "recommended item 1", "before")


def test_playlist_of_another_format_is_refused():
    refused(tree() | {"format": 2}, "format 2", "update the kiosk")


def test_every_problem_is_named_at_once():
    week = playlist(slots=(slot(programmes=("ghost",)), slot(date="2026-04-01"), slot()))
    problems = playlists.check(week)
    assert [problem.split(":")[0] for problem in problems] == ["slot 2", "slot 1", "slot 3"]


def test_span_is_in_utc_and_ends_on_the_next_day_where_it_ends_before_it_starts():
    start, end = playlists.span(slot(start="23:00:00", end="01:00:00"), ZoneInfo("Asia/Shanghai"))
    assert (start, end) == (datetime(2026, 3, 2, 15, tzinfo=UTC), datetime(2026, 3, 2, 17, tzinfo=UTC))


def test_urgent_notice_without_programme_or_length_is_refused():
    good = {"format": 1, "id": "u", "town": "t", "title": "!", "start_ms": 1, "end_ms": 2}
    good["programmes"] = [json.loads(encode(programme()))]
    assert playlists.read_urgent(json.dumps(good).encode()).id == "u"
    for change in ({"programmes": []}, {"end_ms": 1}, {"programmes": [json.loads(encode(programme(duration_ms=0)))]}):
        with pytest.raises(Malformed, match="urgent notice u"):
            playlists.read_urgent(json.dumps(good | change).encode())
