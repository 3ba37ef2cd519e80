"""C5, C8: what speaks against a room's plays, and what it was refused, as the officer reads it."""

import json

from click.testing import CliRunner
from contract.signing import report
from intake.test_intake import NOW, play

from kiosk.contract.reports import Heartbeat
from kiosk.town.commands.town import town
from kiosk.town.intake import intake
from kiosk.town.intake.complaints import complain
from kiosk.town.stations import registry


def kiosk(office, *arguments, fails=False):
    done = CliRunner().invoke(town, ["--folder", str(office.folder), "--by", "li", *arguments])
    assert (done.exit_code != 0) == fails, done.output
    return done.stderr if fails else done.stdout


def test_doubts_and_refusals_are_shown_to_the_officer(office):
    registry.add_station(office, "room-1", "all", "", None, by="test")
    assert kiosk(office, "doubts") == "none\n"
    lie = play("p1", title="\x1b[2J水稻", actual_end_ms=NOW + 2001 + 3_600_000, played_ms=3_602_000)
    intake.receive(office.store, report(lie, play("p2")), NOW)
    beat = Heartbeat(
        station="room-1", epoch="e", sent_ms=1, nonce="n", boot_id="b", up_ms=1, software="1", clock="trusted"
    )
    intake.keep_heartbeat(office.store, beat, NOW)
    with office.store.write() as connection:
        complain(connection, "room-1", "unsigned", "report: not signed", 3, NOW)
    zone, *told = kiosk(office, "doubts", "room-1").splitlines()
    assert zone == "Times: Asia/Shanghai"
    assert [line.partition("play ")[2].partition(" ")[0] for line in told] == ["p1:"] * 3 + ["p2:"] * 2
    assert "it ends 3602 s after it was reported" in told[0] and "it overlaps play p2 by 2.0 s" in told[1]
    assert "this town has not published its file" in told[2] and "\x1b" not in "".join(told)
    assert {row["cause"] for row in json.loads(kiosk(office, "doubts", "--json"))} == {
        *("future", "overlap", "unpublished")
    }
    assert "room-2 is not known" in kiosk(office, "doubts", "room-2", fails=True)
    shown = kiosk(office, "plays").splitlines()
    assert shown[2].endswith("(doubtful: overlap unpublished)")
    [row] = json.loads(kiosk(office, "stations", "--json"))
    assert (row["doubts"], row["complaints"][0]["times"]) == (5, 3)
    line = kiosk(office, "stations")
    assert "5 doubts about its plays: kiosk town doubts room-1; refused 3 times, last 20" in line
    assert ": report: not signed" in line
