"""The header of a table, found by the names that officers give their columns, not by position. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from kiosk.town.sheets.categories import is_category
from kiosk.town.sheets.characters import tight
from kiosk.town.sheets.durations import Unit
from kiosk.town.sheets.grid import Grid
from kiosk.town.sheets.times import is_part_of_day

Role = Literal[
    "date",
    "last",
    "month",
    "weekday",
    "week",
    "time",
    "start",
    "end",
    "title",
    "category",
    "duration",
    "audience",
    "note",
    "other",
]

ALIASES: dict[Role, str] = {
    "date": (
        "日期 播放日期 播出日期 收看日期 学习日期 计划日期 推荐日期 放映日期 安排日期 计划播放日期 年月日 "
        "月日 日 收视日期 活动日期 开展日期 日期安排 具体日期 播映日期 播放日 date day 日期时间 日期及时间 "
        "播放日期时间 播放日期及时间 日期星期 周次日期 收看日期时间 学习日期时间 开始日期 起始日期 起日期 "
        "播放开始日期 公历 阳历 startdate"
    ),
    "last": "结束日期 截止日期 终止日期 截至日期 止日期 播放结束日期 enddate",
    "month": "月份 月",
    "weekday": "星期 周几 星期几 礼拜 礼拜几 weekday",
    "week": "周次 周 周别 周数 第几周 星期次 week 周序",
    "time": (
        "时间 播放时间 播出时间 时段 播放时段 播出时段 起止时间 具体时间 收看时间 学习时间 放映时间 时间段 "
        "播放起止时间 计划时间 安排时间 时间安排 活动时间 上下午 午别 收视时间 推荐时间 推荐播放时间 计划播放时间 "
        "建议播放时间 建议时间 播映时间 播放时间段 起讫时间 开展时间 time times when 时刻 播放时刻 开播时刻"
    ),
    "start": (
        "开始 开始时间 起始时间 起始 起 开播时间 播放开始时间 开播 起播时间 自 开始播放时间 始 start from begin 起时 "
        "starttime begintime"
    ),
    "end": "结束 结束时间 endtime 终止时间 截止时间 止 终止 播放结束时间 至 停播时间 结束播放时间 终 end to until 止时",
    "title": (
        "节目名称 节目 播放内容 节目内容 片名 课件名称 课件 影片名称 题目 学习内容 推荐节目 播放节目 标题 "
        "节目标题 培训内容 收看内容 课程名称 课程 播出节目 播出内容 推荐内容 收看节目 推荐节目名称 视频名称 "
        "资源名称 片目 内容 名称 教学内容 课题 节目名 播放节目名称 课件题目 学习课件 播放课件 推荐课件 影片 "
        "节目单 播放片目 学习资料 教育内容 收视内容 播放的节目 具体内容 主要内容 主题 title programme program "
        "programmetitle programtitle programmename programmes content name 节目名称内容 名称内容 学习主题 活动内容 "
        "活动主题 党课题目 课程题目 培训课程 "
        "教学课程 学习课程 学习篇目 播放影片 电影名称 影片片名 影视片名称 播映内容 片目名称 教学片名称 "
        "视频课件 推荐课件名称 课件标题 课件内容 视频 资源标题"
    ),
    "category": (
        "类别 节目类别 分类 类型 节目类型 内容分类 内容类别 种类 题材 板块 所属类别 节目分类 课件类别 "
        "课件类型 栏目 节目种类 类 专题 课程类别 资源类别 category type"
    ),
    "duration": (
        "时长 节目时长 片长 长度 播放时长 节目长度 时长分钟 分钟 分钟数 课件时长 播放长度 时间长度 影片时长 "
        "视频时长 学习时长 播放分钟 duration length minutes"
    ),
    "audience": (
        "对象 播放对象 收看对象 收视对象 参加人员 学习对象 观看对象 受众 适用对象 培训对象 参学对象 人员 "
        "参加对象 教育对象 收看人员 参学人员 受众对象 适合对象 播放人群 适用人群 观看人员 audience for 参加人 "
        "收看群体 适宜人群 收看人群 目标人群 参会人员 到会人员 面向对象 面向人群 "
        "收看范围 参加范围 服务对象 viewers targetaudience"
    ),
    "note": "备注 说明 注 备考 备注说明 其他 note notes remark remarks",
    "other": (
        "序号 编号 号 序 来源 节目来源 地点 播放地点 负责人 管理员 主讲 主讲人 集数 责任人 方式 收看人数 签字 "
        "站点 收看地点 学习地点 责任单位 组织者 组织人 提供单位 出品单位 制作单位 播放方式 节目编号 资源编号 "
        "场次 频道 平台 学习方式 组织单位 播放站点 次数 播放次数 学时 课时 部数 学用效果 联系人 联系电话 no "
        "姓名 电话 手机 手机号 职务 年龄 性别 地址 no. source place 播放顺序 播放批次 收看站点 序列 备案 制作 单位 "
        "主讲人单位 讲师 授课人 收视人数 "
        "村民想看的 上月收看最多"
    ),
}
_ROLE_OF: dict[str, Role] = {alias: role for role, words in ALIASES.items() for alias in words.split()}
_RANK = {alias: n for words in ALIASES.values() for n, alias in enumerate(words.split())}
_UNITS: tuple[tuple[str, Unit], ...] = (
    ("小时", "h"),
    ("时", "h"),
    ("分", "min"),
    ("min", "min"),
    ("秒", "s"),
    ("sec", "s"),
)
MOST_HEADER_ROWS = 3
_IN_BRACKETS = re.compile(r"[(][^()]{1,12}[)]")
LONGEST_NAME = 40


@dataclass
class Header:
    """The header of one table: its rows (from 0, both within), and which columns play which role."""

    top: int
    bottom: int
    columns: dict[Role, list[int]] = field(default_factory=dict)
    unit: Unit = ""
    unknown: list[int] = field(default_factory=list)
    """Columns whose header is not known."""
    rank: dict[int, int] = field(default_factory=dict)
    together: list[int] = field(default_factory=list)
    """The columns of titles that stand under one heading, one for each category: a row's titles are in all of them."""
    day_at: tuple[int, int] | None = None
    """The cell of the day over the table, 周一 or 3月2日, where several stand side by side."""
    part_of_day: str = ""
    """What stands over the table in its header, such as 下午, where several stand side by side."""
    guessed: list[int] = field(default_factory=list)
    """The columns that are taken for the titles by what stands in them, their names being unknown."""

    def first(self, role: Role) -> int | None:
        """The column of a role; None if there is none."""
        found = self.columns.get(role)
        return found[0] if found else None


