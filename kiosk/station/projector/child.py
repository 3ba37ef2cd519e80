"""One programme, one process: libVLC in an X window, made ready out of sight and shown when the clock says so.

The parent's orders come in on standard input, reports go out on standard output (``messages``). The child ends when it
is told to leave, when its parent is gone, or when the file cannot be played; a crash or a hang of libVLC is for the
parent to notice and costs nothing but this process.
"""

import ctypes
import itertools
import os
import select
import signal
import sys
import time
from typing import NoReturn

import msgspec
import vlc

from kiosk.station.projector.messages import (
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
from kiosk.station.projector.window import ProgrammeWindow, ScreenGone, connect

READY_WITHIN = 20.0
"""Seconds in which a programme must show its first picture, out of sight, or fail."""
FLOWS_WITHIN = 1.5
"""Seconds within which a second picture follows the first, unless the programme is a still."""
STANDS_LONG = 0.25
"""Seconds between first and second picture that tell a stream whose clock starts early."""
SETUP_DRAWS = 0.015
"""Draws that follow each other faster than this, in seconds, are libVLC setting up its window, not pictures."""
SETTLE_WITHIN = 2.0
SETTLE = 0.05
FIRST_REPORT = 0.3
"""Seconds after the cut by which libVLC has counted what it drew out of sight, time and again while it waited."""
PROGRESS_EVERY = 1.0
REPORTS = 3
"""File descriptor on which the parent reads."""
_PR_SET_PDEATHSIG = 1
_ORDERS = msgspec.json.Decoder(ToChild)


def main() -> NoReturn:
    """Play the programme that the first line of standard input names."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(1, REPORTS)
    os.dup2(2, 1)  # what libVLC's plug-ins print must not reach the parent
    orders = Orders(sys.stdin.fileno())
    cue = orders.wait(None)
    if not isinstance(cue, Cue):
        os._exit(2)
    try:
        connection = connect(cue.display)
        window = ProgrammeWindow(connection, cue.width, cue.height)
        play(cue, window, orders)
    except ScreenGone as error:
        fail(str(error))
    except Exception as error:
        fail(f"{type(error).__name__}: {error}")


def play(cue: Cue, window: ProgrammeWindow, orders: "Orders") -> NoReturn:
    """Make ready, wait for the cut, show, fall silent at the end, wait to be told to leave."""
    programme = Programme(cue, window)
    programme.make_ready()
    window.keep_picture()
    tell(Ready(video_output=programme.video_output))
    cut: Cut | None = None
    shown = silent = False
    next_report = 0.0
    while True:
        due = _next(cut, shown, silent, next_report)
        order = orders.wait(due)
        match order:
            case Cut():
                cut = order
            case Volume(percent=percent):
                programme.set_volume(percent)
            case Leave():
                window.vanish()
                os._exit(0)
        now = time.monotonic()
        if cut is None:
            continue
        if not shown and now >= cut.at:
            window.raise_()
            programme.go()
            shown, next_report = True, now + FIRST_REPORT
            tell(Shown(at=time.monotonic()))
        if shown and not silent and now >= cut.end:
            programme.fall_silent()
            silent = True
            tell(programme.progress())
        if shown and not silent and now >= next_report:
            next_report += PROGRESS_EVERY
            tell(programme.progress())


def _next(cut: Cut | None, shown: bool, silent: bool, next_report: float) -> float | None:
    if cut is None or silent:
        return None
    return min(cut.end, next_report) if shown else cut.at


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


class Programme:
    """libVLC with one file."""

    def __init__(self, cue: Cue, window: ProgrammeWindow) -> None:
        self._cue = cue
        self._instance = vlc.Instance(_vlc_options(cue))
        if self._instance is None:
            fail("libVLC does not start; is vlc-plugin-base installed?")
        self._media = self._instance.media_new_path(cue.file)
        for option in _media_options(cue):
            self._media.add_option(option)
        self._player = self._instance.media_player_new()
        self._player.set_media(self._media)
        self._player.set_xwindow(window.id)
        self._window = window
        self._stats = vlc.MediaStats()
        self._before: tuple[int, int] | None = None
        """Pictures drawn and lost before the cut."""

    def make_ready(self) -> None:
        """Play, mute and unseen, until pictures flow; stop there; return to the wanted position.

        ``:start-paused`` would be simpler, but with it MP4 and MKV never open a video output (libVLC 3.0.24).
        """
        self._player.audio_set_mute(True)
        self._window.forget_pictures()
        self._player.play()
        stood = self._until_pictures_flow()
        self._player.set_pause(1)
        self._settle(vlc.State.Paused)
        # A transport stream's clock starts before its pictures: libVLC shows the first one at once and stands on it
        # until the clock is there, and would do so again after each seek; such a one stays where it is now.
        if stood < STANDS_LONG and not self._cue.position_ms:
            self._player.set_time(0)
            self._window.next_picture(SETTLE_WITHIN)
            time.sleep(SETTLE)

    def _until_pictures_flow(self) -> float:
        """Wait for three pictures in a row; the longest that one of them stood, in seconds. A still: 0."""
        deadline = time.monotonic() + READY_WITHIN
        drawn: list[float] = []
        while time.monotonic() < deadline:
            state = self._player.get_state()
            if state == vlc.State.Error:
                fail("the file cannot be decoded")
            if state == vlc.State.Ended:
                fail("the file holds no picture")
            if state == vlc.State.Paused:  # by ``:play-and-pause``: what libVLC can read of the file is over already
                return 0.0 if drawn else fail("the file holds no picture")
            draw = self._window.next_picture(0.05)
            if draw is None:
                if drawn and time.monotonic() - drawn[-1] > FLOWS_WITHIN and self._counts()[0]:
                    return 0.0
                continue
            drawn = [*drawn[-2:], draw]
            gaps = [later - earlier for earlier, later in itertools.pairwise(drawn)]
            if len(gaps) == 2 and min(gaps) > SETUP_DRAWS and self._counts()[0]:
                return max(gaps)
        return fail(f"no picture within {READY_WITHIN:.0f} s")

    def go(self) -> None:
        """Run, with sound."""
        self._player.set_pause(0)
        self._player.audio_set_mute(False)
        self.set_volume(self._cue.volume)

    def fall_silent(self) -> None:
        """Stand still without a sound; the last picture stays."""
        self._player.audio_set_mute(True)
        self._player.set_pause(1)

    def set_volume(self, percent: int) -> None:
        """In percent of the programme's own level, before the gain that evens loudness out."""
        self._player.audio_set_volume(round(percent * 10 ** (self._cue.gain_db / 60)))

    @property
    def video_output(self) -> str:
        """The libVLC module that was asked for."""
        return self._cue.video_output or "any"

    def progress(self) -> Progress:
        """How far the programme is. Pictures count from the first call on."""
        shown, lost = self._counts()
        before = self._before = self._before or (shown, lost)
        return Progress(
            at=time.monotonic(),
            media_ms=max(0, self._player.get_time()),
            pictures=max(0, shown - before[0]),
            lost=max(0, lost - before[1]),
        )

    def _counts(self) -> tuple[int, int]:
        self._media.get_stats(self._stats)
        return self._stats.displayed_pictures, self._stats.lost_pictures

    def _settle(self, state: vlc.State) -> None:
        deadline = time.monotonic() + 2
        while self._player.get_state() != state and time.monotonic() < deadline:
            time.sleep(0.002)


def _vlc_options(cue: Cue) -> list[str]:
    options = ["--quiet", "--no-video-title-show", "--no-osd", "--no-metadata-network-access"]
    options += ["--no-lua", "--no-xlib", "--no-sub-autodetect-file"]
    options.append("--aout=" + {"pulse": "pulse", "alsa": "alsa", "none": "dummy"}[cue.sound])
    if cue.video_output:
        options.append(f"--vout={cue.video_output}")
    if not cue.hardware_decoding:
        options.append("--avcodec-hw=none")
    return options


def _media_options(cue: Cue) -> list[str]:
    options = [":file-caching=60", ":play-and-pause"]
    if cue.position_ms:
        options.append(f":start-time={cue.position_ms / 1000:.3f}")
    options += [f":sub-file={file}" for file in cue.subtitles[:1]]
    return options


def tell(message: Message) -> None:
    """One line to the parent; a parent that is gone ends this process."""
    try:
        os.write(REPORTS, line(message))
    except OSError:
        os._exit(0)


def fail(cause: str) -> NoReturn:
    """Tell the cause and end. Without libVLC's own clean-up, which may hang on a bad file."""
    tell(Failed(cause=cause))
    os._exit(1)


if __name__ == "__main__":
    main()
