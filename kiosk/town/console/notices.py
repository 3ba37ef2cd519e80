"""What the console's home says of the town as a whole: each notice a sentence, and the page that mends it."""

import logging
from collections.abc import Callable

import msgspec

from kiosk.common.messages import mark
from kiosk.town.database.store import now_ms
from kiosk.town.ledger.rooms import rooms
from kiosk.town.signing import keys
from kiosk.town.tickets import deliveries, queries
from kiosk.town.tickets.channels import ChannelsError, Settings, read_settings
from kiosk.town.tickets.gateways import trouble_words
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
    failing = _("{name}: this work fails and is tried again. For whoever looks after this server: {trouble}")
    return [Notice(failing.format(name=_(one.name), trouble=_(one.trouble))) for one in found.values() if one.trouble]


def root_keys_on_server(town: Town, _: Translate) -> list[Notice]:
    """Whether the root keys lie on the server, where whoever breaks in takes the town with them."""
    found = keys.root_keys_here(town.keys_folder)
    text = _("{count} root keys lie on this server. Whoever breaks in takes the whole town: move them to sticks.")
    return [Notice(text.format(count=len(found)), "/keys")] if found else []


def rooms_silent(town: Town, _: Translate) -> list[Notice]:
    """How many rooms are silent, or were never heard."""
    found = rooms(town.store, now_ms())
    silent = sum(row["silent"] and row["heard_ms"] is not None for row in found)
    text = _("{count} rooms are silent.").format(count=silent)
    return [Notice(text, "/stations/monday")] if silent else []


def repairs_waiting(town: Town, _: Translate) -> list[Notice]:
    """Tickets that nobody has looked at or that are overdue, and channels by which nobody is told."""
    said = []
    try:
        settings = read_settings(town.folder)
    except ChannelsError as error:
        settings = Settings()
        said.append(f"{_('Nobody is told of faults:')} {error.message.render(_)}")
    with town.store.read() as connection:
        found = queries.open_tickets(connection, now_ms(), settings.limits)
        standing = deliveries.standing(connection)
    unseen = sum(one["state"] in ("reported", "reopened") for one in found)
    overdue = sum(one["overdue"] for one in found)
    if unseen:
        said.append(_("Repairs that nobody has looked at: {count}.").format(count=unseen))
    if overdue:
        said.append(_("Repairs that are overdue: {count}.").format(count=overdue))
    for one in settings.channels:
        if one.active and standing.get(one.id, {}).get("failures"):
            failing, trouble = _("Messages by {name} do not arrive: {trouble}"), standing[one.id]["trouble"]
            said.append(failing.format(name=one.name, trouble=trouble_words(trouble, _)))
    return [Notice(text, "/repairs") for text in said]


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


NOTICES: tuple[Callable[[Town, Translate], list[Notice]], ...] = (
    worker_silent,
    rooms_silent,
    repairs_waiting,
    root_keys_on_server,
)
"""Each is called in a thread when home is shown."""

WORKER_NAMES = (mark("Films"), mark("Messages"), mark("Removal of withdrawn films"))