def side_by_side(header: Header, grid: Grid) -> list[Header]:
    """The tables of a header that names the same columns twice or more, from the left; else the header alone.

    Columns that it names once, such as the date, are of all of them.
    """
    placed = sorted((column, role) for role, columns in header.columns.items() for column in columns if role != "other")
    roles = [role for _, role in placed]
    for size in range(2, len(roles) // 2 + 1):
        if len(roles) % size == 0 and roles == roles[:size] * (len(roles) // size) and "title" in roles[:size]:
            parts = [placed[n : n + size] for n in range(0, len(placed), size)]
            tables = [replace(header, columns={role: [column] for column, role in part}) for part in parts]
            if "date" in roles or header.top == 0:
                return tables
            return [replace(one, day_at=(header.top - 1, part[0][0])) for one, part in zip(tables, parts, strict=True)]
    return _around_shared(header, grid, placed) or [header]


def _around_shared(header: Header, grid: Grid, placed: Sequence[tuple[int, Role]]) -> list[Header]:
    """日期 | 上午: 时间 节目 | 下午: 时间 节目; empty where the columns that come again are no such groups."""
    counts = Counter(role for _, role in placed)
    again = [(column, role) for column, role in placed if counts[role] > 1]
    size = len({role for _, role in again})
    roles = tuple(role for _, role in again)
    if size < 2 or "title" not in roles or roles != roles[:size] * (len(roles) // size):
        return []
    once: dict[Role, list[int]] = {role: [column] for column, role in placed if counts[role] == 1}
    parts = []
    for n in range(0, len(again), size):
        group = again[n : n + size]
        over = [grid.at(row, group[0][0]).text for row in range(header.top, header.bottom)]
        part = next((text for text in over if is_part_of_day(text)), "")
        columns = once | {role: [column] for column, role in group}
        parts.append(replace(header, columns=columns, part_of_day=part))
    return parts


def role_of(text: str) -> tuple[Role, Unit, int] | None:
    """The role that a header's text names, the unit beside it, and its rank among the role's names; None if none."""
    return _role_of(text) if len(text) <= LONGEST_NAME else None


@lru_cache(4096)
def _role_of(text: str) -> tuple[Role, Unit, int] | None:
    plain = re.sub(r"[*:#\"']", "", tight(text)).lower()
    beside = "".join(re.findall(r"[(]([^()]*)[)]?", plain))
    name = re.sub(r"[(][^()]*[)]?", "", plain).strip("/.")
    slash = re.fullmatch(r"(.+?)/(分钟|分|min|小时|秒)", name)
    if slash:
        name, beside = slash[1], slash[2]
    unit: Unit = next((unit for word, unit in _UNITS if word in beside and len(beside) <= 6), "")
    if name not in _ROLE_OF and (bare := re.sub(r"^(?:推荐|计划|拟|本周|每周|当日|建议)", "", name)) in _ROLE_OF:
        name = bare
    if name not in _ROLE_OF:
        name = re.sub("[、/及和与]", "", name)
    if name not in _ROLE_OF:
        return None
    role = _ROLE_OF[name]
    if unit and role in ("time", "duration") and not re.search("[-:]|时分", beside):
        role = "duration"
    elif role != "duration":
        unit = ""
    if name in ("分钟", "时长分钟", "分钟数", "播放分钟", "minutes"):
        unit = "min"
    if role == "time" and re.search("月|日期|日", beside):
        role = "date"
    return role, unit, _RANK[name]


def find_headers(grid: Grid) -> list[Header]:
    """The headers of a sheet's tables, from above."""
    found: list[Header] = []
    row = 0
    while row < len(grid.rows):
        header = _header_at(grid, row)
        if header is None:
            row += 1
            continue
        found.append(header)
        row = header.bottom + 1
    return found


def _header_at(grid: Grid, row: int) -> Header | None:
    """The header that begins in this row, as many rows as it takes; None if none begins here."""
    if not _like_header(grid, row):
        return None
    best: Header | None = None
    for bottom in range(row, min(row + MOST_HEADER_ROWS, len(grid.rows))):
        if bottom > row and not any(like(grid, bottom) for like in (_like_header, _splits_titles, _has_units)):
            break
        header = _build(grid, row, bottom)
        if "title" not in header.columns:
            _guess_title(grid, header)
        if _enough(header) and (best is None or len(_roles(header)) >= len(_roles(best))):
            best = header
    return best


def _guess_title(grid: Grid, header: Header) -> None:
    """Take the columns of unknown names in which most is in 《》 for the titles."""
    rows = range(header.bottom + 1, min(header.bottom + 60, len(grid.rows)))
    found = []
    for column in header.unknown:
        texts = [text for row in rows if (text := grid.own(row, column).text)]
        if texts and 2 * sum("《" in text for text in texts) > len(texts):
            found.append(column)
    if found:
        header.unknown = [column for column in header.unknown if column not in found]
        header.columns["title"], header.guessed = found, found
        header.together = found if len(found) > 1 else []


def _like_header(grid: Grid, row: int) -> bool:
    """Whether most of what stands in a row are names of columns."""
    placed = grid.filled(row)
    cells = [cell for _, cell in placed]
    if any(isinstance(cell.value, (int, float)) for cell in cells):
        return False
    named = sum(role_of(cell.text) is not None for cell in cells)
    over = sum(is_part_of_day(cell.text) or _is_over_columns(grid, row, column) for column, cell in placed)
    return named >= 1 and 2 * (named + over) >= len(cells)


def _is_over_columns(grid: Grid, row: int, column: int) -> bool:
    """Whether a heading of no known name is over several columns that have names."""
    merge = grid.merge_at(row, column)
    if merge is None or merge.right == merge.left or role_of(grid.at(row, column).text) or row + 1 >= len(grid.rows):
        return False
    return all(role_of(grid.at(row + 1, below).text) for below in range(merge.left, merge.right + 1))


def _splits_titles(grid: Grid, row: int) -> bool:
    """Whether a row has only categories, each under a heading for titles that is over several columns."""
    cells = grid.filled(row)
    return len(cells) > 1 and all(
        is_category(cell.text)
        and (merge := grid.merge_at(row - 1, column)) is not None
        and merge.right > merge.left
        and (named := role_of(grid.at(row - 1, column).text)) is not None
        and named[0] == "title"
        for column, cell in cells
    )


def _has_units(grid: Grid, row: int) -> bool:
    """Whether a row below a header has only words in brackets, such as the unit of a length."""
    texts = [cell.text for _, cell in grid.filled(row)]
    return bool(texts) and all(_IN_BRACKETS.fullmatch(tight(text)) and role_of(text) is None for text in texts)


def _roles(header: Header) -> set[Role]:
    return {role for role in header.columns if role != "other"}


def _enough(header: Header) -> bool:
    roles = _roles(header)
    return (
        "title" in roles
        and len(roles) >= 2
        and bool(roles & {"date", "week", "weekday", "time", "start", "duration", "category"})
    )


def _build(grid: Grid, top: int, bottom: int) -> Header:
    header = Header(top, bottom)
    for column in range(grid.width):
        texts: list[str] = []
        for row in range(top, bottom + 1):
            text = grid.at(row, column).text
            if text and text not in texts:
                texts.append(text)
        if not texts:
            continue
        found = None
        if len(texts) > 1 and _IN_BRACKETS.fullmatch(tight(texts[-1])):
            texts[-2:] = ["".join(texts[-2:])]
        for text in (*reversed(texts), "".join(texts)):
            if found := role_of(text):
                break
        if found is None:
            header.unknown.append(column)
            continue
        role, unit, rank = found
        merge = grid.merge_at(bottom, column)
        if (
            merge
            and merge.left != column
            and column - 1 in header.columns.get(role, []) + header.columns.get("other", [])
        ):
            header.columns.setdefault("other", []).append(column)  # one heading over two columns: the first counts
            header.rank[column] = rank
            continue
        header.columns.setdefault(role, []).append(column)
        header.rank[column] = rank
        if role == "duration" and not header.unit:
            header.unit = unit
    if bottom > top and _splits_titles(grid, bottom):
        header.together = [column for column, _ in grid.filled(bottom)]
    for role, columns in header.columns.items():
        if role != "other":
            columns.sort(key=lambda column: (header.rank[column], column))
    return header
