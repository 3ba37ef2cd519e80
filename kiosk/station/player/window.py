"""X windows: that of a programme, which keeps its picture while it waits beside the screen, and that of the poster."""

import contextlib
import os
import select
import sys
import time
from typing import TYPE_CHECKING, Any

from Xlib import X, display
from Xlib.error import CatchError, ConnectionClosedError, DisplayConnectionError, XError
from Xlib.ext import composite, damage, dpms, res

if TYPE_CHECKING:
    from PIL.Image import Image

NAME = "kiosk programme"
"""The name of every window of a programme."""


class ScreenGone(Exception):
    """The X server cannot be reached."""


class ScreenDenied(ScreenGone):
    """The X server is there, and does not let this process in."""


class ScreenResized(ScreenGone):
    """The screen has another size than before."""


HUNG_UP = (ScreenGone, ConnectionClosedError, ConnectionError)
"""Raised where the X server is not there, or has gone away."""


def connect(name: str) -> Any:
    """A connection to the X server ``name``. Raises :class:`ScreenGone`; :class:`ScreenDenied` where it answers no."""
    os.environ["DISPLAY"] = name  # libVLC opens its own connection by this
    try:
        with contextlib.redirect_stdout(sys.stderr):  # python-xlib prints its warnings where our messages go
            return display.Display(name)
    except DisplayConnectionError as error:
        reason = str(error.msg).strip()
        if isinstance(error.__context__, OSError):  # it never came to an answer
            raise ScreenGone(f"no X server at {name}: {reason}") from None
        raise ScreenDenied(f"the X server at {name} does not let this user in: {reason}") from None
    except Exception as error:  # python-xlib raises half a dozen kinds, OSError among them
        raise ScreenGone(f"no X display {name}: {error}") from None


def keep_awake(connection: Any) -> None:
    """Switch off the screen saver, which else makes the screen dark after ten minutes without a key.

    DPMS itself stays on, so that the monitor's state can be read and set. A monitor that sleeps is woken up.
    """
    connection.set_screen_saver(0, 0, X.DefaultBlanking, X.DefaultExposures)
    connection.force_screen_saver(X.ScreenSaverReset)
    if connection.has_extension("DPMS"):
        connection.dpms_set_timeouts(0, 0, 0)
        told = connection.dpms_info()
        if told.state and told.power_level != dpms.DPMSModeOn:
            connection.dpms_force_level(dpms.DPMSModeOn)
    connection.sync()


def programme_is_near(connection: Any) -> bool:
    """Whether a programme is on the screen, or waits beside it for its cut."""
    for window in connection.screen().root.query_tree().children:
        with contextlib.suppress(XError):  # it has gone meanwhile
            if window.get_wm_name() == NAME:
                return True
    return False


def sweep(connection: Any) -> None:
    """Take away the windows of processes that have ended: X keeps them where their client wished so (RetainPermanent).

    A hostile programme could cover the screen for good by that. An X server in another namespace of processes counts
    them otherwise: nobody is known to have ended then.
    """
    if not connection.has_extension("X-Resource"):
        return
    if _processes(connection, connection.display.info.resource_id_base) != [os.getpid()]:
        return
    for window in connection.screen().root.query_tree().children:
        with contextlib.suppress(XError):  # it has gone meanwhile
            if not all(_lives(pid) for pid in _processes(connection, window.id)):
                window.kill_client(onerror=CatchError())
    connection.sync()


def _processes(connection: Any, resource: int) -> list[int]:
    """The process on this computer whose client has a resource, as the X server counts processes."""
    asked = [{"client": resource, "mask": res.LocalClientPIDMask}]
    return [found.value[0] for found in connection.res_query_client_ids(asked).ids if found.value]


def _lives(pid: int) -> bool:
    try:
        os.getpgid(pid)
    except ProcessLookupError:
        return False
    return True


