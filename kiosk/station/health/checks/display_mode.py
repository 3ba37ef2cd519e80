"""The screen's mode: a television that was off may come back in another one. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding, Observation, modes_of


def check_modes(observation: Observation, open_hours: bool) -> Iterator[Finding]:
    """Each output against its last good mode; not against one of another screen, which has another wish."""
    found = modes_of(observation)
    for name, good in sorted(observation.modes.items()):
        mode, _, wish = found.get(name, "").partition(" of ")
        wanted, _, wish_then = good.partition(" of ")
        wrong = None if not mode or wish != wish_then else mode != wanted
        yield Finding(
            cause="screen-mode",
            device=name,
            wrong=None if wrong and not open_hours else wrong,
            text=Message(
                mark("The picture is not as it was: {mode} in place of {wanted}."), {"mode": mode, "wanted": wanted}
            ),
            remedy=Message(mark("Switch the television off and on; if that does not help, restart the PC.")),
            facts={"mode": mode, "wanted": wanted},
        )
