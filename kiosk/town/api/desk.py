"""What the town keeps of its visitors while it serves, and why it sends one away."""

from kiosk.town.intake.complaints import Complaints
from kiosk.town.intake.quota import Quotas


class NotSigned(Exception):
    """A report that the station of the token has not signed."""

    def __init__(self, station: str, message: str) -> None:
        super().__init__(f"{message}; update the kiosk on that PC, or enrol it again")
        self.station = station


class Desk:
    """What the town keeps of its visitors while it serves."""

    def __init__(self) -> None:
        self.quotas = Quotas()
        self.complaints = Complaints()