class Window:
    """A window, of the screen's size where none is given, created below all others. Sizes in pixels."""

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

    def paint(self, picture: "Image") -> None:
        """Show a picture of the window's size. It is the window's background: the server paints it again by itself."""
        self.show(self.upload(picture))

    def upload(self, picture: "Image") -> Any:
        """Give the server a picture of the window's size, to be shown later."""
        pixels = picture.convert("RGBX").tobytes("raw", "BGRX")
        pixmap = self._window.create_pixmap(self.width, self.height, self._depth)
        context = pixmap.create_gc()
        pitch = self.width * 4
        stripe = max(1, 200_000 // pitch)  # a request must stay below the server's limit of 262 KB
        for top in range(0, self.height, stripe):
            rows = min(stripe, self.height - top)
            data = pixels[top * pitch : (top + rows) * pitch]
            pixmap.put_image(context, 0, top, self.width, rows, X.ZPixmap, self._depth, 0, data)
        context.free()
        self._display.sync()
        return pixmap

    @property
    def id(self) -> int:
        """Its X id."""
        return int(self._window.id)

    def place(self, x: int, y: int) -> None:
        """Put its upper left corner there."""
        self._window.configure(x=x, y=y)

    def restack(self, mode: int) -> None:
        """Bring it above all others (``X.Above``), or below them (``X.Below``)."""
        self._window.configure(stack_mode=mode)
        self._display.sync()

    def watch_cover(self) -> None:
        """Have an event sent when another window covers it."""
        self._window.change_attributes(event_mask=X.VisibilityChangeMask)

    def destroy(self) -> None:
        """Be there no more."""
        self._window.destroy()
        self._display.sync()

    def show(self, pixmap: Any) -> None:
        """Show what was uploaded, once."""
        self._window.change_attributes(background_pixmap=pixmap)
        self._window.clear_area()
        self._window.map()
        pixmap.free()
        self._display.sync()


class ProgrammeWindow(Window):
    """A programme's window.

    It is redirected by the Composite extension: the server keeps its picture although nobody can see it, so that
    bringing it in shows the waiting picture in the same instant, without black. It waits beside the screen, not behind
    the other windows, and takes the programme before it off the screen as it comes in: should any window go away,
    nobody sees a programme that is not on air.
    """

    def __init__(self, connection: Any, width: int = 0, height: int = 0) -> None:
        super().__init__(connection, width, height)
        self._aside = bool(connection.has_extension("Composite"))
        """Whether it keeps its picture while it is beside the screen."""
        if self._aside:
            composite.redirect_window(self._window, composite.RedirectAutomatic)
            self._window.configure(x=-self.width)
        self._window.set_wm_name(NAME)
        self._before: list[Any] = []
        """The windows of programmes that it replaces."""
        self._window.map()
        connection.damage_query_version()
        self._damage = self._window.damage_create(damage.DamageReportRawRectangles)
        connection.sync()

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

    def sample(self) -> bytes:
        """A few rows of the window's pixels, to find out whether its picture has changed.

        Empty where the next programme has taken the window off the screen.
        """
        rows = range(self.height // 20, self.height, self.height // 10)
        try:
            return b"".join(self._window.get_image(0, y, self.width, 1, X.ZPixmap, 0xFFFFFFFF).data for y in rows)
        except XError:
            return b""

    def forget_pictures(self) -> None:
        """Discard the events of all that was drawn so far."""
        self._display.sync()
        while self._display.pending_events():
            self._display.next_event()

    def keep_picture(self) -> None:
        """Remove the window's background, so that the last picture stays when libVLC ends."""
        self._window.change_attributes(background_pixmap=X.NONE)
        self._display.sync()

    def stop_watching(self) -> None:
        """Get no more events of what is drawn: unread, they would pile up while a programme runs."""
        self._display.damage_destroy(self._damage)
        self.forget_pictures()

    def find_programme_on_screen(self) -> None:
        """Find the window of the programme on the screen, shortly before :meth:`raise_`: it takes a moment."""
        if self._aside:
            self._before = [one for one in self._display.screen().root.query_tree().children if self._is_before(one)]

    def _is_before(self, other: Any) -> bool:
        try:
            return bool(other.id != self.id and other.get_wm_name() == NAME and other.get_geometry().x == 0)
        except XError:  # it has gone meanwhile
            return False

    def raise_(self) -> None:
        """Move onto the screen, on top, and take the programme there off; returns when the server has done it."""
        self._window.configure(x=0, stack_mode=X.Above)
        for other in self._before:
            other.unmap(onerror=CatchError())
        self._display.sync()

    def vanish(self) -> None:
        """Take the window off the screen; what is behind it shows."""
        self._window.unmap()
        self._display.sync()


class PosterWindow(Window):
    """The window of the poster, below the programme on air. Black until its picture is painted."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._window.map()
        self._root = connection.screen().root
        self._root.change_attributes(event_mask=X.StructureNotifyMask)
        connection.sync()

    def check_screen(self, event: Any) -> None:
        """Raises :class:`ScreenResized` where ``event`` says that the screen has another size: a TV came on late."""
        ours = event.type == X.ConfigureNotify and event.window == self._root
        if ours and (event.width, event.height) != (self.width, self.height):
            raise ScreenResized(f"the screen has {event.width}x{event.height} pixels now")
