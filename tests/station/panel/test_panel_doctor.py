"""The page of the doctor: for those who are logged in; numbered, in order, in both languages."""

import re

from panel_room import Browser, Room


def numbers(room: Room) -> dict[str, int]:
    """The number of each check, by its cause."""
    assert room.examination is not None
    return {item.cause: n for n, item in enumerate(room.examination.items, 1)}


def test_doctor_is_for_those_who_are_logged_in(base: str) -> None:
    answer = Browser(base).session.get(base + "/doctor", allow_redirects=False, timeout=20)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


def test_doctor_reads_every_check_out_with_its_number(administrator: Browser, room: Room) -> None:
    said = administrator.text("/doctor")
    number = numbers(room)
    wrong = "、".join(str(number[cause]) for cause in ("screen-unplugged", "plan-running-out", "town-silent"))
    assert f"不正常 3 项（第 {wrong} 项）" in said
    assert [int(n) for n in re.findall(r"(\d+)\. \S", said)] == list(range(1, len(number) + 1))
    assert "2. 屏幕 电视机： 不正常 屏幕“电视机”没有接上。 请检查屏幕是否通电" in said
    assert re.findall(r'href="#check-(\d+)"', administrator.get("/doctor").text) == wrong.split("、")
    assert "待播节目所需空间： 情况不明" in said and "缺 0 MB" not in said, "what is not known has no figure"
    assert "硬盘写入： 正常" in said and "硬盘空间： 正常 剩余 51234 MB。" in said


def test_doctor_in_english_says_what_to_do(administrator: Browser, room: Room) -> None:
    administrator.get("/language?to=en&at=/doctor")
    said = administrator.text("/doctor")
    line, heat = (numbers(room)[cause] for cause in ("town-silent", "too-hot"))
    assert "Wrong: 3 (no. 2, " in said
    assert f"{line}. Line to the town: WRONG The town has not been reached for more than a day. " in said
    assert "No answer since Monday 2/3 14:40. Check the network" in said
    assert f"{heat}. Temperature of the PC: not known {heat + 1}." in said


def test_doctor_claims_nothing_before_the_first_look(administrator: Browser, room: Room) -> None:
    room.examination = None
    said = administrator.text("/doctor")
    assert "正在第一次检查设备。" in said and "正常" not in said
