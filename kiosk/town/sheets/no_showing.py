"""What says that there is no showing: 无, 休息, 清明节放假 in place of a programme, （停播） beside one. Pure."""

import re

from kiosk.town.sheets.characters import fold, tight

LONGEST = 30
"""The most characters of such a remark."""
MOST = 400
"""The most characters of a cell in which one is looked for."""
_CALLED_OFF = (
    "休|休息|休假|轮休|放假|公休|停播|停放|停映|停|不播|不播放|不播出|不安排|不放映|不放|暂停|停电|停机|停网|断网|取消|停止|闭馆|关闭|关机"
    "|不开放|不开机|不组织|不收看|暂?不安排|暂不播放|未安排|没有安排|无安排|暂无安排|不上课|调休|canceled|cancelled|off"
)
_NOTHING = f"{_CALLED_OFF}|无|没有|暂无|空|休息日|假期|假日|无推荐|n/a|none|nil"
_SIGNS = re.compile(r"[-/\\.…、]+|×+|x", re.IGNORECASE)
"""What stands for nothing alone, but between words parts them: 会议/学习."""
_BEFORE = (
    "[一-龥]{1,3}节|元旦|国庆|五一|十一|清明|端午|中秋|春节|周[末一二三四五六日]|双休日|节假日|法定节假日|法定|节日|本[日周天期场次月]|当[日天周]|全[天周日]"
    "|期间|因故?|由于|临时|暂时|例行|已经?|[此该]场?次?|一律|停电|停机|下雨|雨天|降雨|下雪|大雪|雷雨|台风|天气|检修|维修|线路|设备|机器|电视机?|网络"
    "|会议|开会|培训|换届|选举|农忙|春耕|秋收|双抢|装修|搬迁|原因|影响|播放|播出|收看|学习|活动|节目|任务|计划|安排|站点|各站点|统一|今[日天]"
    "|[0-9一二两三四五六七八九十]+[天日周场次]|一次"
)
_NO_SHOWING = re.compile(
    rf"(?:(?:{_BEFORE})|[,，、;:()!.\s])*(?:(?:{_NOTHING})[,，、;:()!.]*(?:(?:{_BEFORE})[,，、;:()!.]*)*)+",
    re.IGNORECASE,
)
_BROADCAST_ENDS = re.compile(
    r".*(?:停播|停放|停映|(?<!要)不播放?|不放映|不安排播放|(?:暂停|停止|取消)(?:播放|播出|放映))"
)
_IDLE = re.compile(r"(?:(?:例行|设备|线路|网络|停机|电视机?)+(?:检修|维修))+")
_MAYBE = re.compile("改|不取消|如|若|遇|逢|则|时停|雨天|节假日|周末|双休")
_SOME_DAY = re.compile("[日号节]|周[一二三四五六]|元旦|国庆|五一|清明|端午|中秋")
_AS_SHOWN = re.compile(rf"(?:(?:{_BEFORE})|[,，、;:()!.])*(?:{_CALLED_OFF})(?:{_BEFORE}|[,，、;:()!.])*", re.IGNORECASE)


def says_no_showing(text: str) -> bool:
    """Whether a cell says that there is no showing: 无, 休息, 清明节放假, —."""
    plain = tight(text)
    ways = (_SIGNS, _NO_SHOWING, _BROADCAST_ENDS, _IDLE)
    return len(plain) <= LONGEST and "《" not in plain and any(way.fullmatch(plain) for way in ways)


def called_off(text: str, *, several: bool = False) -> str:
    """The remark beside a title, a date or a time that says that it is not shown: 《…》（停播）, 9:00 取消.

    Empty if there is none. With ``several`` days a remark that names a day, 清明节停播, does not hold for all of them.
    """
    if len(text) > MOST or _MAYBE.search(text):
        return ""
    beside = re.sub("《[^《》]*》", ",", fold(text))
    for piece in re.split(r"[\[\]()【】,，;；。:\s]+", beside):
        if len(piece) <= LONGEST and (_AS_SHOWN.fullmatch(piece) or _BROADCAST_ENDS.fullmatch(piece)):
            return "" if several and _SOME_DAY.search(piece) else piece
    return ""
