"""Files of withdrawn programmes: gone once nothing names them, never while a room may still need them."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from town.months.month_sheets import monday, plan
from town.postgres import BOTH
from town.published import TERMS, notice, tick, urgent_source

from kiosk.contract.reports import Heartbeat
from kiosk.town.database import schema
from kiosk.town.database.store import now_ms, put
from kiosk.town.intake.intake import keep_heartbeat
from kiosk.town.months import books, library, orders, removal
from kiosk.town.months.schema import month, withdrawn
from kiosk.town.programmes import library as programmes
from kiosk.town.programmes.schema import library as rows
from kiosk.town.programmes.schema import library_subtitle
from kiosk.town.programmes.shelves import shelves
from kiosk.town.publishing.issue import publication_lock
from kiosk.town.publishing.publish import publish, publish_urgent
from kiosk.town.stations import registry

LONG_AGO = int(removal.REST / timedelta(milliseconds=1)) + 60_000
NEXT, SUNDAY = monday().isoformat(), (monday() + timedelta(days=6)).isoformat()


def shelve(town, sha256, state="withdrawn", age_ms=LONG_AGO):
    """A programme of the library whose files lie where they belong; gives its id and the files."""
    place = shelves(town.folder)
    with town.store.write() as connection:
        name = programmes.add(connection, "水稻.mp4", "li")
        put(connection, library_subtitle, {"programme": name, "language": "zh", "file": f"{name}.zh.srt", "size": 1})
        changed = {"state": state, "sha256": sha256, "changed_ms": now_ms() - age_ms}
        connection.execute(update(rows).where(rows.c.id == name).values(changed))
    files = [place.files / f"{name}.mp4", place.files / f"{name}.zh.srt", place.posters / f"{name}.jpg"]
    files.append(town.public.file_path(sha256))
    for path in files:
        path.write_bytes(b"x")
    return name, files


def look(town):
    assert removal.step(town, threading.Event()) is False


def state(town, name):
    with town.store.read() as connection:
        return programmes.get(connection, name).state


@BOTH
def test_withdrawn_programme_that_nothing_names_is_removed_and_audited(office):
    gone, files = shelve(office, "a" * 64)
    kept = [shelve(office, "b" * 64, "ready"), shelve(office, "c" * 64, age_ms=LONG_AGO // 2)]
    with publication_lock(office):  # something is being published, and may name it
        look(office)
    assert state(office, gone) == "withdrawn"
    look(office)
    assert (state(office, gone), [path for path in files if path.exists()]) == ("removed", [])
    assert all(path.exists() for _, paths in kept for path in paths)
    with office.store.read() as connection:
        audited = connection.execute(select(schema.audit).where(schema.audit.c.who == removal.BY)).all()
        entry = programmes.get(connection, gone)
    assert [(row.what, row.subject, row.detail) for row in audited] == [("programme-remove", gone, "水稻")]
    with office.store.write() as connection, pytest.raises(programmes.Edited):
        programmes.restore(connection, gone, entry.version)


def test_file_stays_as_long_as_a_room_may_need_it(office, source):
    """Named by the week in force, by one whose days are not over, by one that a room holds; then by none."""
    registry.add_station(office, "chen", "all", "chen", None, by="test")
    week = {"first_day": NEXT, "last_day": SUNDAY, "recommended": [], "month_plans": []}
    slot = {"date": NEXT, "start": "09:00:00", "end": "09:30:00"}
    first = publish(office, source(**week, slots=[slot | {"programmes": ["rice"]}]), TERMS, tick).playlist
    name, files = shelve(office, next(one.sha256 for one in first.programmes if one.id == "rice"))
    files[-1].unlink()
    publish_again = source(**week, slots=[slot | {"programmes": ["opening"]}], programmes=[OPENING])

    def hold(version):
        beat = {"station": "chen", "clock": "trusted", "nonce": "n", "epoch": "e", "boot_id": "b", "software": "1"}
        keep_heartbeat(office.store, Heartbeat(sent_ms=1, up_ms=1, playlist_version=version, **beat), now_ms())

    look(office)
    assert state(office, name) == "withdrawn"
    publish(office, publish_again, TERMS, tick)
    look(office)
    assert state(office, name) == "withdrawn"
    with office.store.write() as connection:
        past = update(schema.publication).where(schema.publication.c.version == first.version)
        connection.execute(past.values(last_day="2026-03-08"))
    for version in (first.version, 99):  # and of a week that the town does not know it cannot say what it names
        hold(version)
        look(office)
        assert state(office, name) == "withdrawn"
    hold(first.version + 1)
    look(office)
    assert state(office, name) == "removed"


OPENING = {"id": "opening", "file": "opening.mp4", "title": "开场", "short": True}


def test_file_stays_as_long_as_a_notice_or_a_month_names_it(office, source):
    urgent = notice(end="2099-03-02T10:00:00+08:00")
    _, (made,) = publish_urgent(office, urgent_source(source, urgent), TERMS, tick)
    name, _ = shelve(office, made.programmes[0].sha256)
    ident = books.add(office.store, plan((0, "9:00", "《水稻》", "农技")), "计划.xlsx", "li")
    library.confirm(office, {"水稻": name}, "li")
    look(office)
    publish_urgent(office, urgent_source(source), TERMS, tick)
    look(office)
    assert state(office, name) == "withdrawn"
    with office.store.write() as connection:
        connection.execute(delete(month).where(month.c.id == ident))
    look(office)
    assert state(office, name) == "removed"


def test_programme_from_a_folder_that_was_taken_back_is_removed_too(office, source):
    week = {"first_day": NEXT, "last_day": SUNDAY, "recommended": [], "month_plans": []}
    slot = {"date": NEXT, "start": "09:00:00", "end": "09:30:00", "programmes": ["opening", "rice"]}
    playlist = publish(office, source(**week, slots=[slot]), TERMS, tick).playlist
    (rice,) = (one for one in playlist.programmes if one.id == "rice")
    orders.take_back(office, "rice", office.signer, "li")
    with office.store.write() as connection:
        connection.execute(update(withdrawn).values(at_ms=now_ms() - LONG_AGO))
        connection.execute(update(schema.publication).values(last_day=SUNDAY))
    look(office)
    assert office.public.file_path(rice.sha256).is_file(), "a week of which the days are not over names it"
    with office.store.write() as connection:
        past = update(schema.publication).where(schema.publication.c.version == playlist.version)
        connection.execute(past.values(last_day="2026-03-08"))
    look(office)
    assert not office.public.file_path(rice.sha256).exists()
    assert all(office.public.file_path(one.sha256).exists() for one in playlist.programmes if one.id != "rice")
