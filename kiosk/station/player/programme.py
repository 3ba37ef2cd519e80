"""One programme, one process: made ready out of sight and shown when the clock says so.

The parent's orders come in on standard input, reports go out on standard output (``messages``). The child ends when it
is told to leave, when its parent is gone, or when the file cannot be played; a crash or a hang of libVLC is for the
parent to notice and costs nothing but this process.
"""

import os
import select
import sys
import time
from pathlib import Path
from typing import NoReturn

import msgspec

from kiosk.common.sandbox import confine, die_with_parent
from kiosk.station.player.film import Film
from kiosk.station.player.still import Failure, Still, is_still
from kiosk.station.player.window import HUNG_UP, ProgrammeWindow, connect
from kiosk.station.projector.messages import (
    MOST_WORDS,
    SCREEN_GONE,
    Cue,
    Cut,
    Failed,
    Leave,
    Message,
    Ready,
    Shown,
    ToChild,
    Volume,
    line,
)

FIRST_REPORT = 0.3
"""Seconds after the cut by which libVLC has counted what it drew out of sight."""
PROGRESS_EVERY = 1.0
SWITCH = 0.001
"""Seconds that one of our threads may keep Python from the others: sound is laid down while the cut is waited for."""
A_LITTLE = 0.05
"""Seconds by which a head may be late without asking."""
PATIENCE = 1.0
"""Seconds that the parent is given to say when a picture may come that is late, or joins."""
SPIN = 0.002
"""Seconds before an instant from which on it is waited for awake: the kernel wakes a sleeper a little late."""
AROUND = 0.05
"""Seconds before its start in which a programme looks which one it follows."""
REPORTS = 3
"""File descriptor on which the parent reads."""
_ORDERS = msgspec.json.Decoder(ToChild)


def main() -> NoReturn:
    """Play the programme that the first line of standard input names. The argument is a folder of our own."""
    die_with_parent()
    sys.setswitchinterval(SWITCH)
    os.dup2(1, REPORTS)
    os.dup2(2, 1)  # what libVLC's plug-ins print must not reach the parent
    unconfined = confine(Path(sys.argv[1]))
    orders = Orders(sys.stdin.fileno())
    cue = orders.wait(None)
    if not isinstance(cue, Cue):
        os._exit(2)
    try:
        still = is_still(cue.file)
        window = ProgrammeWindow(connect(cue.display), cue.width, cue.height)
        programme = Still(cue, window) if still else Film(cue, window)
        programme.make_ready()
        window.keep_picture()
        cut = cut_so_far(programme, window, orders)
        waits = cut is not None and (cue.position_ms > 0 or time.monotonic() > cut.at + A_LITTLE)
        tell(Ready(kind=programme.kind, video_output=programme.video_output, unconfined=unconfined, waits=waits))
        if cut is not None and waits:
            cut = wait_for_leave(programme, window, orders, cut)
        play(programme, window, orders, cut)
    except HUNG_UP:
        os._exit(SCREEN_GONE)
    except Failure as error:
        fail(str(error))
    except Exception as error:
        fail(f"{type(error).__name__}: {error}")


def cut_so_far(programme: Film | Still, window: ProgrammeWindow, orders: "Orders") -> Cut | None:
    """The cut as the orders have it by now."""
    cut: Cut | None = None
    while (order := orders.wait(0)) is not None:
        cut = obey(order, programme, window) or cut
    return cut


