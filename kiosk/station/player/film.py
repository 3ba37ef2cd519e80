"""Programmes that libVLC plays: made ready out of sight on their first picture, run to the millisecond."""

import ctypes
import itertools
import statistics
import time
from collections.abc import Callable

import vlc

from kiosk.station.player.sound.output import LibvlcSound, OwnSound
from kiosk.station.player.still import Failure, paint_title
from kiosk.station.player.vlc_log import Log
from kiosk.station.player.window import ProgrammeWindow
from kiosk.station.projector.messages import Cue, Kind, Progress

READY_WITHIN = 20.0
"""Seconds in which a programme must show its first picture, out of sight, or fail."""
SOUND_ALONE_AFTER = 1.0
"""Seconds of running without a picture track after which a programme has sound only."""
FLOWS_WITHIN = 1.5
"""Seconds within which a second picture follows the first, unless there is only one."""
SETUP_DRAWS = 0.012
"""Draws that follow each other faster than this, in seconds, are libVLC setting up its window, not pictures."""
FOUND_WITHIN = 2.0
"""Seconds after which a file is taken for one in which libVLC finds no position."""
FLOW, JOINED_FLOW = 6, 3
"""Pictures in a row after which they are said to flow, from the head on and where a programme is joined."""
SOUGHT_WITHIN = 0.3
"""Seconds that the picture at a new position may take."""
DRAWN_WITHIN = 2.0
"""Seconds that the second picture may take."""
SOUND_TRIAL = 0.1
"""Seconds that the trial start of a programme without pictures takes."""
TRIES = 3
"""Starts that are tried at most: the second may differ from the first, as the first had nothing before it."""
SETTLE = 0.03
"""Seconds after which no more draws follow the picture at a new position."""
EARLY = 0.006
"""Seconds before the cut by which a first picture is aimed that is not drawn until time runs."""
LATE_AT_MOST = 0.1
"""Seconds that a first picture may be late at the cut before the cut is made without it."""
VLC_VAR_STRING = 0x40
"""As libVLC's headers have it."""
_LIBVLC_OUTPUTS = {"alsa": "alsa", "none": "dummy"}
CACHING_MS = 300
"""What libVLC reads ahead: so much that sound is decoded before the loudspeaker asks for it, in streams too where it
lies far behind its picture; and more than it reads at once of any format, so that it does not begin to play the head
before it goes to the place where a programme is joined."""
ENDED = (vlc.State.Ended, vlc.State.Stopped)


