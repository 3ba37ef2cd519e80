"""The records of a station: each is canonical JSON and never changes; a later finding is a record of its own."""

from typing import Annotated, Literal, get_args

import msgspec

from kiosk.contract.wire import (
    Count,
    Id,
    Instant,
    LongText,
    Malformed,
    Percent,
    Record,
    Sha256,
    Span,
    Text,
    convert,
    plain,
)

ClockState = Literal["trusted", "declared", "holdover", "untrusted"]
Outcome = Literal["completed", "stopped", "interrupted", "failed"]
Origin = Literal["urgent", "session", "slot", "filler"]
Evidence = Literal["none", "link", "cec", "person"]
Names = Annotated[tuple[Id, ...], msgspec.Meta(max_length=1_000)]
Photos = Annotated[tuple[Sha256, ...], msgspec.Meta(max_length=100)]
Facts = Annotated[dict[Text, LongText], msgspec.Meta(max_length=100)]
SoundWent = Literal["device", "null", "none"]
"""Where sound goes: to a sound device, to a sink that nobody hears (also one that is muted), nowhere."""


class Play(Record, frozen=True, kw_only=True, tag_field="kind", tag="play"):
    """One as-run row: one programme on the screen once, from cut to cut."""

    id: Id
    playlist_version: Count
    """0 where no playlist was in force (an urgent notice alone)."""
    programme: Id
    title: Text
    sha256: Sha256
    category: Text = ""
    source: Text = ""
    origin: Origin
    occasion: Text = ""
    planned_start_ms: Instant
    planned_end_ms: Instant
    actual_start_ms: Instant
    """When its first picture was on the screen; equals ``actual_end_ms`` where none ever was."""
    actual_end_ms: Instant
    played_ms: Span
    """Programme time really shown, without stand-stills."""
    outcome: Outcome
    cause: Text = ""
    continues: Id | None = None
    """The play that this one takes up again after an interruption."""
    late_ms: int = 0
    """First picture after the due instant; for a join, after the instant at which the join was decided."""
    gap_ms: Span = 0
    """Time without a picture before the first one of this play."""
    pictures_shown: Count = 0
    pictures_lost: Count = 0
    screen_evidence: Evidence = "none"
    muted: bool = False
    volume: Percent | None = None
    video_output: Text = ""
    practice: bool = False
    clock: ClockState
    boot_id: Id
    started_monotonic_ms: Span
    """CLOCK_MONOTONIC of this boot at ``actual_start_ms``: with it a wrong clock is put right later."""
    sound: SoundWent | None = None
    """Where its sound went, the worst of it that lasted for a tenth of the play; None: not known, or it has none."""


class Attendance(Record, frozen=True, kw_only=True, tag_field="kind", tag="attendance"):
    """Who was there, for one play or a whole session."""

    id: Id
    at_ms: Instant
    by: Text
    plays: Names
    session: Id | None = None
    expected: Count = 0
    present: Count = 0
    on_leave: Count = 0
    others: Count = 0
    members: Names = ()
    photos: Photos = ()
    evidence: Literal["typed", "photo", "spot-check"] = "typed"
    code: Text = ""
    spot_check: Id | None = None
    """The spot check that it answers."""
    remark: LongText = ""


class Session(Record, frozen=True, kw_only=True, tag_field="kind", tag="session"):
    """A Theme Party Day, meeting, lecture or the like; also the screen lent to another source."""

    id: Id
    session_kind: Text
    by: Text
    start_ms: Instant
    meeting_ms: Instant | None = None
    end_ms: Instant
    title: Text = ""
    place: Text = ""
    other_source_ms: Span = 0
    """Minutes of another source as typed in; never claimed as played."""
    text: LongText = ""
    photos: Photos = ()
    practice: bool = False
    """Made in training; not counted."""


class Correction(Record, frozen=True, kw_only=True, tag_field="kind", tag="correction"):
    """A later finding about an earlier record, which itself stays as it is."""

    id: Id
    at_ms: Instant
    by: Text
    corrects: Id
    field: Text
    value: LongText
    reason: Text


class ClockRepair(Record, frozen=True, kw_only=True, tag_field="kind", tag="clock-repair"):
    """The clock was wrong by ``offset_ms`` in a stretch of a boot: the times of its plays plus the offset are right.

    Of several that name a play, the one that stands last in the chain holds.
    """

    id: Id
    at_ms: Instant
    boot_id: Id
    from_monotonic_ms: Span = 0
    """Plays of the boot with a ``started_monotonic_ms`` from here on ..."""
    to_monotonic_ms: Span | None = None
    """... and before this are meant; null: to the end of the boot."""
    offset_ms: int
    clock: ClockState
    by: Text = ""


class Fault(Record, frozen=True, kw_only=True, tag_field="kind", tag="fault"):
    """A device in trouble (发现时间 设备 现象), or, with ``cleared_ms``, that it works again.

    Raising and clearing are two records with the same ``fault``.
    """

    id: Id
    fault: Id
    cause: Id
    """The rule that found it, such as ``screen-unplugged``; one open fault per cause and device."""
    device: Text
    found_ms: Instant
    cleared_ms: Instant | None = None
    text: LongText
    remedy: LongText = ""
    tried: LongText = ""
    facts: Facts = {}
    by: Text = ""
    """Who reported it by hand; empty where the kiosk found it."""
    picture: Sha256 | None = None
    state: Literal["reported", "cleared", "confirmed"] = "reported"


class Item(Record, frozen=True, kw_only=True, tag_field="kind", tag="item"):
    """A weekly item for the village web page, a result, a villager's request, or an activity for the group's chat."""

    id: Id
    at_ms: Instant
    by: Text
    item_kind: Literal["weekly", "result", "request", "posting", "activity"]
    title: Text
    category: Text = ""
    text: LongText = ""
    programme: Id | None = None
    households: Count = 0
    area: Text = ""
    photos: Photos = ()


class Action(Record, frozen=True, kw_only=True, tag_field="kind", tag="action"):
    """Something that somebody did to the station, or that it did itself: start, stop, boot, a week accepted."""

    id: Id
    at_ms: Instant
    by: Text
    action: Id
    reason: Text = ""
    until_ms: Instant | None = None
    facts: Facts = {}
    clock: ClockState


Entryable = Play | Attendance | Session | Correction | ClockRepair | Fault | Item | Action


KINDS: dict[str, type[Entryable]] = {kind.__struct_config__.tag: kind for kind in get_args(Entryable)}
"""Every kind of record by its name."""


def read_record(data: bytes, what: str) -> Entryable:
    """One record of a report as what its ``kind`` says it is. Raises :class:`Malformed`."""
    tree = plain(data, what)
    if not isinstance(tree, dict) or not isinstance(tree.get("kind"), str):
        raise Malformed(f"{what}: a record is an object with a text `kind`")
    if tree["kind"] not in KINDS:
        raise Malformed(f"{what}: the kind {tree['kind'][:64]!r} is not known to this version; update the town's kiosk")
    return convert(tree, KINDS[tree["kind"]], what)
