"""What a station makes of a town's public folder; and urgent notices as an officer writes them."""

import json
from datetime import UTC, datetime

from kiosk.contract import trust
from kiosk.contract.trust import Held
from kiosk.town.publishing.issue import PublishTerms
from kiosk.town.signing import keys

TERMS = PublishTerms("test")


def tick(size, name):
    pass


def accepted(office, group="all", root=None, now=None):
    """What a station that holds nothing yet makes of the public folder."""
    root = root or keys.current_root(office.public)
    metadata = office.public.group_path(group).read_bytes()
    index = trust.index(root, metadata, Held(), now or datetime.now(UTC))
    pinned = trust.pinned_playlist(index, group)
    return trust.the_playlist(index, office.public.file_path(pinned.sha256).read_bytes(), group)


def notice(**changes):
    fields = {
        "id": "flood",
        "title": "防汛",
        "start": "2026-03-02T09:00:00+08:00",
        "end": "2026-03-02T10:00:00+08:00",
        "mode": "loop",
        "programmes": [{"id": "alarm", "file": "mute.mkv", "title": "!"}],
    }
    return fields | changes


def urgent_index(office):
    root = keys.current_root(office.public)
    return trust.index(root, office.public.urgent_path.read_bytes(), Held(), datetime.now(UTC))


def urgent_source(source, *notices):
    path = source("urgent.json")
    path.write_text(json.dumps({"notices": notices}))
    return path
