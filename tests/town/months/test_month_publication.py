"""From a month to signed weeks of several groups: what it changes, who has it when, all or nothing."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from PIL import Image
from town.months.month_sheets import monday, plan
from town.postgres import BOTH
from town.published import TERMS, accepted, notice, tick, urgent_index, urgent_source

from kiosk.contract import trust
from kiosk.town.database import schema
from kiosk.town.database.store import now_ms, put
from kiosk.town.months import books, library, orders, publication
from kiosk.town.months.books import MonthError, Overtaken
from kiosk.town.months.publication import Choice
from kiosk.town.publishing.publish import publish, publish_urgent
from kiosk.town.publishing.source import SourceError
from kiosk.town.sheets.mending import WHOLE_ROW, Mend
from kiosk.town.signing import keys
from kiosk.town.signing.keys import Locked
from kiosk.town.stations import registry

NEXT = monday().isoformat()
SUNDAY = (monday() + timedelta(days=6)).isoformat()
AFTER = (monday() + timedelta(days=7)).isoformat()


@pytest.fixture
def town(office, source):
    """A town with two groups and the programmes ``opening`` and ``rice`` in force."""
    for station, group in (("chen", "all"), ("lin", "north"), ("wu", "north")):
        registry.add_station(office, station, group, station, None, by="test")
    week = {"first_day": NEXT, "last_day": SUNDAY, "recommended": [], "month_plans": []}
    slot = {"date": NEXT, "start": "09:00:00", "end": "09:30:00", "programmes": ["opening"]}
    publish(office, source(**week, slots=[slot]), TERMS, tick)
    return office


@pytest.fixture
def month(town):
    data = plan(
        (0, "9:00", "《水稻》《开场》", "农技"), (2, "9:00-10:00", "《水 稻》", "农技"), (3, "", "《开场》", "党建")
    )
    ident = books.add(town.store, data, "计划.xlsx", "li")
    library.confirm(town, {"水稻": "rice", "开场": "opening"}, "li")
    return books.load(town.store, ident)


def week_of(month, *groups, carry=()):
    weeks = [one for one in publication.month_weeks(month) if one.rows]
    return Choice(groups or ("all",), weeks[0].first_day, weeks[-1].last_day, carry)


def now():
    return datetime.now(UTC)


@BOTH
def test_month_is_signed_for_each_group_and_a_station_accepts_it(town, month):
    publication.publish(town, month, week_of(month, "all", "north"), town.signer, "li")
    for group in ("all", "north"):
        week = accepted(town, group)
        assert [(slot.date, slot.start, slot.programmes) for slot in week.slots] == [
            (NEXT, "09:00:00", ("rice", "opening")),
            ((monday() + timedelta(days=2)).isoformat(), "09:00:00", ("rice",)),
        ]
        assert [one.programme for one in week.recommended] == ["opening"]
        assert sum(len(posted.entries) for posted in week.month_plans) == 3
    assert books.load(town.store, month.id).published_ms is not None


def test_title_that_nobody_has_confirmed_is_not_published(town):
    data = plan((0, "9:00", "《水稻》", "农技"))
    month = books.load(town.store, books.add(town.store, data, "计划.xlsx", "li"))
    assert [match.how for match in publication.matches(town, month)] == ["same"]
    draft, found = publication.look_ahead(town, month, week_of(month), now())
    assert ([one.row for one in draft.plan.problems], found) == ([3], [])
    with pytest.raises(MonthError):
        publication.publish(town, month, week_of(month), town.signer, "li")
    assert accepted(town).version == 1


def test_cell_that_nobody_could_read_keeps_all_from_being_published(town, month):
    rows = [(0, "9:00", "《水稻》", "农技"), (1, "九点十刻", "《开场》", "党建")]
    ident = books.add(town.store, plan(*rows), "计划.xlsx", "li")
    with pytest.raises(MonthError) as caught:
        publication.publish(town, books.load(town.store, ident), week_of(month), town.signer, "li")
    assert caught.value.message.values == {"count": "1"}
    assert accepted(town).version == 1
    books.mend_cells(town.store, ident, 1, [Mend("计划", 3, WHOLE_ROW, "")], "li")
    publication.publish(town, books.load(town.store, ident), week_of(month), town.signer, "li")
    assert len(accepted(town).slots) == 1


def test_page_before_signing_says_what_changes_and_that_nobody_knows_of_a_silent_room(town, month):
    draft, (found, other) = publication.look_ahead(town, month, week_of(month, "all", "north"), now())
    assert draft.plan.problems == []
    assert [(one.day, one.state) for one in found.days][:1] == [(NEXT, "changed")]
    assert found.days[0].before[0].titles == ("开场",)
    assert {one.state for one in other.days} == {"new"}
    assert [(one.room.id, one.outlook) for one in other.rooms] == [("lin", "never heard"), ("wu", "never heard")]


def heard(town, **said):
    """The outlook of the room of group ``all`` after a heartbeat with these fields."""
    row = {"station": "chen", "received_ms": now_ms(), "sent_ms": 0, "head_seq": 0, "waiting": 0, "clock": "trusted"}
    with town.store.write() as connection:
        row |= {"playlist_version": 1, "heartbeat": json.dumps({"playlist_version": 1} | said)}
        put(connection, schema.heartbeat, row)


def test_room_that_holds_the_week_in_force_fetches_only_what_it_lacks(town, month):
    heard(town, bytes_per_s=1000, bytes_missing=0)
    _, (found,) = publication.look_ahead(town, month, week_of(month), now())
    assert [(one.outlook, one.bytes) for one in found.rooms] == [("ready", 0)]
    heard(town, bytes_per_s=1000, bytes_missing=500)
    _, (found,) = publication.look_ahead(town, month, week_of(month), now())
    assert [(one.outlook, one.bytes) for one in found.rooms] == [("in time", 500)]


def test_group_that_is_unsound_keeps_the_others_from_being_published(town, month):
    with pytest.raises(SourceError):
        publication.publish(town, month, week_of(month, "all", "nowhere"), town.signer, "li")
    assert accepted(town).version == 1
    assert books.load(town.store, month.id).published_ms is None


def test_locked_key_publishes_nothing(town, month):
    keys.protect(town.keys_folder, town.public, "a long passphrase")
    with pytest.raises(Locked):
        publication.publish(
            town, month, week_of(month, "all", "north"), keys.Signer(town.keys_folder, town.public), "li"
        )
    assert (accepted(town).version, town.public.groups()) == (1, ["all"])


def test_who_is_overtaken_publishes_nothing(town, month):
    books.set_month(town.store, month.id, month.revision, month.month, "wang")
    with pytest.raises(Overtaken):
        publication.publish(town, month, week_of(month), town.signer, "li")
    assert accepted(town).version == 1


def test_empty_week_after_the_month_is_filled_and_marked(town, month):
    weeks = publication.month_weeks(month)
    last = next(one for one in weeks if one.first_day >= AFTER)
    choice = Choice(("all",), week_of(month).first_day, last.last_day, (last.first_day,))
    publication.publish(town, month, choice, town.signer, "li")
    week = accepted(town)
    again = (date.fromisoformat(NEXT) + timedelta(days=7)).isoformat()
    assert again in {slot.date for slot in week.slots}
    notes = {entry.date: entry.note for posted in week.month_plans for entry in posted.entries}
    assert notes[again].startswith("沿用") and not notes[NEXT]


def test_programme_taken_back_is_in_no_week_and_no_notice_and_is_not_offered_again(town, month, source):
    publication.publish(town, month, week_of(month, "all", "north"), town.signer, "li")
    programmes = [{"id": "rice", "file": "rice.ts", "title": "水稻"}]
    end = (now() + timedelta(days=1)).isoformat()
    publish_urgent(town, urgent_source(source, notice(programmes=programmes, end=end)), TERMS, tick)
    done = orders.take_back(town, "rice", town.signer, "li")
    assert (done.groups, done.notices) == (("all", "north"), ("flood",))
    for group in ("all", "north"):
        week = accepted(town, group)
        assert [one.id for one in week.programmes] == ["opening"]
        assert [slot.programmes for slot in week.slots] == [("opening",)]
    assert trust.pinned_notices(urgent_index(town)) == {}
    assert [one.how for one in publication.matches(town, month)][0] == "none"
    with pytest.raises(MonthError):
        orders.take_back(town, "rice", town.signer, "li")


def test_programme_that_is_taken_back_while_somebody_else_signs_stays_taken_back(town, month, monkeypatch):
    drafted = publication.draft

    def meanwhile(*asked):
        made = drafted(*asked)
        orders.take_back(town, "rice", town.signer, "wang")
        return made

    with monkeypatch.context() as patch:
        patch.setattr(publication, "draft", meanwhile)
        with pytest.raises(MonthError) as caught:
            publication.publish(town, month, week_of(month), town.signer, "li")
    assert caught.value.message.values == {"title": "水稻"}
    assert [one.id for one in accepted(town).programmes] == ["opening"]
    assert books.load(town.store, month.id).published_ms is None


def test_urgent_notice_stands_beside_the_others_and_is_ended_alone(town):
    until = now() + timedelta(hours=1)
    first = orders.give_notice(town, orders.Notice("opening", "", (), until), now(), town.signer, "li")
    second = orders.give_notice(town, orders.Notice("rice", "", ("chen",), until), now(), town.signer, "li")
    assert {one.id: one.stations for one in orders.notices(town, now())} == {first: (), second: ("chen",)}
    orders.end_notice(town, first, now(), town.signer, "li")
    assert [one.id for one in orders.notices(town, now())] == [second]
    assert orders.notices(town, until + timedelta(seconds=1)) == []
    with pytest.raises(MonthError):
        orders.end_notice(town, first, now(), town.signer, "li")
    for wrong in (
        orders.Notice("nothing", "", (), until),
        orders.Notice("rice", "", ("x",), until),
        orders.Notice("rice", "", (), now()),
    ):
        with pytest.raises(MonthError):
            orders.give_notice(town, wrong, now(), town.signer, "li")


def test_notice_in_words_is_a_picture_that_rooms_can_show(town):
    words = "紧急通知：今晚八点起停电检修，请各站点提前关机！"
    orders.give_notice(town, orders.Notice("", words, (), now() + timedelta(hours=1)), now(), town.signer, "li")
    (one,) = orders.notices(town, now())
    (shown,) = one.programmes
    assert (one.title, one.mode, shown.duration_ms) == (words, "loop", 30_000)
    with Image.open(town.public.file_path(shown.sha256)) as picture:
        letters = picture.convert("L").point(lambda level: 255 * (level > 200)).getbbox()
        assert (picture.format, picture.size) == ("PNG", (1920, 1080))
    assert letters is not None
    left, top, right, bottom = letters
    assert min(left, top, 1920 - right, 1080 - bottom) >= 100, "nothing is cut off"
    for wrong in ("  ", "字" * 301):
        with pytest.raises(MonthError):
            orders.give_notice(town, orders.Notice("", wrong, (), now() + timedelta(hours=1)), now(), town.signer, "li")
