"""Lines of the log: one for each record, and not too many from the network."""

import logging

from kiosk.common.log import FROM_NETWORK, MOST_LINES, PERIOD_S, JournalFormatter, LineLimit

FORMATTER = JournalFormatter("%(name)s: %(message)s")


def record(message: str, *args: object, name: str = "kiosk.station.link.link") -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, __file__, 1, message, args, None)


def test_a3_message_is_one_line_whatever_it_quotes() -> None:
    line = FORMATTER.format(record("the town says: %s", "no\n<0>kiosk.station.app: burnt\x1b[2J"))
    assert line == "<4>kiosk.station.link.link: the town says: no\\n<0>kiosk.station.app: burnt\\u001b[2J"


def test_a3_line_of_a_traceback_cannot_be_mistaken_for_a_record() -> None:
    found, error = record("thread ended"), ValueError("no\nkiosk.station.app: burnt\x1b[2J")
    found.exc_info = (ValueError, error, None)
    first, *rest = FORMATTER.format(found).split("\n")
    assert first == "<4>kiosk.station.link.link: thread ended"
    assert rest[-1] == "<4>    kiosk.station.app: burnt\\u001b[2J"
    assert all(line.startswith("<4>    ") for line in rest)


def test_a1_lines_that_the_network_causes_are_limited_and_their_number_is_told() -> None:
    now = [0.0]
    limit = LineLimit(lambda: now[0])
    name = f"{FROM_NETWORK[2]}"
    written = [limit.filter(record("refused %d", n, name=name)) for n in range(MOST_LINES + 7)]
    assert written == [True] * MOST_LINES + [False] * 7
    assert limit.filter(record("of another kind", name=name))
    now[0] = PERIOD_S
    later = record("refused %d", 99, name=name)
    assert limit.filter(later)
    assert later.getMessage() == "refused 99 (and 7 more like it)"


def test_a1_lines_of_the_rest_of_the_daemon_are_all_written() -> None:
    limit = LineLimit(lambda: 0.0)
    assert all(limit.filter(record("cut %d", n)) for n in range(10 * MOST_LINES))
