"""The town over real HTTP: who is let in, what is answered, and what a hostile body gets."""

import gzip
import hashlib
import logging
import socket
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import requests
from contract.signing import enrol_request, report
from msgspec.structs import replace
from town.postgres import BOTH

from kiosk.contract import trust, wire
from kiosk.contract.enrolment import EnrolAnswer
from kiosk.contract.records import Action
from kiosk.contract.reports import (
    GENESIS,
    Heartbeat,
    HeartbeatAnswer,
    ReportAnswer,
    Signed,
    Witness,
    chain,
)
from kiosk.contract.station import StationDocument
from kiosk.contract.wire import encode
from kiosk.town.database.store import Store
from kiosk.town.intake import quota
from kiosk.town.publishing.issue import PublishTerms
from kiosk.town.publishing.publish import publish
from kiosk.town.stations import registry


def tick(size, name):
    pass


def code(office, station="room-1", **where):
    return registry.add_station(
        office, station, where.get("group", "all"), "Room", None, by="test", **where.get("more", {})
    )


def ask(server, secret, name="room-1"):
    body = encode(enrol_request(secret, name, host="pc"))
    return requests.post(f"{server.url}/v1/enrol", data=body, timeout=10)


@pytest.fixture
def station(server, office):
    """An enrolled station's session; its ``url`` is the town's."""
    answer = wire.decode(ask(server, code(office).secret).content, EnrolAnswer, "answer")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {answer.token}"
    session.url = server.url
    yield session
    session.close()


@pytest.fixture
def root(office):
    return trust.stored_root(office.public.root_path(1).read_bytes())


def action(name):
    return encode(Action(id=name, at_ms=1, by="li", action="boot", clock="trusted"))


def test_enrolment_gives_a_token_that_opens_the_door(server, office, station):
    assert requests.get(f"{server.url}/v1/station.json", timeout=10).status_code == 401
    assert station.get(f"{server.url}/v1/station.json").status_code == 200


def test_c6_token_holds_until_the_one_that_was_given_anew_is_used(server, office):
    secret = code(office).secret
    first, lost, second = (ask(server, secret) for _ in range(3))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["station"] == second.json()["station"] == "room-1"
    tokens = [{"Authorization": f"Bearer {answer.json()['token']}"} for answer in (first, second)]
    order = [tokens[0], tokens[0], tokens[1], tokens[1], tokens[0]]
    found = [requests.get(f"{server.url}/v1/station.json", headers=token, timeout=10).status_code for token in order]
    assert found == [200, 200, 200, 200, 401]
    gone = {"Authorization": f"Bearer {lost.json()['token']}"}
    assert requests.get(f"{server.url}/v1/station.json", headers=gone, timeout=10).status_code == 401


def test_c6_new_computer_ends_the_old_ones_token_at_once(server, office, station):
    assert ask(server, code(office).secret, "new-pc").status_code == 200
    assert station.get(f"{server.url}/v1/station.json").status_code == 401


def test_c6_new_code_voids_the_others_of_the_station(server, office):
    other_room = code(office, "room-2").secret
    used = code(office).secret
    assert ask(server, used).status_code == 200
    unused, newest = code(office).secret, code(office).secret
    for secret, name in ((used, "room-1"), (unused, "room-1"), (unused, "thief")):
        answer = ask(server, secret, name)
        assert answer.status_code == 403 and "replaced by a newer one" in answer.json()["error"]
    assert ask(server, newest).status_code == ask(server, other_room, "room-2").status_code == 200


def test_c6_request_that_is_not_signed_with_its_key_is_refused(server, office):
    """Who has read a used code cannot ask for the token of the station that used it."""
    secret = code(office).secret
    assert ask(server, secret).status_code == 200
    mine, thiefs = enrol_request(secret, host="pc"), enrol_request(secret, "thief", host="pc")
    borrowed, changed = replace(thiefs, public_key=mine.public_key), replace(mine, host="x")
    for request in (borrowed, changed, replace(mine, signature="0" * 128)):
        answer = requests.post(f"{server.url}/v1/enrol", data=encode(request), timeout=10)
        assert answer.status_code == 403 and "not signed with the key" in answer.json()["error"]


