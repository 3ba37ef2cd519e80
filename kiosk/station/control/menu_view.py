"""The station as the menu on the room's screen says it, and which of the menu's items can be done now."""

from collections.abc import Callable

from kiosk.common.opening_hours import next_morning
from kiosk.common.stop_reasons import REASONS
from kiosk.station.clock.clock import Clock
from kiosk.station.control.session_view import SessionView
from kiosk.station.display.menu import ITEMS, Item, View
from kiosk.station.library.accepted import Accepted
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout


class MenuView:
    """Reads the other parts; it changes nothing. For the main loop only."""

    def __init__(
        self,
        sessions: SessionView,
        accepted: Accepted,
        clock: Clock,
        plan: Plan,
        playout: Playout,
        address: Callable[[], str],
    ) -> None:
        """``address`` is that of the panel."""
        self._sessions, self._accepted, self._clock = sessions, accepted, clock
        self._plan, self._playout, self._address = plan, playout, address

    def view(self) -> View:
        """The station at this instant."""
        level, now = self._playout.room_level(), self._clock.now().astimezone(self._accepted.zone)
        trusted = self._clock.state != "untrusted"
        return View(
            reasons=tuple(reason for reason in REASONS if reason != "other"),
            stopped=self._plan.stop_in_force() is not None,
            stop_until=next_morning(self._accepted.opening, now) if trusted else None,
            volume=level.volume,
            muted=level.muted,
            offers=self._offers(),
            address=self._address(),
        )

    def _offers(self) -> tuple[Item, ...]:
        seen, stopped = self._sessions.seen(), self._plan.stop_in_force() is not None
        party = seen.held is None and not stopped and self._clock.state != "untrusted"
        recommended = seen.policy == "when-present" and seen.owed > 0 and not stopped and seen.present_until is None
        can: dict[Item, bool] = {"party-day": party, "recommended": recommended}
        return tuple(item for item in ITEMS if can.get(item, True))
