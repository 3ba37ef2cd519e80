"""What was accepted: only newer takes the place of older, and what is refused is noted once for as long as it lasts."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from fakes_town import TownOnTheLine, notice

from kiosk.contract import trust
from kiosk.contract.playlist import Playlist, Programme, Slot
from kiosk.contract.reports import Signed
from kiosk.contract.station import Hours, Opening, StationDocument
from kiosk.contract.wire import decode, encode
from kiosk.station.events import FetchEnded, RootFound, StationFound, TownRefused, TrustMoved, UrgentFound, WeekFound
from kiosk.station.identity import Identity
from kiosk.station.library.accepted import MOST_REFUSALS, Accepted
from kiosk.station.library.documents import Documents, Shelf
from kiosk.station.library.library import Library
from kiosk.station.link.enrol import enrol

FILM, LAW = b"film " * 100, b"law " * 100
BAD_WEEK = TownRefused("playlist", "wrong-key", "version 9: not signed by the town")
BAD_FILE = TownRefused("programme 1234", "tampered", "another SHA-256 than what the town signed")


@pytest.fixture
def identity(town: TownOnTheLine, tmp_path: Path) -> Identity:
    return enrol(town.url, town.add_station(), tmp_path / "state")


@pytest.fixture
def documents(identity: Identity, tmp_path: Path) -> Documents:
    return Documents(Library(tmp_path / "state/library"))


def on_shelf(documents: Documents, identity: Identity) -> Shelf:
    return documents.load(identity.group, identity.station, identity.root_sha256)


@pytest.fixture
def accepted(documents: Documents, identity: Identity) -> Accepted:
    return Accepted(documents, on_shelf(documents, identity))


def week(town: TownOnTheLine, accepted: Accepted, *programmes: Programme) -> WeekFound:
    """A week as the link finds it."""
    slots = [Slot(date="2026-03-05", start="09:00:00", end="10:00:00", programmes=(one.id,)) for one in programmes[:1]]
    playlist: Playlist = town.publish(programmes, slots)
    data = town.metadata()
    return WeekFound(trust.index(accepted.root, data, trust.Held(), None), data, playlist, encode(playlist))


def urgent(town: TownOnTheLine, accepted: Accepted, programme: Programme) -> UrgentFound:
    said = notice(programme)
    town.publish_urgent(said)
    data = town.office.public.urgent_path.read_bytes()
    index = trust.index(accepted.root, data, trust.Held(), None)
    body = encode(said)
    return UrgentFound(index, data, (said,), {trust.digest(body): body})


def test_newer_week_is_kept_and_an_older_one_that_comes_late_is_not(
    town: TownOnTheLine, accepted: Accepted, documents: Documents, identity: Identity
) -> None:
    film = town.programme("film", FILM)
    first, second = week(town, accepted, film), week(town, accepted, film)
    assert accepted.accept_week(second)
    assert not accepted.accept_week(first), "two rounds of fetching crossed"
    assert accepted.playlist == second.playlist
    assert on_shelf(documents, identity).playlist == second.playlist, "a restart finds it"
    assert accepted.standing(None).week.version == second.index.version


def test_same_week_again_is_taken_without_harm(town: TownOnTheLine, accepted: Accepted) -> None:
    found = week(town, accepted, town.programme("film", FILM))
    assert accepted.accept_week(found) and accepted.accept_week(found)
    assert accepted.playlist == found.playlist


def test_old_week_stays_in_force_until_what_the_new_one_shows_next_is_here(
    town: TownOnTheLine, accepted: Accepted, documents: Documents, identity: Identity
) -> None:
    film, law = town.programme("film", FILM), town.programme("law", LAW)
    morning = datetime(2026, 3, 5, 0, 0, tzinfo=UTC)
    old, new = week(town, accepted, film), week(town, accepted, law)
    assert accepted.accept_week(old, morning)
    assert accepted.accept_week(new, morning)
    assert (accepted.playlist, accepted.coming) == (old.playlist, new.playlist)
    assert accepted.newest == new.playlist
    assert accepted.standing(morning).week.version == new.index.version, "it is not fetched again"
    assert law.sha256 in {pin.sha256 for pin in accepted.missing(morning)}
    assert {film.sha256, law.sha256} <= accepted.files(), "neither is purged meanwhile"
    assert not accepted.take_over(morning)
    documents.library.path(trust.digest(old.data), len(old.data)).unlink()  # type: ignore[union-attr]  # purged
    again = Accepted(documents, on_shelf(documents, identity))
    assert (again.playlist, again.coming) == (old.playlist, new.playlist), "neither shown early nor forgotten"
    assert not again.take_over(None) and not again.take_over(morning + timedelta(hours=1))
    documents.library.keep(LAW)
    assert again.take_over(morning + timedelta(hours=1))
    assert (again.playlist, again.coming) == (new.playlist, None)
    last = Accepted(documents, on_shelf(documents, identity))
    assert (last.playlist, last.coming) == (new.playlist, None)
    assert last.accept_week(week(town, last, town.programme("rice", b"rice " * 100)), morning)
    late = Accepted(documents, on_shelf(documents, identity))
    assert late.coming is not None and late.take_over(morning + timedelta(hours=25)), "it waits a day at most"


def test_new_week_does_not_wait_for_what_the_old_one_lacks_too_for_another_one_or_for_ever(
    town: TownOnTheLine, accepted: Accepted, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, law = town.programme("film", FILM), town.programme("law", LAW)
    morning = datetime(2026, 3, 5, 0, 0, tzinfo=UTC)
    accepted.accept_week(week(town, accepted, film, law), morning)
    without = week(town, accepted, law)
    assert accepted.accept_week(without, morning), "such as one from which a programme was taken back"
    assert accepted.playlist == without.playlist
    first, second = week(town, accepted, film), week(town, accepted, film)
    accepted.accept_week(first, morning)
    assert accepted.coming == first.playlist
    accepted.accept_week(second, morning)
    assert (accepted.playlist, accepted.coming) == (second.playlist, None)
    third = week(town, accepted, law)
    accepted.accept_week(third, morning)
    soon = morning + timedelta(minutes=30)
    assert not accepted.take_over(soon)
    monkeypatch.setattr("kiosk.station.library.accepted.LONGEST_WAIT", timedelta(minutes=20))
    assert accepted.take_over(soon)


def test_new_week_is_in_force_at_once_where_the_old_one_has_no_day_left_or_the_time_is_not_known(
    town: TownOnTheLine, accepted: Accepted
) -> None:
    film, law = town.programme("film", FILM), town.programme("law", LAW)
    accepted.accept_week(week(town, accepted, film))
    for now in (None, datetime(2027, 1, 1, tzinfo=UTC)):
        new = week(town, accepted, law)
        accepted.accept_week(new, now)
        assert accepted.playlist == new.playlist


def test_urgent_notices_and_document_survive_a_restart(
    town: TownOnTheLine, accepted: Accepted, documents: Documents, identity: Identity
) -> None:
    assert accepted.urgent_version == 0
    found = urgent(town, accepted, town.programme("film", FILM))
    assert accepted.accept_urgent(found)
    assert accepted.urgent_version == found.index.version
    bearer = {"Authorization": f"Bearer {identity.token}"}
    answer = requests.get(f"{town.url}/v1/station.json", headers=bearer, timeout=10)
    signed = decode(answer.content, Signed, "station document")
    said = trust.vouched(accepted.root, signed, StationDocument, "station document")
    assert accepted.accept_document(StationFound(said, signed))
    again = Accepted(documents, on_shelf(documents, identity))
    assert (again.urgents, again.document, again.urgent_version) == (found.notices, said, found.index.version)
    assert again.standing(None).station_version == said.version


def test_root_only_moves_on(town: TownOnTheLine, accepted: Accepted) -> None:
    old = accepted.root
    town.rotate("targets")
    data = (town.office.public.root_path(2)).read_bytes()
    new = trust.next_root(old, data)
    assert accepted.accept_trust(TrustMoved((RootFound(new, data),))) == ()
    assert accepted.accept_trust(TrustMoved((RootFound(old, b"as it was"),))) is None
    assert accepted.root.version == 2


def test_without_a_root_nothing_can_be_believed(documents: Documents) -> None:
    with pytest.raises(ValueError, match="run kiosk enrol again"):
        Accepted(documents, Shelf())


def test_what_is_urgent_is_needed_first_and_all_of_it_is_kept(town: TownOnTheLine, accepted: Accepted) -> None:
    film, law = town.programme("film", FILM), town.programme("law", LAW)
    found = week(town, accepted, law)
    accepted.accept_week(found)
    warning = urgent(town, accepted, film)
    accepted.accept_urgent(warning)
    assert [one.id for one in accepted.programmes()] == ["film", "law"]
    assert [pin.sha256 for pin in accepted.missing()] == [film.sha256, law.sha256]
    assert accepted.files() >= {film.sha256, law.sha256, trust.digest(found.data), *warning.files}


def test_refusal_is_news_once(accepted: Accepted) -> None:
    assert accepted.week_refused == ""
    assert accepted.refuse(BAD_WEEK, 1)
    for at_ms in (2, 3):
        accepted.round_ended(FetchEnded(0))
        assert not accepted.refuse(BAD_WEEK, at_ms)
    assert accepted.week_refused == BAD_WEEK.message
    assert accepted.refuse(TownRefused("playlist", "roll-back", "version 1 is older"), 4), "another offer is"
    assert [refusal.at_ms for refusal in accepted.refusals] == [4, 1]


def test_refusal_ends_with_the_offer(accepted: Accepted) -> None:
    accepted.refuse(BAD_WEEK, 1)
    accepted.round_ended(FetchEnded(0))
    accepted.round_ended(FetchEnded(0, "the town is not to be reached"))
    assert accepted.week_refused == BAD_WEEK.message, "a round that was cut short tells nothing"
    accepted.round_ended(FetchEnded(0))
    assert accepted.week_refused == ""
    assert accepted.refuse(BAD_WEEK, 9), "and may begin again"


def test_refusal_ends_with_a_week_that_is_accepted(town: TownOnTheLine, accepted: Accepted) -> None:
    accepted.refuse(BAD_WEEK, 1)
    accepted.accept_week(week(town, accepted, town.programme("film", FILM)))
    assert accepted.week_refused == ""


def test_file_that_is_refused_is_no_refused_week(accepted: Accepted) -> None:
    assert accepted.refuse(BAD_FILE, 1)
    assert accepted.week_refused == ""
    assert accepted.refusals[0].what == BAD_FILE.what


def test_only_the_newest_refusals_are_told_to_the_town(accepted: Accepted) -> None:
    for n in range(MOST_REFUSALS + 5):
        accepted.refuse(TownRefused("playlist", "malformed", f"offer {n} " + "x" * 1000), n)
    assert len(accepted.refusals) == MOST_REFUSALS
    assert accepted.refusals[0].at_ms == MOST_REFUSALS + 4
    assert len(accepted.refusals[0].reason) == 400


def test_standing_without_a_trusted_clock_judges_no_expiry(accepted: Accepted) -> None:
    now = datetime(2026, 3, 5, tzinfo=UTC)
    assert accepted.standing(None).now is None
    assert accepted.standing(now).now == now
    assert accepted.standing(now).group == "", "the one of the enrolment"


def test_file_is_hashed_again_only_while_the_room_is_closed_and_nothing_is_on_air(
    town: TownOnTheLine, accepted: Accepted, documents: Documents
) -> None:
    film = town.programme("film", FILM)
    accepted.accept_week(week(town, accepted, film))
    documents.library.stage(film.sha256).write_bytes(FILM)
    os.utime(documents.library.admit(film.sha256, film.size), (1, 1))
    hours = ((Hours(start="08:00", end="18:00"),),) * 7
    accepted.document = StationDocument(
        town="fengle",
        station="room-1",
        group="villages",
        version=1,
        issued_ms=0,
        name="一",
        opening=Opening(week=hours),
    )
    night, noon = (datetime(2026, 3, 5, hour, tzinfo=ZoneInfo("Asia/Shanghai")) for hour in (3, 12))
    assert accepted.standing(night).recheck == film.sha256
    assert accepted.standing(night, {"0" * 64}).recheck == "", "a programme is on air"
    assert accepted.standing(noon).recheck == "", "the room is open"
    assert accepted.standing(None).recheck == "", "nobody knows whether it is"
