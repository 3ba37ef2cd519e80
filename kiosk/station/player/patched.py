"""A file that libVLC reads with a few bytes replaced; the file itself stays as it is."""

import ctypes
import os
from typing import Any

import vlc

_callbacks = vlc.CallbackDecorators


class PatchedFile:
    """What libVLC reads of a file, with ``patch`` in place of its bytes from ``at`` on. Keep it while it is played."""

    def __init__(self, file: str, at: int, patch: bytes) -> None:
        """Raises OSError."""
        self._descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._descriptor).st_size
        self._at, self._patch = at, patch
        self._place = 0
        self._reads = (  # libVLC holds no reference
            _callbacks.MediaOpenCb(self._open),
            _callbacks.MediaReadCb(self._read),
            _callbacks.MediaSeekCb(self._seek),
            _callbacks.MediaCloseCb(lambda _: None),
        )

    def media(self, instance: Any) -> "vlc.Media":
        """As libVLC opens it."""
        return instance.media_new_callbacks(*self._reads, None)

    # --- called in threads of libVLC ---

    def _open(self, _opaque: object, data: Any, size: Any) -> int:
        data[0], size[0] = None, self._size
        self._place = 0
        return 0

    def _read(self, _opaque: object, into: Any, most: int) -> int:
        found = os.pread(self._descriptor, most, self._place)
        first, last = max(self._at, self._place), min(self._at + len(self._patch), self._place + len(found))
        if first < last:
            patch = self._patch[first - self._at : last - self._at]
            found = found[: first - self._place] + patch + found[last - self._place :]
        ctypes.memmove(into, found, len(found))
        self._place += len(found)
        return len(found)

    def _seek(self, _opaque: object, place: int) -> int:
        self._place = place
        return 0
