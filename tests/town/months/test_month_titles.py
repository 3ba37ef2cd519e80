"""Which programme a title of the sheet means: by the same name, by likeness, and as confirmed before."""

from kiosk.town.months.titles import Candidate, key, matched

LIBRARY = [
    Candidate("p1", "水稻育秧技术"),
    Candidate("p2", "水稻病虫害防治"),
    Candidate("p3", "民法典（上）"),
    Candidate("p4", "民法典（下）"),
    Candidate("p5", "开场"),
]


def one(title, known=None):
    return matched([title], LIBRARY, known or {})[0]


def test_widths_blanks_and_brackets_do_not_count():
    for title in ("民法典(上)", "民法典 （上）", "《民法典（上）》", "民法典·上"):
        match = one(title)
        assert (match.how, match.chosen.id) == ("same", "p3"), title


def test_title_that_is_much_alike_is_chosen_beforehand_and_not_settled():
    match = one("水稻育秧新技术")
    assert (match.how, match.chosen.id, match.settled) == ("like", "p1", False)


def test_title_that_is_a_little_alike_is_offered_and_none_chosen():
    match = one("水稻的故事")
    assert (match.how, match.chosen) == ("none", None)
    assert one("完全不同的片子").offered == ()


def test_upper_and_lower_part_of_a_series_are_never_taken_for_each_other():
    assert [one(f"民法典（{part}）").chosen.id for part in "上下"] == ["p3", "p4"]
    assert one("民法典（中）").how != "same"


def test_confirmed_title_is_remembered_and_a_programme_that_is_gone_is_asked_for_again():
    known = {key("稻子那部"): "p2", key("老片子"): "gone"}
    assert (one("稻子那部", known).settled, one("稻子那部", known).chosen.id) == (True, "p2")
    assert one("老片子", known).how == "none"


def test_each_title_stands_once_in_the_order_of_the_sheet():
    found = matched(["开场", "水稻育秧技术", "开 场"], LIBRARY, {})
    assert [match.title for match in found] == ["开场", "水稻育秧技术"]


def test_hundreds_of_titles_against_hundreds_of_programmes_take_a_moment():
    library = [Candidate(str(n), f"农业技术讲座之{n}：{'稻麦棉油'[n % 4]}的种植第{n // 7}集") for n in range(300)]
    assert len(matched((f"农技讲座{n}：稻的种植" for n in range(100)), library, {})) == 100
