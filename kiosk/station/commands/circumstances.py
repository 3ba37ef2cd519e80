"""What the station on this PC goes by: told by the daemon, or where none runs, read from its state folder.

Nothing in the state folder is changed, but that the probe of the disk writes a file and removes it.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.common.systemd import boot_id, refusal
from kiosk.station.clock import memory
from kiosk.station.clock.clock import Clock
from kiosk.station.config import Config
from kiosk.station.health import probes
from kiosk.station.health.devices import Devices
from kiosk.station.health.examination import Examination, examine
from kiosk.station.health.monitor import MEMORY
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import RuleState
from kiosk.station.identity import load_identity
from kiosk.station.journal import JournalError, LookedAt, damage
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.panel import now_file
from kiosk.station.panel.now_file import NowFile
from kiosk.station.playout import stop
from kiosk.station.playout.plan import Plan
from kiosk.station.schedule.situation import Situation
from kiosk.station.schedule.timetable import Timetable, compile_playlist

CHANGING_S = 3.0
"""The daemon writes a new week to the disk and tells of it a moment later."""
CHANGING = "the daemon goes by another week than the one on the disk: one is just coming in; try again in a moment"


class NotKnown(Exception):
    """What the station goes by cannot be told; the message says why, and what to do."""


@dataclass(frozen=True)
class Circumstances:
    """What the station goes by at ``now``, which is aware and in the room's zone."""

    told: NowFile | None
    """What the daemon says; None where none runs."""
    now: datetime
    zone: ZoneInfo
    timetable: Timetable
    situation: Situation
    troubles: tuple[str, ...] = ()
    """Of a station that does not run: documents that do not verify any more, and are not gone by."""


def circumstances(config: Config) -> Circumstances:
    """Raises IdentityError or ValueError where the station is not enrolled, JournalError, or :class:`NotKnown`."""
    until = time.monotonic() + CHANGING_S
    while True:
        told, (accepted, troubles) = told_by_daemon(config), _accepted(config)
        held = accepted.playlist
        if told is None:
            return _of_stopped(config, accepted, troubles)
        if (told.group, told.playlist_version) == ((held.group, held.version) if held else ("", 0)):
            return Circumstances(
                told, told.now().astimezone(accepted.zone), accepted.zone, compile_playlist(held), told.situation
            )
        if time.monotonic() > until:
            raise NotKnown("; ".join(troubles) or CHANGING)
        time.sleep(CHANGING_S / 10)


def told_by_daemon(config: Config) -> NowFile | None:
    """What the daemon says; None where none runs. Raises :class:`NotKnown` where this user may not know."""
    runtime = Path(config.station.runtime)
    try:
        return now_file.read(runtime)
    except OSError as error:
        as_whom = "run this as the user of the service, or as root"
        raise NotKnown(f"{runtime}: cannot be read ({error.strerror}); {as_whom}") from None


def now_of_station(config: Config) -> datetime:
    """What time it is by the station's clock, in UTC; by the PC's where no daemon tells this user."""
    with contextlib.suppress(NotKnown):
        if (told := told_by_daemon(config)) is not None:
            return told.now()
    return datetime.now(UTC)


def _accepted(config: Config) -> tuple[Accepted, tuple[str, ...]]:
    """What has been accepted, and a sentence for each document that does not verify."""
    state = Path(config.station.state)
    identity = load_identity(state)
    documents = Documents(Library(state / "library", looking=True))
    shelf = documents.load(identity.group, identity.station, identity.root_sha256)
    return Accepted(documents, shelf), shelf.troubles


def _of_stopped(config: Config, accepted: Accepted, troubles: tuple[str, ...]) -> Circumstances:
    """What the daemon would go by if it began now: it reads the same."""
    state = Path(config.station.state)
    with contextlib.closing(LookedAt(state / "journal.db")) as journal:
        clock = _clock(journal.recall(memory.KEY, memory.Memory))
        plan = Plan(journal, clock, Library(state / "library", looking=True))
        plan.change(
            clock_trusted=clock.state != "untrusted",
            urgents=accepted.urgents,
            stop=stop.remembered(journal.recall),
        )
        plan.use_document(accepted.document)
        plan.use_playlist(accepted.playlist)
        plan.refresh_unavailable(clock.now())
    zone, week = accepted.zone, compile_playlist(accepted.playlist)
    return Circumstances(None, clock.now().astimezone(zone), zone, week, plan.situation, troubles)


def _clock(held: memory.Memory | None) -> Clock:
    clock = Clock(held, boot_id())
    clock.synchronised(probes.clock()["clock.synchronised"] is True)
    return clock


def examine_stopped(config: Config) -> tuple[Examination, ZoneInfo]:
    """Ask the checks about what can be probed without the daemon. Raises IdentityError, ValueError or NotKnown.

    Only the daemon asks the town what time it is: without it a clock may be right that nobody vouches for here.
    """
    state = Path(config.station.state)
    if state.exists() and os.geteuid() not in (0, state.stat().st_uid):
        raise NotKnown(f"{state} belongs to another user; run this as the user of the service, or as root")
    accepted, _ = _accepted(config)
    devices = Devices(lambda event: None)
    devices.start()
    try:
        facts = probes.read(devices, state, state / "library")
    finally:
        devices.stop()
    held, rules, found, trouble = None, RuleState(), damage.Damage(), None
    try:
        with contextlib.closing(LookedAt(state / "journal.db")) as journal:
            held = journal.recall(memory.KEY, memory.Memory)
            rules = journal.recall(MEMORY, RuleState) or rules
            found = journal.recall(damage.MEMORY, damage.Damage) or found
    except JournalError as error:
        trouble = str(error)
    clock = _clock(held)
    vouched = clock.state != "untrusted"
    seen = Observation(
        facts=facts,
        clock=clock.state if vouched else None,
        plan_until_ms=accepted.planned_until_ms if vouched else None,
        journal_trouble=trouble,
        journal_damaged_ms=None if trouble else found.at_ms,
        journal_aside=found.aside,
    )
    told = examine(rules, seen, accepted.document, clock.now(), running=False, refusal=refusal())
    return told, accepted.zone
