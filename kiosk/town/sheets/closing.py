"""What ends a table or qualifies a row: totals, sign-offs, notes under it, a note that speaks of a change. Pure."""

import re
import string
from collections.abc import Sequence

from kiosk.town.sheets.characters import tight

_TOTALS = re.compile(
    r"(?:本[周月]|全月|月度?|周)?(?:总共|一共|共计?|计)(?:播放|安排|推荐|放映)?(?:[0-9]+(?:场|次|部|个|集|期|分钟|小时)|[一二两三四五六七八九十]+[场次]).*"
    r"|(?:本[周月]|全月|月度?|周)?(?:合计|总计|小计|共计|累计|总时长|总数|汇总)(?:[:(].*|[0-9].*|时长.*|.{0,6})"
    r"|(?:制表|填表|编制|编排|审核|审批|审签|签发|复核|校对|负责|分管|联系|经办|承办|报送|填报|主管|站点管理|管理)(?:人|员|人员|领导|单位|部门|日期|时间|电话)?(?:签字|签名|\(签[字名]\)|\(盖章\))?(?::.*)?"
    r"|(?:单位|领导|负责人|主要领导)?(?:\(?(?:盖章|签字|签章|公章)\)?)(?::.*)?|(?:联系)?电话:.*|(?:日期|时间|单位):.*"
)
_NOTES = re.compile(
    r"(?:备注|注|说明|附注|附|注意事项|温馨提示|要求|有关要求|播放要求|几点要求|提示|注意|填表说明)(?::.*|[0-9一]?[、.].*|)|[*※].*"
)
MOVED = re.compile("除外|不含|另行|改至|改到|改为|改在|调整|推迟|延期|顺延|提前|取消|停播|待定")
_CONTINUED = re.compile(r"(?:续|接|见)(?:上|下)(?:表|页)|第[0-9]+页.*")


def is_numbering(texts: Sequence[str]) -> bool:
    """Whether a row only numbers the columns of the form: 1 2 3, (1) (2) (3), A B C, 甲 乙 丙."""
    plain = [tight(text).strip("()") for text in texts]
    rows = (map(str, range(1, len(plain) + 1)), string.ascii_uppercase, "甲乙丙丁戊己庚辛壬癸", "一二三四五六七八九十")
    return len(plain) > 2 and any(plain == list(row)[: len(plain)] for row in rows)


def is_example(text: str) -> bool:
    """Whether a row that begins with ``text`` only shows how the form is filled in."""
    return re.match(r"(?:例|例如|示例|样例|举例|填写示例)(?:[:(]|$)", text) is not None


def ends_table(text: str) -> bool:
    """Whether a row that begins with ``text`` is a total, a sign-off or a note, and no programme."""
    return any(pattern.fullmatch(text) for pattern in (_TOTALS, _NOTES, _CONTINUED))
