"""Settles the days of rows whose date cell alone does not decide: 3.1 as a number, 第二周 without its days. Pure."""

from datetime import date
from itertools import chain

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.drafts import DateCell, Draft, Tell
from kiosk.town.sheets.grid import Finding, Grid

WEEK_REMEDY = mark("write the days of the week: 第二周（3月9日—15日）")


def settle(grid: Grid, dates: list[DateCell], drafts: list[Draft], problem: Tell, warning: Tell) -> None:
    """Choose the days of every date cell; tell of those that a person has to choose."""
    used = {id(draft.date) for draft in drafts}
    dates = [cell for cell in dates if cell.told or id(cell) in used]
    _by_weeks(grid, dates, problem)
    weekdays = {id(draft.date): draft.weekday for draft in reversed(drafts) if draft.weekday}
    open_cells = []
    for cell in dates:
        if cell.days is None or cell.chosen is not None or cell.told:
            continue
        if len(cell.days.choices) == 1:
            cell.chosen = cell.days.choices[0]
        else:
            open_cells.append(cell)
    for cell in open_cells:
        named = weekdays.get(id(cell)) or (cell.days.weekdays if cell.days else ())
        fitting = [choice for choice in cell.days.choices if choice[0].weekday() in named] if cell.days else []
        if len(fitting) == 1:
            _choose(grid, cell, fitting[0], warning)
    for cell in chain(open_cells, reversed(open_cells)):
        if cell.chosen is None and (fitting := _between(dates, cell)) and len(fitting) == 1:
            _choose(grid, cell, fitting[0], warning)
    for cell in open_cells:
        if cell.chosen is None and cell.days is not None:
            days = [choice[0] for choice in cell.days.choices]
            message = mark("Excel keeps {first} and {second} as the same number: which day is it?")
            values = {"first": f"{days[0].month}.{days[0].day}", "second": f"{days[-1].month}.{days[-1].day}"}
            remedy = Message(
                mark("write {first} or {second}"), {"first": _written(days[0]), "second": _written(days[-1])}
            )
            _tell(grid, cell, problem, Message(message, values), remedy)


def _written(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _tell(grid: Grid, cell: DateCell, tell: Tell, message: Message, remedy: Message) -> None:
    cell.told = True
    tell(Finding(grid.name, cell.row, cell.column, cell.cell.text, message, remedy))


def _choose(grid: Grid, cell: DateCell, chosen: tuple[date, ...], warning: Tell) -> None:
    cell.chosen = chosen
    message = Message(
        mark("a number with a point, read as {day} by what stands beside and around"), {"day": _written(chosen[0])}
    )
    _tell(grid, cell, warning, message, Message(mark("write {day}"), {"day": _written(chosen[0])}))


def _between(dates: list[DateCell], cell: DateCell) -> list[tuple[date, ...]]:
    """The choices that keep the dates of the sheet in order."""
    at = next(n for n, one in enumerate(dates) if one is cell)
    before = next((one.chosen[-1] for one in reversed(dates[:at]) if one.chosen and not _rule(one)), None)
    after = next((one.chosen[0] for one in dates[at + 1 :] if one.chosen and not _rule(one)), None)
    if before is None and after is None or cell.days is None:
        return []
    return [c for c in cell.days.choices if (before is None or before <= c[0]) and (after is None or c[0] <= after)]


def _rule(cell: DateCell) -> bool:
    return cell.days is not None and cell.days.periodic


def _by_weeks(grid: Grid, dates: list[DateCell], problem: Tell) -> None:
    """第N周 has three meanings; those that lead a row of the sheet out of the month do not hold for the sheet."""
    cells = [cell for cell in dates if cell.days is not None and cell.days.by_week]
    if not cells:
        return
    choices = [cell.days.choices for cell in cells if cell.days is not None]
    meanings = [n for n in range(3) if all(choice[n] for choice in choices)]
    for cell, choice in zip(cells, choices, strict=True):
        possible = {choice[n] for n in meanings}
        if len(possible) == 1:
            cell.chosen = possible.pop()
        else:
            _tell(
                grid,
                cell,
                problem,
                Message(mark("which days this week has is not written, and can be read in two ways")),
                Message(WEEK_REMEDY),
            )
