"""Which workers the second process runs."""

from kiosk.common.messages import mark
from kiosk.town.months import removal
from kiosk.town.programmes import jobs
from kiosk.town.tickets.worker import TicketWorker
from kiosk.town.work.loop import Worker

WORKERS: tuple[Worker, ...] = (
    Worker(mark("Films"), jobs.step),
    Worker(mark("Messages"), TicketWorker().step, every_s=2.0),
    Worker(mark("Removal of withdrawn films"), removal.step, every_s=removal.EVERY_S),
)
"""Each room of the town that has work of this kind hands one in here."""
