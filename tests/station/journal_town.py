"""A real town's intake and key for a journal's entries, without the line between: what it holds, and what it signs."""

import shutil
from pathlib import Path

from sqlalchemy import select

from kiosk.contract import trust
from kiosk.contract.reports import Report
from kiosk.station.identity import Identity, save_identity
from kiosk.station.journal import Journal
from kiosk.town.database import schema
from kiosk.town.intake.intake import Gap, receive
from kiosk.town.stations import registry
from kiosk.town.town import found_town, open_town

NOW = 1_772_700_000_000


class CountersigningTown:
    """Takes reports in and countersigns them, each station's for itself."""

    def __init__(self, folder: Path, *, found: bool = True) -> None:
        """Found a town in ``folder``, or open the one that is there."""
        founding = {"town": "fengle", "root_keys": 1, "threshold": 1, "by": "test"}
        self.office = found_town(folder, "丰乐镇", **founding) if found else open_town(folder)
        self.now_ms = NOW

    def add(self, station: str, state: Path) -> None:
        """Make a station known, and lay its identity and the town's root into its state folder, as enrolment does."""
        registry.add_station(self.office, station, "villages", "Room", None, by="test")
        root = self.office.public.folder / "root" / "1.root.json"
        kept = state / "library" / "trust" / "root" / "1.root.json"
        kept.parent.mkdir(parents=True)
        shutil.copy(root, kept)
        about = {"url": "http://town", "town": "fengle", "station": station, "group": "villages", "name": "Room"}
        sha256 = trust.digest(root.read_bytes())
        save_identity(state, Identity(**about, token="t", public_key="00", root_sha256=sha256))

    def receive(self, journal: Journal, station: str, *, most: int = 10_000, reply: bool = True) -> None:
        """Deliver what waits, at most so many entries; without ``reply`` the answer is lost on the way."""
        assert journal.settle(10)
        after = journal.delivered()
        for _ in range(1000):
            previous, entries = journal.waiting(min(most, 500), after)
            if not entries or most <= 0:
                return
            try:
                report = Report(station=station, epoch=journal.epoch, previous=previous, entries=entries)
                receipts, witness = receive(self.office.store, report, self.now_ms)
            except Gap as gap:
                after = gap.head_seq
                continue
            most -= len(entries)
            after = entries[-1].seq
            if reply:
                journal.receipts(receipts, witness, self.office.signer.vouch(witness))
                assert journal.settle(10)

    def plays(self, station: str) -> list[str]:
        """Ids of the plays that count, in the order of the chain."""
        return self._ids(select(schema.entry.c.record_id).where(schema.entry.c.kind == "play"), station)

    def refused(self, station: str) -> list[tuple[int, str]]:
        """Number and reason of what was not taken."""
        query = select(schema.entry.c.seq, schema.entry.c.reason)
        query = query.where(schema.entry.c.station == station, schema.entry.c.state == "refused")
        with self.office.store.read() as connection:
            return [(seq, reason) for seq, reason in connection.execute(query)]

    def forks(self, station: str) -> int:
        with self.office.store.read() as connection:
            return len(connection.execute(select(schema.fork).where(schema.fork.c.station == station)).all())

    def _ids(self, query: object, station: str) -> list[str]:
        where = (schema.entry.c.station == station, schema.entry.c.state == "accepted")
        with self.office.store.read() as connection:
            rows = connection.execute(query.where(*where).order_by(schema.entry.c.chain, schema.entry.c.seq))  # type: ignore[attr-defined]
            return [str(row[0]) for row in rows]
