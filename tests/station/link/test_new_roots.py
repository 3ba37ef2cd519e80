"""The town replaces a key: a station takes the new root and all that it signs in one step, and counts anew under it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes_town import Cut, TownOnTheLine, notice, page
from link_room import Room, newest
from msgspec.structs import replace
from starlette.responses import Response

from kiosk.common import files
from kiosk.contract import trust
from kiosk.contract.playlist import Playlist
from kiosk.contract.trust import PLAYLIST, URGENT, Pinned
from kiosk.contract.wire import encode
from kiosk.station.events import Event, StationFound, TownRefused, TrustMoved, UrgentFound, WeekFound
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.documents import Documents, Shelf
from kiosk.station.library.library import Library
from kiosk.station.link import pace
from kiosk.town.stations import registry

HIGHEST = trust.MAX_VERSION
FILM = b"film" * 1000


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_BACKOFF_S", 0.05)
    monkeypatch.setattr(pace, "LONGEST_BACKOFF_S", 0.2)


class Holding(Room):
    """A room that accepts what its link finds, as the main loop does."""

    accepted: Accepted | None = None

    def post(self, event: Event) -> None:
        accepted = self.accepted
        match event:
            case TrustMoved() if accepted:
                accepted.accept_trust(event)
            case WeekFound() if accepted:
                accepted.accept_week(event)
            case UrgentFound() if accepted:
                accepted.accept_urgent(event)
            case StationFound() if accepted:
                accepted.accept_document(event)
        super().post(event)

    def restart(self) -> Accepted:
        """What a station that is started now finds on its disk."""
        shelf = self.documents.load(self.identity.group, self.identity.station, self.identity.root_sha256)
        self.accepted = Accepted(self.documents, shelf)
        return self.accepted

    def round(self) -> str:
        """One whole round; gives what ended it early."""
        assert self.accepted
        return self.fetch(self.accepted.standing(datetime.now(UTC))).error

    @property
    def week(self) -> int:
        assert self.accepted
        return self.accepted.playlist.version if self.accepted.playlist else 0

    @property
    def held(self) -> tuple[int, int, int, int]:
        """Versions of root, week, urgent notices and station document."""
        accepted = self.accepted
        assert accepted
        document = accepted.document.version if accepted.document else 0
        return accepted.root.version, self.week, accepted.urgent_version, document

    def refused(self) -> list[tuple[str, str]]:
        return [(one.what, one.reason) for one in self.of(TownRefused)]


@pytest.fixture
def room(town: TownOnTheLine, tmp_path: Path) -> Iterator[Holding]:
    """A station that holds a week (version 1), an urgent notice (2) and its document (1)."""
    found = Holding(town, tmp_path / "state")
    film = town.programme("rice", FILM)
    town.publish([film])
    town.publish_urgent(notice(film))
    found.restart()
    assert found.round() == ""
    assert found.held == (1, 1, 2, 1)
    yield found
    found.close()


class Thief:
    """Has a copy of the targets key and sits on the line."""

    def __init__(self, town: TownOnTheLine) -> None:
        self.town = town

    def offers_week(self, playlist: Playlist | None, version: int, group: str = "villages") -> None:
        assert playlist
        forged = encode(replace(playlist, version=version, title="forged", group=group))
        pins = {path: pin for path, pin in trust.peek(self.town.metadata()).files.items() if PLAYLIST not in path}
        pins[PLAYLIST + group] = self._file(forged)
        self.town.switch("/v1/groups/", _answer(self.town.signed(version, pins)))

    def offers_notice(self, version: int) -> None:
        said = notice(self.town.programme("rice", FILM), "forged")
        pins = {URGENT + said.id: self._file(encode(said)), "programme/rice": Pinned(len(FILM), trust.digest(FILM))}
        self.town.switch("/v1/urgent.json", _answer(self.town.signed(version, pins)))

    def offers_document(self, version: int) -> None:
        """With the online key."""
        document = replace(registry.document(self.town.office, "room-1"), version=version, group="elsewhere")
        self.town.switch("/v1/station.json", _answer(encode(self.town.office.signer.vouch(document))))

    def is_gone(self) -> None:
        for path in ("/v1/groups/", "/v1/urgent.json", "/v1/station.json"):
            self.town.switch(path)

    def _file(self, data: bytes) -> Pinned:
        pin = Pinned(len(data), trust.digest(data))
        self.town.office.public.write(self.town.office.public.file_path(pin.sha256), data)
        return pin


def _answer(data: bytes) -> Response:
    return Response(data, media_type="application/json")


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_c1_highest_version_of_a_stolen_key_goes_with_the_key(
    town: TownOnTheLine, room: Holding, restarted: bool
) -> None:
    thief = Thief(town)
    assert room.accepted
    thief.offers_week(room.accepted.playlist, HIGHEST)
    thief.offers_notice(HIGHEST)
    assert room.round() == ""
    assert room.held == (1, HIGHEST, HIGHEST, 1)
    thief.is_gone()
    assert room.round() == "" and room.week == HIGHEST, "the town cannot displace it under the same key"
    town.rotate("targets")
    accepted = room.restart() if restarted else room.accepted
    assert room.round() == ""
    assert room.held == (2, 3, 4, 1)
    assert accepted.playlist and accepted.playlist.title != "forged"
    assert [one.id for one in accepted.urgents] == ["flood"]
    assert room.restart() and room.held == (2, 3, 4, 1), "a restart finds the same"
    town.publish([town.programme("rice", FILM)])
    assert room.round() == "" and room.held == (2, 5, 4, 1), "and goes on from there"


def test_c1_notice_of_a_version_that_no_town_counts_is_refused(town: TownOnTheLine, room: Holding) -> None:
    """A station that held it could tell its town of no version any more: a heartbeat has none above 2^53."""
    Thief(town).offers_notice(2**63 - 1)
    assert room.round() == ""
    assert room.refused() == [("urgent notices", "malformed")] and room.held == (1, 1, 2, 1)


def test_c1_station_document_of_a_stolen_online_key_goes_with_the_key(town: TownOnTheLine, room: Holding) -> None:
    thief = Thief(town)
    thief.offers_document(HIGHEST)
    room.round()
    assert room.held[3] == HIGHEST and room.accepted and room.accepted.document
    assert room.accepted.document.group == "elsewhere"
    thief.is_gone()
    town.rotate("online")
    assert room.round() == ""
    assert room.held == (2, 1, 2, 1) and room.accepted.document.group == "villages"


def test_c1_routine_rotation_replaces_everything_in_one_event(town: TownOnTheLine, room: Holding) -> None:
    assert room.accepted
    before, events = room.accepted.playlist, len(room.events)
    town.rotate("targets")
    assert room.round() == ""
    found = [type(event) for event in room.events[events:]]
    assert found.count(TrustMoved) == 1 and not {WeekFound, UrgentFound, StationFound} & set(found)
    after = room.accepted.playlist
    assert before and after and after.slots == before.slots and after.programmes == before.programmes
    assert room.refused() == []


def test_c1_what_nobody_signs_anew_is_dropped_at_the_end_of_the_round(town: TownOnTheLine, room: Holding) -> None:
    town.rotate("targets")
    town.switch("/v1/urgent.json", page(b"{}", 404))
    town.switch("/v1/groups/", _answer(b"{}"))
    assert room.round() == ""
    assert room.held == (2, 0, 0, 1)
    assert room.restart() and room.held == (2, 0, 0, 1)
    assert room.accepted and room.accepted.urgents == ()
    for path in ("/v1/urgent.json", "/v1/groups/"):
        town.switch(path)
    assert room.round() == "" and room.held == (2, 3, 4, 1)


def test_c1_line_that_drops_in_the_middle_changes_nothing_until_a_round_is_complete(
    town: TownOnTheLine, room: Holding
) -> None:
    town.rotate("targets")
    for path in ("/v1/root/3", "/v1/urgent.json", "/v1/station.json", "/v1/groups/"):
        town.switch(path, Cut(b"{", 1000))
        assert "cut off" in room.round()
        assert room.held == (1, 1, 2, 1) and room.of(TrustMoved) == []
        town.switch(path)
    assert room.restart() and room.held == (1, 1, 2, 1)
    assert room.round() == "" and room.held == (2, 3, 4, 1)


def test_c1_several_roots_are_one_step_and_a_chain_that_breaks_is_none(town: TownOnTheLine, room: Holding) -> None:
    for role in ("targets", "root", "online", "targets"):
        town.rotate(role)
    town.switch("/v1/root/4.root.json", page(town.office.public.root_path(2).read_bytes()))
    assert room.round() == ""
    assert room.held == (1, 1, 2, 1), "what the fifth root's keys have signed would be lost under the third"
    assert ("root", "roll-back") in room.refused()
    town.switch("/v1/root/4.root.json")
    assert room.round() == ""
    assert [one.root.version for one in room.of(TrustMoved)[0].roots] == [2, 3, 4, 5]
    assert room.restart() and room.held == (5, 5, 6, 1)


def test_c1_rounds_that_cross_change_nothing_twice(town: TownOnTheLine, room: Holding) -> None:
    assert room.accepted
    old = room.accepted.standing(datetime.now(UTC))
    town.rotate("targets")
    assert room.fetch(old).error == "" and room.held == (2, 3, 4, 1)
    town.publish([town.programme("rice", FILM)])
    assert room.fetch(old).error == "" and room.held == (2, 3, 4, 1)
    assert room.round() == "" and room.held == (2, 5, 4, 1)
    for moved in room.of(TrustMoved):
        assert room.accepted.accept_trust(TrustMoved(moved.roots)) is None
    assert room.held == (2, 5, 4, 1)


def test_c1_power_cut_in_the_middle_of_the_step_leaves_all_or_nothing(
    town: TownOnTheLine, room: Holding, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    town.rotate("targets")
    town.rotate("online")
    assert room.accepted
    standing, room.accepted = room.accepted.standing(datetime.now(UTC)), None
    room.fetch(standing)
    [moved] = room.of(TrustMoved)
    found = []
    for after in range(20):
        disk = Documents(Library(Path(shutil.copytree(room.library.folder, tmp_path / str(after)))))
        accepted = Accepted(disk, load(room, disk))
        with monkeypatch.context() as patch, suppress(InterruptedError):
            cut_power(patch, after)
            accepted.accept_trust(moved)
        again = [Accepted(disk, load(room, disk)) for _ in range(2)]
        found.append({(one.root.version, one.playlist and one.playlist.version, one.urgent_version) for one in again})
    old, new = {(1, 1, 2)}, {(3, 3, 4)}
    turned = found.index(new)
    assert found == [old] * turned + [new] * (20 - turned) and 1 < turned < 10


def load(room: Holding, disk: Documents) -> Shelf:
    return disk.load(room.identity.group, room.identity.station, room.identity.root_sha256)


def cut_power(patch: pytest.MonkeyPatch, after: int) -> None:
    """Every change of a folder fails after so many."""
    left = after
    replace, unlink = os.replace, Path.unlink

    def counted() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise InterruptedError("power cut")

    def renamed(*names: Any, **folders: Any) -> None:
        counted()
        replace(*names, **folders)

    def removed(path: Path, missing_ok: bool = False) -> None:
        counted()
        unlink(path, missing_ok)

    patch.setattr(os, "replace", renamed)
    patch.setattr(Path, "unlink", removed)


def test_c1_step_that_rots_on_the_disk_is_told_and_the_rest_loads(room: Holding) -> None:
    files.write_whole(room.library.folder / "trust" / "step.json", b'{"root/2.root.json": 5}')
    assert room.restart() and room.held == (1, 1, 2, 1)
    shelf = room.documents.load("villages", "room-1", room.identity.root_sha256)
    assert shelf.troubles == (), "once"


# --- groups ---


def test_c3_old_week_of_a_group_is_refused_when_the_station_comes_back_to_it(
    town: TownOnTheLine, room: Holding
) -> None:
    old = town.metadata()
    film = town.programme("rice", FILM)
    town.publish([film])
    assert room.round() == "" and room.week == 3
    town.publish([film], group="towns")
    town.add_station("room-1", group="towns")
    assert room.round() == "" and room.week == 4
    town.add_station("room-1", group="villages")
    town.switch("/v1/groups/", _answer(old))
    room.restart()
    assert room.round() == "" and room.week == 4, "what is held plays on until the own group's week comes"
    assert room.refused() == [("playlist", "roll-back")]
    town.switch("/v1/groups/")
    assert room.round() == "" and room.week == 3, "the very one that it left is good"
    assert room.accepted and room.accepted.playlist and room.accepted.playlist.group == "villages"


def test_c3_same_version_with_other_bytes_is_refused_too(town: TownOnTheLine, room: Holding) -> None:
    town.publish([town.programme("rice", FILM)], group="towns")
    town.add_station("room-1", group="towns")
    assert room.round() == ""
    assert room.accepted
    Thief(town).offers_week(room.accepted.playlist, 1)
    town.add_station("room-1", group="villages")
    assert room.round() == "" and room.refused() == [("playlist", "same-version")]


def test_c3_station_that_is_moved_and_restarted_at_once_plays_on(town: TownOnTheLine, room: Holding) -> None:
    town.add_station("room-1", group="towns")
    assert room.round() == "" and room.week == 1
    accepted = room.restart()
    assert room.week == 1 and accepted.document and accepted.document.group == "towns"


def test_c3_left_groups_count_anew_under_a_new_key(town: TownOnTheLine, room: Holding) -> None:
    thief = Thief(town)
    assert room.accepted
    thief.offers_week(room.accepted.playlist, HIGHEST)
    assert room.round() == "" and room.week == HIGHEST
    thief.is_gone()
    town.publish([town.programme("rice", FILM)], group="towns")
    town.add_station("room-1", group="towns")
    assert room.round() == "" and room.week == 3
    town.rotate("targets")
    town.add_station("room-1", group="villages")
    assert room.round() == "" and room.accepted.playlist and room.accepted.playlist.group == "villages"
    assert room.week < HIGHEST and room.refused() == []


def test_c3_another_town_forgets_the_groups(town: TownOnTheLine, room: Holding, tmp_path: Path) -> None:
    town.publish([town.programme("rice", FILM)], group="towns")
    town.add_station("room-1", group="towns")
    assert room.round() == ""
    left = room.library.folder / "trust" / "groups"
    assert [path.name for path in left.iterdir()] == ["villages.json"]
    other = TownOnTheLine(tmp_path / "other")
    data = other.office.public.root_path(1).read_bytes()
    other.close()
    room.documents.begin_trust(trust.stored_root(data), data)
    assert list(left.iterdir()) == []


# --- news that do not come ---


def test_c4_station_is_behind_by_its_own_groups_versions(town: TownOnTheLine, room: Holding) -> None:
    town.publish([town.programme("rice", FILM)], group="towns")
    town.add_station("room-1", group="towns")
    room.round()
    assert room.accepted and room.week == 3
    town.add_station("room-1", group="villages")
    town.switch("/v1/groups/", page(b"{}", 404))
    assert room.round() == "" and room.week == 3
    told = newest(root=1, playlist=1, urgent=2, station=3)
    assert room.accepted.is_behind(told), "version 1 of the own group is not here, though 3 of another's is"
