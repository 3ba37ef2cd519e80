"""The eight categories of programmes, by the names that sheets give them. Pure."""

import re

from kiosk.town.sheets.characters import tight

ALIASES: dict[str, str] = {
    "党建": (
        "党建工作 党建知识 党建引领 党务 党务知识 党课 党员教育 党员学习 党性 党性教育 党史 党史学习 党史教育 "
        "党史党建 党的建设 基层党建 组织建设 党建党史 党纪 党纪学习 党风廉政 党风廉政建设 廉政 廉政教育 "
        "反腐倡廉 红色教育 党章党规 党章 党建理论 党性修养 主题党日 三会一课 党建类节目"
    ),
    "政策理论": (
        "政策 理论 时政 时事政治 时事 政治理论 理论政策 政策解读 政策宣传 政策宣讲 理论学习 理论宣讲 形势政策 "
        "形势与政策 惠农政策 惠民政策 强农惠农政策 强农惠农富农政策 政治教育 思想政治 思想政治教育 理论武装 思想理论 "
        "中央精神 "
        "会议精神 政策理论学习 理论教育"
    ),
    "法律法规": (
        "法律 法规 法制 法治 普法 普法宣传 法律知识 法律常识 法治宣传 法制宣传 法治教育 法制教育 法治建设 "
        "政法 法律普及 普法教育 民法典 以案说法 法律服务 法律讲堂 法律援助 法治讲堂 法制讲座"
    ),
    "农业实用技术": (
        "农技 农业技术 实用技术 农村实用技术 农业科技 农村科技 农科 种植 养殖 种植技术 养殖技术 种植养殖 种养 "
        "种养殖 种养技术 种养殖技术 农业 农业知识 农业生产 农业生产技术 农技推广 农技培训 实用农技 农业实用 "
        "科技致富 致富技术 致富科技 农业科技知识 现代农业 农业种植 畜牧养殖 农业技术培训 实用科技 "
        "科技兴农 农业技能 实用技能 种植业 养殖业"
    ),
    "科普": "科学普及 科学知识 科普知识 科技知识 科技科普 科学 生活科普 科学素养 科普宣传 科普天地 科学常识",
    "卫生健康": (
        "卫生 健康 医疗 医药 医药卫生 卫健 健康养生 养生 医疗卫生 医疗健康 卫生保健 健康知识 健康科普 "
        "疾病预防 疾病防治 保健 健康生活 卫生与健康 卫生计生 卫生防疫 医学"
    ),
    "文化": (
        "文艺 文体 文化生活 文化娱乐 文化艺术 文化教育 文体娱乐 戏曲 影视 电影 传统文化 文娱 文化文艺 "
        "影视文艺 文化体育 群众文化 农村文化 文化旅游 红色电影"
    ),
    "典型事迹": (
        "典型 先进典型 典型经验 先进事迹 榜样 典型人物 模范 致富典型 先锋模范 身边榜样 先进人物 道德模范 "
        "人物事迹 事迹 典型示范 创业典型 典型引路 典型宣传 先进典型事迹 榜样力量 典型案例 身边典型 英模事迹 先锋事迹 "
        "先进模范 先锋人物 典型风采"
    ),
}
"""Other names of each category, on the left as FIELD-NOTES and the record book write it."""
_KNOWN = {alias: name for name, words in ALIASES.items() for alias in (name, *words.split())}
_ENDS = re.compile(r"(?:类节目|类|节目|教育类|知识|栏目|专题|频道|课程|教育|片|篇|讲座)$")


def category(text: str) -> str | None:
    """One of the eight by alias, else the text as it stands; None where nothing stands there."""
    return _known(text) or text.strip() or None


def is_category(text: str) -> bool:
    """Whether a text names one of the eight."""
    return _known(text) is not None


def _known(text: str) -> str | None:
    plain = re.sub(r"^[0-9]+[.、]|[《》【】()\"'.:、]", "", tight(text))
    for name in (plain, _ENDS.sub("", plain), _ENDS.sub("", _ENDS.sub("", plain))):
        if name in _KNOWN:
            return _KNOWN[name]
    return None
