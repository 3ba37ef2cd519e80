"""Whether a room will show what the town has published, in words."""

from typing import Any

from kiosk.town.commands.common import local_text


def readiness(row: dict[str, Any]) -> str:
    """One row of :func:`kiosk.town.ledger.queries.stations`, of a station that has been heard."""
    held, published = row["playlist_version"] or 0, row["published"]
    if row["refusing"]:
        return "not ready: it refuses " + ", ".join(f"{one['what']} ({one['reason']})" for one in row["refusing"])
    if "week-refused" in row["open_faults"]:  # of a kiosk that does not say more
        return "not ready: it refuses the week that is offered"
    if held > row["counted"]:
        return (
            f"not ready: this town's database does not know its week (the newest here is {row['counted']}); was the "
            "town restored from an older copy? Publish what is missing once more: it gets a version above that"
        )
    if row["bytes_lacking"]:
        megabytes = row["bytes_lacking"] / 1e6
        return f"not ready: its disk lacks {megabytes:.1f} MB for {row['lacking_for']}, and for what follows"
    if row["programmes_missing"]:
        when = f"ready about {local_text(row['ready_ms'])}" if row["ready_ms"] else "ready at a time not known yet"
        megabytes, speed = row["bytes_missing"] / 1e6, row["bytes_per_s"] / 1000
        return f"{row['programmes_missing']} files ({megabytes:.1f} MB) to fetch at {speed:.0f} kB/s, {when}"
    if held != published:
        return f"not ready: week {published} is published"
    return "ready"
