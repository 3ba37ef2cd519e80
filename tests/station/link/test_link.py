"""The link: what the town signed arrives, what it did not is refused, and no answer whatever is more than an event."""

import hashlib
import json
import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from fakes_town import Cut, Endless, Hanging, TownOnTheLine, eventually, notice, page
from link_room import Room, heartbeat, newest, nothing_new
from sqlalchemy import text
from starlette.responses import Response

from kiosk.common.log import JournalFormatter
from kiosk.contract import trust, wire
from kiosk.contract.playlist import Slot, Urgent
from kiosk.contract.records import Action
from kiosk.contract.reports import chain
from kiosk.contract.trust import Held, Pinned
from kiosk.contract.wire import Record, encode
from kiosk.station.events import (
    Delivered,
    FetchEnded,
    HeartbeatAnswered,
    ProgrammeArrived,
    StationFound,
    TownRefused,
    TownUnreachable,
    TrustMoved,
    UrgentFound,
    WeekFound,
)
from kiosk.station.journal.chain import head
from kiosk.station.library.accepted import Standing
from kiosk.station.library.library import Library, WrongBytes
from kiosk.station.link import client, download, pace
from kiosk.station.link.bandwidth import Bandwidth
from kiosk.station.link.station_key import signer
from kiosk.town.stations import registry

FILM = bytes(range(256)) * 2000
LAW = b"the law " * 40_000
SHA = hashlib.sha256(FILM).hexdigest()
NOW = datetime(2026, 3, 5, tzinfo=UTC)

E = TypeVar("E")


def slot(start: str, *names: str) -> Slot:
    return Slot(date="2026-03-05", start=start, end=start[:3] + "59:00", programmes=names)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_BACKOFF_S", 0.05)
    monkeypatch.setattr(pace, "LONGEST_BACKOFF_S", 0.2)
    monkeypatch.setattr(download, "RESUME_S", 0.01)


# --- what arrives ---


def test_a_round_brings_week_urgent_notices_station_document_and_programmes_in_order_of_need(
    town: TownOnTheLine, room: Room
) -> None:
    names = ("evening", "spare", "morning", "first", "flood")
    files = {name: town.programme(name, name.encode() * 50_000) for name in names}
    town.publish(
        [files[name] for name in names[:3]],
        [slot("19:00:00", "evening"), slot("08:00:00", "morning"), slot("20:00:00", "morning")],
    )
    town.publish_urgent(notice(files["flood"]), notice(files["spare"], "elsewhere", ("room-7",)))
    assert room.fetch(room.wanting(files["first"])) == FetchEnded(0)
    (week,), (urgent,), (document,) = room.of(WeekFound), room.of(UrgentFound), room.of(StationFound)
    assert week.playlist.version == 1 and week.metadata == town.metadata()
    assert trust.digest(week.data) == trust.pinned_playlist(week.index, "villages").sha256
    assert [found.id for found in urgent.notices] == ["flood"]
    assert len(urgent.files) == 2
    assert document.document.station == "room-1"
    arrived = [event.sha256 for event in room.of(ProgrammeArrived)]
    assert arrived == [files[name].sha256 for name in ("flood", "first", "morning", "evening", "spare")]
    assert all(room.library.path(sha) for sha in arrived)
    assert room.link.downloading is None


