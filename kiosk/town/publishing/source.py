"""The JSON in which an officer writes a week or urgent notices, read strictly.

A week (file names are relative to the JSON; everything but title, group, days and programmes may be left out)::

    {"title": "...", "group": "all", "time_zone": "Asia/Shanghai", "first_day": "2026-03-02", "last_day": "2026-03-08",
     "programmes": [{"id": "p1", "file": "a.mp4", "title": "...", "category": "", "source": "", "short": false,
                     "duration": "00:00:10", "subtitles": [{"language": "zh", "file": "a.srt"}]}],
     "slots": [{"date": "2026-03-02", "start": "09:00:00", "end": "09:30:00", "programmes": ["p1"], "mode": "once",
                "occasion": "", "priority": 0, "volume": 80}],
     "recommended": [{"programme": "p1", "plays": 4, "first_day": "2026-03-02", "last_day": "2026-03-08"}],
     "month_plans": [{"month": "2026-03", "title": "", "note": "",
                      "entries": [{"date": "2026-03-02", "title": "..."}]}]}

``duration`` is for stills only: films are measured. Urgent notices (the file is the whole set: what it leaves out is
withdrawn)::

    {"notices": [{"id": "flood-1", "title": "...", "start": "2026-03-02T09:00:00+08:00", "end": "...", "mode": "loop",
                  "stations": [], "volume": 90, "programmes": [as above]}]}
"""

import codecs
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kiosk.common.messages import Sentence, mark
from kiosk.common.strict import Place, problems
from kiosk.contract.playlist import Mode, MonthPlan, Recommended, Slot
from kiosk.contract.station import Equipment, FillerPolicy, Opening, Person, ScreenPower, Thresholds
from kiosk.contract.wire import Day, FileName, Id, LongText, Malformed, Percent, Record, Text, TimeOfDay, plain

T = TypeVar("T", bound=msgspec.Struct)

MOST_PROBLEMS = 200
"""The most that are listed at once; the search for near names takes its time."""


