"""The register: changed a part at a time, with who, when and what before; two officers never overwrite silently."""

import json
from datetime import date
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from town.postgres import BOTH

from kiosk.contract.station import StationDocument
from kiosk.town.sheets.holidays import special_days
from kiosk.town.stations import forms, registry
from kiosk.town.stations.editing import Overtaken, change_everywhere, change_part
from kiosk.town.stations.parts import PARTS
from kiosk.town.stations.register import Registered, find, history
from kiosk.town.town import Town, TownError

EVENING = {"start": "19:00:00", "end": "21:00:00"}
DOCUMENT = {
    "place": "村部二楼", "town_telephone": "0712-1", "volume": 70, "rules": "一、准时开放",
    "people": [
        {"id": "zhang", "name": "张三", "post": "A", "telephone": "13800000001"},
        {"id": "li", "name": "李四", "post": "B", "telephone": ""},
    ],
    "equipment": [
        {"id": "tv", "kind": "screen", "name": "电视", "model": "5寸", "bought": "2023-05-01", "connector": "HDMI-A-1"},
    ],
    "opening": {
        "week": [[{"start": "08:30:00", "end": "11:30:00"}, {"start": "14:00:00", "end": "17:00:00"}]] * 5 + [[], []],
        "days": [{"date": "2026-10-01", "hours": [], "name": "国庆节"}],
        "seasons": [
            {"first_day": "2026-05-20", "last_day": "2026-06-10", "name": "农忙", "week": [[EVENING]] * 7},
        ],
    },
    "thresholds": {"minutes_per_month": 1200, "session_days": [6, 16, 26], "hysteresis_ms": 90_000},
    "screen_power": {"off": "cec", "wake_pc": "08:00:00"}, "filler": "never", "standards": ["有场地", "有设备"],
}  # fmt: skip


@pytest.fixture
def room(office: Town, tmp_path: Path) -> str:
    path = tmp_path / "room-1.json"
    path.write_text(json.dumps(DOCUMENT, ensure_ascii=False))
    registry.add_station(office, "room-1", "all", "一号站", path, by="li")
    return "room-1"


def held(office: Town) -> Registered:
    with office.store.read() as connection:
        found = find(connection, "room-1")
    assert found is not None
    return found


def typed(office: Town, part: str, **changes: str) -> dict[str, object]:
    """What the form of a part says after some fields were typed anew."""
    values, problems = forms.read(part, forms.written(part, held(office).part(part)) | changes, lambda: "new-id")
    assert problems == []
    return values


@BOTH
def test_a_change_is_in_the_document_and_in_the_history_with_what_was_before(office: Town, room: str) -> None:
    before = registry.document(office, room)
    change = typed(
        office, "people", **{"people-1-telephone": "139", "people-2-name": "王五", "people-2-post": "secretary"}
    )
    assert change_part(office, room, "people", change, held(office).version("people"), by="王")
    after = registry.document(office, room)
    assert after.version == before.version + 1
    assert [(one.id, one.name, one.telephone) for one in after.people] == [
        ("zhang", "张三", "13800000001"), ("li", "李四", "139"), ("new-id", "王五", ""),
    ]  # fmt: skip
    with office.store.read() as connection:
        [told] = history(connection, room)
    assert (told.who, told.part, [one["telephone"] for one in told.before["people"]]) == (
        "王",
        "people",
        ["13800000001", ""],
    )
    assert not change_part(office, room, "people", change, held(office).version("people"), by="王"), "the same again"
    assert registry.document(office, room).version == after.version


@BOTH
def test_second_officer_is_told_and_nothing_is_overwritten(office: Town, room: str) -> None:
    opened = held(office).version("room")
    change_part(office, room, "room", typed(office, "room", place="新村部"), opened, by="王")
    with pytest.raises(Overtaken) as told:
        change_part(office, room, "room", typed(office, "room", name="壹号"), opened, by="赵")
    assert (told.value.now.settings.place, told.value.last.who if told.value.last else "") == ("新村部", "王")
    assert held(office).name == "一号站"
    change_part(office, room, "room", {"name": "壹号"}, told.value.now.version("room"), by="赵")
    assert (held(office).name, held(office).settings.place) == ("壹号", "新村部")


