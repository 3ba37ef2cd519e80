"""What the console's home says of the town as a whole: each notice a sentence, and the page that mends it."""

import logging
from collections.abc import Callable

import msgspec

from kiosk.common.messages import mark
from kiosk.town.database.store import now_ms
from kiosk.town.town import Town
from kiosk.town.work import beats

log = logging.getLogger(__name__)

Translate = Callable[[str], str]


class Notice(msgspec.Struct, frozen=True):
    """A sentence on the home page; ``path`` of the page that tells more, or empty."""

    text: str
    path: str = ""


def worker_silent(town: Town, _: Translate) -> list[Notice]:
    """Whether the second process lives, and what its workers fail at."""
    with town.store.read() as connection:
        found = beats.read(connection)
    process = found.get(beats.PROCESS)
    remedy = _("Films are not converted and messages are not sent meanwhile. Whoever looks after this server:")
    command = "systemctl restart kiosk-town-work"
    if process is None:
        never = _("The second process of this server has never run.")
        return [Notice(f"{never} {remedy} {command}")]
    silent_ms = now_ms() - process.beat_ms
    if silent_ms > beats.SILENT_MS:
        text = _("The second process of this server has not been heard of for {minutes} minutes.")
        return [Notice(f"{text.format(minutes=silent_ms // 60_000)} {remedy} {command}")]
    failing = _("{name} fails: {trouble}")
    return [Notice(failing.format(name=_(one.name), trouble=one.trouble)) for one in found.values() if one.trouble]


def all_notices(town: Town, _: Translate) -> list[Notice]:
    """What all of them say; one that fails is said to be unknown, and hides no other."""
    found: list[Notice] = []
    for ask in NOTICES:
        try:
            found += ask(town, _)
        except Exception:
            log.exception("the notice %s failed", ask.__name__)
            found.append(Notice(_("Something could not be looked up; the log of the server tells what.")))
    return found


NOTICES: tuple[Callable[[Town, Translate], list[Notice]], ...] = (worker_silent,)
"""Each is called in a thread when home is shown."""

WORKER_NAMES = (mark("Films"), mark("Messages"))
