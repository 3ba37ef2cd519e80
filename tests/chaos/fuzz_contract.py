"""The parsers of the contract: what a station reads of its town, and a town of its stations."""

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from fuzz_parser import Parser, Read

from kiosk.contract import wire
from kiosk.contract.enrolment import BadCode, parse_code
from kiosk.contract.wire import MAX_DOCUMENT, Malformed

PLAYLIST_WORDS = (
    b"once",
    b"loop",
    b"urgent",
    b"slot",
    b"filler",
    b"Europe/Berlin",
    b"2026-03-29",
    b"02:30:00",
    b"rice",
)
TUF_WORDS = (
    *(b"root", b"targets", b"timestamp", b"snapshot", b"ed25519", b"rsa", b"rsassa-pss-sha256", b"ecdsa", b"sha512"),
    *(b"pgp+rsa-pkcsv1.5", b"sigstore-oidc", b"Fulcio", b"1.0.31", b"2.0", b"1", b"2026-06-01T00:00:00Z", b"_type"),
    *(
        b"0000-00-00T00:00:00Z",
        b"delegations",
        b"succinct_roles",
        b"custom",
        b"unrecognized",
        b"x-tuf-on-ci-online-uri",
    ),
)


@functools.cache
def example() -> dict[str, bytes]:
    """The worked example, with the documents that it has none of."""
    from signing import Town, pin, programme
    from worked_example import worked_example

    from kiosk.contract.enrolment import EnrolAnswer, EnrolRequest
    from kiosk.contract.playlist import Urgent
    from kiosk.contract.records import KINDS
    from kiosk.contract.station import Equipment, Hours, Opening, Season, StationDocument

    found = worked_example()
    notice = Urgent(id="flood", town="fengle", title="防汛", start_ms=1, end_ms=2, programmes=(programme(),))
    found["urgent notice"] = wire.encode(notice)
    pinned = {"urgent/flood": pin(found["urgent notice"]), "programme/opening": pin(b"opening")}
    found["urgent.json"] = Town().index(pinned)
    found["root/2.root.json"] = Town(targets="targets-2").root(2)
    week = ((Hours(start="08:00:00", end="20:00:00"),),) * 7
    document = StationDocument(
        town="fengle", station="room-1", group="all", version=3, issued_ms=1, name="第一村",
        opening=Opening(week=week, seasons=(Season(first_day="2026-05-01", last_day="2026-06-30", week=week),)),
        equipment=(Equipment(id="tv", kind="screen", name="电视", bought="2020-01-01", connector="HDMI-A-1"),),
    )  # fmt: skip
    found["station document"] = wire.encode(document)
    found["signed document"] = wire.encode(Town().vouch(document))
    found["enrolment request"] = wire.encode(
        EnrolRequest(secret="00", public_key="0" * 64, host="pc", signature="0" * 128)
    )
    answer = EnrolAnswer(town="fengle", station="room-1", group="all", name="一", token="t", root_version=1)
    found["enrolment answer"] = wire.encode(answer)
    for name, kind in KINDS.items():
        found[f"record {name}"] = wire.encode(_least(kind))
    return found


def _least(kind: type[Any]) -> Any:
    """A record of a kind with what it must have, and no more."""
    required = {field.name for field in msgspec.structs.fields(kind) if field.required}
    values: dict[str, Any] = {
        "sha256": "0" * 64,
        "title": "题",
        "origin": "slot",
        "outcome": "completed",
        "clock": "trusted",
        "plays": ("p-1",),
        "item_kind": "weekly",
        "text": "文",
        "value": "1",
    }
    for name in required - values.keys():
        values[name] = 1 if name.endswith("_ms") or name == "playlist_version" else "a-1"
    return kind(**{name: values[name] for name in required})


def seeds(*names: str) -> Callable[[], Sequence[bytes]]:
    """Parts of the worked example, by name."""
    return lambda: [example()[name] for name in names]


def record_seeds() -> list[bytes]:
    """A record of every kind."""
    return [data for name, data in example().items() if name.startswith("record ")]


def again(read: Callable[[bytes], Any]) -> Callable[[Path], Read]:
    """Whatever a parser takes can be written, and is then read as the same."""

    def judged(data: bytes) -> object:
        value = read(data)
        assert read(wire.encode(value)) == value
        return value

    return lambda _folder: judged


def decoded(kind: str, module: str) -> Callable[[Path], Read]:
    """The contract's reader of one kind of document."""

    def made(folder: Path) -> Read:
        found = getattr(__import__(f"kiosk.contract.{module}", fromlist=[kind]), kind)
        return again(lambda data: wire.decode(data, found, "document"))(folder)

    return made


def _playlist(folder: Path) -> Read:
    from kiosk.contract import playlist

    return again(playlist.read)(folder)


def _urgent(folder: Path) -> Read:
    from kiosk.contract import playlist

    return again(playlist.read_urgent)(folder)


def _record(folder: Path) -> Read:
    from kiosk.contract.records import read_record

    return again(lambda data: read_record(data, "entry 7"))(folder)


def _report(_folder: Path) -> Read:
    from kiosk.contract.records import read_record
    from kiosk.contract.reports import read_report

    def read(data: bytes) -> None:
        report = read_report(data)
        for entry in report.entries:
            try:
                read_record(bytes(entry.record), "entry")
            except Malformed:
                pass

    return read


def _code(_folder: Path) -> Read:
    def read(data: bytes) -> None:
        code = parse_code(data.decode("utf-8", "surrogateescape"))
        assert parse_code(str(code)) == code

    return read


def signed_anew(data: bytes, *names: str) -> bytes:
    """Metadata of which ``data`` is the signed part, under signatures that fit; as it is where none can be made."""
    from securesystemslib.formats import encode_canonical
    from signing import key

    try:
        tree = json.loads(data)
        text = encode_canonical(tree).encode()
        signatures = [key(name).sign(text).to_dict() for name in names]
        return json.dumps({"signatures": signatures, "signed": tree}, ensure_ascii=False).encode()
    except Exception:  # what cannot be signed is offered unsigned
        return data


PARSERS = (
    Parser(
        "JSON", (Malformed,), seeds("playlist", "report"), again(lambda data: wire.plain(data, "x")), (), MAX_DOCUMENT
    ),
    Parser("playlist", (Malformed,), seeds("playlist"), _playlist, PLAYLIST_WORDS, MAX_DOCUMENT),
    Parser("urgent notice", (Malformed,), seeds("urgent notice"), _urgent, PLAYLIST_WORDS),
    Parser(
        "station document",
        (Malformed,),
        seeds("station document"),
        decoded("StationDocument", "station"),
        (b"A", b"cec", b"dpms", b"screen", b"Asia/Kathmandu"),
        MAX_DOCUMENT,
    ),
    Parser("report", (Malformed,), seeds("report"), _report, (b"record", b"seq", b"kind", b"play"), MAX_DOCUMENT),
    Parser(
        "record", (Malformed,), record_seeds, _record, (b"play", b"fault", b"kind", b"untrusted", b"cec"), MAX_DOCUMENT
    ),
    Parser("heartbeat", (Malformed,), seeds("heartbeat"), decoded("Heartbeat", "reports"), (b"declared", b"urgent")),
    Parser("enrolment request", (Malformed,), seeds("enrolment request"), decoded("EnrolRequest", "enrolment")),
    Parser("enrolment answer", (Malformed,), seeds("enrolment answer"), decoded("EnrolAnswer", "enrolment")),
    Parser("enrolment code", (BadCode,), seeds("code"), _code, (b"-", b"0", b"O", b"\xe2\x80\x93", b"=" * 9)),
)