def test_two_parts_are_changed_by_two_officers_at_once(office: Town, room: str) -> None:
    people, limits = held(office).version("people"), held(office).version("limits")
    change_part(office, room, "people", typed(office, "people", **{"people-0-telephone": "1"}), people, by="王")
    change_part(office, room, "limits", typed(office, "limits", **{"thresholds.plays_per_week": "6"}), limits, by="赵")
    document = registry.document(office, room)
    assert (document.people[0].telephone, document.thresholds.plays_per_week) == ("1", 6)


@pytest.mark.parametrize("part", PARTS)
def test_a_form_that_is_sent_back_as_it_is_changes_nothing(office: Town, room: str, part: str) -> None:
    assert not change_part(office, room, part, typed(office, part), held(office).version(part), by="王")


def test_every_field_of_the_document_is_in_a_part(office: Town, room: str) -> None:
    found: set[str] = set()
    for part in PARTS:
        found |= set(held(office).part(part))
    elsewhere = {
        *("town", "station", "version", "issued_ms", "tickets", "receipts", "maintenance_until_ms"),
        *("format", "spot_check", "pin_reset"),
    }
    assert found | elsewhere >= set(StationDocument.__struct_fields__)


@BOTH
def test_hours_are_set_for_all_rooms_of_the_group_and_stay_in_their_history(office: Town, room: str) -> None:
    for name, group in (("room-2", "all"), ("room-3", "other"), ("room-4", "all")):
        registry.add_station(office, name, group, name, None, by="li")
    registry.retire(office, "room-4", by="li")
    assert change_everywhere(office, room, "hours", by="王") == 1
    assert registry.document(office, "room-2").opening == registry.document(office, room).opening
    assert registry.document(office, "room-3").opening.week == ((),) * 7
    with office.store.read() as connection:
        assert [(one.who, one.part) for one in history(connection, "room-2")] == [("王", "hours")]
    assert change_everywhere(office, room, "hours", by="王") == 0, "the same again"


def test_what_a_form_does_not_show_stays(office: Town, room: str) -> None:
    change = typed(office, "limits", **{"thresholds.plays_per_week": "6"})
    change["thresholds"].pop("session_days")  # type: ignore[attr-defined]
    change_part(office, room, "limits", change, held(office).version("limits"), by="王")
    assert held(office).settings.thresholds.session_days == (6, 16, 26)


def test_the_command_is_in_the_history_too(office: Town, room: str, tmp_path: Path) -> None:
    path = tmp_path / "new.json"
    path.write_text(json.dumps(DOCUMENT | {"place": "新村部", "people": []}, ensure_ascii=False))
    registry.set_document(office, room, path, by="root")
    registry.retire(office, room, by="root")
    with office.store.read() as connection:
        told = history(connection, room)
    assert [(one.who, one.part) for one in told] == [("root", "retired"), ("root", "people"), ("root", "room")]
    with pytest.raises(TownError, match="retired"):
        change_part(office, room, "room", {"place": "x"}, held(office).version("room"), by="王")


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("8:30-11:30, 14:00-17:00", [("08:30:00", "11:30:00"), ("14:00:00", "17:00:00")]),
        ("８：３０－１１：３０、１４：００～１７：００", [("08:30:00", "11:30:00"), ("14:00:00", "17:00:00")]),
        ("8点至11点30分；14时到17时", [("08:00:00", "11:30:00"), ("14:00:00", "17:00:00")]),
        ("19:00—24:00", [("19:00:00", "00:00:00")]),
        ("休息", []), ("", []),
    ],
)  # fmt: skip
def test_hours_are_read_as_officers_write_them(text: str, hours: list[tuple[str, str]]) -> None:
    values, problems = forms.read("hours", {"opening.week-0": text}, lambda: "")
    assert problems == []
    assert [(one["start"], one["end"]) for one in values["opening"]["week"][0]] == hours


