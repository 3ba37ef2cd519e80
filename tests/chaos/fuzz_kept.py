"""The parsers of what a station keeps on its disk, which may fail: nothing there hinders a start."""

import base64
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from fuzz_contract import TUF_WORDS, example
from fuzz_parser import Parser, Read

from kiosk.common.web_sessions import Sessions
from kiosk.station.identity import IdentityError


def _identity(folder: Path) -> Read:
    from kiosk.station.identity import identity_path, load_identity, save_identity

    def read(data: bytes) -> object:
        identity_path(folder).write_bytes(data)
        found = load_identity(folder)
        save_identity(folder, found)
        assert load_identity(folder) == found
        return found

    return read


def _identity_seed() -> list[bytes]:
    from kiosk.contract.wire import encode
    from kiosk.station.identity import Identity

    return [
        encode(
            Identity(
                url="https://town.example", town="fengle", station="room-1", group="all", name="一", token="t" * 43,
                public_key="0" * 64, root_sha256="0" * 64,
            )
        )
    ]  # fmt: skip


LIBRARY = ("1.root.json", "group.json", "urgent.json", "station.json", "step.json")


def _library_seeds() -> list[bytes]:
    """A digit for which of the documents on the disk it is, and its bytes."""
    names = ("root/1.root.json", "groups/all.json", "urgent.json", "signed document")
    step = {"group.json": base64.b64encode(example()["groups/all.json"]).decode(), "urgent.json": None}
    return [*(b"%d" % n + example()[name] for n, name in enumerate(names)), b"4" + json.dumps(step).encode()]


def _library(folder: Path) -> Read:
    """The shelf of a station of whose documents one is damaged."""
    from kiosk.contract import trust
    from kiosk.station.library.documents import Documents
    from kiosk.station.library.library import Library

    documents = Documents(Library(folder / "library"))
    kept = folder / "library/trust"
    parts = dict(zip(LIBRARY, ("root/1.root.json", "groups/all.json", "urgent.json", "signed document"), strict=False))
    for name in ("playlist", "urgent notice"):
        (folder / "library/files" / trust.digest(example()[name])).write_bytes(example()[name])

    def read(data: bytes) -> object:
        for name, part in parts.items():
            place = kept / "root" / name if name.endswith("root.json") else kept / name
            place.write_bytes(example()[part])
        bad = LIBRARY[int(data[:1]) if data[:1].isdigit() and int(data[:1]) < 5 else 1]
        (kept / "root" / bad if bad.endswith("root.json") else kept / bad).write_bytes(data[1:])
        return documents.load("all", "room-1", trust.digest(example()["root/1.root.json"]))

    return read


def _fork_mark(folder: Path) -> Read:
    """The journal opens and goes on, whatever the mark of another story says."""
    from kiosk.contract.records import Action
    from kiosk.station.journal import Journal

    path = folder / "journal.db"

    def opened(record: str) -> None:
        journal = Journal(path, lambda _event: None, "boot-1")
        journal.start()
        journal.record(Action(id=record, at_ms=1, by="li", action="boot", clock="trusted"))
        assert journal.settle(10)
        journal.stop(10)

    opened("a-1")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = path.read_bytes()

    def read(data: bytes) -> None:
        for left in folder.glob("journal.db*"):
            left.unlink()
        path.write_bytes(whole)
        path.with_name("journal.suspect").write_bytes(data)
        opened("a-2")
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT count(*) FROM entries WHERE id IN ('a-1', 'a-2')").fetchone() == (2,)
        connection.close()

    return read


def _mark_seed() -> list[bytes]:
    from kiosk.contract.reports import Witness
    from kiosk.contract.wire import encode

    return [encode(Witness(station="room-1", epoch="e" * 32, seq=7, hash="a" * 64, at_ms=1)), b""]


