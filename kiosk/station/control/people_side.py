"""The side of the station that faces people: what they press, write and hold, the menu, and who is there."""

from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from kiosk.contract.station import StationDocument, Thresholds
from kiosk.station.clock.clock import Clock
from kiosk.station.config import Config
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.books import BookKeeper
from kiosk.station.control.maintenance import MaintenanceSwitch
from kiosk.station.control.menu_view import MenuView
from kiosk.station.control.people import People
from kiosk.station.control.pin_reset import PinReset
from kiosk.station.control.presence import PresencePolicy
from kiosk.station.control.room_menu import RoomMenu
from kiosk.station.control.session_view import SessionView
from kiosk.station.control.sessions import Sessions
from kiosk.station.control.spot_check import SpotChecks
from kiosk.station.events import FromKeys, FromPeople, Pressed
from kiosk.station.journal import Journal
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.plans import Plans
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.projector.stage import Stage
from kiosk.station.record_book.events import FromBooks
from kiosk.station.record_book.forms import Forms
from kiosk.station.sessions.events import FromSessions, PresenceNoticed


class PeopleSide:
    """For the main loop only."""

    def __init__(
        self,
        config: Config,
        accepted: Accepted,
        plans: Plans,
        journal: Journal,
        clock: Clock,
        plan: Plan,
        playout: Playout,
        stage: Stage,
        audit: AuditTrail,
        maintenance: MaintenanceSwitch,
        *,
        address: Callable[[], str],
        report_soon: Callable[[], None],
        replan: Callable[[str], None],
        refresh: Callable[[], None],
    ) -> None:
        """``address`` is that of the panel; ``report_soon`` has new records delivered."""

        def document() -> StationDocument | None:
            return accepted.document

        def thresholds() -> Thresholds:
            return accepted.document.thresholds if accepted.document else Thresholds()

        self.pin_reset = PinReset(journal, document)
        self._people = People(
            clock, plan, playout, journal, lambda: accepted.zone, audit, replan, refresh, maintenance, self.pin_reset
        )
        self.checks = SpotChecks(
            journal, clock, document, playout.play_on_screen,
            lambda: stage.screen == "up" and not stage.cardless, report_soon,
        )  # fmt: skip
        self._books = BookKeeper(journal, clock, Forms(Path(config.station.state)), self.checks, report_soon, refresh)
        self.sessions = Sessions(journal, clock, plan, audit, replan, thresholds)
        self._presence = PresencePolicy(journal, clock, plan, audit, document=document, replan=replan)
        self.view = SessionView(self.sessions, self._presence, plan, plans, journal, clock, document)
        menu_view = MenuView(self.view, accepted, clock, plan, playout, address)
        self.menu = RoomMenu(
            stage, self._people, clock, audit, menu_view.view, config.station.language, refresh,
            begin=self._session, seen=self._presence.seen, spot_code=self.checks.code,
        )  # fmt: skip

    def restore(self) -> None:
        """What was pressed and held in the last run and goes on. Before anything is shown."""
        self._people.restore()
        self._presence.restore()
        self.sessions.restore()

    def handle(self, event: FromPeople) -> None:
        """What somebody has pressed, written or said."""
        match event:
            case _ if isinstance(event, Pressed):
                self._people.handle(event)
            case _ if isinstance(event, FromKeys):
                self.menu.handle(event)
            case _ if isinstance(event, FromBooks):
                self._books.handle(event)
            case _ if isinstance(event, FromSessions):
                self._session(event)
            case _:
                assert_never(event)

    def tick(self) -> None:
        """About once a second."""
        self._people.tick()
        self.menu.tick()
        self.sessions.tick()
        self._presence.tick()

    def clock_set(self) -> None:
        """The wall clock was set; what people have set or held goes on. Before :meth:`tick`."""
        self._people.clock_set()
        self._presence.clock_set()

    def _session(self, event: FromSessions) -> None:
        if isinstance(event, PresenceNoticed):
            self._presence.noticed(event)
        else:
            self.sessions.handle(event)
