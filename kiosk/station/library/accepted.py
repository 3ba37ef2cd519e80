"""What this station has accepted from its town: root, week, urgent notices, station document; written to disk first."""

from collections import deque
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tuf.api.metadata import Root

from kiosk.common.opening_hours import room_open
from kiosk.contract.instants import EPOCH, to_ms, to_utc
from kiosk.contract.playlist import Playlist, Programme, Urgent
from kiosk.contract.reports import HeartbeatAnswer, Refusal
from kiosk.contract.station import Opening, StationDocument
from kiosk.contract.trust import Held, Index, Pinned
from kiosk.station.events import FetchEnded, StationFound, TownRefused, TrustMoved, UrgentFound, WeekFound
from kiosk.station.library.documents import STEMS, Documents, Shelf, Stem
from kiosk.station.library.library import pins
from kiosk.station.schedule.fetch_order import needs, shown_next

MOST_REFUSALS = 20
"""How many refusals are remembered for the heartbeat and the panel."""
LONGEST_WAIT = timedelta(hours=24)
"""A new week waits no longer for what it shows next: the town has said that this is to be shown, and the old is not."""
MOST_REFUSING = 5
"""How many of those at present a heartbeat names: it has 64 kB."""


@dataclass(frozen=True)
class Standing:
    """What the station holds when a round of fetching begins, and what that round is to fetch."""

    root: Root
    week: Held = field(default_factory=Held)
    urgent: Held = field(default_factory=Held)
    station_version: int = 0
    wanted: tuple[Pinned, ...] = ()
    """Files that are missing, in the order of need."""
    due: Mapping[str, datetime] = field(default_factory=dict)
    """When files are first shown, by SHA-256; without those that are needed at no certain time."""
    keep: Set[str] = field(kw_only=True)
    """SHA-256 of every file that must stay on the disk, whatever room is needed."""
    recheck: str = ""
    """SHA-256 of a file to be hashed again at the round's end; empty for none."""
    now: datetime | None = None
    """An aware instant, or None while the clock is not trusted."""
    zone: ZoneInfo = ZoneInfo("UTC")
    """Of the room: the hours for fetching are in it."""
    group: str = ""
    """The group that the station document names; empty for the one of the enrolment."""
    week_group: str = ""
    """Whose the held week is: perhaps the group's that the station was in before. Empty: its own."""


