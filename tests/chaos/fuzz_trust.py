"""The parsers behind the town's signature: metadata, and what it or the online key vouches for."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fuzz_contract import PLAYLIST_WORDS, TUF_WORDS, example, seeds, signed_anew
from fuzz_parser import Parser, Read
from tuf.api.metadata import Root

from kiosk.contract import trust, wire
from kiosk.contract.trust import Held, Refused

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _root() -> Root:
    return trust.stored_root(example()["root/1.root.json"])


def told(folder: Path, what: str, read: Read) -> Read:
    """What is refused can be told: to the town in the heartbeat, and in the record as a fault."""
    from kiosk.contract.records import Action
    from kiosk.contract.reports import Refusal
    from kiosk.contract.station import Thresholds
    from kiosk.station.events import TownRefused
    from kiosk.station.health.faults import as_fault
    from kiosk.station.health.observation import Observation
    from kiosk.station.health.rules import Raised, RuleState, judge
    from kiosk.station.journal.chain import valid
    from kiosk.station.library.accepted import Accepted
    from kiosk.station.library.documents import Documents, Shelf
    from kiosk.station.library.library import Library

    accepted = Accepted(Documents(Library(folder / "library")), Shelf(root=_root()))

    def judged(data: bytes) -> object:
        try:
            return read(data)
        except Refused as error:
            event = TownRefused(what, error.reason, str(error))
        accepted.refuse(event, 1)
        for refusal in accepted.refusals:
            wire.decode(wire.encode(refusal), Refusal, "refusal")
        _, news = judge(RuleState(), Observation(refused=accepted.week_refused), Thresholds(), (), NOW, True)
        for one in news:
            assert isinstance(one, Raised)
            valid(as_fault(one, record_id="f", station="room-1"))
        facts = {"what": event.what, "why": event.message[:400]}
        valid(Action(id="a", at_ms=1, by="town", action="refused", reason=event.reason, facts=facts, clock="trusted"))
        return None

    return judged


def _signed_part(name: str) -> Callable[[], list[bytes]]:
    return lambda: [json.dumps(json.loads(example()[name])["signed"], ensure_ascii=False).encode()]


def _index(folder: Path) -> Read:
    root = _root()

    def read(data: bytes) -> object:
        index = trust.index(root, data, Held(), NOW)
        trust.pinned_playlist(index, "all")
        return index

    return told(folder, "playlist", read)


def _index_signed(folder: Path) -> Read:
    root = _root()

    def read(data: bytes) -> object:
        index = trust.index(root, signed_anew(data, "targets-1"), Held(), NOW)
        return trust.pinned_playlist(index, "all") if "urgent/flood" not in index.files else trust.pinned_notices(index)

    return told(folder, "playlist", read)


def _first_root(folder: Path) -> Read:
    return told(folder, "root", lambda data: trust.first_root(data, trust.digest(data)))


def _next_root(folder: Path) -> Read:
    root = _root()
    return told(folder, "root", lambda data: trust.next_root(root, data))


def _next_root_signed(folder: Path) -> Read:
    from signing import key

    from kiosk.contract.reports import HeartbeatAnswer, Signed

    root = _root()

    def read(data: bytes) -> object:
        found = trust.next_root(root, signed_anew(data, "root-1", "root-2"))
        return trust.vouched(
            found, Signed(payload="{}", keyid=key("online-1").public_key.keyid, signature="00"), HeartbeatAnswer, "t"
        )

    return told(folder, "root", read)


def _pinned_playlist(folder: Path) -> Read:
    """A playlist that the officer signed, whatever it holds."""
    root = _root()
    sound = trust.index(root, example()["groups/all.json"], Held(), NOW)

    def read(data: bytes) -> object:
        pin = trust.Pinned(len(data), trust.digest(data))
        return trust.the_playlist(replace(sound, files={**sound.files, "playlist/all": pin}), data, "all")

    return told(folder, "playlist", read)


def _pinned_notice(folder: Path) -> Read:
    root = _root()
    sound = trust.index(root, example()["urgent.json"], Held(), NOW)

    def read(data: bytes) -> object:
        pin = trust.Pinned(len(data), trust.digest(data))
        return trust.urgent_notice(replace(sound, files={**sound.files, "urgent/flood": pin}), "flood", data)

    return told(folder, "urgent notices", read)


def _vouched_document(folder: Path) -> Read:
    """A station document under the online key's signature, whatever it holds; then what the station does with it."""
    from signing import key

    from kiosk.common.opening_hours import room_open
    from kiosk.contract.reports import Signed
    from kiosk.station.display.poster import compose
    from kiosk.station.library.documents import verified_station

    root = _root()
    online = key("online-1")

    def read(data: bytes) -> object:
        text = data.decode("utf-8", "replace")
        signature = online.sign(text.encode())
        signed = Signed(payload=text, keyid=signature.keyid, signature=signature.signature)
        document, _ = verified_station(root, wire.encode(signed), "room-1")
        room_open(document.opening, NOW)
        compose(None, document, NOW, language="zh")
        return document

    return told(folder, "station document", read)


def _signed_document(folder: Path) -> Read:
    from kiosk.contract.reports import Signed
    from kiosk.contract.station import StationDocument
    from kiosk.contract.wire import Malformed

    root = _root()

    def read(data: bytes) -> object:
        try:
            signed = wire.decode(data, Signed, "station document")
        except Malformed as error:
            raise Refused("malformed", str(error)) from None
        return trust.vouched(root, signed, StationDocument, "station document")

    return told(folder, "station document", read)


_BOTH = ("groups/all.json", "urgent.json")

PARSERS = (
    Parser("metadata", (Refused,), seeds(*_BOTH), _index, TUF_WORDS, trust.MAX_METADATA),
    Parser(
        "metadata, signed",
        (Refused,),
        lambda: [part for name in _BOTH for part in _signed_part(name)()],
        _index_signed,
        TUF_WORDS,
    ),
    Parser("first root", (Refused,), seeds("root/1.root.json"), _first_root, TUF_WORDS, trust.MAX_METADATA),
    Parser("next root", (Refused,), seeds("root/2.root.json"), _next_root, TUF_WORDS),
    Parser("next root, signed", (Refused,), _signed_part("root/2.root.json"), _next_root_signed, TUF_WORDS),
    Parser("playlist, signed", (Refused,), seeds("playlist"), _pinned_playlist, PLAYLIST_WORDS),
    Parser("urgent notice, signed", (Refused,), seeds("urgent notice"), _pinned_notice, PLAYLIST_WORDS),
    Parser("station document, signed", (Refused,), seeds("station document"), _vouched_document, (b"Asia/Kathmandu",)),
    Parser("signature", (Refused,), seeds("signed document"), _signed_document, (b"00",)),
)
