"""The library: found by title, edited by two, withdrawn; on both databases."""

import pytest
from town.postgres import BOTH

from kiosk.town.programmes import library
from kiosk.town.programmes.library import Edited

pytestmark = BOTH


def added(connection, *names):
    ids = [library.add(connection, name, "li") for name in names]
    for one in ids:
        library.put(connection, one, state="ready", sha256=one * 2, size=1, duration_ms=1)
    return ids


def test_title_is_found_as_it_stands_and_by_likeness(office):
    with office.store.write() as connection:
        added(connection, "01.水稻病虫害防治（上）_高清.mp4", "水稻病虫害防治(下).mp4", "民法典讲堂.mkv")
        found = library.find(connection, "《水稻病虫害防治(上)》")
        assert [(one.entry.title, one.likeness == 1) for one in found][0] == ("水稻病虫害防治（上）", True)
        assert found[1].likeness < 1
        assert [one.entry.title for one in library.find(connection, "民法典大讲堂")] == ["民法典讲堂"]
        assert library.find(connection, "合作社") == []
        assert library.find(connection, "") == []


def test_list_is_searched_by_title_file_and_state(office):
    with office.store.write() as connection:
        added(connection, "水稻.mp4", "100%_a.mp4")
        waiting = library.add(connection, "新片.mp4", "li")
        assert {one.title for one in library.listing(connection)} == {"水稻", "100% a", "新片"}
        assert [one.id for one in library.listing(connection, state="waiting")] == [waiting]
        assert [one.title for one in library.listing(connection, "水 稻")] == ["水稻"]
        assert [one.title for one in library.listing(connection, "100%_")] == ["100% a"]
        assert library.listing(connection, "没有") == []
        assert library.counts(connection) == {"ready": 2, "waiting": 1}
        assert {one.title for one in library.ready(connection)} == {"水稻", "100% a"}


def test_two_officers_never_overwrite_each_other_unseen(office):
    with office.store.write() as connection:
        (name,) = added(connection, "水稻.mp4")
        library.edit(connection, name, 1, "水稻栽培", "农技", "县台", True)
        with pytest.raises(Edited):
            library.edit(connection, name, 1, "水稻种植", "", "", False)
        one = library.get(connection, name)
        assert (one.title, one.category, one.source, one.short) == ("水稻栽培", "农业实用技术", "县台", True)
        with pytest.raises(ValueError, match="needs a title"):
            library.edit(connection, name, 2, " \n ", "", "", False)


def test_withdrawn_programme_is_offered_no_more_until_it_is_restored(office):
    with office.store.write() as connection:
        (name,) = added(connection, "水稻.mp4")
        library.withdraw(connection, name, 1)
        assert library.find(connection, "水稻") == []
        with pytest.raises(Edited):
            library.withdraw(connection, name, 2)
        library.restore(connection, name, 2)
        assert [one.entry.id for one in library.find(connection, "水稻")] == [name]
        with pytest.raises(Edited):
            library.forget(connection, name, 3)


def test_refused_programme_is_taken_off_the_list_and_a_failed_one_tried_again(office):
    with office.store.write() as connection:
        first, second = added(connection, "a.mp4", "b.mp4")
        library.put(connection, first, state="refused")
        library.put(connection, second, state="failed")
        library.forget(connection, first, 1)
        assert library.get(connection, first) is None
        library.try_again(connection, second, 1)
        assert library.get(connection, second).state == "waiting"
