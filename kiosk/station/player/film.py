"""Programmes that libVLC plays: prepared out of sight, shown from their first picture on, to the millisecond."""

import itertools
import math
import statistics
import time

import vlc

from kiosk.station.player.only_picture import OnlyPicture
from kiosk.station.player.sound.output import LibvlcSound, OwnSound
from kiosk.station.player.sound.silence import Silence
from kiosk.station.player.source import LIBVLC_OUTPUTS, Source, set_outputs, vlc_options, wait_until_playing
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
"""Seconds after which libVLC is assumed to find no position in the file."""
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
WORTH_A_TRIAL = 0.5
"""Seconds; a start that takes longer is not tried once more."""
ONE_MORE = 0.1
"""Seconds that a trial start runs on at most until one more picture has come."""
DRAWN_AGAIN = 0.07
"""Seconds within which a paused libVLC draws its picture again."""
SETTLE = 0.03
"""Seconds after which no more draws follow the picture at a new position."""
EARLY = 0.006
"""Seconds before the cut by which a first picture is aimed that is not drawn until time runs."""
LATE_AT_MOST = 0.1
"""Seconds that a first picture may be late at the cut before the cut is made without it."""
ENDED = (vlc.State.Ended, vlc.State.Stopped)


class Film:
    """One file, played by libVLC."""

    turns_at = math.inf

    def __init__(self, cue: Cue, window: ProgrammeWindow) -> None:
        self._cue, self._window = cue, window
        self.kind: Kind = "film"
        self.lead = 0.0
        """Seconds before the cut at which :meth:`run` has to be called, so that the second picture is in time."""
        self._instance = vlc.Instance(vlc_options(cue))
        if self._instance is None:
            raise Failure("libVLC does not start; is vlc-plugin-base installed?")
        self._log = Log(self._instance)
        self._log.listen()
        self._source = Source(self._instance, cue)
        self._media = self._source.media
        self._player = self._instance.media_player_new()
        self._player.set_media(self._media)
        self._picture = OnlyPicture(self._instance, cue, window) if cue.stands else None
        if self._picture is not None:
            self._media.add_option(":no-video")
        self._player.set_xwindow(window.id)
        set_outputs(self._player, cue)
        self.sound: Silence
        if cue.sound == "pulse":
            self.sound = OwnSound(self._player, cue)
        else:
            self.sound = LibvlcSound(self._player, cue, LIBVLC_OUTPUTS[cue.sound], self._log)
        self._stats = vlc.MediaStats()
        self._stands = True
        """Whether the head's picture is in the window, out of sight."""
        self._standing = self._head = b""
        """What is in the window before time runs, and the head as it was seen at the trial start."""
        self._began = 0.0
        """When libVLC began to play its position; 0 before."""
        self._before: tuple[int, int] | None = None
        """Pictures drawn and lost before the cut."""
        self._sample, self._changes = b"", 0
        """The window's picture at the last report, and how often it was another one."""

    @property
    def video_output(self) -> str:
        """libVLC's module in use."""
        return "none" if self.kind == "sound" and self._picture is None else self._log.video_output

    # --- before the cut ---

    def make_ready(self) -> None:
        """Play, unheard and unseen, until pictures flow; return to the head; measure how long a start takes.

        ``:start-paused`` would be simpler, but with it MP4 and MKV never open a video output (libVLC 3.0.24). A start
        takes 10 to 70 ms, by the format, so it is tried, and the real one is made as much earlier. Raises Failure.
        """
        self._window.forget_pictures()
        if self._picture is not None:
            paint_title(self._cue, self._window)  # for the case that the picture cannot be had in time
            self._picture.draw()
            self.kind = "sound"
        self._player.play()
        if self._picture is not None:
            self._make_sound_ready()
            return
        pictures = self._until_pictures_flow()
        self._log.ignore()
        self._pause()
        if self.kind == "sound":
            paint_title(self._cue, self._window)
        if self.kind == "sound" or not (pictures or self._cue.position_ms):
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
                if drawn:
                    self._learn_again(period)
                break

    def _learn_again(self, period: float) -> None:
        """Try a start once more, of which the shorter counts: on a busy PC one may take longer than the real one."""
        if self.lead > WORTH_A_TRIAL:
            return
        stands, lead = self._stands, self.lead
        self._learn_start(True, period)
        if self._stands == stands:
            self.lead = min(lead, self.lead)
        self._return()

    def _make_sound_ready(self) -> None:
        """Sound alone waits at its head. Raises Failure."""
        wait_until_playing(self._player)
        time.sleep(SOUND_ALONE_AFTER)
        self._log.ignore()
        self._pause()
        self._learn_sound()

    def _learn_start(self, drawn: bool, period: float) -> None:
        """Try a start from the head, its picture ``drawn`` or not: sets ``lead``, and whether the picture stays."""
        self.sound.try_start()
        began = time.monotonic()
        if drawn:
            changed, _ = self._try_start(began, DRAWN_WITHIN)
            self._stands = changed == 0 or changed > 0.75 * period  # what changes sooner was not the head
            self.lead = max(0.0, changed - period) if self._stands else changed + EARLY
        else:
            self._stands = False
            changed, first = self._try_start(began, DRAWN_WITHIN + self._cue.picture_start_ms / 1000)
            self.lead = (changed or first) + EARLY
            self._head = self._window.sample() if changed else self._standing
        self.sound.learn(began, self.lead)

    def _learn_sound(self) -> None:
        """Try a start of a programme whose picture stands: sets how long after it the sound comes."""
        self._player.set_time(self._cue.position_ms + self._cue.picture_start_ms)
        if self._cue.position_ms:
            return
        self.sound.try_start()
        began = time.monotonic()
        self._player.set_pause(0)
        time.sleep(SOUND_TRIAL)
        self._pause()
        self.lead = self.sound.learn(began, None)
        self._player.set_time(self._cue.picture_start_ms)

    def _try_start(self, began: float, within: float) -> tuple[float, float]:
        """Run from ``began`` on until another picture than the standing one is drawn, or for ``within`` seconds.

        Returns the seconds until it came, and until anything was drawn, be it the standing one again; 0 for never. One
        more picture may come before it pauses, so that it does not pause at the head, which could not be told then
        from the head that is returned to.
        """
        self._player.set_pause(0)
        took = first = 0.0
        while took == 0.0 and time.monotonic() - began < within:
            drawn = self._window.next_picture(0.1)
            if drawn is not None:
                first = first or drawn - began
                took = drawn - began if self._window.sample() != self._standing else 0.0
        came, deadline = self._window.sample(), time.monotonic() + ONE_MORE
        while took and time.monotonic() < deadline and self._window.sample() == came:
            self._window.next_picture(deadline - time.monotonic())
        self._pause()
        return took, first

    def _until_pictures_flow(self) -> list[float]:
        """Wait for some pictures in a row; returns when each was drawn. Empty where there are not two."""
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
                elif drawn - run[0] > FLOWS_WITHIN:  # the same one again and again: it is counted when the next comes
                    return []
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
        """Whether libVLC has gone to the position where it is to start; before that it may draw pictures of the head.

        Its time is a quarter of a second late; its log says at once that it has decoded the first pictures.
        """
        position = self._cue.position_ms
        if self._log.begins:
            self._began = self._began or time.monotonic()
        if position == 0 or self._began:
            return time.monotonic() >= self._began + self._source.lead_s
        if self._source.lead_s:
            return False
        return 2 * self._player.get_time() >= position or time.monotonic() - began > FOUND_WITHIN

    def _has_sound_only(self) -> bool:
        player = self._player
        return bool(
            player.get_state() == vlc.State.Playing
            and player.audio_get_track_count() > 0
            and player.video_get_track_count() <= 0
        )

    def _return(self) -> bool:
        """Go to the head, paused. Returns whether its picture is drawn: of MPEG streams it is not until time runs.

        A paused libVLC draws the picture that stands again and again, so what is drawn must be another one; and it
        still draws the one that was coming as it was paused.
        """
        self._window.forget_pictures()
        self._window.next_picture(DRAWN_AGAIN)
        before = self._window.sample()
        self._window.forget_pictures()
        self._player.set_time(0)
        deadline, drawn = time.monotonic() + SOUGHT_WITHIN, False
        while (left := deadline - time.monotonic()) > 0 and self._window.next_picture(left) is not None:
            if not drawn and self._window.sample() != before:
                deadline, drawn = time.monotonic() + SETTLE, True
        self._standing = self._window.sample()
        return drawn

    def _pause(self) -> None:
        self._player.set_pause(1)
        deadline = time.monotonic() + DRAWN_WITHIN
        while self._player.get_state() != vlc.State.Paused and time.monotonic() < deadline:
            time.sleep(0.002)

    # --- on air ---

    def run(self) -> None:
        """Let time run, still unseen and unheard."""
        self._window.forget_pictures()
        self.sound.run()
        self._player.set_pause(0)

    def wait_for_head(self) -> None:
        """At the cut: wait for the head's picture where that is a little late, or another one would be seen."""
        stale = not self._stands and self._standing != self._head
        deadline = time.monotonic() + (LATE_AT_MOST if stale else 0.0)
        while time.monotonic() < deadline and self._window.sample() == self._standing:
            self._window.next_picture(deadline - time.monotonic())

    def turn(self) -> None:
        """libVLC turns its pictures."""

    def stand_still(self) -> None:
        """At the end: time stops, the last picture stays."""
        self._player.set_pause(1)

    def progress(self) -> Progress:
        """How far the programme is. Pictures count from the first call on."""
        shown, lost = self._counts()
        before = self._before = self._before or (shown, lost)
        if (sample := self._window.sample()) != self._sample:
            self._sample, self._changes = sample, self._changes + 1
        return Progress(
            at=time.monotonic(),
            media_ms=max(0, self._player.get_time() + (self._cue.position_ms if self._source.lead_s else 0)),
            pictures=max(0, shown - before[0]),
            lost=max(0, lost - before[1]),
            changes=self._changes,
            sounds=self.sound.heard(),
        )

    def _counts(self) -> tuple[int, int]:
        self._media.get_stats(self._stats)
        return self._stats.displayed_pictures, self._stats.lost_pictures
