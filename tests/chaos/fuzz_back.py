"""Sound documents, read back: whatever the contract can write, it reads, and writes again byte for byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzz_contract import example
from fuzz_parser import Parser, Read

from kiosk.contract import wire

KINDS = {
    "station document": ("contract.station", "StationDocument"),
    "report answer": ("contract.reports", "ReportAnswer"),
    "heartbeat": ("contract.reports", "Heartbeat"),
    "heartbeat answer": ("contract.reports", "HeartbeatAnswer"),
    "witness": ("contract.reports", "Witness"),
    "enrolment request": ("contract.enrolment", "EnrolRequest"),
    "enrolment answer": ("contract.enrolment", "EnrolAnswer"),
    "identity": ("station.identity", "Identity"),
}
RECORDS = ("play", "attendance", "session", "correction", "clock-repair", "fault", "item", "action")


def _same(read: Callable[[bytes], Any], write: Callable[[Any], bytes] = wire.encode) -> Read:
    def back(data: bytes) -> None:
        assert write(read(data)) == data

    return back


def _document(name: str) -> Callable[[Path], Read]:
    def made(_folder: Path) -> Read:
        module, kind = KINDS[name]
        found = getattr(__import__(f"kiosk.{module}", fromlist=[kind]), kind)
        return _same(lambda data: wire.decode(data, found, name))

    return made


def _playlist(_folder: Path) -> Read:
    """A playlist, and what the station asks of it: what is on air in its week, and what stands on the poster."""
    from datetime import UTC, datetime, timedelta

    from kiosk.contract import playlist
    from kiosk.station.display.poster import compose
    from kiosk.station.schedule.situation import Situation
    from kiosk.station.schedule.timetable import compile_playlist, decide

    def read(data: bytes) -> None:
        week = playlist.read(data)
        assert wire.encode(week) == data
        timetable = compile_playlist(week)
        moment = datetime.fromisoformat(week.first_day).replace(tzinfo=UTC)
        compose(week, None, moment, language="zh")
        for _ in range(3):
            decision = decide(timetable, moment, Situation())
            assert decision.next_change > moment
            moment += timedelta(days=1)

    return read


def _notice(_folder: Path) -> Read:
    from kiosk.contract.playlist import read_urgent

    return _same(read_urgent)


def _record(_folder: Path) -> Read:
    from kiosk.contract.records import read_record

    return _same(lambda data: read_record(data, "entry 1"))


def _report(_folder: Path) -> Read:
    """A report: its records are the bytes they were, and its chain holds."""
    from kiosk.contract.records import read_record
    from kiosk.contract.reports import chain, read_report

    def read(data: bytes) -> None:
        report = read_report(data)
        assert wire.encode(report) == data
        before = report.previous
        for entry in report.entries:
            before = chain(before, entry.seq, bytes(entry.record))
            assert before == entry.hash
            read_record(bytes(entry.record), "entry")

    return read


def _metadata(_folder: Path) -> Read:
    """Metadata that the officer signed is believed; what it pins is what was pinned."""
    from signing import Town
    from tuf.api.metadata import Root

    from kiosk.contract import trust

    root: Root = trust.stored_root(example()["root/1.root.json"])

    def read(data: bytes) -> None:
        index = trust.index(root, data, trust.Held(), None)
        assert Town().index(dict(index.files), index.version) == data

    return read


def _code(_folder: Path) -> Read:
    from kiosk.contract.enrolment import parse_code

    return _same(lambda data: parse_code(data.decode()), lambda code: str(code).encode())


def _made(name: str) -> Callable[[], list[bytes]]:
    def made() -> list[bytes]:
        from fuzz_documents import made as documents

        return documents(name, 20)

    return made


_READERS: dict[str, Callable[[Path], Read]] = {
    "playlist": _playlist,
    "urgent notice": _notice,
    "report": _report,
    "metadata": _metadata,
    "enrolment code": _code,
    **{name: _document(name) for name in KINDS},
    **{f"record {name}": _record for name in RECORDS},
}

PARSERS = tuple(Parser(f"{name}, back", (), _made(name), reader, document=name) for name, reader in _READERS.items())