class Film:
    """libVLC with one file."""

    def __init__(self, cue: Cue, window: ProgrammeWindow) -> None:
        self._cue, self._window = cue, window
        self.kind: Kind = "film"
        self.lead = 0.0
        """Seconds before the cut at which :meth:`run` has to be called, so that the second picture is in time."""
        self._instance = vlc.Instance(_vlc_options(cue))
        if self._instance is None:
            raise Failure("libVLC does not start; is vlc-plugin-base installed?")
        self._log = Log(self._instance)
        self._log.listen()
        media = self._instance.media_new_path(cue.file)
        for option in _media_options(cue):
            media.add_option(option)
        self._media = media
        self._player = self._instance.media_player_new()
        self._player.set_media(media)
        self._player.set_xwindow(window.id)
        _ask_for(self._player, cue)
        self._sound: OwnSound | LibvlcSound
        if cue.sound == "pulse":
            self._sound = OwnSound(self._player, cue)
        else:
            self._sound = LibvlcSound(self._player, cue, _LIBVLC_OUTPUTS[cue.sound], self._log)
        self._stats = vlc.MediaStats()
        self._stands = True
        """Does the head's picture stand in the window, out of sight?"""
        self._before: tuple[int, int] | None = None
        """Pictures drawn and lost before the cut."""

    @property
    def video_output(self) -> str:
        """libVLC's module in use."""
        return "none" if self.kind == "sound" else self._log.video_output

    # --- before the cut ---

    def make_ready(self) -> None:
        """Play, mute and unseen, until pictures flow; return to the head; learn how long a start takes.

        ``:start-paused`` would be simpler, but with it MP4 and MKV never open a video output (libVLC 3.0.24). A start
        takes 10 to 70 ms, by the format, so it is tried and the real one is called for as much earlier. Raises Failure.
        """
        self._window.forget_pictures()
        self._player.play()
        pictures = self._until_pictures_flow()
        self._log.ignore()
        self._pause()
        if self.kind == "sound":
            paint_title(self._cue, self._window)
            self._learn_sound()
            return
        gaps = [later - earlier for earlier, later in itertools.pairwise(pictures)]
        period = statistics.median(gaps) if gaps else 0.0
        if self._cue.position_ms:  # joined in progress: what counts is to be there soon, not to the millisecond
            return
        drawn = self._return()
        for _ in range(TRIES if period > 0 else 0):
            self._learn_start(drawn, period)
            before, drawn = drawn, self._return()
            if drawn == before:
                break

    def _learn_start(self, drawn: bool, period: float) -> None:
        """Try a start from the head, whose picture was ``drawn`` or not: does it stand? When does its time begin?"""
        first = self._window.look() if drawn else b""
        self._sound.try_start()
        began = time.monotonic()
        if drawn:
            changed = self._try_start(began, lambda: self._window.look() != first)
            self._stands = changed == 0 or changed > 0.75 * period  # what changes sooner was not the head
            self.lead = max(0.0, changed - period) if self._stands else changed + EARLY
        else:
            self._stands = False
            self.lead = self._try_start(began, lambda: True) + EARLY
        self._sound.learn(began, self.lead)

    def _learn_sound(self) -> None:
        """Try a start of a programme that has no pictures: by how much its sound comes later."""
        self._player.set_time(self._cue.position_ms)
        if self._cue.position_ms:
            return
        self._sound.try_start()
        began = time.monotonic()
        self._player.set_pause(0)
        time.sleep(SOUND_TRIAL)
        self._pause()
        self.lead = self._sound.learn(began, None)
        self._player.set_time(0)

    def _try_start(self, began: float, is_it: Callable[[], bool]) -> float:
        """Run for a moment from ``began`` on: seconds until something is drawn and ``is_it``; 0 for never."""
        self._player.set_pause(0)
        took = 0.0
        while took == 0.0 and time.monotonic() - began < DRAWN_WITHIN:
            drawn = self._window.next_picture(0.1)
            if drawn is not None and is_it():
                took = drawn - began
        self._pause()
        return took

    def _until_pictures_flow(self) -> list[float]:
        """Wait for some pictures that follow each other; when each was drawn. A single picture: nothing."""
        began = time.monotonic()
        run: list[float] = []
        while time.monotonic() - began < READY_WITHIN:
            drawn = self._window.next_picture(0.05)
            state = self._player.get_state()
            if state == vlc.State.Error:
                raise Failure("it cannot be decoded")
            if drawn is not None and not self._is_there(began):
                run.clear()
                continue
            if drawn is not None:
                if run and drawn - run[-1] < SETUP_DRAWS:
                    run.clear()
                run.append(drawn)
                if self._cue.position_ms:
                    if len(run) >= JOINED_FLOW:
                        return run
                elif len(run) >= FLOW and self._counts()[0]:
                    return run
                continue
            if state in ENDED or (state == vlc.State.Paused and not run):  # paused: ``:play-and-pause`` at the end
                raise Failure("it holds neither picture nor sound")
            if state == vlc.State.Paused:
                return []
            if run and self._counts()[0] and time.monotonic() - run[-1] > FLOWS_WITHIN:
                return []
            if not run and self._has_sound_only() and time.monotonic() - began > SOUND_ALONE_AFTER:
                self.kind = "sound"
                return []
        raise Failure(f"no picture within {READY_WITHIN:.0f} s")

    def _is_there(self, began: float) -> bool:
        """Has libVLC gone to where it was told to start? Pictures of the head may be drawn before it has.

        It tells the time a quarter of a second late; its log says at once that it has decoded what it begins with.
        """
        position = self._cue.position_ms
        if position == 0 or self._log.begins:
            return True
        return 2 * self._player.get_time() >= position or time.monotonic() - began > FOUND_WITHIN

    def _has_sound_only(self) -> bool:
        player = self._player
        return bool(
            player.get_state() == vlc.State.Playing
            and player.audio_get_track_count() > 0
            and player.video_get_track_count() <= 0
        )

    def _return(self) -> bool:
        """Go, paused, to the head: is its picture drawn? Of MPEG streams it comes only when time runs again."""
        self._window.forget_pictures()
        self._player.set_time(0)
        wait, drawn = SOUGHT_WITHIN, False
        while self._window.next_picture(wait) is not None:
            wait, drawn = SETTLE, True
        return drawn

    def _pause(self) -> None:
        self._player.set_pause(1)
        deadline = time.monotonic() + DRAWN_WITHIN
        while self._player.get_state() != vlc.State.Paused and time.monotonic() < deadline:
            time.sleep(0.002)

    # --- on air ---

    @property
    def quiet(self) -> float:
        """Seconds before its end at which :meth:`fade_out` has to be called."""
        return self._sound.quiet

    def expect(self, at: float, end: float) -> None:
        """The cut will be at ``at``, the programme's end at ``end`` (monotonic). May be said again."""
        self._sound.expect(at, end)

    def run(self) -> None:
        """Let time run, still unseen and unheard."""
        self._window.forget_pictures()
        self._sound.run()
        self._player.set_pause(0)

    def arrive(self) -> None:
        """At the cut: a head that is a little late is waited for, or the picture in its place would be seen."""
        if not self._stands:
            self._window.next_picture(LATE_AT_MOST)

    def sound(self) -> None:
        """Be heard."""
        self._sound.rise()

    def fade_out(self) -> None:
        """Its end has come nearly: be heard no more."""
        self._sound.fade_out()

    def hush(self) -> float:
        """Be heard no more, before its end; gives the instant at which that is so (monotonic)."""
        return self._sound.hush()

    def fall_silent(self) -> None:
        """Stand still; the last picture stays."""
        self._player.set_pause(1)

    def set_volume(self, percent: int) -> None:
        """In percent, cubic, on top of the gain that evens loudness out."""
        self._sound.set_volume(percent)

    def mend_sound(self) -> None:
        """Be heard again, if the way to the loudspeaker was lost."""
        self._sound.mend()

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


