"""A month's plays and sessions by their occasion (活动类型): what counties ask for beside the month's sums."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.common.occasions import occasion_text
from kiosk.contract.records import Attendance, Session

COLUMNS = (
    *(mark("Activity"), mark("Sessions"), mark("Plays"), mark("Minutes played")),
    mark("People, where it was said"),
)
TITLE, REMARK = mark("By occasion"), mark("An empty number of people means that nobody said it.")


@dataclass
class OfOccasion:
    """What there was of one occasion; its name is empty for plays that the town has given none."""

    name: str
    sessions: int = 0
    plays: int = 0
    ms: int = 0
    there: dict[str, int] = field(default_factory=dict)
    """People by the attendance that says so: each counts once, however many plays it is for."""

    @property
    def minutes(self) -> int:
        return self.ms // 60_000

    @property
    def people(self) -> int | None:
        """None where nobody said who was there."""
        return sum(self.there.values()) if self.there else None


def by_occasion(
    plays: Iterable[tuple[str, int, Attendance | None]], sessions: Iterable[Session]
) -> tuple[OfOccasion, ...]:
    """Of plays that count, each with its occasion, ms, and who was there; and of sessions that were held. The occasion
    with the most minutes first."""
    found: dict[str, OfOccasion] = {}
    for name, ms, there in plays:
        one = found.setdefault(name, OfOccasion(name))
        one.plays, one.ms = one.plays + 1, one.ms + ms
        if there is not None:
            one.there[there.id] = there.present + there.others
    for session in sessions:
        found.setdefault(session.session_kind, OfOccasion(session.session_kind)).sessions += 1
    return tuple(sorted(found.values(), key=lambda one: (-one.ms, -one.sessions, one.name)))


def cells(found: Iterable[OfOccasion], language: Language) -> tuple[tuple[str, ...], ...]:
    """The rows of the table as people read them."""
    _ = translator(language)
    return tuple(
        (
            occasion_text(one.name, language) or _("no occasion named"), str(one.sessions), str(one.plays),
            str(one.minutes), "" if one.people is None else str(one.people),
        )
        for one in found
    )  # fmt: skip
