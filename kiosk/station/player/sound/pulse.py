"""A stream to PulseAudio that knows when each sample will sound.

libVLC's own output plays blocks as they come, some 30 ms after their picture, and changes the volume late. Here a
thread of our own writes a stream that never pauses, silence included, and asks the server before every chunk when that
will sound (``pa_simple`` of libpulse 16).
"""

import contextlib
import ctypes
import threading
import time

from kiosk.station.player.sound.buffer import SoundBuffer
from kiosk.station.player.sound.envelope import Envelope
from kiosk.station.player.sound.pcm import FADE, FRAME, RATE

LATENCY_S = 0.15
"""Seconds of sound that are written ahead. More would be heard for longer after Stop, less would break off on a busy
PC."""
CHUNK = RATE // 50
SETTLED_AFTER = 15
"""Chunks after which the server's answers are exact, as its buffer is full by then."""
QUICK_S = 0.002
"""Seconds; an answer that took longer is not exact."""
TRUST = 0.05
"""The share of its difference by which an answer corrects the computed instant."""
MOVED_S, MOVED_TIMES = 0.005, 3
"""After so many answers in a row that differ by so much they are believed: the stream has stood still, or the device is
another one."""
RETRY_S = 1.0
SAMPLE_S16LE, PLAYBACK, UNSAID = 3, 1, 0xFFFFFFFF
"""As PulseAudio's headers have them."""


class _Spec(ctypes.Structure):
    _fields_ = (("format", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8))


class _Buffer(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize"))


class Lost(Exception):
    """There is no sound server, or it has gone away."""


class Speaker:
    """Writes a buffer, shaped by an envelope, to PulseAudio; connects again when the server has gone."""

    def __init__(self, buffer: SoundBuffer, envelope: Envelope) -> None:
        self._buffer, self._envelope = buffer, envelope
        self.lock = threading.Lock()
        """Held by whoever uses the buffer."""
        self._written_until = 0.0
        self.connected = False
        """Whether a sound server takes the stream."""
        self.playing = False
        """Whether the sound server takes what is written."""

    def start(self) -> None:
        """Start the thread, which ends with the process."""
        threading.Thread(target=self._run, name="speaker", daemon=True).start()

    def hush(self) -> float:
        """Fade out as soon as possible. Returns the instant (monotonic) from which on it is silent."""
        now = time.monotonic()
        if not self.playing or self._envelope.silent:
            return now
        self._envelope.closes = 0.0
        return max(now, self._written_until) + CHUNK / RATE + FADE

    def _run(self) -> None:
        while True:
            with contextlib.suppress(Exception):  # whatever it is: nothing is heard, it is said so, and tried again
                self._play()
            self.playing = self.connected = False
            time.sleep(RETRY_S)

    def _play(self) -> None:
        stream = _Stream()
        self.connected = True
        self._envelope.silence()
        at, chunks, off = 0.0, 0, 0
        while True:
            answered = stream.sounds_next()
            if chunks < SETTLED_AFTER:
                at = answered or at
                stream.write(bytes(CHUNK * FRAME))
            else:
                if answered is not None:
                    off = off + 1 if abs(answered - at) > MOVED_S else 0
                    at = answered if off >= MOVED_TIMES else at + (0.0 if off else (answered - at) * TRUST)
                with self.lock:
                    frames = self._buffer.read(at, CHUNK)
                stream.write(self._envelope.shape(frames, at))
                self.playing = True
            at += CHUNK / RATE
            self._written_until = at
            chunks += 1


class _Stream:
    """One connection. Raises :class:`Lost`, or OSError where libpulse is not installed."""

    def __init__(self) -> None:
        pulse = self._pulse = ctypes.CDLL("libpulse-simple.so.0")
        pulse.pa_simple_new.restype = ctypes.c_void_p
        pulse.pa_simple_get_latency.restype = ctypes.c_uint64
        spec = _Spec(SAMPLE_S16LE, RATE, 2)
        buffer = _Buffer(UNSAID, round(LATENCY_S * RATE) * FRAME, UNSAID, CHUNK * FRAME, UNSAID)
        about = ctypes.byref(spec), None, ctypes.byref(buffer), None
        self._stream = ctypes.c_void_p(pulse.pa_simple_new(None, b"kiosk", PLAYBACK, None, b"programme", *about))
        if not self._stream:
            raise Lost("no sound server")

    def __del__(self) -> None:
        if self._stream:
            self._pulse.pa_simple_free(self._stream)

    def sounds_next(self) -> float | None:
        """When the next chunk will sound (monotonic); None where the answer came too late to be exact."""
        error = ctypes.c_int()
        asked = time.monotonic()
        latency = self._pulse.pa_simple_get_latency(self._stream, ctypes.byref(error))
        took = time.monotonic() - asked
        if error.value:
            raise Lost("the sound server has gone away")
        return None if took > QUICK_S else asked + took / 2 + latency / 1e6

    def write(self, frames: bytes) -> None:
        """Blocks until the server has room for it."""
        if self._pulse.pa_simple_write(self._stream, frames, ctypes.c_size_t(len(frames)), None) < 0:
            raise Lost("the sound server has gone away")

    def drain(self) -> None:
        """Blocks until all that was written has sounded."""
        if self._pulse.pa_simple_drain(self._stream, None) < 0:
            raise Lost("the sound server has gone away")
