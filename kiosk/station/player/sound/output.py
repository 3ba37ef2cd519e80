"""The sound of a film: through our own loudspeaker, to the sample; or through one of libVLC's outputs.

Through ours, what libVLC decodes comes here with the instant at which each block is to be heard (libVLC's clock is
CLOCK_MONOTONIC). The head is learnt at the trial start, before the cut, and lies ready: libVLC itself decodes it only
when time runs, for some formats later than the loudspeaker needs it.
"""

import ctypes
import math
import time
from pathlib import Path
from typing import Any

import vlc

from kiosk.station.player.sound.buffer import SoundBuffer
from kiosk.station.player.sound.envelope import Envelope
from kiosk.station.player.sound.pcm import FRAME, RATE
from kiosk.station.player.sound.preroll import Preroll
from kiosk.station.player.sound.pulse import Speaker
from kiosk.station.player.vlc_log import Log
from kiosk.station.projector.messages import Cue

MARGIN = 0.0015
"""Seconds before its end by which a programme is silent: two streams may tell the time a little differently."""
FADE, FADE_STEPS = 0.016, 8
QUIET = FADE + 0.006
"""Seconds before its end from which on libVLC's own output fades: volume comes late there."""
MEND_EVERY = 3.0
"""Seconds between attempts to be heard again, after libVLC's own output lost its device."""
_callbacks = vlc.CallbackDecorators


def loudness(cue: Cue, volume: int) -> float:
    """The factor for each sample: ``volume`` in percent, cubic as people hear, on top of the evening-out gain."""
    return float((volume / 100) ** 3 * 10 ** (cue.gain_db / 20))


class OwnSound:
    """By libVLC's audio callbacks to :class:`Speaker`."""

    output = ""
    """What libVLC is told to play through."""
    quiet = 0.0
    """Seconds before its end at which :meth:`fade_out` has to be called."""

    def __init__(self, player: Any, cue: Cue) -> None:
        """Before the player plays."""
        self._cue = cue
        self._reel = SoundBuffer()
        self._envelope = Envelope(loudness(cue, cue.volume))
        self._speaker = Speaker(self._reel, self._envelope)
        self._started = False
        self._heads = Preroll()
        self._head_after = 0.0
        """By how much the head is to be heard after the cut, in seconds."""
        self._delay = 0.0
        """By how much libVLC has sound before its picture, in seconds."""
        self._matched = 0
        """Bytes of the trial that have come again since time runs."""
        self._runs = False
        self._hears = (  # libVLC holds no reference
            _callbacks.AudioPlayCb(self._play),
            _callbacks.AudioPauseCb(lambda *_: None),
            _callbacks.AudioResumeCb(lambda *_: None),
            _callbacks.AudioFlushCb(lambda *_: None),
            _callbacks.AudioDrainCb(lambda *_: None),
        )
        player.audio_set_callbacks(*self._hears, None)
        player.audio_set_format("S16N", RATE, 2)

    # --- before the cut ---

    def try_start(self) -> None:
        """A trial begins: the head is about to be decoded again."""
        self._heads.try_again()

    def learn(self, began: float, lead: float | None) -> float:
        """The trial that began at ``began`` is over: gives by how much sound comes after a start.

        ``lead`` is the time from a start to the cut; None where there is no picture: then it is what sound needs.
        """
        after = self._heads.learn(began)
        self._head_after = 0.0 if lead is None else after - lead
        if lead is not None and _begins_together(self._cue.file):
            self._delay, self._head_after = -self._head_after, 0.0
        return after

    def expect(self, at: float, end: float) -> None:
        """The cut will be at ``at``, and the programme's end at ``end``; may be said again with other instants."""
        self._envelope.opens, self._envelope.closes = at, end - MARGIN
        if self._heads.heard and not self._runs:
            with self._speaker.turns:
                self._reel.clear()
                self._reel.put(at + self._head_after, self._heads.heard)

    def run(self) -> None:
        """Time runs from now: what is decoded is meant."""
        self._runs = True

    def _play(self, _data: object, samples: int, count: int, pts: int) -> None:
        """In a thread of libVLC's: ``count`` frames to be heard at ``pts`` (microseconds)."""
        frames, at = ctypes.string_at(samples, count * FRAME), pts / 1e6 + self._delay
        if not self._started:
            self._started = True
            self._speaker.start()
        if self._runs:
            self._take(at, frames)
        else:
            self._heads.take(at, frames)

    def _take(self, at: float, frames: bytes) -> None:
        """Lay down what comes behind the head; what of the trial comes again lies there already."""
        trial = self._heads.trial
        if self._matched < len(trial):
            known = trial[self._matched : self._matched + len(frames)]
            if frames.startswith(known):
                self._matched += len(known)
                at, frames = at + len(known) / FRAME / RATE, frames[len(known) :]
            else:  # decoded otherwise than at the trial: by its own time, then
                self._matched = len(trial)
        if frames:
            with self._speaker.turns:
                self._reel.put(at, frames)

    # --- on air ---

    def rise(self) -> None:
        """It is heard by itself when its time has come."""

    def fade_out(self) -> None:
        """It falls silent by itself at its end."""

    def hush(self) -> float:
        """Fade out now; gives the instant from which on nothing is heard (monotonic)."""
        return self._speaker.hush()

    def set_volume(self, percent: int) -> None:
        """In percent."""
        self._envelope.use_gain(loudness(self._cue, percent))

    def mend(self) -> None:
        """The loudspeaker finds its server again by itself."""


