"""Programmes that libVLC plays: made ready out of sight on their first picture, run to the millisecond."""

import itertools
import statistics
import time
from collections.abc import Callable

import vlc

from kiosk.station.projector.failure import Failure
from kiosk.station.projector.log import Log
from kiosk.station.projector.messages import Cue, Kind, Progress
from kiosk.station.projector.still import paint_title
from kiosk.station.projector.window import ProgrammeWindow

READY_WITHIN = 20.0
"""Seconds in which a programme must show its first picture, out of sight, or fail."""
SOUND_ALONE_AFTER = 1.0
"""Seconds of running without a picture track after which a programme has sound only."""
FLOWS_WITHIN = 1.5
"""Seconds within which a second picture follows the first, unless there is only one."""
SETUP_DRAWS = 0.012
"""Draws that follow each other faster than this, in seconds, are libVLC setting up its window, not pictures."""
FLOW = 6
"""Pictures in a row after which they are said to flow."""
SOUGHT_WITHIN = 0.3
"""Seconds that the picture at a new position may take."""
DRAWN_WITHIN = 2.0
"""Seconds that the second picture may take."""
SOUND_WITHIN = 2.0
"""Seconds that sound may come later than pictures."""
SHORT_OF_END_MS = 400
TRIES = 3
"""Starts that are tried at most: the second may differ from the first, as the first had nothing before it."""
SETTLE = 0.03
"""Seconds after which no more draws follow the picture at a new position."""
EARLY = 0.006
"""Seconds before the cut by which a first picture is aimed that is not drawn until time runs."""
FADE = 0.016
"""Seconds in which sound comes and goes at a cut: a wave that is broken off clicks."""
FADE_STEPS = 8
MEND_EVERY = 3.0
"""Seconds between attempts to be heard again, after the sound server or its device went away."""
LATE_AT_MOST = 0.1
"""Seconds that a first picture may be late at the cut before the cut is made without it."""
_SOUND_OUTPUTS = {"pulse": "pulse", "alsa": "alsa", "none": "dummy"}
CACHING_MS = 60
ENDED = (vlc.State.Ended, vlc.State.Stopped)


class Film:
    """libVLC with one file."""

    def __init__(self, cue: Cue, window: ProgrammeWindow) -> None:
        self._cue, self._window = cue, window
        self.kind: Kind = "film"
        self.lead = 0.0
        """Seconds before the cut at which :meth:`run` has to be called, so that the second picture is in time."""
        self._mended_at = 0.0
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
        self._stats = vlc.MediaStats()
        self._stands = True
        """Does the head's picture stand in the window, out of sight?"""
        self._before: tuple[int, int] | None = None
        """Pictures drawn and lost before the cut."""
        self._volume = cue.volume

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
        self._player.audio_set_mute(True)
        self._window.forget_pictures()
        self._player.play()
        pictures = self._until_pictures_flow()
        if self._cue.position_ms == 0:
            self._until_sound_flows()
        self._log.ignore()
        self._pause()
        if self.kind == "sound":
            paint_title(self._cue, self._window)
            self._player.set_time(self._cue.position_ms)
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
        if drawn:
            first = self._window.look()
            changed = self._try_start(lambda: self._window.look() != first)
            self._stands = changed == 0 or changed > 0.75 * period  # what changes sooner was not the head
            self.lead = max(0.0, changed - period) if self._stands else changed + EARLY
        else:
            self._stands = False
            self.lead = self._try_start(lambda: True) + EARLY

    def _try_start(self, is_it: Callable[[], bool]) -> float:
        """Run for a moment: seconds until something is drawn and ``is_it``; 0 for never."""
        began = time.monotonic()
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
            if drawn is not None:
                if run and drawn - run[-1] < SETUP_DRAWS:
                    run.clear()
                run.append(drawn)
                if len(run) >= (FLOW if self._cue.position_ms == 0 else 2) and self._counts()[0]:
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

    def _until_sound_flows(self) -> None:
        """Wait for PulseAudio's word that it has begun to play our samples.

        A stream that is paused before it was ever started is late by the length of the pause when it goes on, and stays
        so until libVLC notices and leaves out what it missed: a second of silence after the cut (libVLC 3.0.24).
        """
        deadline = time.monotonic() + SOUND_WITHIN
        left = self._player.get_length() - SHORT_OF_END_MS
        while (
            self._cue.sound == "pulse"
            and not (self._log.sound_started or self._log.sound_lost)
            and self._player.audio_get_track_count() > 0
            and time.monotonic() < deadline
            and (left <= 0 or self._player.get_time() < left)
        ):
            time.sleep(0.01)

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

    def run(self) -> None:
        """Let time run, still mute."""
        self._window.forget_pictures()
        self._player.set_pause(0)

    def arrive(self) -> None:
        """At the cut: a head that is a little late is waited for, or the picture in its place would be seen."""
        if not self._stands:
            self._window.next_picture(LATE_AT_MOST)

    def sound(self) -> None:
        """Be heard, from silence up. Blocks for :data:`FADE`."""
        self._log.listen()
        self._player.audio_set_volume(0)
        self._player.audio_set_mute(False)
        self._fade(0, self._loudness())

    def fade_out(self) -> None:
        """Be heard no more. Blocks for :data:`FADE`."""
        self._fade(self._loudness(), 0)
        self._player.audio_set_mute(True)

    def fall_silent(self) -> None:
        """Stand still without a sound; the last picture stays."""
        self._player.audio_set_mute(True)
        self._player.set_pause(1)

    def set_volume(self, percent: int) -> None:
        """In percent, cubic as libVLC's own, on top of the gain that evens loudness out."""
        self._volume = percent
        self._player.audio_set_volume(self._loudness())

    def mend_sound(self) -> None:
        """Open the sound output anew if libVLC has lost it, which it never does itself; the picture goes on."""
        now = time.monotonic()
        track = self._player.audio_get_track()
        if not self._log.sound_lost or track < 0 or now - self._mended_at < MEND_EVERY:
            return
        self._log.sound_lost, self._mended_at = False, now
        self._player.audio_set_track(-1)
        self._player.audio_output_set(_SOUND_OUTPUTS[self._cue.sound])  # adds "none" by itself
        self._player.audio_set_track(track)
        self._player.audio_set_volume(self._loudness())

    def _loudness(self) -> int:
        """What libVLC calls the volume, in percent."""
        return round(self._volume * 10 ** (self._cue.gain_db / 60))

    def _fade(self, first: int, last: int) -> None:
        for step in range(1, FADE_STEPS + 1):
            self._player.audio_set_volume(first + (last - first) * step // FADE_STEPS)
            time.sleep(FADE / FADE_STEPS)

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
    options += ["--no-lua", "--no-xlib", "--no-sub-autodetect-file", "--deinterlace=-1"]
    options.append(f"--aout={_SOUND_OUTPUTS[cue.sound]},none")  # no other one: it might be loud, or take the device
    if cue.video_output:
        options.append(f"--vout={cue.video_output}")
    if not cue.hardware_decoding:
        options.append("--avcodec-hw=none")
    return options


def _media_options(cue: Cue) -> list[str]:
    options = [f":file-caching={CACHING_MS}", ":play-and-pause"]
    if cue.position_ms:
        options.append(f":start-time={cue.position_ms / 1000:.3f}")
    else:
        # libVLC's own demultiplexers leave out the last 0.25 s of an MP4's sound, and run up to a second ahead of an
        # MPEG stream, where they lose its sound's start. But they alone find any position, as a join needs.
        options.append(":demux=avformat,any")
    return [*options, *(f":sub-file={file}" for file in cue.subtitles[:1])]
