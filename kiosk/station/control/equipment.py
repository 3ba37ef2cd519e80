"""What the probes and the journal say of the room's equipment, and the faults that follow from it."""

from collections.abc import Callable

from kiosk.contract.station import StationDocument
from kiosk.station.clock.clock import Clock
from kiosk.station.events import FactsRead, FromEquipment, JournalRecovered, JournalTrouble
from kiosk.station.health.evidence import screen_evidence, sound_sink
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.playout.playout import Playout


class Equipment:
    """For the main loop only."""

    def __init__(
        self,
        monitor: HealthMonitor,
        playout: Playout,
        clock: Clock,
        *,
        document: Callable[[], StationDocument | None],
        observe: Callable[[], Observation],
        check_clock: Callable[[], None],
        report_soon: Callable[[], None],
    ) -> None:
        """``observe`` gives what the monitor cannot know itself, ``check_clock`` has the clock looked at anew,
        ``report_soon`` has a new fault delivered."""
        self._monitor, self._playout, self._clock = monitor, playout, clock
        self._document, self._observe = document, observe
        self._check_clock, self._report_soon = check_clock, report_soon

    def handle(self, event: FromEquipment) -> None:
        """What was found out about the equipment."""
        match event:
            case FactsRead():
                self._facts_read(event)
            case JournalTrouble():
                self._monitor.journal_in_trouble(event.error)
            case JournalRecovered():
                self._monitor.journal_in_trouble("")

    def _facts_read(self, event: FactsRead) -> None:
        document = self._document()
        self._monitor.use_facts(event.facts, event.monotonic)
        self._playout.use_evidence(screen_evidence(event.facts, document.equipment if document else ()))
        self._playout.use_sink(sound_sink(event.facts))
        self._clock.synchronised(event.facts.get("clock.synchronised") is True, event.monotonic)
        self._check_clock()
        if self._monitor.judge(self._observe(), document, self._clock.now(), self._clock.monotonic()):
            self._report_soon()
