"""The county's own blank forms, one for a book at most: kept whole with what was said of their columns."""

import logging
from pathlib import Path

import msgspec

from kiosk.common.files import write_whole
from kiosk.station.record_book.orders import FormSheet
from kiosk.station.record_book.table import BOOKS, Book

log = logging.getLogger(__name__)

FOLDER = "forms"
MOST_BYTES = 2 << 20
"""Of a form's file."""
ALIASES: dict[str, tuple[str, ...]] = {
    "No.": ("序号", "编号"),
    "Date": ("日期", "播放日期", "反馈时间", "维护时间"),
    "Day": ("日期", "时间"),
    "Start – end": ("时间", "起止时间", "播放时间"),
    "People in all": ("人数", "收看人数", "参加人数"),
    "Start": ("开始", "开始时间", "起"),
    "End": ("结束", "结束时间", "止"),
    "Programme": ("节目", "节目名称", "内容", "收看内容", "课件名称"),
    "Category": ("类别", "分类"),
    "Source": ("来源",),
    "Length": ("时长",),
    "Planned / extra": ("计划",),
    "Activity": ("活动类型", "活动"),
    "Party members": ("党员",),
    "Villagers": ("群众",),
    "Put to use": ("学用效果", "学用", "效果"),
    "Remarks": ("备注",),
    "Administrator": ("管理员", "签字", "记录人"),
    "Name": ("名称", "姓名", "设备名称"),
    "Model": ("型号",),
    "Specification": ("规格",),
    "Quantity": ("数量",),
    "Bought on": ("购买日期", "购置"),
    "Bought by": ("经办人",),
    "Telephone": ("电话", "联系方式"),
    "What was said": ("反馈内容", "意见", "内容"),
    "From whom": ("反馈人",),
    "What was done about it": ("处理", "落实"),
    "What was done": ("维护内容", "内容"),
    "Device": ("设备",),
    "What is wrong": ("现象", "故障"),
    "Found": ("发现时间",),
    "Work order": ("工单",),
    "Repairer": ("维修人",),
    "Works again": ("恢复时间",),
    "Confirmed": ("确认",),
    "Switched on": ("开机",),
    "Switched off": ("关机",),
    "Hours run": ("时长", "小时"),
    "State": ("运行", "情况"),
    "Upkeep": ("维护", "保养"),
    "Entered by": ("管理员", "记录人", "签字"),
}
"""How counties head the columns that we call so."""


class KeptForm(msgspec.Struct, frozen=True):
    """A form with its tables as they were found, and the table that is filled."""

    book: Book
    form: bytes
    sheets: tuple[FormSheet, ...]
    into: FormSheet
    """Its ``columns`` hold, by letter, the number of the column of ours that goes there."""


class Forms:
    """The folder ``forms`` of the state: written by the main loop, read by the panel."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER

    def keep(self, book: str, kept: bytes) -> None:
        """Keep a form in the place of the one before; with nothing, give it up. Raises :class:`OSError` and, for what
        is no form of a book, :class:`ValueError`."""
        if book not in BOOKS:
            raise ValueError(f"{book!r} is no record book")
        path = self._folder / f"{book}.json"
        if not kept:
            path.unlink(missing_ok=True)
            return
        msgspec.json.decode(kept, type=KeptForm)
        write_whole(path, kept, 0o600)

    def read(self, book: Book) -> KeptForm | None:
        """The form of a book; None where there is none, or it cannot be read."""
        try:
            return msgspec.json.decode((self._folder / f"{book}.json").read_bytes(), type=KeptForm)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("the form of %s cannot be read; bring it again: %s", book, error)
            return None


def guess(sheet: FormSheet, columns: tuple[str, ...]) -> dict[str, str]:
    """Which of our ``columns`` (English names) each letter of the form's takes, as far as the headings tell.

    The longest name that stands in a heading decides, and each of ours goes to one place.
    """
    options = [
        (len(alias), letter, str(number))
        for letter, heading in sheet.columns.items()
        for number, column in enumerate(columns)
        for alias in (*ALIASES.get(column, ()), column)
        if alias in heading.replace(" ", "") or alias == heading
    ]
    found: dict[str, str] = {}
    for _, letter, number in sorted(options, key=lambda one: -one[0]):
        if letter not in found and number not in found.values():
            found[letter] = number
    return dict(sorted(found.items(), key=lambda one: (len(one[0]), one[0])))
