"""What the town's answers ask of a station, and offer to it."""

from kiosk.town.intake import photos
from kiosk.town.intake.quota import Quotas
from kiosk.town.tickets.channels import ChannelsError, read_settings
from kiosk.town.town import Town


def photos_wanted(town: Town, quotas: Quotas, station: str) -> tuple[str, ...]:
    """The photos that the station is to send now, by their SHA-256; none where its quota of them is used up."""
    if not quotas.is_left(station, "photos"):
        return ()
    with town.store.read() as connection:
        return photos.wanted(connection, station)


def passes_on(town: Town, group: str) -> bool:
    """Whether a channel tells of the activities of the group's rooms."""
    try:
        return any(channel.passes_on(group) for channel in read_settings(town.folder).channels)
    except ChannelsError:
        return False
