"""The occasions (活动类型) that stand in the record beside those of the town's own slots: the field's terms. Pure.

A record holds the Chinese term, as the forms do; :data:`OCCASIONS` has the English one.
"""

from typing import Literal

Kind = Literal["theme-party-day", "members-meeting", "lecture", "volunteer-service", "group-viewing", "other-source"]
"""The kinds of sessions that an administrator can hold."""
KINDS: dict[Kind, str] = {
    "theme-party-day": "主题党日",
    "members-meeting": "党员大会",
    "lecture": "党课讲座",
    "volunteer-service": "志愿服务",
    "group-viewing": "集中收看",
    "other-source": "其他信号源",
}
"""What the record has in ``session_kind``, and in the ``occasion`` of the plays of the session."""
ON_DEMAND, MAKE_UP, MEMBER = "点播", "补播", "补课"
"""A programme chosen by hand; one that was missed, shown later in the week; shown for a member who was away."""
WHEN_PRESENT, OPENING_HOURS = "有人收看", "开放时间自动播放"
"""Recommended items: shown as somebody was there; shown in all opening hours, as the town has chosen, to anybody or
nobody."""
OCCASIONS = {
    "主题党日": "Theme Party Day",
    "党员大会": "members' meeting",
    "党课讲座": "lecture",
    "志愿服务": "volunteer service",
    "集中收看": "group viewing",
    "其他信号源": "other source",
    ON_DEMAND: "on demand",
    MAKE_UP: "make-up",
    MEMBER: "make-up for a member",
    WHEN_PRESENT: "somebody there",
    OPENING_HOURS: "all opening hours",
}


def kind_of(name: str) -> Kind | None:
    """The kind of session of that name; None where there is none."""
    return next((kind for kind in KINDS if kind == name), None)


def occasion_in_english(occasion: str) -> str:
    """An occasion of the record as English has it; one that a town has named stays as it is."""
    return OCCASIONS.get(occasion, occasion)
