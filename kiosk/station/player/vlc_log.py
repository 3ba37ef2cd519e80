"""Reads from libVLC's log what its interface does not tell: the video output, the begin of play, the loss of sound."""

import ctypes
from typing import Any

import vlc

_vsnprintf = ctypes.CDLL(None).vsnprintf
_READ, _DECODED = b"Stream buffering done", b"Decoder wait done"
"""Lines of libVLC 3, one after the other, at each position from which it is to play."""


class Log:
    """Listens to the log of a libVLC instance; called in threads of libVLC."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._callback = vlc.CallbackDecorators.LogCb(self._read_line)  # libVLC holds no reference
        self.video_output = ""
        """Name of the module in use."""
        self.begins = False
        """Whether it has decoded the first pictures and sounds of its position; False again where it goes elsewhere."""
        self.sound_lost = False
        """Whether sound has failed to reach its device. Set back by whoever mends that."""

    def listen(self) -> None:
        """Begin to read the log."""
        self._instance.log_set(self._callback, None)

    def ignore(self) -> None:
        """Stop reading the log: near a cut, a thread of libVLC must not wait for Python."""
        self._instance.log_unset()

    def _read_line(self, _data: object, level: int, context: Any, text: bytes, values: Any) -> None:
        if level == vlc.LogLevel.ERROR.value:
            self.sound_lost |= _source_file(context).startswith(b"audio_output/")
        elif text.startswith((_READ, _DECODED)):
            self.begins = text.startswith(_DECODED)
        elif text.startswith(b"using %s module"):
            line = ctypes.create_string_buffer(200)
            _vsnprintf(line, len(line), text, ctypes.cast(values, ctypes.c_void_p))
            said = line.value.decode(errors="replace").split()
            if said[1:2] == ["vout"] and said[2:3] == ["display"]:
                self.video_output = said[-1].strip('"')


def _source_file(context: Any) -> bytes:
    """The file of libVLC's source that wrote a line; python-vlc's own function for it accepts no NULL."""
    module, file, number = ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_uint()
    vlc.dll.libvlc_log_get_context(context, ctypes.byref(module), ctypes.byref(file), ctypes.byref(number))
    return file.value or b""