class Accepted:
    """The newest document of each kind; only a verified one takes its place. For the main loop only."""

    def __init__(self, documents: Documents, shelf: Shelf) -> None:
        """Raises ValueError where ``shelf`` has no root: then no signature can be verified."""
        if shelf.root is None:
            raise ValueError("the town's root is missing; run kiosk enrol again")
        self._documents, self._library = documents, documents.library
        self.root: Root = shelf.root
        self.playlist: Playlist | None = shelf.before or shelf.playlist
        """The week in force."""
        self.coming: Playlist | None = shelf.playlist if shelf.before else None
        """A newer one, accepted too, which waits until what it shows next is here."""
        self._coming_since: datetime | None = to_utc(shelf.waits_since_ms) if shelf.before else None
        self.urgents: tuple[Urgent, ...] = shelf.urgents
        self.document: StationDocument | None = shelf.document
        self._week: Index | None = shelf.index
        self._urgent: Index | None = shelf.urgent_index
        self.refusals: deque[Refusal] = deque(maxlen=MOST_REFUSALS)
        self._refused: dict[str, Refusal] = {}
        """What is refused at present."""
        self._refused_this_round: set[str] = set()

    @property
    def week_refused(self) -> str:
        """Why the week that the town offers is refused; empty once one is accepted, or the offer is withdrawn."""
        refused = self._refused.get("playlist")
        return refused.reason if refused else ""

    @property
    def refusing(self) -> tuple[Refusal, ...]:
        """What the town offers at present and this station does not take; the newest few, newest first."""
        return tuple(reversed(self._refused.values()))[:MOST_REFUSING]

    def is_behind(self, newest: HeartbeatAnswer) -> bool:
        """Whether the town has published something newer than is held here."""
        return (
            newest.root_version > self.root.version
            or self._lacks_week(newest.playlist_version)
            or newest.urgent_version > self.urgent_version
            or newest.station_version > (self.document.version if self.document else 0)
        )

    @property
    def newest(self) -> Playlist | None:
        """The newest week that is held, whether it is in force already or not."""
        return self.coming or self.playlist

    def _lacks_week(self, newest: int) -> bool:
        """Whether ``newest`` of the station's group is not held: versions are compared within a group."""
        held, document = self.newest, self.document
        moved = held is not None and document is not None and held.group != document.group
        return newest > (held.version if held is not None and not moved else 0)

    @property
    def urgent_version(self) -> int:
        """The version of the urgent notices held; 0 for none."""
        return self._urgent.version if self._urgent else 0

    def accept_trust(self, found: TrustMoved) -> tuple[str, ...] | None:
        """Move on to the town's newest root, and in the same step to what was found under it.

        What was held goes on where the new root's keys have signed it too; what is replaced by nothing and was signed
        by revoked keys alone is dropped, whatever its version. Returns what was dropped; None, where nothing is
        changed, if this root is held already (two rounds of fetching may cross: the next one brings what is new).
        """
        if found.root.version <= self.root.version:
            return None
        good = {stem for stem in STEMS if self._documents.verifies(stem, found.root)}
        week = None if "group" in good and self._is_older_week(found.week) else found.week
        urgent = None if "urgent" in good and self._is_older_urgent(found.urgent) else found.urgent
        document = None if "station" in good and self._is_older_document(found.station) else found.station
        came = {"group": week, "urgent": urgent, "station": document}
        dropped = tuple(stem for stem in STEMS if stem not in good and came[stem] is None)
        self._documents.keep_trust(TrustMoved(found.roots, week, urgent, document), dropped)
        self.root = found.root
        if week is not None:
            self._week = week.index
            self._put_in_force(week.playlist)
            self._refused.pop("playlist", None)
        elif self.coming is not None:  # the week before it may be signed by a key that is revoked now
            self._put_in_force(self.coming)
        if urgent is not None:
            self._urgent, self.urgents = urgent.index, urgent.notices
        if document is not None:
            self.document = document.document
        return tuple(stem for stem in dropped if self._drop(stem))

    def _drop(self, stem: Stem) -> bool:
        """Hold no such document any more. False if none was held."""
        match stem:
            case "group":
                gone, self._week = self._week is not None, None
                self._put_in_force(None)
            case "urgent":
                gone, self._urgent, self.urgents = self._urgent is not None, None, ()
            case "station":
                gone, self.document = self.document is not None, None
        return gone

    def accept_week(self, found: WeekFound, now: datetime | None = None) -> bool:
        """Keep a new week. False if a newer one is held already (two rounds of fetching may cross).

        It is in force at once, or ``coming`` where at ``now`` (aware; None while the clock is not trusted) it would
        show next what is not here yet. Of two that come one after the other the second does not wait.
        """
        if self._is_older_week(found):
            return False
        waits = self.coming is None and self._lacks_next(found.playlist, now)
        if waits and now and self.playlist and self._week:
            self._documents.keep_before(self._week, self.playlist.group, to_ms(now))
        self._documents.keep_week(found.metadata, found.data)
        self._week = found.index
        if waits:
            self.coming, self._coming_since = found.playlist, now
        else:
            self._put_in_force(found.playlist)
        self._refused.pop("playlist", None)
        return True

    def take_over(self, now: datetime | None) -> bool:
        """Put the week in force that was coming, if what it shows next is here or it has waited long enough. It goes on
        waiting over a restart, and while the time is not known (``now`` is None)."""
        if self.coming is None or now is None:
            return False
        waited = self._coming_since is None or not timedelta(0) <= now - self._coming_since < LONGEST_WAIT
        if not waited and self._lacks_next(self.coming, now):
            return False
        self._put_in_force(self.coming)
        return True

    def _put_in_force(self, playlist: Playlist | None) -> None:
        """Nothing waits any more."""
        self.playlist, self.coming = playlist, None
        self._documents.forget_before()

    def _lacks_next(self, new: Playlist, now: datetime | None) -> bool:
        """Whether there is a week in force for today, and ``new`` shows next what that has not and is not here."""
        held = self.playlist
        if now is None or held is None or held.group != new.group:
            return False
        if not held.first_day <= now.astimezone(ZoneInfo(held.time_zone)).date().isoformat() <= held.last_day:
            return False
        known = {one.sha256 for one in held.programmes}
        wanted = tuple(one for one in shown_next(new, now, LONGEST_WAIT) if one.sha256 not in known)
        return bool(self._library.missing(wanted))

    def accept_urgent(self, found: UrgentFound) -> bool:
        """Keep the urgent notices as they are now. False if newer ones are held already."""
        if self._is_older_urgent(found):
            return False
        self._documents.keep_urgent(found.metadata, found.files)
        self._urgent, self.urgents = found.index, found.notices
        return True

    def accept_document(self, found: StationFound) -> bool:
        """Keep a new station document. False if a newer one is held already."""
        if self._is_older_document(found):
            return False
        self._documents.keep_station(found.signed)
        self.document = found.document
        return True

    def _is_older_week(self, found: WeekFound | None) -> bool:
        held = self.newest
        if found is None or held is None or held.group != found.playlist.group:
            return False
        return found.index.version < held.version

    def _is_older_urgent(self, found: UrgentFound | None) -> bool:
        return found is not None and found.index.version < self.urgent_version

    def _is_older_document(self, found: StationFound | None) -> bool:
        return found is not None and self.document is not None and found.document.version < self.document.version

    def refuse(self, found: TownRefused, at_ms: int) -> bool:
        """Remember what was refused, for the town and for the administrator.

        False if it was refused before for the same reason: what the town goes on offering is refused at every round.
        """
        self._refused_this_round.add(found.what)
        refusal = Refusal(at_ms=at_ms, what=found.what, reason=found.message[:400], cause=found.reason[:64])
        before = self._refused.get(found.what)
        if before is not None and before.reason == refusal.reason:
            return False
        self._refused[found.what] = refusal
        self.refusals.appendleft(refusal)
        return True

    def round_ended(self, found: FetchEnded) -> None:
        """A round of fetching is over: forget refusals of what the town no longer offers."""
        if not found.error:
            self._refused = {what: why for what, why in self._refused.items() if what in self._refused_this_round}
        self._refused_this_round.clear()

    def programmes(self, now: datetime | None = None) -> tuple[Programme, ...]:
        """Every programme that may be shown, in the order in which the files are needed from ``now`` on."""
        urgent = [programme for notice in self.urgents for programme in notice.programmes]
        return (*urgent, *(programme for programme, _ in (needs(self.newest, now) if self.newest else ())))

    def due(self, now: datetime | None) -> dict[str, datetime]:
        """When files are first shown, by SHA-256; those of urgent notices at once (1970)."""
        found = {pin.sha256: EPOCH for notice in self.urgents for pin in pins(notice.programmes)}
        for programme, due in needs(self.newest, now) if self.newest else ():
            for pin in pins((programme,)) if due else ():
                found.setdefault(pin.sha256, due or EPOCH)
        return found

    def files(self) -> set[str]:
        """SHA-256 of every file that must not be purged."""
        kept = {pin.sha256 for pin in pins((*self.programmes(), *(self.playlist.programmes if self.playlist else ())))}
        for index in (self._week, self._urgent):
            kept |= {pinned.sha256 for pinned in index.files.values()} if index else set()
        return kept

    def missing(self, now: datetime | None = None) -> tuple[Pinned, ...]:
        """Files that are not on the disk, in the order of need."""
        return self._library.missing(self.programmes(now))

    def missing_bytes(self, missing: tuple[Pinned, ...]) -> int:
        """How many bytes of those files are not here yet."""
        return sum(max(0, pin.size - self._library.staged_bytes(pin.sha256)) for pin in missing)

    def lacking(self, missing: tuple[Pinned, ...], reserve: int) -> tuple[Pinned, int] | None:
        """As :meth:`Library.lacking`."""
        return self._library.lacking(missing, self.files(), reserve)

    def standing(self, now: datetime | None, on_air: Set[str] = frozenset()) -> Standing:
        """Inputs of a round of fetching. ``now`` is None while the clock is not trusted; ``on_air`` are the files
        (SHA-256) that are on the screen or about to be."""
        group = self.document.group if self.document else ""
        return Standing(
            root=self.root,
            week=self._week.held if self._week else Held(),
            week_group=self.playlist.group if self.playlist else "",
            urgent=self._urgent.held if self._urgent else Held(),
            station_version=self.document.version if self.document else 0,
            wanted=self.missing(now),
            due=self.due(now),
            keep=self.files() | on_air,
            recheck="" if on_air else self._due_for_recheck(now),
            now=now,
            zone=self.zone,
            group=group,
        )

    def _due_for_recheck(self, now: datetime | None) -> str:
        """The programme file to be hashed again now; none in opening hours, nor while the time is not known."""
        if now is None or self.document is None or room_open(self.document.opening, now)[0]:
            return ""
        return self._library.due_for_recheck(pin.sha256 for pin in pins(self.programmes()))

    @property
    def planned_until_ms(self) -> int:
        """The instant (UTC) at which the week ends; 0 where there is none."""
        if self.newest is None:
            return 0
        last = datetime.fromisoformat(self.newest.last_day).replace(tzinfo=self.zone)
        return to_ms(last + timedelta(days=1))

    @property
    def zone(self) -> ZoneInfo:
        """The room's time zone: the playlist's, else the station document's."""
        if self.playlist is not None:
            return ZoneInfo(self.playlist.time_zone)
        return ZoneInfo(self.document.opening.time_zone if self.document else "Asia/Shanghai")

    @property
    def opening(self) -> Opening:
        """The room's opening hours, of the station document; none at all without one."""
        return self.document.opening if self.document else Opening(time_zone=self.zone.key)
