"""The kiosk itself: players that fail, events that wait, a journal that cannot write, the clock. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.contract.station import Thresholds
from kiosk.station.health.observation import Finding, Observation, above, number_of

INBOX_LIMIT = 1000
"""Events waiting. The producers are few and slow: more than this means that the daemon cannot follow."""

HANGS_S = 300
"""Seconds after which reading the devices hangs."""
MEMORY_MB = 800
"""Several times what it takes in a month."""


def check_daemon(observation: Observation, thresholds: Thresholds) -> Iterator[Finding]:
    unread = observation.unread_s
    yield Finding(
        cause="reading-hangs",
        device="pc",
        wrong=None if unread is None else unread >= HANGS_S,
        text=Message(
            mark("A device of the PC, or its disk, does not answer: what is wrong here is not known any more.")
        ),
        remedy=Message(mark("Restart the PC; if it comes back, tell the town.")),
        settle=False,
    )
    most = thresholds.child_restarts_per_hour
    yield Finding(
        cause="child-restarts",
        device="player",
        wrong=above(observation.child_restarts, most, most // 2),
        text=Message(
            mark("The player had to be restarted {count} times within an hour."),
            {"count": str(observation.child_restarts)},
        ),
        remedy=Message(mark("Restart the PC. If it goes on, tell the town which programme was on.")),
        facts={"restarts": str(observation.child_restarts)},
        settle=False,
    )
    yield Finding(
        cause="poster-fails",
        device="screen",
        wrong=observation.poster_fails,
        text=Message(mark("The week's table cannot be drawn; a plain page is shown in its place.")),
        remedy=Message(mark("Tell the town: a title or a name in the published plan cannot be drawn.")),
        settle=False,
    )
    yield Finding(
        cause="menu-fails",
        device="screen",
        wrong=observation.card_fails,
        text=Message(mark("The menu, the test picture or the town's code cannot be drawn over the picture.")),
        remedy=Message(mark("Use the pages on a phone instead. Restart the PC; if it comes back, tell the town.")),
        settle=False,
    )
    yield Finding(
        cause="inbox-long",
        device="daemon",
        wrong=above(observation.inbox, INBOX_LIMIT, INBOX_LIMIT // 10),
        text=Message(mark("The kiosk cannot keep up: {count} messages wait."), {"count": str(observation.inbox)}),
        remedy=Message(mark("Restart the PC.")),
        facts={"inbox": str(observation.inbox)},
    )
    memory = number_of(observation, "daemon.memory_mb")
    yield Finding(
        cause="daemon-memory",
        device="daemon",
        wrong=above(memory, MEMORY_MB, MEMORY_MB * 3 // 4),
        text=Message(mark("The kiosk itself takes too much memory: {memory} MB."), {"memory": str(memory)}),
        remedy=Message(mark("Restart the PC, and tell the town.")),
        facts={"memory_mb": str(memory)},
        explains=("memory-low",),
    )
    trouble = observation.journal_trouble
    yield Finding(
        cause="journal-trouble",
        device="journal",
        wrong=None if trouble is None else bool(trouble),
        text=Message(mark("Plays cannot be recorded: {error}"), {"error": trouble or ""}),
        remedy=Message(mark("Restart the PC; if it comes back, tell the town.")),
        facts={"error": trouble or ""},
    )
    text = mark("The clock cannot be trusted, so the timetable is not followed.")
    remedy = mark("Connect the PC to the network, or set the clock on the page; at every start: its battery is empty.")
    if observation.clock_doubtful or observation.ntp_overruled:
        text = mark("The network gives another time than this room has known, so the timetable is not followed.")
        remedy = mark("Look at a watch and set the clock on the page, or see that the town can be reached.")
    yield Finding(
        cause="clock-untrusted",
        device="clock",
        wrong=None if observation.clock is None else observation.clock == "untrusted",
        text=Message(text),
        remedy=Message(remedy),
        facts={"clock": str(observation.clock), "doubtful": "yes" if observation.clock_doubtful else "no"},
        explains=("clock-disputed",),
    )
    yield Finding(
        cause="clock-disputed",
        device="clock",
        wrong=observation.ntp_overruled,
        text=Message(
            mark("The network gives another time than the town or an administrator has said; theirs is followed.")
        ),
        remedy=Message(
            mark("Tell the town: its server's clock may be wrong, or something on this network gives a wrong time.")
        ),
    )
