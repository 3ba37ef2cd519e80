"""Which workers the second process runs."""

from kiosk.town.work.loop import Worker

WORKERS: tuple[Worker, ...] = ()
"""Each room of the town that has work of this kind hands one in here."""
