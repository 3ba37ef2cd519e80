"""Where fonts that hold Chinese are installed."""

from pathlib import Path

CHINESE = (
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
)
"""File, and face in it."""


def chinese_font() -> tuple[str, int] | None:
    """The first of :data:`CHINESE` that is there."""
    return next(((path, face) for path, face in CHINESE if Path(path).exists()), None)
