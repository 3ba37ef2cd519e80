"""What libVLC tells nobody but its log: which video output it chose, that it begins to play, that sound was lost."""

import ctypes
from typing import Any

import vlc

_vsnprintf = ctypes.CDLL(None).vsnprintf
_READ, _DECODED = b"Stream buffering done", b"Decoder wait done"
"""As libVLC 3 says them, one after the other, at each place from which it is to play."""


class Log:
    """An ear at the log of a libVLC instance. libVLC speaks to it in threads of its own, only while it listens."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self._callback = vlc.CallbackDecorators.LogCb(self._hear)  # libVLC holds no reference
        self.video_output = ""
        """Name of the module in use."""
        self.begins = False
        """Has it decoded the first pictures and sounds of where it is? To go elsewhere takes it back."""
        self.sound_lost = False
        """Did sound not reach its device? To be set back by whoever does something about it."""

    def listen(self) -> None:
        """From now on."""
        self._instance.log_set(self._callback, None)

    def ignore(self) -> None:
        """No more: near a cut, a thread of libVLC that speaks must not wait for Python."""
        self._instance.log_unset()

    def _hear(self, _data: object, level: int, context: Any, text: bytes, values: Any) -> None:
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
    """The file of libVLC's source that a line comes from; python-vlc's own function for it takes no NULL."""
    module, file, number = ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_uint()
    vlc.dll.libvlc_log_get_context(context, ctypes.byref(module), ctypes.byref(file), ctypes.byref(number))
    return file.value or b""