def _memories(_folder: Path) -> Read:
    """What the station remembers over a restart, each kind of it; whatever is taken can be used."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from kiosk.contract.station import Thresholds
    from kiosk.station.clock.clock import Clock
    from kiosk.station.clock.history import ClockHistory
    from kiosk.station.clock.memory import KEY, Memory
    from kiosk.station.health.faults import as_fault
    from kiosk.station.health.monitor import HealthMonitor
    from kiosk.station.health.observation import Observation
    from kiosk.station.health.rules import judge
    from kiosk.station.journal import Journal
    from kiosk.station.journal.chain import valid
    from kiosk.station.link.news import News
    from kiosk.station.playout.stop import StopState
    from kiosk.station.playout.volume import HandVolume

    now = datetime(2026, 3, 5, tzinfo=UTC)

    class OneMemory(dict[str, str]):
        """Whatever is recalled is what the fuzzer says."""

        def __init__(self, text: str) -> None:
            self._text = text

        def get(self, _key: str, _default: object = None) -> Any:
            return self._text

    class Remembers(Journal):
        """A journal as far as its memory goes."""

        def __init__(self, text: str) -> None:
            self._state = OneMemory(text)

        def remember(self, key: str, value: object) -> None:
            pass

    def read(data: bytes) -> None:
        journal = Remembers(data.decode("utf-8", "replace"))
        clock = Clock(journal.recall(KEY, Memory))
        assert clock.state in ("holdover", "untrusted", "declared")
        clock.synchronised(True)
        assert clock.memory().ntp is not None
        accepted: Any = None
        News(journal, accepted).behind_since_ms  # noqa: B018
        ClockHistory(journal, "boot-1", False)
        StopState(journal)
        HandVolume(journal).expire(now, ZoneInfo("Asia/Shanghai"))
        monitor = HealthMonitor(journal, "room-1", 0)
        for problem in monitor.problems():
            problem.key("room-1")
        state, news = judge(monitor._state, Observation(), Thresholds(), (), now, True)
        for one in news:
            valid(as_fault(one, record_id="f", station="room-1"))

    return read


def _memory_seeds() -> list[bytes]:
    import msgspec

    from kiosk.common.messages import Message
    from kiosk.contract.reports import HeartbeatAnswer
    from kiosk.station.clock.memory import Memory
    from kiosk.station.clock.ntp import Anchor, NtpMemory
    from kiosk.station.health.rules import Problem, RuleState, Watch

    ntp = NtpMemory("doubted", Anchor(1.5, 20.0, 5000.0), 5)
    problem = Problem(
        cause="screen-unplugged",
        device="tv",
        found_ms=1,
        text=Message("{reason} x", {"reason": "y"}),
        remedy=Message("z"),
    )
    state = RuleState(watches={"screen-unplugged/tv": Watch(open=problem, turning_ms=5)}, last_connector="HDMI-A-1")
    return [
        b"trusted 1772413200000",
        b"holdover 1",
        b'{"since_ms":1772413200000,"until_ms":1772413200001,"reason":"meeting"}',
        b'{"volume":80,"muted":true,"until_ms":1772413200000}',
        msgspec.json.encode(state),
        msgspec.json.encode(Memory("trusted", 1772413200000, "boot-1", 1.5, 0.0, True, ntp)),
        msgspec.json.encode(
            HeartbeatAnswer(
                nonce="n", now_ms=5, root_version=2, playlist_version=1, urgent_version=0, station_version=1
            )
        ),
    ]


def _lockout(folder: Path) -> Read:
    from kiosk.common import web_lockout as lockout

    def read(data: bytes) -> None:
        (folder / "lockout.json").write_bytes(data)
        found = lockout.Lockout(folder / "lockout.json", 1_772_413_200_000)
        for name in ("address 10.0.0.2", lockout.STRANGERS):
            assert 0 <= found.wait_ms((name,), 1_772_413_200_000) <= lockout.LONGEST_WAIT_MS
        found.wrong(("address 10.0.0.2",), 1_772_413_200_000)

    return read


def _session_seed() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sessions.json")
        Sessions(file, 60, lambda: 1_772_413_200_000).begin("device", "pin")
        return [file.read_bytes()]


def _sessions(folder: Path) -> Read:
    def read(data: bytes) -> None:
        (folder / "sessions.json").write_bytes(data)
        found = Sessions(folder / "sessions.json", 60, lambda: 1_772_413_200_000)
        assert not found.is_open("token", "device", "pin")
        assert found.is_open(found.begin("device", "pin"), "device", "pin")

    return read


def _pin(folder: Path) -> Read:
    """The PIN as kept; whatever is taken can be compared with what somebody types."""
    from kiosk.station.panel import pin

    def read(data: bytes) -> None:
        (folder / pin.FILE).write_bytes(data)
        if (found := pin.load(folder)) is not None:
            found.fits("1234")

    return read


def _pin_seed() -> list[bytes]:
    return [json.dumps({"pin": {"salt": "00" * 16, "hash": "11" * 32, "n": 16, "r": 8, "p": 1}}).encode()]


PARSERS = (
    Parser("identity", (IdentityError,), _identity_seed, _identity, (b"http://",)),
    Parser("library's documents", (), _library_seeds, _library, TUF_WORDS),
    Parser("journal's mark of another story", (), _mark_seed, _fork_mark, (b"epoch", b"witness", b"seq", b"hash")),
    Parser("what is remembered", (), _memory_seeds, _memories, (b"trusted ", b"until_ms", b"open", b"watches", b"{0}")),
    Parser("wrong PINs", (), lambda: [b'{"strangers":31,"address 10.0.0.2":6}'], _lockout),
    Parser("sessions", (), _session_seed, _sessions, (b"device", b"begun_ms")),
    Parser("PIN", (ValueError,), _pin_seed, _pin, (b"pin", b"salt", b"65536", b"1073741824")),
)
