"""D6 at the town: `kiosk town stations` and `faults` say what is so of each room, by the town's own clock and zone."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from contract.signing import report

from kiosk.contract.records import Fault, Play
from kiosk.contract.reports import Heartbeat
from kiosk.contract.wire import encode
from kiosk.town.commands.town import town
from kiosk.town.database import schema
from kiosk.town.database.store import now_ms
from kiosk.town.intake import intake
from kiosk.town.stations import registry
from kiosk.town.town import Town, found_town

MINUTE = 60_000
SHANGHAI = ZoneInfo("Asia/Shanghai")
UNPLUGGED = {
    "cause": "screen-unplugged", "device": "screen", "text": "屏幕没接\nThe screen is off.", "remedy": "查\nLook.",
}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Town]:
    office = found_town(tmp_path / "town", "丰乐镇", town="fengle", by="li")
    registry.add_station(office, "room-1", "all", "一号", None, by="li")
    week = {"version": 3, "group_id": "all", "title": "第3周", "by": "li", "sha256": "0" * 64, "at_ms": 1}
    with office.store.write() as connection:
        connection.execute(schema.town.update().values(version=3))
        connection.execute(schema.publication.insert().values(week))
    yield office
    office.close()


@pytest.fixture
def kiosk(tmp_path: Path, office: Town) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(town, ["--folder", str(tmp_path / "town"), "--by", "li", *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def heard(office: Town, minutes_ago: float = 0, **more: Any) -> None:
    values = {
        "station": "room-1", "epoch": "epoch-1", "sent_ms": 1, "nonce": "n", "boot_id": "b", "up_ms": 1,
        "software": "1", "clock": "trusted", "playlist_version": 3, "screen": "up", "sound": "device",
    }  # fmt: skip
    intake.keep_heartbeat(office.store, Heartbeat(**values | more), now_ms() - round(minutes_ago * MINUTE))


def room(kiosk: Callable[..., str], *options: str) -> str:
    zone, line = kiosk("stations", *options).splitlines()
    assert zone == "Times: Asia/Shanghai"
    return line


def test_d6_room_that_is_not_heard_is_never_ready(office: Town, kiosk: Callable[..., str]) -> None:
    assert room(kiosk).endswith("never heard")
    heard(office)
    assert ", week 3, clock trusted, ready" in room(kiosk)
    heard(office, minutes_ago=11)
    said = room(kiosk)
    assert "silent for 11 minutes, heard " in said and "said then: week 3" in said and "ready" not in said
    assert "ready" in room(kiosk, "--silent-minutes", "12"), "the limit is the officer's"
    heard(office, minutes_ago=60 * 5, programmes_missing=2, bytes_missing=10, bytes_per_s=5, ready_ms=now_ms())
    said = room(kiosk)
    assert "silent for 5 hours" in said and "2 files" in said and "ready" not in said
    [row] = json.loads(kiosk("stations", "--json"))
    assert row["silent"] and not row["ready"] and row["silent_for_ms"] // MINUTE == 300


@pytest.mark.parametrize(
    ("beat", "said"),
    [
        ({"screen": "none"}, "no screen: its X server does not answer"),
        ({"screen": "denied"}, "no screen: its X server does not let the kiosk in"),
        ({"screen": None}, "screen not known, programmes all there"),
        ({"stopped": True, "stopped_until_ms": 0}, "stopped until somebody presses Start"),
        ({"stopped": True}, "stopped, "),
        ({"stopped": True, "programmes_missing": 1, "ready_ms": 1}, "all there about 1970-01-01"),
        ({"screen": "none", "programmes_missing": 1}, "all there at a time not known yet"),
        ({"playlist_version": 0}, "no week"),
    ],
)
def test_d6_room_that_would_not_play_is_not_ready(
    office: Town, kiosk: Callable[..., str], beat: dict[str, object], said: str
) -> None:
    heard(office, **beat)
    line = room(kiosk)
    assert said in line and "ready" not in line.replace("not ready: week 3 is published", "")
    assert json.loads(kiosk("stations", "--json"))[0]["ready"] is False


def test_d6_stop_and_sound_are_told_in_the_towns_zone(office: Town, kiosk: Callable[..., str]) -> None:
    until = datetime(2026, 3, 5, 14, tzinfo=SHANGHAI)
    heard(office, stopped=True, stopped_until_ms=int(until.timestamp() * 1000), sound="none")
    assert "stopped until 2026-03-05 14:00:00, no sound" in room(kiosk)
    heard(office, sound="null")
    assert "sound that nobody hears: no loudspeaker, or the PC is muted, otherwise ready" in room(kiosk)


def test_d6_faults_are_listed_with_since_when_and_remedy(office: Town, kiosk: Callable[..., str]) -> None:
    assert kiosk("faults") == "none\n" and kiosk("faults", "--json") == "[]\n"
    found = int(datetime(2026, 3, 5, 9, tzinfo=SHANGHAI).timestamp() * 1000)
    raised = Fault(id="f1", fault="f", found_ms=found, **UNPLUGGED)  # type: ignore[arg-type]
    intake.receive(office.store, report(encode(raised)), now_ms() - 5 * MINUTE)
    heard(office, open_faults=("screen-unplugged",))
    assert "1 open faults: kiosk town faults room-1" in room(kiosk)
    assert kiosk("faults", "room-1").splitlines() == [
        "Times: Asia/Shanghai",
        "room-1  since 2026-03-05 09:00:00  screen  screen-unplugged  屏幕没接 / The screen is off.",
        "    查 / Look.",
    ]
    [row] = json.loads(kiosk("faults", "--json"))
    assert (row["cause"], row["found_ms"], row["cleared_ms"], row["told"]) == ("screen-unplugged", found, None, True)
    heard(office)
    assert "the station does not report it any more" in kiosk("faults")
    over = Fault(id="f2", fault="f", found_ms=found, cleared_ms=found + MINUTE, state="cleared", **UNPLUGGED)  # type: ignore[arg-type]
    one = report(encode(raised)).entries[0].hash
    intake.receive(office.store, report(encode(over), first=2, previous=one), now_ms())
    assert kiosk("faults") == "none\n" and "open faults" not in room(kiosk)
    assert "since 2026-03-05 09:00:00 until 2026-03-05 09:01:00" in kiosk("faults", "--all")
    assert json.loads(kiosk("faults", "--all", "--json"))[0]["cleared_ms"] == found + MINUTE


def test_d6_unknown_station_has_no_faults_but_an_error(tmp_path: Path, office: Town) -> None:
    done = CliRunner().invoke(town, ["--folder", str(tmp_path / "town"), "faults", "room-9"])
    assert done.exit_code == 1 and "station room-9 is not known" in done.stderr


def test_d6_plays_say_what_was_not_heard(office: Town, kiosk: Callable[..., str]) -> None:
    def play(name: str, **more: object) -> bytes:
        start_ms = ord(name) * 10_000
        values = {
            "id": name, "playlist_version": 1, "programme": "rice", "title": name, "sha256": "0" * 64,
            "origin": "slot", "planned_start_ms": 1, "planned_end_ms": 2,
            "actual_start_ms": start_ms, "actual_end_ms": start_ms + 2000,
            "played_ms": 2000, "outcome": "completed", "clock": "trusted", "boot_id": "b", "started_monotonic_ms": 1,
        }  # fmt: skip
        return encode(Play(**values | more))  # type: ignore[arg-type]

    rice = {
        "id": "rice", "sha256": "0" * 64, "title": "", "category": "", "source": "", "duration_ms": 1, "size": 1,
        "short": False, "version": 3,
    }  # fmt: skip
    with office.store.write() as connection:
        connection.execute(schema.programme.insert().values(rice))
    rows = play("a", sound="none"), play("b", sound="null"), play("c", sound="device"), play("d", muted=True), play("e")
    intake.receive(office.store, report(*rows), now_ms())
    ends = [line[-4:].strip() if line[-1] != ")" else line[line.index("(") :] for line in kiosk("plays").splitlines()]
    assert ends[1:] == ["(no sound)", "(nobody could hear it)", "c", "(muted)", "e"]
    assert [row["sound"] for row in json.loads(kiosk("plays", "--json"))] == ["none", "null", "device", None, None]