class SourceError(Exception):
    """What is wrong with a source; ``problems`` are whole sentences, each with its place and remedy."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__("\n".join(f"{path.name}: {problem}" for problem in problems))
        self.problems = problems


class SubtitleSource(Record, frozen=True, kw_only=True):
    """A subtitle file beside a programme."""

    language: Id
    file: Text


class ProgrammeSource(Record, frozen=True, kw_only=True):
    """A programme as the officer names it."""

    id: Id
    file: Text
    title: Text
    category: Text = ""
    source: Text = ""
    short: bool = False
    duration: TimeOfDay | None = None
    """For a still: how long it is shown."""
    subtitles: tuple[SubtitleSource, ...] = ()


class WeekSource(Record, frozen=True, kw_only=True):
    """A week as the officer writes it."""

    title: Text
    group: Id
    time_zone: Text = "Asia/Shanghai"
    first_day: Day
    last_day: Day
    programmes: tuple[ProgrammeSource, ...]
    slots: tuple[Slot, ...] = ()
    recommended: tuple[Recommended, ...] = ()
    month_plans: tuple[MonthPlan, ...] = ()


class NoticeSource(Record, frozen=True, kw_only=True):
    """An urgent notice as the officer writes it; start and end are instants with an offset from UTC."""

    id: Id
    title: Text
    stations: tuple[Id, ...] = ()
    start: Text
    end: Text
    mode: Mode = "once"
    volume: Percent | None = None
    programmes: tuple[ProgrammeSource, ...]


class UrgentSource(Record, frozen=True, kw_only=True):
    """All urgent notices that are in force."""

    notices: tuple[NoticeSource, ...]


class StationSource(Record, frozen=True, kw_only=True):
    """The officer's part of a station's document; the fields are those of ``contract.station.StationDocument``."""

    place: Text = ""
    town_name: Text = ""
    town_telephone: Text = ""
    opening: Opening = Opening()
    thresholds: Thresholds = Thresholds()
    screen_power: ScreenPower = ScreenPower()
    equipment: tuple[Equipment, ...] = ()
    people: tuple[Person, ...] = ()
    volume: Percent = 80
    target_clufs: int = -2300
    rules: LongText = ""
    filler: FillerPolicy = "when-present"
    standards: tuple[Text, ...] = ()
    pin_reset: Id | None = None
    """Another value than before lets a forgotten PIN be set anew in the room, once."""


@dataclass(frozen=True)
class Wanted:
    """A file that a source names, with the place that names it."""

    place: str
    path: Path
    name: str


def read_source(path: Path, kind: type[T]) -> T:
    """Read ``path`` as a ``kind``. Raises :class:`SourceError` with every problem found."""
    tree = _read_tree(path)
    if wrong := _wrong(tree, kind):
        raise SourceError(path, wrong)
    return msgspec.convert(tree, kind)


def read_week(path: Path) -> tuple[WeekSource, list[str]]:
    """Read the week at ``path``, and every problem of its form.

    Where there are problems, the week holds what can be read, so that its files and times can be judged at the same
    try: an element that cannot be read has a stand-in that no check complains of, or is left out if nothing counts
    it. Raises :class:`SourceError` where nothing can be read.
    """
    tree = _read_tree(path)
    wrong = _wrong(tree, WeekSource)
    if not wrong:
        return msgspec.convert(tree, WeekSource), wrong
    if not isinstance(tree, dict):
        raise SourceError(path, wrong)
    return _readable_week(tree), wrong


def _wrong(tree: Any, kind: type[msgspec.Struct]) -> list[str]:
    return [problem.sentence for problem in islice(problems(tree, kind, _show), MOST_PROBLEMS)]


def _read_tree(path: Path) -> Any:
    try:
        return plain(_text(path.read_bytes()).encode(), path.name)
    except OSError as error:
        raise SourceError(path, [f"cannot be read ({error.strerror}); check the name"]) from None
    except Malformed as error:
        raise SourceError(path, [str(error).removeprefix(f"{path.name}: ")]) from None


def _text(data: bytes) -> str:
    """A text as editors and Excel save it: UTF-8, UTF-16 with a byte order mark, or GBK. Raises :class:`Malformed`.

    Most of a GBK text is not UTF-8; a UTF-8 text with a damaged byte is no GBK text, though it could be read as one.
    """
    try:
        return data.decode("utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig")
    except UnicodeDecodeError as error:
        fault = error
    beyond_ascii = sum(byte >= 0x80 for byte in data)
    as_utf8 = sum(len(char.encode()) for char in data.decode("utf-8", "ignore") if char >= "\x80")
    if 2 * as_utf8 < beyond_ascii:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode("gb18030")
    raise Malformed(f"neither UTF-8 nor GBK text (byte {fault.start}); save it as UTF-8")


def _readable_week(tree: dict[str, Any]) -> WeekSource:
    first = _readable(tree.get("first_day"), Day)
    last = _readable(tree.get("last_day"), Day)
    programmes, unread = [], set[str]()
    for element in _listed(tree, "programmes"):
        if (programme := _readable(element, ProgrammeSource)) is not None:
            programmes.append(programme)
        elif isinstance(element, dict):
            unread.add(str(element.get("id")))
    week = WeekSource(
        title="",
        group=_readable(tree.get("group"), Id) or "",
        time_zone=_readable(tree.get("time_zone", "Asia/Shanghai"), Text) or "Asia/Shanghai",
        first_day=first or "2000-01-01",
        last_day=last or "2000-01-01",
        programmes=tuple(programmes),
    )
    if not (first and last and programmes):
        return week
    known = programmes[0].id
    slots = []
    for n, element in enumerate(_listed(tree, "slots")):
        slot = _readable(element, Slot)
        if slot is None or not unread.isdisjoint(slot.programmes):
            slot = Slot(date=first, start="00:00:00", end="00:00:01", programmes=(known,), priority=n - 2**62)
        slots.append(slot)
    items = []
    for element in _listed(tree, "recommended"):
        item = _readable(element, Recommended)
        if item is None or item.programme in unread:
            item = Recommended(programme=known, plays=0, first_day=first, last_day=first)
        items.append(item)
    return msgspec.structs.replace(week, slots=tuple(slots), recommended=tuple(items))


def _listed(tree: dict[str, Any], name: str) -> list[Any]:
    found = tree.get(name)
    return found if isinstance(found, list) else []


def _readable(value: Any, kind: Any) -> Any:
    """``value`` as a ``kind``, or None."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError):
        return None


def _show(place: Place) -> str:
    return ", ".join(place) or "the source"


def wanted(path: Path, programmes: tuple[ProgrammeSource, ...]) -> Iterator[Wanted]:
    """Every file that the programmes of the source at ``path`` name."""
    for programme in programmes:
        place = Sentence(mark("programme {id}"), id=programme.id)
        yield Wanted(place, path.parent / programme.file, programme.file)
        for subtitle in programme.subtitles:
            text = mark("programme {id}, subtitle {language}")
            place = Sentence(text, id=programme.id, language=subtitle.language)
            yield Wanted(place, path.parent / subtitle.file, subtitle.file)


def missing(files: Iterator[Wanted], exists: Callable[[Path], bool] = Path.is_file) -> list[str]:
    """What is wrong with the names of the files, before any of them is read."""
    wrong: list[str] = []
    for file in files:
        try:
            msgspec.convert(file.name, FileName)
        except msgspec.ValidationError:
            text = mark("{place}: {name} is not a plain file name; put the file beside the JSON")
            wrong.append(Sentence(text, place=file.place, name=repr(file.name)))
            continue
        try:
            there = exists(file.path)
        except OSError:  # a name that is too long: 200 characters may be 800 bytes
            there = False
        if not there:
            text = mark("{place}: there is no file {path}; put it there, or mend the name")
            wrong.append(Sentence(text, place=file.place, path=str(file.path)))
    return wrong