def wait_for_leave(programme: Film | Still, window: ProgrammeWindow, orders: "Orders", cut: Cut) -> Cut:
    """Wait for the parent to say when; one that is busy for too long does not keep the screen dark."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        told = obey(orders.wait(until), programme, window)
        if told is not None and told.at > min(cut.at, time.monotonic()):
            return told
        cut = told or cut
    return cut


def play(programme: Film | Still, window: ProgrammeWindow, orders: "Orders", ordered: Cut | None) -> NoReturn:
    """Wait for the cut, be shown, fall silent at the end, wait to be told to leave."""
    cut = wait_for_cut(programme, window, orders, ordered)
    next_report = time.monotonic() + FIRST_REPORT
    while True:
        order = orders.wait(min(cut.end - programme.quiet, next_report))
        cut = obey(order, programme, window) or cut
        now = time.monotonic()
        if now >= cut.end - programme.quiet:
            break
        if now >= next_report:
            next_report += PROGRESS_EVERY
            tell(programme.progress())
            programme.mend_sound()
    programme.fade_out()
    time.sleep(max(0.0, cut.end - time.monotonic()))
    programme.fall_silent()
    tell(programme.progress())
    while True:
        obey(orders.wait(None), programme, window)


def wait_for_cut(programme: Film | Still, window: ProgrammeWindow, orders: "Orders", cut: Cut | None) -> Cut:
    """Start the programme as much ahead of the cut as it needs, and raise it at the cut."""
    cut = wait_until_near(programme, window, orders, cut, AROUND)
    window.look_around()
    cut = wait_until_near(programme, window, orders, cut, SPIN)
    wait_awake(cut.at - programme.lead)
    began = time.monotonic()
    programme.run()
    if began > cut.at - programme.lead + SPIN:  # too late for the cut as it was ordered
        programme.expect(began + programme.lead, cut.end)
    time.sleep(max(0.0, cut.at - SPIN - time.monotonic()))
    wait_awake(cut.at)
    programme.arrive()
    while time.monotonic() >= cut.end:  # it was not ready before its end: nobody is to see that one picture
        cut = obey(orders.wait(None), programme, window) or cut
    window.raise_()
    tell(Shown(at=time.monotonic()))
    programme.sound()
    window.look_away()
    return cut


def wait_until_near(
    programme: Film | Still, window: ProgrammeWindow, orders: "Orders", cut: Cut | None, seconds: float
) -> Cut:
    """Wait until the programme has to be started in ``seconds``; the cut as it is known then."""
    while cut is None or time.monotonic() < cut.at - programme.lead - seconds:
        until = cut.at - programme.lead - seconds if cut else None
        cut = obey(orders.wait(until), programme, window) or cut
    return cut


def obey(order: "ToChild | None", programme: Film | Still, window: ProgrammeWindow) -> Cut | None:
    """Do what the parent says; a cut is given back."""
    match order:
        case Volume(percent=percent):
            programme.set_volume(percent)
        case Leave():
            silent = programme.hush()
            window.vanish()
            time.sleep(max(0.0, silent - time.monotonic()))
            os._exit(0)
        case Cut():
            programme.expect(order.at, order.end)
            return order
    return None


def wait_awake(until: float) -> None:
    """Come back at ``until`` (monotonic), to within some microseconds."""
    while time.monotonic() < until:
        pass


class Orders:
    """The parent's orders, one a line, waited for until an instant."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending = b""

    def wait(self, until: float | None) -> ToChild | None:
        """The next order, or None when ``until`` (monotonic) has come. Ends the process when the parent is gone."""
        while b"\n" not in self._pending:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._descriptor], [], [], left)[0]:
                return None
            data = os.read(self._descriptor, 65536)
            if not data:
                os._exit(0)
            self._pending += data
        first, _, self._pending = self._pending.partition(b"\n")
        order: ToChild = _ORDERS.decode(first)
        return order


def tell(message: Message) -> None:
    """One line to the parent; a parent that is gone ends this process."""
    try:
        os.write(REPORTS, line(message))
    except OSError:
        os._exit(0)


def fail(cause: str) -> NoReturn:
    """Tell the cause and end. Without libVLC's own clean-up, which may hang on a bad file."""
    tell(Failed(cause=cause[:MOST_WORDS]))
    os._exit(1)


if __name__ == "__main__":
    main()
