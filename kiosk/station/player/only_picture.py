"""The one picture of a film, which stands while its sound goes on: drawn before the cut, by a player of its own.

A decoder may keep it back until its stream has ended, which is when the sound has ended; so the file is run through
as fast as libVLC can.
"""

import time
from typing import Any

import vlc

from kiosk.station.player.source import set_outputs
from kiosk.station.player.window import ProgrammeWindow
from kiosk.station.projector.messages import Cue

FASTEST = 31.0
"""How many times as fast libVLC can play."""
WITHIN = 15.0
"""Seconds that it may take: enough for seven minutes of sound."""
DRAWN_WITHIN = 0.3
"""Seconds within which it is drawn, once its stream has ended."""


class OnlyPicture:
    """It stays in the window from :meth:`draw` on, for as long as this is kept."""

    def __init__(self, instance: Any, cue: Cue, window: ProgrammeWindow) -> None:
        media = instance.media_new_path(cue.file)
        for option in (":no-audio", ":play-and-pause", ":demux=avformat,any", ":no-avcodec-hurry-up"):
            media.add_option(option)
        self._player = instance.media_player_new()
        self._player.set_media(media)
        self._player.set_xwindow(window.id)
        set_outputs(self._player, cue)

    def draw(self) -> None:
        """Draw it; returns when it is there, or cannot be had in time."""
        self._player.set_rate(FASTEST)
        self._player.play()
        deadline = time.monotonic() + WITHIN
        while self._player.get_state() != vlc.State.Paused and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(DRAWN_WITHIN)