def test_enrolment_with_a_used_code_by_another_computer_is_refused(server, office):
    secret = code(office).secret
    ask(server, secret)
    answer = ask(server, secret, "another")
    assert answer.status_code == 403
    assert "another computer" in answer.json()["error"]


def test_enrolment_with_a_wrong_or_expired_code_is_refused(server, office):
    answer = ask(server, "00" * 9)
    assert (answer.status_code, "does not know" in answer.json()["error"]) == (403, True)
    answer = ask(server, code(office, more={"days": -1}).secret)
    assert (answer.status_code, "expired" in answer.json()["error"]) == (403, True)


def test_guesses_of_codes_are_limited_by_address_and_keep_no_right_code_out(server, office, monkeypatch):
    """Behind a web server every station comes from its address: it is asked for the visitor's."""
    monkeypatch.setitem(quota.QUOTAS, "all-codes", quota.Quota(11, 60, "wrong enrolment codes of all"))

    def guess(address, secret="00" * 9):
        body, told = encode(enrol_request(secret, host="pc")), {"X-Forwarded-For": address}
        return requests.post(f"{server.url}/v1/enrol", data=body, headers=told, timeout=10)

    with monkeypatch.context() as patch:  # who guesses takes no turn at the database
        patch.setattr(Store, "write", None)
        answers = [guess(f"2001:db8::{n:x}").status_code for n in range(12)]
    assert answers == [403] * 10 + [429] * 2
    told = guess("2001:db8::1", code(office).secret)
    assert (told.status_code, int(told.headers["Retry-After"]) > 0) == (429, True)
    assert "enrolment codes that are not taken in a minute" in told.json()["error"]
    assert [guess("10.0.0.1").status_code for _ in range(2)] == [403, 429]
    assert guess("10.0.0.2", code(office).secret).status_code == 200


