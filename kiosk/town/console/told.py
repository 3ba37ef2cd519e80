"""What went wrong, in the language of who reads it: every exception that a page shows."""

from collections.abc import Callable

from kiosk.common.messages import Message, mark, said
from kiosk.common.refusals import why
from kiosk.contract.trust import Refused
from kiosk.town.publishing.source import SourceError

UNBELIEVED = mark(
    "What lies in the town's public folder cannot be believed: {why}. Nothing was published. Publish the month once "
    "more; if that does not help, have whoever looks after this server look at the folder."
)
MOST = 10
"""Problems that are shown at once."""


def told(error: Exception, translate: Callable[[str], str]) -> str:
    """The exception as sentences, one a line."""
    if isinstance(error, SourceError):
        return "\n".join(said(problem, translate) for problem in error.problems[:MOST])
    if isinstance(error, Refused):
        return translate(UNBELIEVED).format(why=said(why(error.reason, str(error)), translate))
    message = getattr(error, "message", None)
    if isinstance(message, Message):
        return message.render(translate)
    return said(error.args[0], translate) if error.args and isinstance(error.args[0], str) else str(error)
