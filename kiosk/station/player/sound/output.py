"""The sound of a film: through PulseAudio by our own stream, exact to the sample; or through an output of libVLC.

For our own stream libVLC hands over each decoded block with the instant at which it is to be heard (libVLC's clock is
CLOCK_MONOTONIC). The head is kept from the trial start, before the cut: libVLC decodes it again only when time runs,
for some formats later than the stream needs it.
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
from kiosk.station.player.sound.silence import Silence, Taken
from kiosk.station.player.vlc_log import Log
from kiosk.station.projector.messages import Cue

MARGIN = 0.0015
"""Seconds before its end by which a programme is silent: the clocks of two streams may differ a little."""
FADE, FADE_STEPS = 0.016, 8
QUIET = FADE + 0.006
"""Seconds before its end at which libVLC's own output begins to fade: it sets a volume late."""
MEND_EVERY = 3.0
"""Seconds between attempts to be heard again, after libVLC's own output lost its device."""
_callbacks = vlc.CallbackDecorators


def loudness(cue: Cue, volume: int) -> float:
    """The factor for each sample: ``volume`` in percent, cubic as people hear, on top of the evening-out gain."""
    return float((volume / 100) ** 3 * 10 ** (cue.gain_db / 20))


class OwnSound(Silence):
    """Sound through libVLC's audio callbacks and :class:`Speaker`, which fades and finds its server by itself."""

    def __init__(self, player: Any, cue: Cue) -> None:
        """Before the player plays."""
        self._cue = cue
        self._buffer = SoundBuffer()
        self._envelope = Envelope(loudness(cue, cue.volume))
        self._speaker = Speaker(self._buffer, self._envelope)
        self._started = False
        self._preroll = Preroll()
        self._head_after = 0.0
        """How long after the cut the head is to be heard, in seconds."""
        self._delay = 0.0
        """How long before its picture libVLC has sound, in seconds."""
        self._matched = 0
        """Bytes of the trial start that have been decoded again since time runs."""
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
        self._preroll.try_again()

    def learn(self, began: float, lead: float | None) -> float:
        after = self._preroll.learn(began)
        self._head_after = 0.0 if lead is None else after - lead
        if lead is not None and _begins_together(self._cue.file):
            self._delay, self._head_after = -self._head_after, 0.0
        return after

    def expect(self, at: float, end: float) -> None:
        self._envelope.opens, self._envelope.closes = at, end - MARGIN
        if self._preroll.heard and not self._runs:
            with self._speaker.lock:
                self._buffer.clear()
                self._buffer.put(at + self._head_after, self._preroll.heard)

    def run(self) -> None:
        self._runs = True

    def _play(self, _data: object, samples: int, count: int, pts: int) -> None:
        """Called in a thread of libVLC: ``count`` frames to be heard at ``pts`` (microseconds)."""
        frames, at = ctypes.string_at(samples, count * FRAME), pts / 1e6 + self._delay
        if not self._started:
            self._started = True
            self._speaker.start()
        if self._runs:
            self._lay_down(at, frames)
        else:
            self._preroll.add(at, frames)

    def _lay_down(self, at: float, frames: bytes) -> None:
        """Put frames into the buffer; those that the trial start has put there already are skipped."""
        trial = self._preroll.trial
        if self._matched < len(trial):
            known = trial[self._matched : self._matched + len(frames)]
            if frames.startswith(known):
                self._matched += len(known)
                at, frames = at + len(known) / FRAME / RATE, frames[len(known) :]
            else:  # decoded otherwise than at the trial start: keep its own time
                self._matched = len(trial)
        if frames:
            with self._speaker.lock:
                self._buffer.put(at, frames)

    # --- on air ---

    def hush(self) -> float:
        return self._speaker.hush()

    def heard(self) -> int | None:
        return self._buffer.heard if self._speaker.playing else None

    def set_volume(self, percent: int) -> None:
        self._envelope.gain = loudness(self._cue, percent)

    def taken(self) -> Taken | None:
        if not self._started:
            return None
        return "taken" if self._speaker.connected else "none"


def _begins_together(file: str) -> bool:
    """Whether it is an AVI file, which has no time stamps: sound and picture begin together, but libVLC shows pictures
    that were coded out of order one too late (libVLC 3.0.24)."""
    with Path(file).open("rb") as opened:
        head = opened.read(12)
    return head[:4] == b"RIFF" and head[8:] == b"AVI "


class LibvlcSound(Silence):
    """Sound through an output of libVLC, for a PC without PulseAudio. Its volume is cubic too."""

    quiet = QUIET

    def __init__(self, player: Any, cue: Cue, output: str, log: Log) -> None:
        """Before the player plays. ``output`` is libVLC's module."""
        self.output = output
        self._player, self._cue, self._log = player, cue, log
        self._volume = cue.volume
        self._mended_at = 0.0
        player.audio_set_mute(True)

    def rise(self) -> None:
        """Fade in. Blocks for :data:`FADE`."""
        self._log.listen()
        self._player.audio_set_volume(0)
        self._player.audio_set_mute(False)
        self._fade(0, self._percent())

    def fade_out(self) -> None:
        """Fade out. Blocks for :data:`FADE`."""
        self._fade(self._percent(), 0)
        self._player.audio_set_mute(True)

    def hush(self) -> float:
        self.fade_out()
        return time.monotonic()

    def set_volume(self, percent: int) -> None:
        self._volume = percent
        self._player.audio_set_volume(self._percent())

    def taken(self) -> Taken | None:
        if self.output == "dummy":
            return "none"
        if self._player.audio_get_track() < 0:
            return None
        just_mended = self._mended_at > 0 and time.monotonic() - self._mended_at < MEND_EVERY  # not known to hold
        return "none" if self._log.sound_lost or just_mended else "taken"

    def mend(self) -> None:
        """Open the output again if it was lost, which libVLC never does by itself; the picture goes on."""
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
        """The volume in libVLC's own percent."""
        return round(100 * math.cbrt(loudness(self._cue, self._volume)))

    def _fade(self, first: int, last: int) -> None:
        for step in range(1, FADE_STEPS + 1):
            self._player.audio_set_volume(first + (last - first) * step // FADE_STEPS)
            time.sleep(FADE / FADE_STEPS)
