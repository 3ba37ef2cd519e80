"""Fetching as the line and the disk allow: through any number of cuts, in its hours, within its rate, by need."""

import hashlib
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fakes_town import Cut, TownOnTheLine, eventually, notice, page
from link_room import Room, nothing_new
from msgspec import structs

from kiosk.contract import trust
from kiosk.contract.playlist import Programme
from kiosk.station.config import Fetch
from kiosk.station.events import FetchEnded, ProgrammeArrived, UrgentFound, WeekFound
from kiosk.station.library import library
from kiosk.station.library.library import Library
from kiosk.station.link import download, pace

ZONE = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 3, 5, 12, tzinfo=ZONE)
FILM = bytes(range(256)) * 8000


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_BACKOFF_S", 0.05)
    monkeypatch.setattr(pace, "LONGEST_BACKOFF_S", 0.2)
    monkeypatch.setattr(download, "RESUME_S", 0.01)


class Cutting:
    """The real answer, cut off after so many bytes of its body; counts what it sent."""

    def __init__(self, town: TownOnTheLine, after: int) -> None:
        self.town, self.after, self.sent, self.calls = town, after, 0, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        left = self.after

        async def some(message: Any) -> None:
            nonlocal left
            if message["type"] == "http.response.body":
                body = message.get("body", b"")[: max(0, left)]
                left -= len(body)
                self.sent += len(body)
                message = {**message, "body": body, "more_body": message.get("more_body", False) and left > 0}
            await send(message)

        await self.town._real(scope, receive, some)