def _vlc_options(cue: Cue) -> list[str]:
    options = ["--quiet", "--no-video-title-show", "--no-osd", "--no-metadata-network-access"]
    options += ["--codec=avcodec,any", "--no-lua", "--no-xlib", "--no-sub-autodetect-file", "--deinterlace=-1"]
    if cue.sound in _LIBVLC_OUTPUTS:  # and no other one: it might be loud, or take the device
        options.append(f"--aout={_LIBVLC_OUTPUTS[cue.sound]},none")
    return options


def _ask_for(player: vlc.MediaPlayer, cue: Cue) -> None:
    """The video output and the decoding that the cue names. To give the player a window takes back what its options
    have said of them, and the public interface has no other way (libVLC 3.0.24)."""
    wanted = {b"vout": cue.video_output, b"avcodec-hw": "" if cue.hardware_decoding else "none"}
    core = ctypes.CDLL("libvlccore.so.9")
    for name, value in wanted.items():
        core.var_SetChecked(player, name, VLC_VAR_STRING, value.encode())


def _media_options(cue: Cue) -> list[str]:
    options = [":play-and-pause", f":file-caching={CACHING_MS}"]
    if cue.position_ms:
        options.append(f":start-time={cue.position_ms / 1000:.3f}")
    else:
        # libVLC's own demultiplexers leave out the last 0.25 s of an MP4's sound, and run up to a second ahead of an
        # MPEG stream, where they lose its sound's start. But they alone find any position, as a join needs.
        options.append(":demux=avformat,any")
    return [*options, *(f":sub-file={file}" for file in cue.subtitles[:1])]
