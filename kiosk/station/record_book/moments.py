"""When what a record tells was."""

import json


def moment(data: bytes) -> int | None:
    """The instant of a record (UTC ms), by its bytes as they stand in the chain; None where it cannot be read."""
    try:
        record = json.loads(data)
    except ValueError:
        return None
    names = ("actual_start_ms", "at_ms", "start_ms", "cleared_ms", "found_ms")
    return next((value for name in names if isinstance(value := record.get(name), int)), None)
