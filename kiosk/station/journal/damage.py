"""What is remembered of the journal's last damage, for the health rules."""

import msgspec

from kiosk.contract.wire import Instant

MEMORY = "damage"
"""Under which the journal remembers it."""


class Damage(msgspec.Struct, frozen=True):
    """When the journal was found damaged last (UTC; 0 for never), and under what name the damaged file is kept."""

    at_ms: Instant = 0
    aside: str = ""