def test_a_download_that_is_cut_again_and_again_goes_on_in_the_same_round(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    cutting = Cutting(town, 40_000)
    town.switch(f"/v1/files/{film.sha256}", cutting)
    assert room.fetch_file(film) == FetchEnded(0)
    assert cutting.calls >= 50
    assert cutting.sent <= 1.001 * len(FILM), "not a byte is fetched twice"
    assert room.library.recheck(film.sha256)


def test_a_line_that_brings_nothing_is_left_alone_for_a_while(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    cutting = Cutting(town, 100)
    town.switch(f"/v1/files/{film.sha256}", cutting)
    ended = room.fetch_file(film)
    assert ended.missing == 1 and "cut off" in ended.error
    assert cutting.calls == 1


def test_a_part_and_its_etag_survive_a_restart_and_a_tidy(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    town.switch(f"/v1/files/{film.sha256}", Cut(FILM[:10_000], len(FILM), {"ETag": f'"{film.sha256}"'}), None)
    assert room.fetch_file(film).missing == 1
    again = Library(room.library.stage("x").parents[1])
    assert again.tidy({film.sha256}, older_than_s=-1) == []
    assert again.purge({film.sha256}, 1 << 62) == [], "nor is the ETag thrown out beside it"
    assert room.fetch_file(film) == FetchEnded(0)
    assert town.asked[-1].headers["range"] == "bytes=10000-"


def test_parts_that_no_week_names_are_tidied_away_unless_somebody_still_writes(room: Room) -> None:
    library = room.library
    for name in ("old", "fresh", "named"):
        library.stage(name).write_bytes(b"part")
        library.stage(name).with_suffix(".etag").write_text('"x"')
    for name in ("old", "named"):
        long_ago = time.time() - 7200
        os.utime(library.stage(name), (long_ago, long_ago))
    library.tidy({"named"})
    left = {path.name for path in library.stage("x").parent.iterdir()}
    assert left == {"fresh.part", "fresh.etag", "named.part", "named.etag"}


class Trickling:
    """A file in twenty pieces, one each twentieth of a second."""

    def __init__(self, film: Programme) -> None:
        self.film, self.calls = film, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        import anyio

        self.calls += 1
        headers = [(b"content-length", str(len(FILM)).encode()), (b"etag", f'"{self.film.sha256}"'.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for at in range(0, len(FILM), len(FILM) // 20):
            await send({"type": "http.response.body", "body": FILM[at : at + len(FILM) // 20], "more_body": True})
            await anyio.sleep(0.05)
        await send({"type": "http.response.body", "body": b""})


def test_what_a_round_has_found_itself_does_not_interrupt_it(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    trickling = Trickling(film)
    town.switch(f"/v1/files/{film.sha256}", trickling)
    town.publish([film])
    room.link.fetch(room.standing)
    eventually(lambda: room.link.downloading is not None)
    news = structs.replace(nothing_new(), playlist_version=1, station_version=1, root_version=1)
    room.link.fetch(room.wanting(film), news)
    eventually(lambda: len(room.of(FetchEnded)) == 2)
    assert trickling.calls == 1 and room.of(FetchEnded) == [FetchEnded(0), FetchEnded(0)]


def test_news_interrupts_a_round_that_asked_for_everything_too(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    trickling = Trickling(film)
    town.switch(f"/v1/files/{film.sha256}", trickling, None)
    town.publish([film])
    room.link.fetch(room.standing)
    eventually(lambda: room.link.downloading is not None)
    flood = town.programme("flood", b"flood" * 1000)
    town.publish_urgent(notice(flood))
    room.link.fetch(room.wanting(film), structs.replace(nothing_new(), urgent_version=2))
    eventually(lambda: len(room.of(ProgrammeArrived)) == 2)
    assert [event.sha256 for event in room.of(ProgrammeArrived)] == [flood.sha256, film.sha256]


# --- in their order, their hours, and within a rate ---


def test_what_is_due_sooner_comes_first(town: TownOnTheLine, room: Room) -> None:
    films = [town.programme(name, name.encode() * 1000) for name in ("undated", "tomorrow", "today")]
    due = {films[1].sha256: DAY + timedelta(days=1), films[2].sha256: DAY + timedelta(hours=1)}
    assert room.fetch(replace(room.wanting(*films), due=due), nothing_new()) == FetchEnded(0)
    assert [event.sha256 for event in room.of(ProgrammeArrived)] == [one.sha256 for one in reversed(films)]


def test_outside_the_hours_only_what_is_due_today_is_fetched(town: TownOnTheLine, tmp_path: Path) -> None:
    room = Room(town, tmp_path / "state", Fetch(hours="22:00-06:00"))
    try:
        films = [town.programme(name, name.encode() * 1000) for name in ("undated", "tomorrow", "today")]
        due = {films[1].sha256: DAY + timedelta(days=1), films[2].sha256: DAY + timedelta(hours=1)}
        standing = replace(room.wanting(*films), due=due, now=DAY, zone=ZONE)
        assert room.fetch(standing, nothing_new()) == FetchEnded(0, "", 2)
        assert room.of(ProgrammeArrived) == [ProgrammeArrived(films[2].sha256)]
        night = replace(standing, now=DAY.replace(hour=23).astimezone(UTC))
        assert room.fetch(night, nothing_new()) == FetchEnded(0)
        unknown = town.programme("unknown", b"unknown")
        untrusted = replace(room.wanting(unknown), now=None)
        assert room.fetch(untrusted, nothing_new()) == FetchEnded(0), "by a clock that may be wrong nobody can tell"
    finally:
        room.close()


def test_a_download_stops_where_its_hours_end_and_keeps_its_part(town: TownOnTheLine, tmp_path: Path) -> None:
    room = Room(town, tmp_path / "state", Fetch(hours="22:00-06:00", limit_kbs=400))
    try:
        film = town.programme("rice", FILM)
        last = DAY.replace(hour=5, minute=59, second=58, microsecond=500_000)
        assert room.fetch(replace(room.wanting(film), now=last, zone=ZONE), nothing_new()) == FetchEnded(0, "", 1)
        assert 100_000 < room.library.staged_bytes(film.sha256) < len(FILM)
        assert town.count("/v1/files/") == 1
    finally:
        room.close()


def test_a_limit_is_kept_on_one_connection(town: TownOnTheLine, tmp_path: Path) -> None:
    room = Room(town, tmp_path / "state", Fetch(limit_kbs=500))
    try:
        film = town.programme("rice", FILM)
        began = time.monotonic()
        assert room.fetch_file(film) == FetchEnded(0)
        assert time.monotonic() - began > (len(FILM) - 500_000) / 500_000 * 0.9
        assert town.count("/v1/files/") == 1
        assert room.link.bytes_per_s == pytest.approx(500_000, rel=0.5)
    finally:
        room.close()


def test_the_town_asks_to_be_left_alone_and_the_round_ends(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    town.switch(f"/v1/files/{film.sha256}", page(b"{}", 503, Retry_After="1"), None)
    began = time.monotonic()
    assert "left alone" in room.fetch_file(film).error
    assert room.fetch_file(film) == FetchEnded(0)
    assert time.monotonic() - began >= 1


# --- the disk ---


def put(library: Library, data: bytes, mtime: int) -> str:
    sha256 = hashlib.sha256(data).hexdigest()
    library.stage(sha256).write_bytes(data)
    os.utime(library.admit(sha256, len(data)), (mtime, mtime))
    return sha256


def disk(monkeypatch: pytest.MonkeyPatch, room: Room, size: int) -> None:
    """A disk that has so much room for programmes beside the journal's."""

    def free(library: Library) -> int:
        folders = (library.stage("x").parent, library.stage("x").parents[1] / "files")
        used = sum(path.stat().st_blocks * 512 for folder in folders for path in folder.iterdir())
        return size + download.RESERVE - used

    monkeypatch.setattr(Library, "free_bytes", free)


def test_room_is_made_by_need_and_no_more_than_it_takes(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, old, newer = (
        put(room.library, name.encode() * 400_000, mtime) for name, mtime in (("k", 1), ("o", 2), ("n", 3))
    )
    film = town.programme("rice", FILM[:300_000])
    disk(monkeypatch, room, 1_300_000)
    standing = replace(room.wanting(film), keep=frozenset({kept, film.sha256}))
    assert room.fetch(standing, nothing_new()) == FetchEnded(0)
    there = [sha for sha in (kept, old, newer, film.sha256) if room.library.path(sha)]
    assert there == [kept, newer, film.sha256], "the longest unused went, the rest was not in the way"


def test_what_is_needed_later_gives_its_part_but_an_accepted_week_stays_whole(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = put(room.library, b"k" * 400_000, 1)
    sooner, later = town.programme("sooner", FILM[:300_000]), town.programme("later", FILM[:900_000])
    room.library.stage(later.sha256).write_bytes(FILM[:500_000])
    room.library.stage(later.sha256).with_suffix(".etag").write_text(f'"{later.sha256}"')
    disk(monkeypatch, room, 1_000_000)
    standing = replace(room.wanting(sooner, later), keep=frozenset({kept, sooner.sha256, later.sha256}))
    ended = room.fetch(standing, nothing_new())
    assert ended.missing == 1 and "free some room" in ended.error
    assert room.library.path(kept) and room.library.path(sooner.sha256)
    assert room.library.staged_bytes(later.sha256) == 0


def test_what_the_round_itself_has_found_is_not_thrown_out_for_its_programmes(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = town.programme("rice", FILM[:300_000])
    town.publish([film])
    town.publish_urgent(notice(town.programme("flood", b"flood" * 1000)))
    kept: list[set[str]] = []
    monkeypatch.setattr(Library, "make_room", lambda self, needed, keep, later=(): kept.append(set(keep)))
    assert room.fetch(replace(room.standing, keep=frozenset({"held"}))) == FetchEnded(0)
    (week,), (urgent,) = room.of(WeekFound), room.of(UrgentFound)
    wanted = {"held", trust.digest(week.data), *urgent.files, film.sha256}
    assert kept and all(wanted <= keep for keep in kept)


def test_what_another_thread_is_just_writing_is_left_alone(room: Room) -> None:
    beside = room.library.stage("x").parents[1] / "files" / ".abc.new"
    beside.write_bytes(b"half")
    assert room.library.purge(set(), 1 << 62) == []
    long_ago = time.time() - 7200
    os.utime(beside, (long_ago, long_ago))
    room.library.purge(set(), 1 << 62)
    assert not beside.exists(), "but what a power cut has left goes"


def test_nothing_is_thrown_out_where_it_would_not_do(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = put(room.library, b"o" * 400_000, 1)
    film = town.programme("rice", FILM)
    disk(monkeypatch, room, 1_000_000)
    ended = room.fetch(replace(room.wanting(film), keep=frozenset({film.sha256})), nothing_new())
    assert ended.missing == 1 and town.count("/v1/files/") == 0
    assert room.library.path(old)


def test_a_disk_that_others_fill_meanwhile_is_emptied_of_what_nobody_needs(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = put(room.library, b"o" * 1_000_000, 1)
    film = town.programme("rice", FILM)
    monkeypatch.setattr(download, "CHECK_ROOM_EVERY", 200_000)
    now = [9_000_000]

    def free(library: Library) -> int:
        used = sum(path.stat().st_size for path in (library.stage("x").parents[1] / "files").iterdir())
        if library.staged_bytes(film.sha256) > 500_000:
            now[0] = 2_600_000
        return now[0] - used - library.staged_bytes(film.sha256) + download.RESERVE

    monkeypatch.setattr(Library, "free_bytes", free)
    assert room.fetch(replace(room.wanting(film), keep=frozenset({film.sha256})), nothing_new()) == FetchEnded(0)
    assert room.library.path(old) is None
    eventually(lambda: room.library.path(film.sha256))


def rot(path: Path) -> None:
    """Flip a bit in the middle of a file; its length and date stay."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_file_that_rots_on_the_disk_is_found_and_fetched_again(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    room.fetch_file(film)
    path = room.library.path(film.sha256)
    assert path is not None
    check = replace(room.standing, recheck=film.sha256)
    assert room.fetch(check, nothing_new()) == FetchEnded(0), "it is as signed"
    rot(path)
    assert room.fetch(check, nothing_new()) == FetchEnded(1)
    assert room.library.path(film.sha256) is None
    assert room.fetch_file(film) == FetchEnded(0)
    assert path.read_bytes() == FILM


def test_no_file_is_hashed_again_while_a_programme_is_on_air(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    room.fetch_file(film)
    path = room.library.path(film.sha256)
    assert path is not None
    rot(path)
    check = replace(room.standing, recheck=film.sha256)
    room.link.on_air(True)
    assert room.fetch(check, nothing_new()) == FetchEnded(0)
    assert path.exists(), "nobody has looked into it"
    room.link.on_air(False)
    assert room.fetch(check, nothing_new()) == FetchEnded(1)


def test_hashing_ends_when_a_programme_comes_on_air(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = town.programme("rice", FILM)
    room.fetch_file(film)
    path = room.library.path(film.sha256)
    assert path is not None
    rot(path)
    pauses = 0

    def pause(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        room.link.on_air(pauses == 3)

    monkeypatch.setattr(library, "CHUNK", 100_000)
    monkeypatch.setattr(room.link, "_pause", pause)
    assert room.fetch(replace(room.standing, recheck=film.sha256), nothing_new()) == FetchEnded(0)
    assert pauses == 3 and path.exists()


def test_file_is_not_hashed_again_while_the_town_cannot_be_reached(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    room.fetch_file(film)
    path = room.library.path(film.sha256)
    assert path is not None
    rot(path)
    town.down()
    assert room.fetch(replace(room.standing, recheck=film.sha256)).error
    assert path.exists(), "a rotten file, of which the most can be shown, is better than none"