def test_enrolment_with_a_bad_request_is_refused(server, office):
    for body, words in (
        (b"{}", "format"),
        (b'{"format":2,"secret":1,"public_key":"x"}', "$."),
        (b'{"format":1,"secret":"x","public_key":"x"}', "format 1 is not the format 2"),
        (b"[" * 9999, "nested"),
    ):
        answer = requests.post(f"{server.url}/v1/enrol", data=body, timeout=10)
        assert (answer.status_code, words in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic eDp5", "Bearer \xff"])
def test_town_token_wrong_is_refused_with_401(server, header):
    headers = {"Authorization": header.encode("latin-1")} if header is not None else {}
    for path in ("groups/all.json", "urgent.json", "station.json", f"files/{'0' * 64}"):
        answer = requests.get(f"{server.url}/v1/{path}", headers=headers, timeout=10)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "enrol" in answer.json()["error"]
    for path in ("reports", "heartbeat"):
        assert requests.post(f"{server.url}/v1/{path}", headers=headers, data=b"{}", timeout=10).status_code == 401


def test_town_token_revoked_is_refused_with_403(station, office):
    registry.retire(office, "room-1", by="test")
    answer = station.get(f"{station.url}/v1/station.json")
    assert answer.status_code == 403
    assert "retired" in answer.json()["error"]
    assert station.post(f"{station.url}/v1/reports", data=b"{}").status_code == 403
    with pytest.raises(Exception, match="retired"):
        code(office)


def test_root_is_public_and_a_later_one_is_not_found(server, office):
    answer = requests.get(f"{server.url}/v1/root/1.root.json", timeout=10)
    assert answer.content == office.public.root_path(1).read_bytes()
    long = (f"{'9' * 300}.root.json", f"{'9' * 5000}.root.json")  # too long for a file's name, and for int()
    for name in ("2.root.json", "0.root.json", "x.root.json", "..%2f..%2fkeys%2fonline-1.pem", *long):
        answer = requests.get(f"{server.url}/v1/root/{name}", timeout=10)
        assert (answer.status_code, "error" in answer.json()) == (404, True)


def test_week_is_pulled_verified_and_not_sent_twice(station, office, source, root):
    assert station.get(f"{station.url}/v1/groups/all.json").status_code == 404
    publish(office, source(), PublishTerms("test"), tick)
    answer = station.get(f"{station.url}/v1/groups/all.json")
    index = trust.index(root, answer.content, trust.Held(), datetime.now(UTC))
    assert answer.headers["ETag"] == f'"{index.digest}"'
    assert answer.headers["Content-Type"] == "application/json"
    week = trust.the_playlist(
        index, station.get(f"{station.url}/v1/files/{index.files['playlist/all'].sha256}").content, "all"
    )
    for programme in week.programmes:
        assert trust.digest(station.get(f"{station.url}/v1/files/{programme.sha256}").content) == programme.sha256
    for etag in (answer.headers["ETag"], f'"x", {answer.headers["ETag"]}'):
        again = station.get(f"{station.url}/v1/groups/all.json", headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")


def test_week_of_another_group_is_refused(station, office, source):
    registry.add_station(office, "room-n", "north", "", None, by="test")
    publish(office, source(group="north"), PublishTerms("test"), tick)
    answer = station.get(f"{station.url}/v1/groups/north.json")
    assert (answer.status_code, "group all" in answer.json()["error"]) == (403, True)


def test_file_is_sent_in_ranges_with_its_hash_as_etag(station, office):
    data = bytes(range(256)) * 1000
    sha = hashlib.sha256(data).hexdigest()
    office.public.write(office.public.file_path(sha), data)
    url = f"{station.url}/v1/files/{sha}"
    whole = station.get(url)
    assert whole.content == data
    assert (whole.headers["ETag"], whole.headers["Accept-Ranges"]) == (f'"{sha}"', "bytes")
    rest = station.get(url, headers={"Range": "bytes=1000-", "If-Range": f'"{sha}"'})
    assert (rest.status_code, rest.content) == (206, data[1000:])
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(data) - 1}/{len(data)}"
    changed = station.get(url, headers={"Range": "bytes=1000-", "If-Range": f'"{"0" * 64}"'})
    assert (changed.status_code, changed.content) == (200, data)
    beyond = station.get(url, headers={"Range": f"bytes={len(data)}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(data)}")
    assert station.get(url, headers={"If-None-Match": f'"{sha}"'}).status_code == 304
    assert station.head(url).headers["Content-Length"] == str(len(data))


@pytest.mark.parametrize("name", ["0" * 64, "x", "..%2Ftown.db", "%2e%2e%2f%2e%2e%2ftown.db", "A" * 64])
def test_file_that_is_not_published_is_not_found(station, name):
    answer = station.get(f"{station.url}/v1/files/{name}")
    assert (answer.status_code, "error" in answer.json()) == (404, True)


def test_station_document_is_signed_and_its_version_only_grows(station, office, tmp_path, root):
    def document():
        answer = station.get(f"{station.url}/v1/station.json")
        return answer, trust.vouched(
            root, wire.decode(answer.content, Signed, "x"), StationDocument, "station document"
        )

    first, found = document()
    assert (found.station, found.group, found.version, found.town_name) == ("room-1", "all", 1, "Fengle")
    again = station.get(f"{station.url}/v1/station.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    (tmp_path / "d.json").write_text('{"place": "丰乐村", "volume": 70}')
    assert registry.set_document(office, "room-1", tmp_path / "d.json", by="test") == 2
    _, found = document()
    assert (found.version, found.place, found.volume) == (2, "丰乐村", 70)


def test_report_is_receipted_and_witnessed(station, root):
    offered = report(action("a1"), action("a2"))
    for state in ("accepted", "duplicate"):
        answer = station.post(f"{station.url}/v1/reports", data=encode(offered))
        found = wire.decode(answer.content, ReportAnswer, "answer")
        assert [receipt.state for receipt in found.receipts] == [state, state]
        witness = trust.vouched(root, found.witness, Witness, "witness")
        assert (witness.station, witness.seq, witness.hash) == ("room-1", 2, offered.entries[1].hash)


def test_report_with_a_gap_is_told_the_head(station):
    later = report(action("a5"), first=5, previous="1" * 64)
    answer = station.post(f"{station.url}/v1/reports", data=encode(later))
    assert answer.status_code == 409
    assert (answer.json()["head_seq"], answer.json()["head_hash"]) == (0, GENESIS)
    assert "send again from 1" in answer.json()["error"]


def test_report_and_heartbeat_of_another_station_are_refused(station, office):
    code(office, "room-2")
    answer = station.post(f"{station.url}/v1/reports", data=encode(report(action("a1"), station="room-2")))
    assert (answer.status_code, "room-2" in answer.json()["error"]) == (403, True)
    assert station.post(f"{station.url}/v1/heartbeat", data=encode(beat("room-2"))).status_code == 403


@pytest.mark.parametrize("path", ["reports", "heartbeat"])
def test_station_of_an_older_version_is_told_so(station, path):
    body = b'{"entries":[],"format":1,"previous":"%s","station":"room-1"}' % GENESIS.encode()
    answer = station.post(f"{station.url}/v1/{path}", data=body)
    assert answer.status_code == 400
    assert "format 1 is not the format 2 that this version reads; update the kiosk" in answer.json()["error"]


def beat(station="room-1"):
    return Heartbeat(
        station=station, epoch="epoch-1", sent_ms=1, nonce="n-1", boot_id="b", up_ms=1, software="1", clock="untrusted"
    )


@BOTH
def test_heartbeat_is_answered_with_the_newest_versions_and_the_signed_time(station, office, source, root):
    publish(office, source(), PublishTerms("test"), tick)
    body = station.post(f"{station.url}/v1/heartbeat", data=encode(beat())).content
    answer = trust.vouched(root, wire.decode(body, Signed, "answer"), HeartbeatAnswer, "answer")
    assert (answer.root_version, answer.playlist_version, answer.urgent_version, answer.station_version) == (1, 1, 0, 1)
    assert answer.nonce == "n-1"
    assert abs(answer.now_ms - datetime.now(UTC).timestamp() * 1000) < 60_000


def test_report_in_gzip_is_read(station):
    data = gzip.compress(encode(report(action("a1"))))
    answer = station.post(f"{station.url}/v1/reports", data=data, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 200


def bomb(megabytes):
    """That many megabytes of zeros as gzip, without ever holding them."""
    packer = zlib.compressobj(1, wbits=31)
    zeros = bytes(1024 * 1024)
    return b"".join([*(packer.compress(zeros) for _ in range(megabytes)), packer.flush()])


def test_gzip_bomb_of_a_gigabyte_is_refused(station):
    answer = station.post(f"{station.url}/v1/reports", data=bomb(1024), headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, "4194304" in answer.json()["error"]) == (413, True)
    assert station.get(f"{station.url}/healthz").status_code == 200


def test_report_of_10_mb_of_zeros_is_refused(station):
    answer = station.post(f"{station.url}/v1/reports", data=bytes(10 * 1024 * 1024))
    assert (answer.status_code, "4194304" in answer.json()["error"]) == (413, True)


def test_endless_body_is_cut_off(station):
    """No Content-Length, and no end: the town answers once it has seen too much."""
    host, port = station.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 20) as line:
        token = station.headers["Authorization"]
        head = ("POST /v1/reports HTTP/1.1", "Host: x", f"Authorization: {token}", "Transfer-Encoding: chunked", "", "")
        line.sendall("\r\n".join(head).encode())
        chunk = b"10000\r\n" + bytes(65536) + b"\r\n"

        def pour():
            try:
                for _ in range(1000):
                    line.sendall(chunk)
            except OSError:
                pass

        pouring = threading.Thread(target=pour, daemon=True)
        pouring.start()
        assert b" 413 " in line.recv(4096)


def test_gzip_that_inflates_to_nothing_for_ever_is_refused(station):
    packer = zlib.compressobj(9, wbits=31)
    nothing = packer.flush(zlib.Z_FULL_FLUSH) + b"\x00\x00\x00\xff\xff" * 2_000_000
    answer = station.post(f"{station.url}/v1/reports", data=nothing, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, "4194304" in answer.json()["error"]) == (413, True)


def test_what_stands_behind_the_end_of_a_gzip_body_is_refused(station):
    for more in (b"x", bytes(20_000_000)):
        data = gzip.compress(encode(report(action("a1")))) + more
        answer = station.post(f"{station.url}/v1/reports", data=data, headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, "behind the end" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("data", "coding", "status"),
    [(b"not gzip", "gzip", 400), (gzip.compress(b"{}" * 99)[:-4], "gzip", 400), (b"{}", "br", 415), (b"{}", None, 400)],
)
def test_report_that_cannot_be_read_is_refused(station, data, coding, status):
    headers = {"Content-Encoding": coding} if coding else {}
    answer = station.post(f"{station.url}/v1/reports", data=data, headers=headers)
    assert (answer.status_code, "error" in answer.json()) == (status, True)


def test_unknown_path_and_method_are_json_too(server):
    assert "error" in requests.get(f"{server.url}/v1/nothing", timeout=10).json()
    answer = requests.delete(f"{server.url}/v1/reports", timeout=10)
    assert (answer.status_code, "error" in answer.json()) == (405, True)


def test_unforeseen_failure_is_a_500_without_its_inside(server, office, station, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(registry, "document", fail)
    answer = station.get(f"{server.url}/v1/station.json")
    assert answer.status_code == 500
    assert "secret inside" not in answer.text


def test_health_is_told(server):
    assert requests.get(f"{server.url}/healthz", timeout=10).json() == {"ok": True, "root_version": 1}


def test_secrets_and_tokens_are_in_no_log(server, office, caplog):
    caplog.set_level(logging.DEBUG)
    secret = code(office).secret
    token = ask(server, secret).json()["token"]
    requests.get(f"{server.url}/v1/station.json", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    requests.get(f"{server.url}/v1/station.json", headers={"Authorization": f"Bearer x{token}"}, timeout=10)
    ask(server, secret, "another")
    own = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith(("kiosk", "uvicorn")))
    assert "room-1 enrolled" in own
    assert token not in own
    assert secret not in own
    with (office.folder / "town.db").open("rb") as file:
        stored = file.read() + (office.folder / "town.db-wal").read_bytes()
    assert token.encode() not in stored
    assert secret.encode() not in stored


@BOTH
def test_many_stations_at_once_are_all_answered(server, office):
    """All players call at once (Xibo #3530); the writes come one after the other, none is lost."""

    def live(n):
        name = f"room-{n}"
        answer = ask(server, code(office, name).secret, f"{n:064x}").json()
        headers = {"Authorization": f"Bearer {answer['token']}"}
        previous, done = GENESIS, 0
        for seq in range(1, 6):
            data = action(f"a{seq}")
            sent = report(data, station=name, first=seq, previous=previous, by=f"{n:064x}")
            previous = chain(previous, seq, data)
            found = requests.post(f"{server.url}/v1/reports", data=encode(sent), headers=headers, timeout=30).json()
            done += found["receipts"][0]["state"] == "accepted"
        return done

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(live, range(12))) == [5] * 12


def test_empty_report_is_answered(station):
    empty = report()
    assert station.post(f"{station.url}/v1/reports", data=encode(empty)).json()["receipts"] == []
