"""Follows the town's chain of roots: each new root is signed by the one before."""

import logging

from tuf.api.metadata import Root

from kiosk.contract import trust
from kiosk.contract.trust import Refused
from kiosk.station.events import Post, RootFound, TownRefused
from kiosk.station.link.client import NoSuch, TownClient

log = logging.getLogger(__name__)

MAX_ROOTS = 100
"""The most roots that one round follows; a town does not rotate its keys so often."""


def follow_roots(town: TownClient, root: Root, post: Post) -> tuple[RootFound, ...]:
    """Fetch and verify root after root, to the newest. Raises :class:`Unreachable`.

    A root that is refused is posted, and none of this chain is used: what comes in the same round is signed by the keys
    of the town's newest root, and would be lost under one from the middle.
    """
    found: list[RootFound] = []
    while len(found) < MAX_ROOTS:
        name = f"{root.version + 1}.root.json"
        try:
            data = town.get(f"/v1/root/{name}") or b""
            root = trust.next_root(root, data)
        except NoSuch:
            break
        except Refused as error:
            log.warning("link: refused %s (%s): %s", name, error.reason, error)
            post(TownRefused("root", error.reason, str(error)))
            return ()
        found.append(RootFound(root, data))
    return tuple(found)
