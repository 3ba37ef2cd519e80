"""Titles of programmes, from the names of files. Pure."""

from kiosk.town.programmes import titles


def test_titles_from_file_names():
    for name, title in {
        "03_水稻.mp4": "水稻",
        "《民法典》第3集.mkv": "民法典第3集",
        "2026年工作报告.mp4": "2026年工作报告",
        "农技 [1080p].ts": "农技",
        ".mp4": ".mp4",
    }.items():
        assert titles.from_file_name(name) == title
