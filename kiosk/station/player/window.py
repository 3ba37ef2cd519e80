"""X windows of the projector: a programme's, which keeps its picture while it waits off the screen, and the poster."""

import os
import select
import time
from typing import Any

from Xlib import X, display
from Xlib.error import CatchError, ConnectionClosedError, XError
from Xlib.ext import composite, damage, dpms

NAME = "kiosk programme"
"""Of each window of a programme."""


class ScreenGone(Exception):
    """There is no X server to be reached."""


HUNG_UP = (ScreenGone, ConnectionClosedError, ConnectionError)
"""How it shows that the X server is not there, or has gone away."""


def connect(name: str) -> Any:
    """A connection to the X server ``name``. Raises :class:`ScreenGone`."""
    os.environ["DISPLAY"] = name  # libVLC opens its own connection by this
    try:
        return display.Display(name)
    except Exception as error:  # python-xlib raises half a dozen kinds, OSError among them
        raise ScreenGone(f"no X display {name}: {error}") from None


def keep_awake(connection: Any) -> None:
    """Forbid the X server to make the screen dark when no key has been pressed for ten minutes, as it does unasked.

    The monitor can still be told to sleep, and what it does be read. One that sleeps already is woken up.
    """
    connection.set_screen_saver(0, 0, X.DefaultBlanking, X.DefaultExposures)
    connection.force_screen_saver(X.ScreenSaverReset)
    if connection.has_extension("DPMS"):
        connection.dpms_set_timeouts(0, 0, 0)
        told = connection.dpms_info()
        if told.state and told.power_level != dpms.DPMSModeOn:
            connection.dpms_force_level(dpms.DPMSModeOn)
    connection.sync()


class _Window:
    """A window of the screen's size, born behind all others. Sizes in pixels."""

    def __init__(self, connection: Any, width: int = 0, height: int = 0) -> None:
        screen = connection.screen()
        self._display = connection
        self._depth = screen.root_depth
        self.width = width or screen.width_in_pixels
        self.height = height or screen.height_in_pixels
        self._window = screen.root.create_window(
            0,
            0,
            self.width,
            self.height,
            0,
            self._depth,
            X.InputOutput,
            X.CopyFromParent,
            background_pixel=screen.black_pixel,
            override_redirect=True,
        )
        self._window.configure(stack_mode=X.Below)

    def paint(self, pixels: bytes) -> None:
        """Show a picture of the window's size: BGRX, four bytes a pixel, row by row. It is the window's background:
        the server itself paints it whenever there is need."""
        pixmap = self._window.create_pixmap(self.width, self.height, self._depth)
        context = pixmap.create_gc()
        pitch = self.width * 4
        stripe = max(1, 200_000 // pitch)  # a request must stay below the server's limit of 262 KB
        for top in range(0, self.height, stripe):
            rows = min(stripe, self.height - top)
            data = pixels[top * pitch : (top + rows) * pitch]
            pixmap.put_image(context, 0, top, self.width, rows, X.ZPixmap, self._depth, 0, data)
        self._window.change_attributes(background_pixmap=pixmap)
        self._window.clear_area()
        self._window.map()
        context.free()
        pixmap.free()
        self._display.sync()


class ProgrammeWindow(_Window):
    """A programme's window.

    It is redirected by the Composite extension: the server keeps its picture although nobody can see it, so that
    bringing it in shows the waiting picture in the same instant, without black. It waits beside the screen, not behind
    the other windows, and takes the programme before it off the screen as it comes in: should any window go away,
    nobody sees a programme that is not on air.
    """

    def __init__(self, connection: Any, width: int = 0, height: int = 0) -> None:
        super().__init__(connection, width, height)
        self._aside = bool(connection.has_extension("Composite"))
        """It need not be on the screen to have a picture."""
        if self._aside:
            composite.redirect_window(self._window, composite.RedirectAutomatic)
            self._window.configure(x=-self.width)
        self._window.set_wm_name(NAME)
        self._before: list[Any] = []
        """The windows that it takes the place of."""
        self._window.map()
        connection.damage_query_version()
        self._damage = self._window.damage_create(damage.DamageReportRawRectangles)
        connection.sync()

    @property
    def id(self) -> int:
        """The X id by which libVLC draws into it."""
        return int(self._window.id)

    def next_picture(self, seconds: float) -> float | None:
        """Wait until something is drawn into the window: the instant (monotonic), or None after ``seconds``."""
        deadline = time.monotonic() + seconds
        while not self._display.pending_events():
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            select.select([self._display.fileno()], [], [], left)
        self._display.next_event()
        return time.monotonic()

    def look(self) -> bytes:
        """A few rows of the window as they are now, to tell whether its picture has changed."""
        rows = range(self.height // 20, self.height, self.height // 10)
        return b"".join(self._window.get_image(0, y, self.width, 1, X.ZPixmap, 0xFFFFFFFF).data for y in rows)

    def forget_pictures(self) -> None:
        """Drop the notices of what was drawn so far."""
        self._display.sync()
        while self._display.pending_events():
            self._display.next_event()

    def keep_picture(self) -> None:
        """From now on the server paints nothing of its own into the window: the last picture stays when libVLC ends."""
        self._window.change_attributes(background_pixmap=X.NONE)
        self._display.sync()

    def look_away(self) -> None:
        """Hear of no more pictures: unread, the notices would pile up while a programme runs."""
        self._display.damage_destroy(self._damage)
        self.forget_pictures()

    def look_around(self) -> None:
        """See which programme is on the screen. To be called shortly before :meth:`raise_`: it takes a moment."""
        if self._aside:
            self._before = [one for one in self._display.screen().root.query_tree().children if self._is_before(one)]

    def _is_before(self, other: Any) -> bool:
        try:
            return bool(other.id != self.id and other.get_wm_name() == NAME and other.get_geometry().x == 0)
        except XError:  # it has gone meanwhile
            return False

    def raise_(self) -> None:
        """Be on the screen, on top, in place of the programme there; returns when the server has done it."""
        self._window.configure(x=0, stack_mode=X.Above)
        for other in self._before:
            other.unmap(onerror=CatchError())
        self._display.sync()

    def vanish(self) -> None:
        """Take the window off the screen; what is behind it shows."""
        self._window.unmap()
        self._display.sync()


class PosterWindow(_Window):
    """The window of the poster, below the programme that is on air. It is there, in black, before its picture is."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._window.map()
        connection.sync()
