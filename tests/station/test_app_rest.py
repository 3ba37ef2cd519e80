"""The whole daemon in a room that is closed: black, until a programme is due or somebody works on the PC."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from fakes_town import TownOnTheLine, eventually
from live_room import LiveRoom, now, whole
from PIL import Image
from screen import RED, Sampler, XServer, children_of
from Xlib import X, display

from kiosk.cli import main
from kiosk.station import status_file
from kiosk.station.events import Wake
from kiosk.town.ledger import queries
from kiosk.town.stations import registry


@pytest.fixture
def room(screen: XServer, sampler: Sampler, clips: Callable[[str], Path], tmp_path: Path) -> Iterator[LiveRoom]:
    town = TownOnTheLine(tmp_path / "town")
    room = LiveRoom(town, screen, clips, tmp_path)
    yield room
    room.close()
    town.close()
    assert not children_of(os.getpid())


def colours(screen: XServer) -> int:
    """How many colours are on the screen; 0: it is black."""
    connection = display.Display(screen.name)
    shot = connection.screen().root.get_image(0, 0, 1280, 720, X.ZPixmap, 0xFFFFFFFF)
    connection.close()
    seen = Image.frombytes("RGB", (1280, 720), shot.data, "raw", "BGRX")
    return len(seen.getcolors(1 << 20) or ()) if seen.getbbox() else 0


def test_closed_room_is_black_but_for_programmes_and_those_who_work_on_it(
    room: LiveRoom, screen: XServer, sampler: Sampler, tmp_path: Path
) -> None:
    def status() -> str:
        file = tmp_path / "run" / status_file.NAME
        return file.read_text() if file.exists() else ""

    hours = {"time_zone": "UTC", "days": [{"date": "2020-01-01", "hours": [{"start": "08:00:00", "end": "09:00:00"}]}]}
    source = tmp_path / "room.json"
    source.write_text(json.dumps({"opening": hours, "screen_power": {"lead_ms": 1000}}))
    registry.set_document(room.town.office, room.name, source, by="test")
    room.publish(names=("red.mp4",))
    room.begin()
    eventually(lambda: "on air: nothing, the room is closed" in status())
    eventually(lambda: colours(screen) == 0)
    word = (
        "maintenance",
        "--config",
        str(room.settings),
        "--by",
        "Li Na",
        "--until",
        f"{now() + timedelta(hours=1):%H:%M}",
    )
    done = CliRunner().invoke(main, word)
    assert done.exit_code == 0, done.output
    eventually(lambda: colours(screen) > 10 and "maintenance until" in status())
    room.post(Wake("sync"))
    eventually(lambda: next(queries.stations(room.town.office.store))["maintenance_until_ms"])
    assert CliRunner().invoke(main, [*word[:-2], "--over"]).exit_code == 0
    eventually(lambda: colours(screen) == 0)
    assert room.actions("maintenance", "maintenance-over") == ["maintenance", "maintenance-over"]
    begin = whole(now() + timedelta(seconds=3))
    room.publish((begin, 60, "red"), names=("red.mp4",))
    room.post(Wake("sync"))
    sampler.wait_for(RED)