def _begins_together(file: str) -> bool:
    """Whether it is an AVI file. They have no time stamps: sound and picture begin together, yet libVLC shows pictures
    that were coded out of their order one too late (libVLC 3.0.24)."""
    with Path(file).open("rb") as opened:
        head = opened.read(12)
    return head[:4] == b"RIFF" and head[8:] == b"AVI "


class LibvlcSound:
    """By one of libVLC's own outputs: where there is no PulseAudio. Volume is its own, cubic too."""

    quiet = QUIET

    def __init__(self, player: Any, cue: Cue, output: str, log: Log) -> None:
        """Before the player plays. ``output`` is libVLC's module."""
        self.output = output
        self._player, self._cue, self._log = player, cue, log
        self._volume = cue.volume
        self._mended_at = 0.0
        player.audio_set_mute(True)

    def try_start(self) -> None:
        """Nothing is learnt of a trial."""

    def learn(self, _began: float, _lead: float | None) -> float:
        """What is decoded is not seen here."""
        return 0.0

    def expect(self, at: float, end: float) -> None:
        """It is told when to sound."""

    def run(self) -> None:
        """Still mute."""

    def rise(self) -> None:
        """Be heard, from silence up. Blocks for :data:`FADE`."""
        self._log.listen()
        self._player.audio_set_volume(0)
        self._player.audio_set_mute(False)
        self._fade(0, self._percent())

    def fade_out(self) -> None:
        """Be heard no more. Blocks for :data:`FADE`."""
        self._fade(self._percent(), 0)
        self._player.audio_set_mute(True)

    def hush(self) -> float:
        """As :meth:`fade_out`; it is over when this returns."""
        self.fade_out()
        return time.monotonic()

    def set_volume(self, percent: int) -> None:
        """In percent."""
        self._volume = percent
        self._player.audio_set_volume(self._percent())

    def mend(self) -> None:
        """Open the output anew if libVLC has lost it, which it never does itself; the picture goes on."""
        now = time.monotonic()
        track = self._player.audio_get_track()
        if not self._log.sound_lost or track < 0 or now - self._mended_at < MEND_EVERY:
            return
        self._log.sound_lost, self._mended_at = False, now
        self._player.audio_set_track(-1)
        self._player.audio_output_set(self.output)  # adds "none" by itself
        self._player.audio_set_track(track)
        self._player.audio_set_volume(self._percent())

    def _percent(self) -> int:
        """What libVLC calls the volume."""
        return round(100 * math.cbrt(loudness(self._cue, self._volume)))

    def _fade(self, first: int, last: int) -> None:
        for step in range(1, FADE_STEPS + 1):
            self._player.audio_set_volume(first + (last - first) * step // FADE_STEPS)
            time.sleep(FADE / FADE_STEPS)
