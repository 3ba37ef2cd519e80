"""The child process of one programme: prepares it out of sight, shows it at the instant of the cut.

Orders of the daemon come on standard input, reports go out on standard output (``projector.messages``). The child ends
when it is told to leave, when the daemon is gone, or when the file cannot be played. libVLC may crash or hang on a bad
file: the daemon notices, and only this process is lost.
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
from kiosk.station.player.reach import programme_reach
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
    Progress,
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
"""Seconds that one thread may hold Python: sound is decoded while the main thread waits for the cut."""
LATE_UNASKED = 0.05
"""Seconds by which a cut may be late and still be made without asking the daemon for another instant."""
ANSWER_WITHIN = 1.0
"""Seconds that the daemon has to answer when a picture that is late, or joins, may come."""
SPIN = 0.002
"""Seconds before an instant in which it is waited for without sleep: the kernel wakes a sleeper a little late."""
FIND_BEFORE = 0.05
"""Seconds before its start at which a programme finds out which one it follows."""
REPORTS = 3
"""File descriptor that the daemon reads."""
_ORDERS = msgspec.json.Decoder(ToChild)


def main() -> NoReturn:
    """Play the programme that the first line of standard input names. The argument is the child's own folder."""
    die_with_parent()
    sys.setswitchinterval(SWITCH)
    os.dup2(1, REPORTS)
    os.dup2(2, 1)  # what libVLC's plug-ins print must not reach the daemon
    orders = Orders(sys.stdin.fileno())
    cue = orders.wait(None)
    if not isinstance(cue, Cue):
        os._exit(2)
    unconfined = confine(programme_reach(Path(sys.argv[1]), cue))
    try:
        still = is_still(cue.file)
        window = ProgrammeWindow(connect(cue.display), cue.width, cue.height)
        programme = Still(cue, window) if still else Film(cue, window)
        programme.make_ready()
        window.keep_picture()
        cut = cut_so_far(programme, window, orders)
        waits = cut is not None and (cue.position_ms > 0 or time.monotonic() > cut.at + LATE_UNASKED)
        report(Ready(kind=programme.kind, video_output=programme.video_output, unconfined=unconfined, waits=waits))
        if cut is not None and waits:
            cut = wait_for_leave(programme, window, orders, cut)
        play(programme, window, orders, cut)
    except HUNG_UP:
        os._exit(SCREEN_GONE)
    except Failure as error:
        fail(str(error))
    except Exception as error:
        fail(f"the player failed: {type(error).__name__}: {error}")


def cut_so_far(programme: Film | Still, window: ProgrammeWindow, orders: "Orders") -> Cut | None:
    """Carry out the orders that have come; returns the newest cut."""
    cut: Cut | None = None
    while (order := orders.wait(0)) is not None:
        cut = carry_out(order, programme, window) or cut
    return cut


def wait_for_leave(programme: Film | Still, window: ProgrammeWindow, orders: "Orders", cut: Cut) -> Cut:
    """Wait for the daemon to say when; after a second without an answer the cut stands as it was ordered."""
    until = time.monotonic() + ANSWER_WITHIN
    while time.monotonic() < until:
        told = carry_out(orders.wait(until), programme, window)
        if told is not None and told.at > min(cut.at, time.monotonic()):
            return told
        cut = told or cut
    return cut


def play(programme: Film | Still, window: ProgrammeWindow, orders: "Orders", ordered: Cut | None) -> NoReturn:
    """Wait for the cut, show the programme, stop it at its end, wait for the order to leave."""
    cut = wait_for_cut(programme, window, orders, ordered)
    next_report = time.monotonic() + FIRST_REPORT
    while True:
        order = orders.wait(min(cut.end - programme.sound.quiet, next_report, programme.turns_at))
        cut = carry_out(order, programme, window) or cut
        now = time.monotonic()
        if now >= cut.end - programme.sound.quiet:
            break
        if now >= programme.turns_at:
            programme.turn()
        if now >= next_report:
            next_report += PROGRESS_EVERY
            report(_progress(programme))
            programme.sound.mend()
    programme.sound.fade_out()
    time.sleep(max(0.0, cut.end - time.monotonic()))
    programme.stand_still()
    report(_progress(programme))
    while True:
        carry_out(orders.wait(None), programme, window)


def _progress(programme: Film | Still) -> Progress:
    return msgspec.structs.replace(programme.progress(), sound=programme.sound.taken())


def wait_for_cut(programme: Film | Still, window: ProgrammeWindow, orders: "Orders", cut: Cut | None) -> Cut:
    """Start the programme before the cut by its lead, and raise its window at the cut."""
    cut = wait_until_near(programme, window, orders, cut, FIND_BEFORE)
    window.find_programme_on_screen()
    cut = wait_until_near(programme, window, orders, cut, SPIN)
    wait_awake(cut.at - programme.lead)
    began = time.monotonic()
    programme.run()
    if began > cut.at - programme.lead + SPIN:  # too late for the cut as it was ordered
        programme.sound.expect(began + programme.lead, cut.end)
    time.sleep(max(0.0, cut.at - SPIN - time.monotonic()))
    cut = cut_so_far(programme, window, orders) or cut  # Stop may have been pressed since it was started
    wait_awake(cut.at)
    programme.wait_for_head()
    while time.monotonic() >= cut.end:  # ready only after its end: not a single picture is to be seen
        cut = carry_out(orders.wait(None), programme, window) or cut
    window.raise_()
    report(Shown(at=time.monotonic()))
    programme.sound.rise()
    window.stop_watching()
    return cut


def wait_until_near(
    programme: Film | Still, window: ProgrammeWindow, orders: "Orders", cut: Cut | None, seconds: float
) -> Cut:
    """Wait until ``seconds`` before the programme has to be started; returns the newest cut."""
    while cut is None or time.monotonic() < cut.at - programme.lead - seconds:
        until = cut.at - programme.lead - seconds if cut else None
        cut = carry_out(orders.wait(until), programme, window) or cut
    return cut


def carry_out(order: "ToChild | None", programme: Film | Still, window: ProgrammeWindow) -> Cut | None:
    """Carry out an order of the daemon; returns it if it is a cut."""
    match order:
        case Volume(percent=percent):
            programme.sound.set_volume(percent)
        case Leave():
            silent = programme.sound.hush()
            window.vanish()
            time.sleep(max(0.0, silent - time.monotonic()))
            os._exit(0)
        case Cut():
            programme.sound.expect(order.at, order.end)
            return order
    return None


def wait_awake(until: float) -> None:
    """Return at ``until`` (monotonic), within some microseconds."""
    while time.monotonic() < until:
        pass


class Orders:
    """Reads the daemon's orders, one a line."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending = b""

    def wait(self, until: float | None) -> ToChild | None:
        """The next order, or None at ``until`` (monotonic). Ends the process when the daemon is gone."""
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


def report(message: Message) -> None:
    """Send one line to the daemon. Ends the process when the daemon is gone."""
    try:
        os.write(REPORTS, line(message))
    except OSError:
        os._exit(0)


def fail(cause: str) -> NoReturn:
    """Report the cause and end, without libVLC's own clean-up, which may hang on a bad file."""
    report(Failed(cause=cause[:MOST_WORDS]))
    os._exit(1)


if __name__ == "__main__":
    main()
