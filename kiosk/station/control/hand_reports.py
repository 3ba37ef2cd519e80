"""Faults reported by hand: recorded for the town, and open until somebody says that they are mended."""

import logging
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec

from kiosk.contract.records import Fault
from kiosk.station.clock.clock import Clock
from kiosk.station.control.presses import Presses
from kiosk.station.health.events import FaultMended, FaultReported
from kiosk.station.health.reported import MOST_OPEN, HandReport
from kiosk.station.journal import Journal

log = logging.getLogger(__name__)

MEMORY = "hand-reports"
CAUSE = "reported"


class _Kept(msgspec.Struct):
    reports: tuple[HandReport, ...] = ()


class HandReports:
    """For the main loop only."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        report_soon: Callable[[], None],
        photos: Path,
        send_photo: Callable[[bytes, str], None],
    ) -> None:
        """``photos`` is the folder of the photos, ``send_photo`` has one sent to the town for a fault."""
        self._photos, self._send_photo = photos, send_photo
        self._journal, self._clock, self._report_soon = journal, clock, report_soon
        self._kept = journal.recall(MEMORY, _Kept) or _Kept()
        self._presses = Presses()

    @property
    def open(self) -> tuple[HandReport, ...]:
        """The reports that nobody has said to be mended, oldest first."""
        return self._kept.reports

    def handle(self, event: FaultReported | FaultMended) -> bool:
        """Take a report, or that it is mended. False where nothing has changed."""
        if not self._presses.is_new(event.press):
            return False
        return self._report(event) if isinstance(event, FaultReported) else self._mended(event)

    def _report(self, event: FaultReported) -> bool:
        if len(self._kept.reports) >= MOST_OPEN:
            return False
        at_ms = self._clock.now_ms()
        report = HandReport(
            fault=f"{CAUSE}.{at_ms}.{secrets.token_hex(6)}", device=event.device, text=event.text, by=event.by,
            found_ms=at_ms, picture=event.picture,
        )  # fmt: skip
        self._show(report)
        self._record(report, facts=dict(event.facts))
        self._keep((*self._kept.reports, report))
        return True

    def _show(self, report: HandReport) -> None:
        """The town is to see the photo; one that does not arrive stays here, and is not sent again."""
        if not report.picture:
            return
        try:
            jpeg = (self._photos / f"{report.picture}.jpg").read_bytes()
        except OSError as error:
            log.warning("the photo of fault %s cannot be sent: %s", report.fault, error)
            return
        self._send_photo(jpeg, report.fault)

    def _mended(self, event: FaultMended) -> bool:
        report = next((one for one in self._kept.reports if one.fault == event.fault), None)
        if report is None:
            return False
        self._record(report, cleared_ms=self._clock.now_ms(), by=event.by)
        self._keep(tuple(one for one in self._kept.reports if one is not report))
        return True

    def _record(
        self, report: HandReport, facts: dict[str, str] | None = None, cleared_ms: int | None = None, by: str = ""
    ) -> None:
        self._journal.record(
            Fault(
                id=secrets.token_hex(16),
                fault=report.fault,
                cause=CAUSE,
                device=report.device,
                found_ms=report.found_ms,
                cleared_ms=cleared_ms,
                text=report.text,
                facts=facts or {},
                by=by or report.by,
                picture=report.picture or None,
                state="reported" if cleared_ms is None else "confirmed",
            )
        )
        self._report_soon()

    def _keep(self, reports: tuple[HandReport, ...]) -> None:
        self._kept = _Kept(reports)
        self._journal.remember(MEMORY, self._kept)