@pytest.mark.parametrize(
    ("part", "form", "field", "said"),
    [
        ("hours", {"opening.week-2": "上午"}, "opening.week-2", "上午 is not understood"),
        ("hours", {"opening.week-2": "8:30-25:00"}, "opening.week-2", "is not a time"),
        ("hours", {"opening.days-0-name": "国庆"}, "opening.days-0-date", "is missing"),
        ("hours", {"opening.days-1-date": "2026-02-30"}, "opening.days-1-date", "2026-02-30 is not a date"),
        ("people", {"people-0-telephone": "138"}, "people-0-name", "is missing"),
        ("people", {"people-0-name": "张" * 401}, "people-0-name", "401 characters"),
        ("limits", {"thresholds.plays_per_week": "vier"}, "thresholds.plays_per_week", "vier is not a number"),
        ("limits", {"thresholds.attendance_percent": "101"}, "thresholds.attendance_percent", "more than 100"),
        ("limits", {}, "thresholds.plays_per_week", "is missing"),
        ("room", {"group": "a b", "name": "x", "volume": "1"}, "group", "a b cannot be used"),
        ("room", {"group": "a", "name": " ", "volume": "1"}, "name", "is missing"),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_field(
    part: str, form: dict[str, str], field: str, said: str
) -> None:
    _, problems = forms.read(part, form, lambda: "")
    assert said in next(one for one in problems if one.field == field).message.render(str)


def test_forms_know_every_value_that_a_document_may_hold() -> None:
    """What a choice does not offer would be lost with the next change."""
    from kiosk.contract.station import Equipment, FillerPolicy, Person, ScreenPower

    def literals(kind: type, name: str) -> set[str]:
        return set(
            msgspec.inspect.type_info(
                msgspec.structs.fields(kind)[[f.name for f in msgspec.structs.fields(kind)].index(name)].type
            ).values
        )  # type: ignore[attr-defined]

    def choices(part: str, name: str) -> set[str]:
        fields = [*PARTS[part].fields, *(field for rows in PARTS[part].rows for field in rows.fields)]
        return {value for field in fields if field.name == name for value, _ in field.choices}

    assert choices("hours", "filler") == set(get_args(FillerPolicy))
    assert choices("people", "post") == literals(Person, "post")
    assert choices("equipment", "kind") == literals(Equipment, "kind")
    assert choices("limits", "screen_power.off") == literals(ScreenPower, "off")


def test_public_holidays_are_filled_in_once_and_what_is_written_stays() -> None:
    days = [(one.date, one.name, one.off) for one in special_days(2026)]
    form = {f"opening.week-{n}": "8:30-11:30" for n in range(5)} | {
        "opening.days-0-date": "2026-10-01", "opening.days-0-hours": "9:00-10:00", "opening.days-0-name": "值班",
    }  # fmt: skip
    filled = forms.with_days(form, days)
    values, problems = forms.read("hours", filled, lambda: "")
    assert problems == []
    found = {one["date"]: one for one in values["opening"]["days"]}
    assert found["2026-10-01"]["name"] == "值班", "what was written stays"
    assert found["2026-10-02"] == {"date": "2026-10-02", "hours": [], "name": "国庆节"}
    weekend = [day for day, _, off in days if not off]
    assert weekend and all(found[day.isoformat()]["hours"] for day in weekend), "a make-up workday has a Monday's hours"
    assert not any(date.fromisoformat(day).weekday() >= 5 for day, one in found.items() if not one["hours"])
    assert forms.with_days(filled, days) == filled, "the same again"
    assert special_days(2099) == []
