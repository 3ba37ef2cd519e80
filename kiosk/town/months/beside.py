"""What stands beside the next month's draft: what was watched most in the month before."""

from sqlalchemy import Connection, func, select

from kiosk.town.database import schema
from kiosk.town.sheets.draft import Beside, length_text

MOST = 15
HEADING = "上月收看最多（有人收看的次数、时长）"
"""In Chinese whatever the language, as the draft itself."""


def watched_most(connection: Connection, month: str) -> list[Beside]:
    """The programmes that were attended most in ``month`` (``YYYY-MM``); nothing where nobody's attendance is known."""
    tally, programme = schema.tally, schema.programme
    newest = select(programme.c.title).where(programme.c.id == tally.c.programme)
    newest = newest.order_by(programme.c.version.desc()).limit(1)
    plays, played = func.sum(tally.c.plays), func.sum(tally.c.played_ms)
    question = select(tally.c.programme, newest.scalar_subquery().label("title"), plays, played).where(
        tally.c.seen == "attended", tally.c.day >= f"{month}-01", tally.c.day <= f"{month}-31"
    )
    rows = connection.execute(question.group_by(tally.c.programme).order_by(plays.desc(), played.desc()).limit(MOST))
    lines = [f"《{row[1] or row[0]}》 {row[2]}次 {length_text(int(row[3]))}" for row in rows]
    return [Beside(HEADING, lines)] if lines else []
