"""Workbooks for the tests of a month: their days lie ahead, so that they can be published now."""

import io
from datetime import date, timedelta

import openpyxl

HEADER = ("日期", "时间", "节目名称", "类别", "时长", "对象", "备注")


def workbook(*rows, title="2026年3月计划", header=HEADER, sheet="计划") -> bytes:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = sheet
    page.append([title])
    page.append(list(header))
    for row in rows:
        page.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def monday() -> date:
    """Of the next week."""
    today = date.today()
    return today + timedelta(days=7 - today.weekday())


def said(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def plan(*rows, **more) -> bytes:
    """A sheet; each row is (day of the next week from 0, time, titles, ...)."""
    first = monday()
    lines = ((said(first + timedelta(days=row[0])), *row[1:]) for row in rows)
    return workbook(*lines, title=f"{first.year}年{first.month}月计划", **more)
