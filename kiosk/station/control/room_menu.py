"""The keys of remote and keypad, the menu on the room's screen that they drive, and what is done by it."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from kiosk.common.i18n import Language
from kiosk.common.stop_reasons import UNSAID
from kiosk.contract.instants import to_ms
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.people import People
from kiosk.station.display.menu import Deed, Menu, Page, View, press
from kiosk.station.display.menu_words import Card, card, spot_check
from kiosk.station.events import FromKeys, PictureCheckSet
from kiosk.station.host.events import KeyPressed
from kiosk.station.playout.events import MutePressed, StartPressed, StopPressed, VolumePressed
from kiosk.station.projector.stage import Stage
from kiosk.station.sessions.events import SENSOR, FromSessions, PresenceNoticed, SessionPressed

BY = "remote"
"""Who has pressed, in the record: whoever holds the remote."""
MINUTE_MS = 60_000
VOLUME_STEP = 10
"""In percent points."""
SHOWN_S: dict[Page, float] = {"items": 20, "reasons": 30, "meeting": 30, "no-picture": 120, "table": 30}
"""Seconds without a key after which the menu goes."""


class RoomMenu:
    """For the main loop only. What is shown covers the programme, which goes on below it."""

    def __init__(
        self,
        stage: Stage,
        people: People,
        clock: Clock,
        audit: AuditTrail,
        view: Callable[[], View],
        language: Language,
        refresh: Callable[[], None],
        *,
        begin: Callable[[FromSessions], None],
        seen: Callable[[str], None],
        spot_code: Callable[[], str] = lambda: "",
    ) -> None:
        """``view`` gives the station as the menu says it; ``refresh`` renews what the panel's pages are told. ``begin``
        begins a session or what is recommended, ``seen`` hears that somebody is there. ``spot_code`` gives what is
        shown where no menu is: the code of the town's spot check, or nothing."""
        self._spot_code = spot_code
        self._language, self._refresh, self._begin, self._seen = language, refresh, begin, seen
        self._stage, self._people, self._clock, self._audit, self._view = stage, people, clock, audit, view
        self._menu: Menu | None = None
        self._until = 0.0
        self._drawn: tuple[Card | None, bool] = (None, False)
        self.code = ""
        """What the test picture says; empty while it is not shown."""

    @property
    def is_open(self) -> bool:
        """Whether something is drawn over the programme: the screen must not rest then."""
        return self._menu is not None or self._drawn[0] is not None

    def handle(self, event: FromKeys) -> None:
        """Do what a key means now, or show the test picture to somebody who asks for it from a page."""
        match event:
            case KeyPressed(key="sensor"):
                self._begin(PresenceNoticed(SENSOR))
            case KeyPressed():
                self._seen(BY)
                menu, deed = press(self._menu, event.key, self._view())
                self._show((self._do(deed) if deed else None) or menu)
            case PictureCheckSet():
                if event.on or (self._menu and self._menu.page == "no-picture"):
                    self._show(Menu("no-picture") if event.on else None, event.by)

    def tick(self) -> None:
        """About once a second: what nobody uses goes, what is drawn is kept as the station is."""
        if self._menu is not None and (self._clock.monotonic() >= self._until or self._hidden()):
            self._show(None, "kiosk")
        else:
            self._draw()

    def _hidden(self) -> bool:
        """Whether a menu would not be seen: no key may choose from it then."""
        return self._stage.cardless or self._stage.screen in ("none", "denied")

    def _show(self, menu: Menu | None, by: str = BY) -> None:
        menu = None if self._hidden() else menu
        before, self._menu = self._menu, menu
        checks, checked = (one is not None and one.page == "no-picture" for one in (menu, before))
        if menu is not None:
            self._until = self._clock.monotonic() + SHOWN_S[menu.page]
        if checks != checked:
            self.code = f"K{secrets.randbelow(1_000_000):06}" if checks else ""
        self._draw()
        if checks != checked:
            self._audit.record("picture-check" if checks else "picture-check-over", by=by)
            self._refresh()

    def _draw(self) -> None:
        menu = self._menu
        table = menu is not None and menu.page == "table"
        if menu is None:
            spot_code = self._spot_code()  # from now on it counts as shown
            drawn = spot_check(spot_code, self._language) if spot_code else None
        else:
            drawn = card(menu, replace(self._view(), code=self.code), self._language)
        wanted = (drawn, table)
        if wanted != self._drawn:
            self._drawn = wanted
            self._stage.overlay(*wanted)

    def _meeting_ms(self, minutes: int) -> int | None:
        """The whole minute in which a meeting begins in so many minutes; None: now."""
        return -(-(self._clock.now_ms() + minutes * MINUTE_MS) // MINUTE_MS) * MINUTE_MS if minutes else None

    def _do(self, deed: Deed) -> Menu | None:
        """Do it; returns what is asked next, if anything is."""
        match deed.what:
            case "start":
                self._people.handle(StartPressed(BY))
            case "stop":
                until = self._view().stop_until
                until_ms = to_ms(until) if until is not None else None
                self._people.handle(StopPressed(BY, deed.reason or UNSAID, until_ms))
                return None if deed.reason else Menu("reasons")
            case "louder" | "softer":
                self._people.handle(VolumePressed(BY, VOLUME_STEP if deed.what == "louder" else -VOLUME_STEP))
            case "mute" | "sound-on":
                self._people.handle(MutePressed(BY, deed.what == "mute"))
            case "table":
                self._audit.record("table-shown", by=BY)
            case "recommended":
                self._begin(PresenceNoticed(BY))
            case "party-day":
                self._begin(SessionPressed(BY, "theme-party-day", self._meeting_ms(deed.minutes), None))
        return None
