"""The messages between the projector and its child processes."""

import json

from kiosk.station.projector.messages import Cue, line


def test_orders_are_one_line_each() -> None:
    text = line(Cue(file="/a\nb", display=":0"))
    assert text.count(b"\n") == 1 and json.loads(text)["file"] == "/a\nb"
