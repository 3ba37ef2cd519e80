"""The media that libVLC plays for a cue, and the options of libVLC that the cue needs."""

import ctypes
import re
import time
from pathlib import Path
from typing import Any

import vlc

from kiosk.station.player.patched import PatchedFile
from kiosk.station.player.still import Failure
from kiosk.station.player.transport import LEAD_S, decoded_when_shown, is_transport_stream, lead_in
from kiosk.station.projector.messages import Cue

LIBVLC_OUTPUTS = {"alsa": "alsa", "none": "dummy"}
OPENED_WITHIN = 20.0
"""Seconds that libVLC may take to open a file."""
CACHING_MS = 300
"""What libVLC reads ahead: so much that sound is decoded before the loudspeaker asks for it, in streams too where it
lies far behind its picture; and more than it reads at once of any format, so that it does not begin to play the head
before it goes to the place where a programme is joined."""
VLC_VAR_STRING = 0x40
"""As libVLC's headers have it."""
TRACKS_WITHIN = 1 << 20
_SUBTITLES = re.compile(rb"S_(TEXT|HDMV|VOBSUB|DVBSUB|KATE|ASS|SSA)")


class Source:
    """The file; of a transport stream that is joined, the part from the key picture before the position on."""

    def __init__(self, instance: Any, cue: Cue) -> None:
        """Raises OSError."""
        self.lead_s = 0.0
        """Seconds that libVLC plays before it is at the position."""
        options = [":play-and-pause", f":file-caching={CACHING_MS}", *(f":sub-file={one}" for one in cue.subtitles[:1])]
        if cue.audio_track:
            options.append(f":audio-track={cue.audio_track}")
        if cue.slides:
            options.append(":avcodec-threads=1")  # each thread more keeps one picture back
        streams = is_transport_stream(cue.file)
        whole = bool(cue.subtitles)  # they are read by the file's own time
        part = lead_in(cue.file, cue.position_ms) if streams and cue.position_ms and not whole else None
        patch = decoded_when_shown(cue.file) if streams and not cue.position_ms else None
        if part is not None:
            self.lead_s = LEAD_S
            self.media = instance.media_new_fd(part.open())
            options.append(":no-avcodec-hurry-up")  # it would leave out what is late, up to the next key picture
        elif patch is not None:
            self._patched = PatchedFile(cue.file, *patch)
            self.media = self._patched.media(instance)
        else:
            self.media = instance.media_new_path(cue.file)
        if cue.position_ms and part is None:
            options.append(start_time(cue))
        elif streams or not _has_subtitles(cue.file):
            # libVLC's own demultiplexers leave out the last 0.25 s of an MP4's sound, and run up to a second ahead of
            # an MPEG stream, where they lose its sound's start. But they alone find any position, as a join needs, and
            # start in time where subtitles have nothing for long.
            options.append(":demux=avformat,any")
        for option in options:
            self.media.add_option(option)


def start_time(cue: Cue) -> str:
    """The option that begins at the cue's position."""
    return f":start-time={(cue.position_ms + cue.picture_start_ms) / 1000:.3f}"


def vlc_options(cue: Cue) -> list[str]:
    """Options of the libVLC instance."""
    options = ["--quiet", "--no-video-title-show", "--no-osd", "--no-metadata-network-access"]
    options += ["--codec=avcodec,any", "--no-lua", "--no-xlib", "--no-sub-autodetect-file", "--deinterlace=-1"]
    if cue.sound in LIBVLC_OUTPUTS:  # no other one: it might be loud, or hold the device
        options.append(f"--aout={LIBVLC_OUTPUTS[cue.sound]},none")
    return options


def set_outputs(player: Any, cue: Cue) -> None:
    """Set the video output and the decoding of the cue: ``set_xwindow`` has reset the options for both, and the public
    interface has no other way (libVLC 3.0.24)."""
    wanted = {b"vout": cue.video_output, b"avcodec-hw": "" if cue.hardware_decoding else "none"}
    core = ctypes.CDLL("libvlccore.so.9")
    for name, value in wanted.items():
        core.var_SetChecked(player, name, VLC_VAR_STRING, value.encode())


def wait_until_playing(player: Any) -> None:
    """Raises Failure."""
    deadline = time.monotonic() + OPENED_WITHIN
    while (state := player.get_state()) not in (vlc.State.Playing, vlc.State.Paused):
        if state == vlc.State.Error or time.monotonic() > deadline:
            raise Failure("it cannot be decoded")
        time.sleep(0.01)


def _has_subtitles(file: str) -> bool:
    """Whether a Matroska file holds a track of subtitles, by the names of its codings."""
    with Path(file).open("rb") as opened:
        head = opened.read(TRACKS_WITHIN)
    return head.startswith(b"\x1a\x45\xdf\xa3") and _SUBTITLES.search(head) is not None
