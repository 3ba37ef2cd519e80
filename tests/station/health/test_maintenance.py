"""Somebody works on the devices: until when, whatever the clock does; and the word of a command."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from live_room import SETTINGS

from kiosk.cli import main
from kiosk.contract.instants import to_ms
from kiosk.contract.station import StationDocument
from kiosk.station.health.events import MaintenanceSet
from kiosk.station.health.maintenance import FILE, MOST, Maintenance, Work, collect
from kiosk.station.journal import Journal
from kiosk.station.panel import now_file
from kiosk.station.panel.now_file import NowFile
from kiosk.station.schedule.situation import Situation

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def document(until: datetime | None) -> StationDocument:
    until_ms = None if until is None else to_ms(until)
    return StationDocument(
        town="t", station="room-1", group="g", version=1, issued_ms=0, name="R", maintenance_until_ms=until_ms
    )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db", lambda event: None, "boot-1")
    journal.start()
    yield journal
    journal.stop(10)


def test_it_ends_by_itself_or_when_somebody_says_so(journal: Journal) -> None:
    maintenance = Maintenance(journal, NOW, 0)
    assert maintenance.work(None, NOW, 0, True) is None and not maintenance.end()
    assert maintenance.begin(to_ms(NOW + HOUR), NOW, 0) == NOW + HOUR
    assert maintenance.work(None, NOW + HOUR - timedelta(seconds=1), 3599, True) == Work(NOW + HOUR)
    assert maintenance.work(None, NOW + HOUR, 3600, True) is None
    maintenance.begin(to_ms(NOW + HOUR), NOW, 0)
    assert maintenance.end() and maintenance.work(None, NOW, 0, True) is None


def test_clock_that_is_set_makes_it_no_longer(journal: Journal) -> None:
    maintenance = Maintenance(journal, NOW, 100)
    maintenance.begin(to_ms(NOW + HOUR), NOW, 100)
    assert maintenance.work(None, NOW - timedelta(days=900), 3600, False) is not None
    assert maintenance.work(None, NOW - timedelta(days=900), 3700, False) is None
    maintenance.begin(to_ms(NOW + HOUR), NOW, 0)
    assert maintenance.work(None, NOW + 2 * HOUR, 1, True) is None


def test_restart_keeps_it_and_makes_it_no_longer(journal: Journal) -> None:
    Maintenance(journal, NOW, 0).begin(to_ms(NOW + HOUR), NOW, 0)
    again = Maintenance(journal, NOW + HOUR / 2, 7)
    assert again.work(None, NOW + HOUR / 2, 8, True) == Work(NOW + HOUR)
    wrong = NOW - timedelta(days=900)
    again = Maintenance(journal, wrong, 7)
    assert again.work(None, wrong, 3600, False) is not None
    assert again.work(None, wrong, 3608, False) is None
    assert Maintenance(journal, NOW, 0).work(None, NOW, 1, True) is None, "it is over for good"


def test_more_than_a_week_begins_anew(journal: Journal) -> None:
    maintenance = Maintenance(journal, NOW, 0)
    assert maintenance.begin(to_ms(NOW + 5 * MOST), NOW, 0) == NOW + MOST
    assert maintenance.begin(to_ms(NOW), NOW, 0) is None


def test_towns_word_counts_while_the_clock_can_be_trusted(journal: Journal) -> None:
    maintenance = Maintenance(journal, NOW, 0)
    told = document(NOW + 2 * HOUR)
    assert maintenance.work(told, NOW, 0, True) == Work(NOW + 2 * HOUR, by_town=True)
    assert maintenance.work(told, NOW, 0, False) is None
    assert maintenance.work(told, NOW + 2 * HOUR, 0, True) is None
    maintenance.begin(to_ms(NOW + HOUR), NOW, 0)
    assert maintenance.work(told, NOW, 0, True) == Work(NOW + 2 * HOUR)
    maintenance.end()
    assert maintenance.work(told, NOW, 0, True) == Work(NOW + 2 * HOUR, by_town=True)


def test_command_leaves_its_word_once(tmp_path: Path) -> None:
    settings, state = tmp_path / "config.toml", tmp_path / "state"
    state.mkdir()
    settings.write_text(SETTINGS.format(state=state, runtime=tmp_path / "run", display=":9"))

    def say(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["maintenance", "--config", str(settings), "--by", "Li Na", *arguments])
        return done.exit_code, done.output

    now = datetime.now(UTC)
    (tmp_path / "run").mkdir()
    told = NowFile(
        ahead_ms=30 * 86_400_000, clock="trusted", group="", playlist_version=0, situation=Situation(), screen=True,
        on_screen=None, examination=None,
    )  # fmt: skip
    now_file.write(tmp_path / "run", told)
    code, output = say("--until", f"{now + timedelta(days=31):%Y-%m-%d %H:%M}")
    assert code == 0, "by the station's clock, not by the PC's"
    assert collect(state) is not None
    now_file.remove(tmp_path / "run")
    code, output = say("--until", f"{now + timedelta(minutes=90):%H:%M}")
    assert code == 0 and "No fault is reported until" in output
    assert (state / FILE).stat().st_mode & 0o777 == 0o600
    word = collect(state)
    assert word is not None and word.by == "Li Na" and word.until_ms is not None
    assert collect(state) is None
    assert say("--over") == (0, "Faults are reported again, as soon as the station has taken this up.\n")
    assert collect(state) == MaintenanceSet("Li Na", None)
    for arguments, said in (
        ((), "--until and a time, or --over"),
        (("--until", "16:30", "--over"), "--until and a time, or --over"),
        (("--until", "half past four"), "is no time; write it like this"),
        (("--until", "2020-01-01 10:00"), "coming 7 days"),
        (("--until", f"{now + timedelta(days=30):%Y-%m-%d %H:%M}"), "coming 7 days"),
    ):
        code, output = say(*arguments)
        assert code and said in output
    assert collect(state) is None
    (state / FILE).write_text(json.dumps({"by": 7}))
    assert collect(state) is None and not (state / FILE).exists()
