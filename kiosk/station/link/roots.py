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


def follow_roots(town: TownClient, root: Root, post: Post, nothing_new: bool = False) -> Root:
    """Fetch and verify root after root, and post each. Returns the newest. Raises :class:`Unreachable`."""
    for _ in range(0 if nothing_new else MAX_ROOTS):
        name = f"{root.version + 1}.root.json"
        try:
            data = town.get(f"/v1/root/{name}") or b""
            root = trust.next_root(root, data)
        except NoSuch:
            break
        except Refused as error:
            log.warning("link: refused %s (%s): %s", name, error.reason, error)
            post(TownRefused("root", error.reason, str(error)))
            break
        post(RootFound(root, data))
    return root
