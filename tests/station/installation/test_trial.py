"""The installer's test of screen and sound, with its real process."""

import os
import signal

import pytest
from PIL import Image
from screen import XServer
from Xlib import X, display

from kiosk.station.installation import trial
from kiosk.station.installation.trial import Trial
from kiosk.station.player.testcard import draw_card

OTHERS = ("0000", "9999", "12345")


def test_number_is_on_the_screen_until_the_trial_is_closed(screen: XServer) -> None:
    first = Trial(screen.name, "zh")
    try:
        shown = first.show()
        assert (shown.screen_trouble, shown.width, shown.height) == ("", 1280, 720)
        assert shown.sound_trouble == "no sound server"
        assert screen.windows() == 1
        assert first.number.isdigit() and len(first.number) == 4 and first.tones in (2, 3, 4)
        connection = display.Display(screen.name)
        shot = connection.screen().root.get_image(0, 0, 1280, 720, X.ZPixmap, 0xFFFFFFFF).data
        connection.close()
        on_screen = Image.frombytes("RGB", (1280, 720), shot, "raw", "BGRX").tobytes()
        read = [n for n in (first.number, *OTHERS) if draw_card(1280, 720, n, "zh").tobytes() == on_screen]
        assert read == [first.number], "it is the number that the installer asks for"
    finally:
        first.close()
    assert screen.windows() == 0


def test_process_that_ends_or_hangs_is_told_and_cleared_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "ANSWER_S", 0.2)
    monkeypatch.setattr(trial, "END_S", 0.2)
    hanging = Trial(":39999", "en")
    os.kill(hanging._process.pid, signal.SIGSTOP)
    assert "does not answer" in hanging.show().screen_trouble
    hanging.close()
    assert hanging._process.returncode == -signal.SIGKILL
    ended = Trial(":39999", "en")
    ended._process.kill()
    ended._process.wait()
    assert "ended" in ended.show().screen_trouble
    ended.close()
