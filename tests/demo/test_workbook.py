"""The demo's week, made of the officer's workbook."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.demo.workbook import week_of_workbook
from kiosk.town.publishing.source import SourceError, WeekSource, read_source
from kiosk.town.town import Town, found_town

EXAMPLE = Path(__file__).parents[2] / "playlists"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = found_town(tmp_path / "town", "示例镇", by="test")
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The example with its workbooks, and a short clip in the place of each programme."""
    folder = tmp_path / "playlists"
    folder.mkdir()
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=25", "-t", "0.4", "-pix_fmt", "yuv420p")
    subprocess.run(["ffmpeg", "-v", "error", *picture, str(folder / "clip.mp4")], check=True)
    week = json.loads((EXAMPLE / "week.json").read_text())
    for programme in week["programmes"]:
        programme["file"] = "clip.mp4"
    (folder / "week.json").write_text(json.dumps(week))
    for book in (*EXAMPLE.glob("*.xls*"), *EXAMPLE.glob("*.csv")):
        shutil.copy(book, folder)
    return folder


def test_fullest_week_of_the_workbook_comes_with_its_programmes(town: Town, folder: Path, tmp_path: Path) -> None:
    path = week_of_workbook(town, folder / "month-plan.xlsx", tmp_path / "week")
    week = read_source(path, WeekSource)
    assert [(slot.date, slot.start, len(slot.programmes)) for slot in week.slots] == [
        ("2026-12-07", "09:00:00", 5),
        ("2026-12-09", "19:30:00", 2),
        ("2026-12-12", "10:00:00", 2),
    ]
    assert {item.programme for item in week.recommended} == {"shuidao", "jiankang"}
    assert all((path.parent / one.file).is_file() for one in week.programmes)


def test_title_without_a_programme_is_named_with_its_row(town: Town, folder: Path, tmp_path: Path) -> None:
    (folder / "other.csv").write_bytes("2026年12月计划\n日期,时间,片名\n12月7日,9:00,《无人见过》\n".encode("gbk"))
    with pytest.raises(SourceError, match="row 3: 《无人见过》"):
        week_of_workbook(town, folder / "other.csv", tmp_path / "week")
    (folder / "other.csv").write_bytes("2026年12月计划\n日期,时间,片名\n12月77日,9:00,《无人见过》\n".encode("gbk"))
    with pytest.raises(SourceError, match="77"):
        week_of_workbook(town, folder / "other.csv", tmp_path / "week")