def test_what_is_held_is_not_fetched_again(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    town.publish([film])
    town.publish_urgent(notice(film))
    assert room.fetch().missing == 0
    week, urgent, document = room.of(WeekFound)[0], room.of(UrgentFound)[0], room.of(StationFound)[0]
    root, version = room.standing.root, document.document.version
    held = Standing(root, week.index.held, urgent.index.held, version, now=room.standing.now, keep=frozenset())
    before = len(room.events)
    town.asked.clear()
    assert room.fetch(held) == FetchEnded(0)
    assert room.events[before:] == [FetchEnded(0)]
    conditional = [asked.headers.get("if-none-match") for asked in town.asked if "json" in asked.path]
    assert f'"{week.index.digest}"' in conditional and f'"{urgent.index.digest}"' in conditional
    town.asked.clear()
    told = newest(root=1, playlist=1, urgent=2, station=1)
    assert room.fetch(held, told) == FetchEnded(0)
    assert town.asked == []


def test_without_a_week_the_town_is_no_trouble(room: Room) -> None:
    assert room.fetch() == FetchEnded(0)
    assert room.of(TownRefused) == [] and len(room.of(StationFound)) == 1


def test_the_root_chain_is_followed_and_the_week_judged_by_its_end(town: TownOnTheLine, room: Room) -> None:
    town.publish([town.programme("rice", FILM)])
    assert room.fetch().error == ""
    week = room.of(WeekFound)[0]
    room.documents.keep_week(week.metadata, week.data)
    town.rotate("root")
    town.rotate("targets")
    assert room.fetch(Standing(room.standing.root, week.index.held, now=NOW, keep=frozenset())).error == ""
    [moved] = room.of(TrustMoved)
    assert [found.root.version for found in moved.roots] == [2, 3]
    assert moved.week is not None and moved.week.playlist.version == 2
    assert room.of(TownRefused) == []


def test_a_version_that_only_a_revoked_key_vouched_for_does_not_lock_out_later_weeks(
    town: TownOnTheLine, room: Room
) -> None:
    town.publish([town.programme("rice", FILM)])
    pins = trust.peek(town.metadata()).files
    stolen = town.signed(2**40, dict(pins))
    room.documents.keep_week(stolen, b"whatever a thief wrote")
    held = trust.index(room.standing.root, stolen, Held(), NOW).held
    town.rotate("targets")
    room.fetch(Standing(room.standing.root, held, now=NOW, keep=frozenset()))
    [moved] = room.of(TrustMoved)
    assert moved.week is not None and moved.week.playlist.version == 2


def test_a_station_that_the_town_moves_to_another_group_gets_that_groups_week(town: TownOnTheLine, room: Room) -> None:
    town.publish([town.programme("rice", FILM)])
    town.publish([town.programme("law", LAW)], group="towns")
    town.add_station("room-1", group="towns")
    assert room.fetch() == FetchEnded(0)
    assert [week.playlist.group for week in room.of(WeekFound)] == ["towns"]


# --- what is refused: each with a clear reason, and the rest of the round goes on ---


def refusals(room: Room, what: str) -> list[str]:
    return [refused.reason for refused in room.of(TownRefused) if refused.what == what]


def offer(town: TownOnTheLine, metadata: bytes) -> None:
    town.switch("/v1/groups/", Response(metadata, media_type="application/json"))


def test_playlist_not_signed_tampered_or_nonsense_is_refused(town: TownOnTheLine, room: Room) -> None:
    town.publish([town.programme("rice", FILM)])
    good = town.metadata()
    bare = msgspec.json.decode(good) | {"signatures": []}
    for metadata, reason in (
        (msgspec.json.encode(bare), "not-signed"),
        (good.replace(b'"version":1', b'"version":9'), "wrong-key"),
        (b"<html>", "malformed"),
        (b"", "malformed"),
        (b"\0" * 10_000_000, None),
        (b"[" * 100_000, "malformed"),
    ):
        offer(town, metadata)
        ended = room.fetch()
        assert refusals(room, "playlist")[-1:] == [reason] if reason else "longer than" in ended.error
    assert room.of(WeekFound) == []
    town.switch("/v1/groups/")
    assert room.fetch() == FetchEnded(0)
    assert len(room.of(WeekFound)) == 1


def test_playlist_older_or_of_the_same_version_with_other_bytes_is_refused(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    town.publish([film])
    older = town.metadata()
    town.publish([film])
    room.fetch()
    held = room.of(WeekFound)[-1].index.held
    standing = Standing(room.standing.root, held, now=room.standing.now, keep=frozenset())
    offer(town, older)
    room.fetch(standing)
    offer(town, town.signed(2, {"programme/other": Pinned(1, "0" * 64)}))
    room.fetch(standing)
    assert refusals(room, "playlist") == ["roll-back", "same-version"]
    assert len(room.of(WeekFound)) == 1


def test_playlist_expired_is_refused_unless_the_clock_is_not_trusted(town: TownOnTheLine, room: Room) -> None:
    town.publish([town.programme("rice", FILM)])
    late = datetime.now(UTC) + timedelta(days=400)
    room.fetch(Standing(room.standing.root, now=late, keep=frozenset()))
    assert refusals(room, "playlist") == ["expired"]
    room.fetch(Standing(room.standing.root, now=None, keep=frozenset()))
    assert len(room.of(WeekFound)) == 1


def test_playlist_for_another_group_is_refused(town: TownOnTheLine, room: Room) -> None:
    town.publish([town.programme("rice", FILM)], group="towns")
    offer(town, town.metadata("towns"))
    room.fetch()
    assert refusals(room, "playlist") == ["wrong-group"]


def test_playlist_signed_by_another_towns_key_is_refused(town: TownOnTheLine, room: Room, tmp_path: Path) -> None:
    thief = TownOnTheLine(tmp_path / "thief")
    try:
        thief.publish([thief.programme("rice", FILM)])
        offer(town, thief.metadata())
    finally:
        thief.close()
    room.fetch()
    assert refusals(room, "playlist") == ["wrong-key"]


def test_playlist_bytes_that_are_not_those_pinned_are_refused(town: TownOnTheLine, room: Room) -> None:
    town.publish([town.programme("rice", FILM)])
    sha = trust.peek(town.metadata()).files["playlist/villages"].sha256
    whole = town.office.public.file_path(sha).read_bytes()
    for body in (whole[:-1], whole + b" ", whole.replace(b"rice", b"mice")):
        town.switch(f"/v1/files/{sha}", page(body))
        room.fetch()
    town.switch(f"/v1/files/{sha}", page(b"{}", 404))
    room.fetch()
    assert refusals(room, "playlist") == ["tampered", "tampered", "tampered", "missing"]
    assert room.of(WeekFound) == []


def test_a_forged_root_changes_nothing(town: TownOnTheLine, room: Room) -> None:
    town.publish([town.programme("rice", FILM)])
    town.switch("/v1/root/2.root.json", page(town.office.public.root_path(1).read_bytes()))
    room.fetch()
    assert refusals(room, "root") == ["roll-back"]
    assert room.of(TrustMoved) == [] and len(room.of(WeekFound)) == 1


def test_a_station_document_of_another_room_or_older_or_forged_is_refused(town: TownOnTheLine, room: Room) -> None:
    town.add_station("room-2")
    vouch = town.office.signer.vouch
    mine = vouch(registry.document(town.office, "room-1"))
    for signed, held in (
        (vouch(registry.document(town.office, "room-2")), 0),
        (mine, 5),
        (msgspec.structs.replace(mine, signature="00" * 64), 0),
        (msgspec.structs.replace(mine, payload="{}"), 0),
    ):
        town.switch("/v1/station.json", page(encode(signed)))
        room.fetch(Standing(room.standing.root, station_version=held, keep=frozenset()))
    assert refusals(room, "station document") == ["wrong-station", "roll-back", "tampered", "tampered"]
    assert room.of(StationFound) == []


# --- programmes ---


def test_programme_with_a_wrong_hash_is_refused_and_asked_for_afresh_once(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    path = f"/v1/files/{SHA}"
    wrong = page(b"A" + FILM[1:], ETag=f'"{SHA}"')
    town.switch(path, wrong, None)
    assert room.fetch_file(film) == FetchEnded(0)
    assert refusals(room, f"programme {SHA}") == ["tampered"]
    assert room.library.path(SHA, len(FILM)) is not None
    room.library.recheck(SHA)
    town.switch(path, wrong)
    law = town.programme("law", LAW)
    (room.library.path(SHA) or Path()).unlink()
    town.asked.clear()
    ended = room.fetch(room.wanting(film, law), nothing_new())
    assert ended.missing == 1 and SHA in ended.error
    assert town.count(path) == 2
    assert all("range" not in asked.headers for asked in town.asked)
    assert room.library.path(law.sha256) is not None, "one wrong file stops no other"
    assert not room.library.stage(SHA).exists()


@pytest.mark.parametrize("length", [None, "right"], ids=["as it is", "with the right length promised"])
def test_programme_longer_than_signed_is_stopped_at_once(town: TownOnTheLine, room: Room, length: str | None) -> None:
    film = town.programme("rice", FILM)
    town.switch(f"/v1/files/{SHA}", Endless() if length else page(FILM + b"x"))
    assert room.fetch_file(film).missing == 1
    assert refusals(room, f"programme {SHA}") == ["tampered"]
    assert "longer" in room.of(TownRefused)[0].message or "signed are" in room.of(TownRefused)[0].message
    assert not room.library.stage(SHA).exists()


def test_length_of_thousands_of_digits_is_a_wrong_one_and_no_crash(tmp_path: Path) -> None:
    """As no server says it that knows HTTP, but anybody on the line can."""
    library = Library(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def say() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\nfilm" % (b"9" * 5000))

        threading.Thread(target=say, daemon=True).start()
        town = client.TownClient(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=5)
        with pytest.raises(WrongBytes, match="the town has 9999"):
            line, pinned = Bandwidth(), Pinned(4, SHA)
            download.Download(town, library, line, lambda _: None, lambda: True, pinned, frozenset(), ()).run()
    assert not library.stage(SHA).exists()


def test_programme_pinned_as_a_playlist_is_refused_without_being_read(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = town.programme("rice", FILM)
    town.publish([film])
    assert room.fetch() == FetchEnded(0)
    monkeypatch.setattr(wire, "MAX_DOCUMENT", len(FILM) - 1)
    offer(town, town.signed(9, {"playlist/villages": Pinned(film.size, film.sha256)}))
    room.fetch()
    assert [refused.message for refused in room.of(TownRefused)] == [
        f"playlist: {len(FILM)} bytes is more than the {len(FILM) - 1} allowed"
    ]


def test_programme_shorter_than_signed_is_refused(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    town.switch(f"/v1/files/{SHA}", page(FILM[:-1]))
    assert room.fetch_file(film).missing == 1
    assert refusals(room, f"programme {SHA}") == ["tampered"]


def test_programme_missing_at_the_town_is_told_and_the_next_one_fetched(town: TownOnTheLine, room: Room) -> None:
    film, law = town.programme("rice", FILM), town.programme("law", LAW)
    town.office.public.file_path(SHA).unlink()
    ended = room.fetch(room.wanting(film, law), nothing_new())
    assert ended.missing == 1
    assert refusals(room, f"programme {SHA}") == ["missing"]
    assert room.of(ProgrammeArrived) == [ProgrammeArrived(law.sha256)]


def test_a_download_that_is_cut_goes_on_where_it_was(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    path = f"/v1/files/{SHA}"
    town.switch(path, Cut(FILM[:300_000], len(FILM), {"ETag": f'"{SHA}"'}))
    assert "cut off" in room.fetch_file(film).error
    assert room.library.stage(SHA).stat().st_size == 300_000
    town.switch(path)
    town.asked.clear()
    assert room.fetch_file(film) == FetchEnded(0)
    (asked,) = town.asked
    assert (asked.headers["range"], asked.headers["if-range"]) == ("bytes=300000-", f'"{SHA}"')
    assert asked.headers["accept-encoding"] == "identity"
    assert room.library.recheck(SHA)


def test_a_file_that_changed_at_the_town_is_fetched_from_the_start(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    path = f"/v1/files/{SHA}"
    old = Cut(b"Z" * 300_000, len(FILM), {"ETag": '"old"'})
    rest = {"Content-Range": f"bytes 300000-{len(FILM) - 1}/{len(FILM)}"}
    for resumed in (
        None,  # answers 200 with the whole: If-Range does not fit
        page(FILM[300_000:], 206, ETag='"new"', **rest),
        page(FILM[:100], 206, ETag='"old"', Content_Range=f"bytes 0-99/{len(FILM)}"),
        page(b"", 416),
    ):
        town.switch(path, old, resumed, None)
        assert room.fetch_file(film) == FetchEnded(0)
        assert room.library.recheck(SHA)
        assert room.of(TownRefused) == [], "what was put together from two files is not the town's fault"
        (room.library.path(SHA) or Path()).unlink()


def test_a_part_without_a_strong_etag_is_not_built_on(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    town.switch(f"/v1/files/{SHA}", Cut(FILM[:300_000], len(FILM), {"ETag": 'W/"weak"'}), None)
    assert room.fetch_file(film).missing == 1, "nothing that could be built on has come"
    assert room.fetch_file(film) == FetchEnded(0)
    assert "range" not in town.asked[-1].headers


def test_a_whole_part_left_by_a_power_cut_is_admitted_without_a_request(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    town.switch(f"/v1/files/{SHA}", Cut(FILM[:10], len(FILM), {"ETag": f'"{SHA}"'}))
    assert room.fetch_file(film).missing == 1
    room.library.stage(SHA).write_bytes(FILM)
    town.asked.clear()
    assert room.fetch_file(film) == FetchEnded(0)
    assert town.asked == []


def test_no_room_on_the_disk_is_told_before_a_byte_is_fetched(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, law = town.programme("rice", FILM), town.programme("law", LAW)
    monkeypatch.setattr(Library, "free_bytes", lambda self: download.RESERVE + len(LAW))
    ended = room.fetch(room.wanting(film, law), nothing_new())
    assert (ended.missing, town.count(f"/v1/files/{SHA}")) == (1, 0)
    assert "are free; free some room" in ended.error
    assert room.library.path(law.sha256) is not None, "the smaller one still goes in"


def test_a_disk_that_fills_up_during_a_download_gives_its_room_back(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = town.programme("rice", FILM)
    monkeypatch.setattr(download, "CHECK_ROOM_EVERY", 100_000)
    rooms = iter([1 << 40, 1 << 40])
    monkeypatch.setattr(Library, "free_bytes", lambda self: next(rooms, 0))
    ended = room.fetch_file(film)
    assert ended.missing == 1 and "free some room" in ended.error
    assert not room.library.stage(SHA).exists()
    monkeypatch.undo()
    assert room.fetch_file(film) == FetchEnded(0)


def test_progress_can_be_watched_and_stop_ends_a_download_at_once(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    hanging = Hanging(FILM[:200_000], len(FILM), {"ETag": f'"{SHA}"'})
    town.switch(f"/v1/files/{SHA}", hanging)
    room.link.fetch(room.wanting(film), nothing_new())
    eventually(lambda: room.link.downloading is not None and room.link.downloading.have == 200_000)
    began = time.monotonic()
    room.link.stop()
    assert time.monotonic() - began < 2.5
    assert not any(thread.name.startswith("link-") for thread in threading.enumerate())
    assert room.of(FetchEnded) == []
    assert room.library.stage(SHA).stat().st_size == 200_000


def test_news_of_the_town_interrupts_a_long_download_and_it_is_taken_up_again(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)

    class Slow(Hanging):
        async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
            import anyio

            headers = [(b"content-length", str(len(FILM)).encode()), (b"etag", f'"{SHA}"'.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for at in range(0, len(FILM), 1000):
                await send({"type": "http.response.body", "body": FILM[at : at + 1000], "more_body": True})
                self.began.set()
                await anyio.sleep(0.05)

    slow = Slow(b"", 0)
    town.switch(f"/v1/files/{SHA}", slow, None)
    room.link.fetch(room.wanting(film), nothing_new())
    assert slow.began.wait(20)
    town.publish_urgent(notice(town.programme("flood", b"flood" * 1000)))
    room.link.fetch(room.wanting(film), msgspec.structs.replace(nothing_new(), urgent_version=1))
    eventually(lambda: len(room.of(FetchEnded)) == 2)
    assert len(room.of(UrgentFound)) == 1
    arrived = [event.sha256 for event in room.of(ProgrammeArrived)]
    assert arrived[-1] == SHA and len(arrived) == 2
    assert "range" in town.asked[-1].headers


# --- the town as networks and towns are ---

NONSENSE = {
    "captive portal": page(),
    "empty": page(b""),
    "wrong JSON": page(b"[1, 2, 3]"),
    "another format": page(b'{"format": 99}'),
    "redirect": page(b"", 302, Location="http://192.0.2.1/login"),
    "redirect to itself": page(b"", 307, Location="/v1/heartbeat"),
    "server error": page(b"oops", 500),
    "bad gateway": page(b"", 502),
    "cut": Cut(b'{"for', 1000),
    "endless": Endless(),
    "compressed": page(b"\x1f\x8b", 200, Content_Encoding="gzip"),
    "teapot": page(b"", 418),
    "not modified": page(b"", 304),
    "partial": page(b"{", 206),
    "409 without a head": page(b'{"error": "no"}', 409),
    "deep": page(b"[" * 50_000),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_the_town_answers_nonsense_and_it_is_an_event_and_no_more(town: TownOnTheLine, room: Room, name: str) -> None:
    film = town.programme("rice", FILM)
    town.publish([film])
    room.act("a1")
    town.switch("/", NONSENSE[name])
    ended = room.fetch(room.wanting(film))
    assert ended.error or room.of(TownRefused)
    assert ended.missing == 1
    room.report()
    eventually(lambda: room.of(TownUnreachable))
    assert room.of(WeekFound) == [] and room.of(Delivered) == [] and room.of(HeartbeatAnswered) == []
    town.switch("/")
    eventually(room.delivered())
    assert room.fetch(room.wanting(film)) == FetchEnded(0)


def test_a3_error_text_of_a_town_adds_no_line_to_the_log(
    town: TownOnTheLine, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    said = json.dumps({"error": "busy\n<0>kiosk.station.app: all records are lost\x1b[2J\u202e\x9b"})
    town.switch("/", page(said.encode(), 500))
    ended = room.fetch()
    room.report()
    eventually(lambda: room.of(TownUnreachable))
    records = [*caplog.records, logging.makeLogRecord({"name": "link", "msg": "%s", "args": (ended.error,)})]
    lines = [JournalFormatter("%(name)s: %(message)s").format(record) for record in records]
    assert any("all records are lost" in line for line in lines)
    assert all(line.isprintable() for line in lines)
    for error in (ended.error, room.of(TownUnreachable)[0].error):
        assert error.isprintable(), "nor to the record or a page"


def test_a_redirect_is_never_followed_so_the_token_stays_here(town: TownOnTheLine, room: Room, tmp_path: Path) -> None:
    thief = TownOnTheLine(tmp_path / "thief")
    try:
        town.switch("/v1/", page(b"", 301, Location=f"{thief.url}/v1/station.json"))
        ended = room.fetch()
        assert "points elsewhere" in ended.error
        assert thief.asked == []
    finally:
        thief.close()


def test_proxies_of_the_environment_are_not_used(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    assert room.fetch() == FetchEnded(0)


def test_a_line_that_only_drips_is_given_up(town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DRIP_S", 0.0)
    film = town.programme("rice", FILM)
    town.switch(f"/v1/files/{SHA}", Hanging(FILM[:100], len(FILM), {"ETag": f'"{SHA}"'}))
    assert "only 100 bytes" in room.fetch_file(film).error


# --- heartbeat and delivery ---


def test_a_heartbeat_is_answered_with_the_newest_versions_and_a_verified_time(town: TownOnTheLine, room: Room) -> None:
    town.publish([town.programme("rice", FILM)])
    room.report()
    eventually(lambda: room.of(HeartbeatAnswered))
    (answered,) = room.of(HeartbeatAnswered)
    assert (answered.answer.playlist_version, answered.answer.root_version) == (1, 1)
    assert abs(answered.answer.now_ms / 1000 - time.time()) < 60
    assert answered.sent_monotonic <= answered.received_monotonic
    assert answered.answer.nonce != "asked-by-the-app", "each sending asks for itself"


def test_c4_answer_to_another_question_or_changed_or_cut_in_any_part_is_refused(
    town: TownOnTheLine, room: Room
) -> None:
    """Whoever sits on the line would say that nothing is new: the room would keep an old week and notice nothing."""
    town.publish([town.programme("rice", FILM)])
    vouch = town.office.signer.vouch
    replayed = vouch(newest(root=1))
    whole = replayed.payload
    changed = whole.replace('"root_version":1', '"root_version":0')
    offers = {
        "replayed": replayed,
        "wrong-key": msgspec.structs.replace(replayed, keyid="0" * 64),
        "tampered": msgspec.structs.replace(replayed, payload=changed),
        "malformed": vouch(Omitted(nonce="n", now_ms=1, root_version=1)),
    }
    assert changed != whole
    for n, (reason, offer) in enumerate(offers.items(), 1):
        town.switch("/v1/heartbeat", page(encode(offer)))
        room.report()
        eventually(lambda: len(refusals(room, "heartbeat answer")) == n)  # noqa: B023
        assert refusals(room, "heartbeat answer")[-1] == reason
    assert room.of(HeartbeatAnswered) == []


class Omitted(Record, frozen=True, kw_only=True, tag_field="type", tag="heartbeat-answer"):
    """An answer that says nothing of weeks."""

    format: int = 2
    nonce: str
    now_ms: int
    root_version: int


def test_a_new_online_key_is_learnt_from_the_root_chain(town: TownOnTheLine, room: Room) -> None:
    town.rotate("online")
    room.act("a1")
    room.report()
    eventually(lambda: room.of(HeartbeatAnswered))
    eventually(room.delivered())
    assert room.of(TrustMoved) == [], "that root is taken in a round, with all that it signs"


def rows(town: TownOnTheLine) -> list[str]:
    with town.office.store.read() as connection:
        return [row[0] for row in connection.execute(text("SELECT record_id FROM entry ORDER BY seq"))]


def test_records_are_delivered_in_batches_and_countersigned(town: TownOnTheLine, room: Room) -> None:
    names = [f"a{n}" for n in range(1201)]
    room.act(*names)
    room.report()
    eventually(room.delivered())
    assert rows(town) == names
    assert [len(delivered.receipts) for delivered in room.of(Delivered)] == [500, 500, 201]
    assert room.journal.delivered() == 1201
    assert room.of(Delivered)[-1].witness.hash == room.journal.head()[1]


def test_a_lost_reply_doubles_nothing(town: TownOnTheLine, room: Room) -> None:
    room.act("a1", "a2")

    class Swallow:
        async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
            async def gone(message: object) -> None: ...

            await town._real(scope, receive, gone)
            await Cut(b"{", 1000)(scope, receive, send)

    town.switch("/v1/reports", Swallow(), None)
    room.report()
    eventually(room.delivered())
    assert rows(town) == ["a1", "a2"]
    assert [receipt.state for receipt in room.of(Delivered)[0].receipts] == ["duplicate", "duplicate"]
    assert len(room.of(TownUnreachable)) == 1


def test_town_unreachable_at_start_in_the_middle_and_for_days(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    town.publish([film])
    town.down()
    room.act("a1")
    room.report()
    assert "refused" in room.fetch().error
    eventually(lambda: len(room.of(TownUnreachable)) > 2)
    town.up()
    eventually(room.delivered())
    assert room.fetch() == FetchEnded(0)
    week = room.of(WeekFound)[-1]
    room.documents.keep_week(week.metadata, week.data)

    town.down()  # for days: heartbeats go unanswered while the record grows
    for day in range(7):
        room.act(*(f"day-{day}-{n}" for n in range(30)))
        room.report()
        room.fails_again()
        assert room.fetch().missing == 0
    shelf = room.documents.load("villages", "room-1", room.identity.root_sha256)
    assert shelf.playlist == week.playlist
    assert room.library.path(SHA) is not None
    assert room.journal.waiting_count() == 210
    town.up()
    eventually(room.delivered())
    assert rows(town) == ["a1", *(f"day-{day}-{n}" for day in range(7) for n in range(30))]
    assert room.of(TownRefused) == []


def test_a_town_restored_from_an_older_copy_gets_everything_again(town: TownOnTheLine, room: Room) -> None:
    room.act("a1", "a2", "a3")
    room.report()
    eventually(room.delivered())
    with town.office.store.write() as connection:
        connection.execute(text("DELETE FROM entry WHERE seq > 1"))
        digest = room.journal.hash_at(1)
        connection.execute(text("UPDATE chain SET head_seq = 1, head_hash = :digest"), {"digest": digest})
    room.act("a4")
    room.report()
    eventually(room.delivered())
    assert rows(town) == ["a1", "a2", "a3", "a4"]


def test_a_refused_entry_is_set_aside_and_blocks_nothing(town: TownOnTheLine, room: Room) -> None:
    room.act("a1")
    room.journal._seal("bad", lambda db: _append_nonsense(db))
    room.act("a3")
    room.report()
    eventually(room.delivered())
    assert [receipt.state for receipt in room.of(Delivered)[0].receipts] == ["accepted", "refused", "accepted"]
    (refused,) = room.journal.refused()
    assert (refused.seq, refused.id) == (2, "bad") and refused.reason


def test_c5_record_that_a_disk_has_altered_holds_up_none_of_the_others(town: TownOnTheLine, room: Room) -> None:
    """What is signed is the head: the town takes a record that does not fit its hash only as the first of a report."""
    room.act(*(f"a{n}" for n in range(9)))
    room.journal._seal("bad", lambda db: _append_altered(db))
    room.act(*(f"b{n}" for n in range(30)))
    room.report()
    eventually(room.delivered())
    told = [receipt for delivered in room.of(Delivered) for receipt in delivered.receipts]
    assert [receipt.seq for receipt in told] == list(range(1, 41))
    assert [(one.seq, one.reason[:5]) for one in told if one.state != "accepted"] == [(10, "hash:")]
    assert not any(isinstance(event, TownUnreachable) for event in room.events)


@pytest.mark.parametrize("key", [None, "nonsense", "00" * 32])
def test_c5_station_without_its_key_is_told_to_enrol_again(
    town: TownOnTheLine, room: Room, tmp_path: Path, key: str | None
) -> None:
    path = tmp_path / "state" / "station.key"
    own = path.read_text()
    path.unlink() if key is None else path.write_text(key)
    room.link._delivery._sign = signer(tmp_path / "state")
    room.act("a1")
    room.report()
    room.fails_again()
    told = room.of(TownUnreachable)[0]
    assert "not signed with the key of this station" in told.error and "enrol" in told.remedy
    assert room.journal.waiting_count() == 1, "nothing is lost"
    if key != "00" * 32:
        path.write_text(own)
        room.report()
        eventually(room.delivered())


def _append_altered(db) -> None:  # type: ignore[no-untyped-def]
    """A record that is not the one its hash was made over."""
    seq, previous = head(db)
    was, now = (wire.encode(Action(id=name, at_ms=1, by="A", action="stop", clock="trusted")) for name in ("x", "bad"))
    row = {"seq": seq + 1, "hash": chain(previous, seq + 1, was), "id": "bad", "kind": "action", "record": now}
    db.table("entries").insert(row, pk="seq")


def _append_nonsense(db) -> None:  # type: ignore[no-untyped-def]
    """A record that no town knows, as a later version might write one."""
    seq, previous = head(db)
    data = b'{"id":"bad","kind":"dance"}'
    row = {"seq": seq + 1, "hash": chain(previous, seq + 1, data), "id": "bad", "kind": "dance", "record": data}
    db.table("entries").insert(row, pk="seq")


def test_a_batch_that_the_town_finds_too_large_is_halved(town: TownOnTheLine, room: Room) -> None:
    room.act(*(f"a{n}" for n in range(100)))
    town.switch("/v1/reports", page(b'{"error": "too large"}', 413), page(b"", 413), None)
    room.report()
    eventually(room.delivered())
    assert [len(delivered.receipts) for delivered in room.of(Delivered)] == [25, 50, 25]


@pytest.mark.parametrize("how", ["wrong", "revoked"])
def test_town_token_wrong_or_revoked_is_told_with_its_remedy(
    town: TownOnTheLine, room: Room, tmp_path: Path, how: str
) -> None:
    film = town.programme("rice", FILM)
    town.publish([film])
    assert room.fetch() == FetchEnded(0)
    if how == "wrong":
        with town.office.store.write() as connection:
            connection.execute(text("UPDATE station SET token_sha256 = 'x'"))
    else:
        registry.retire(town.office, "room-1", by="test")
    room.act("a1")
    room.report()
    eventually(lambda: room.of(TownUnreachable))
    trouble = room.of(TownUnreachable)[-1]
    assert trouble.remedy.startswith("the town does not know this station any more: enrol it again")
    assert room.identity.token not in trouble.error
    assert room.fetch().error.startswith("/v1/")
    assert room.library.path(SHA) is not None
    assert room.journal.waiting_count() == 1


def test_the_latest_job_wins_and_a_heartbeat_that_waited_is_sent_with_its_age(town: TownOnTheLine, room: Room) -> None:
    town.down()
    for version in (1, 2, 3):
        room.link.report(heartbeat(playlist_version=version))
    eventually(lambda: len(room.of(TownUnreachable)) > 1)
    town.up()
    eventually(lambda: room.of(HeartbeatAnswered))
    with town.office.store.read() as connection:
        sent, version = connection.execute(text("SELECT sent_ms, playlist_version FROM heartbeat")).one()
    assert version == 3
    assert 1_000_000 < sent < 1_060_000


def test_an_urgent_notice_is_for_the_stations_it_names(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", FILM)
    town.publish_urgent(notice(film, "all"), notice(film, "ours", ("room-1",)), notice(film, "theirs", ("room-2",)))
    assert room.fetch() == FetchEnded(0)
    found: tuple[Urgent, ...] = room.of(UrgentFound)[0].notices
    assert [urgent.id for urgent in found] == ["all", "ours"]
    offered = town.office.public.urgent_path.read_bytes()
    town.publish([film])
    town.switch("/v1/urgent.json", page(town.metadata()))
    room.fetch()
    assert refusals(room, "urgent notices") == ["wrong-group"]
    town.switch("/v1/urgent.json", page(offered.replace(b"theirs", b"flood!")))
    room.fetch()
    assert refusals(room, "urgent notices") == ["wrong-group", "wrong-key"]
