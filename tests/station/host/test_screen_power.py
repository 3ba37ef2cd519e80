"""The screen's power: repeated until it takes, read back, and never another source's picture taken away.

``cec-ctl`` and ``xset`` are stood in for (``fake_tv``).
"""

from collections.abc import Sequence

import pytest
from fake_tv import TUNER, Tv

from kiosk.contract.station import Equipment
from kiosk.station.health.evidence import screen_evidence
from kiosk.station.host.commands import run
from kiosk.station.host.screen_power import ScreenPower, Want

REST, STANDBY = Want(False, "cec"), "--standby"
WAKE = ["--image-view-on", "--active-source phys-addr=1.0.0.0"]


def test_screen_is_told_again_until_it_rests_and_then_left_alone() -> None:
    tv = Tv(deaf=3)
    power = tv.power()
    assert power.want(REST) and not power.want(REST)
    assert [power.keep()["screen.tries"] for _ in range(4)] == [1, 2, 3, 0]
    assert tv.said == [STANDBY] * 4 and tv.state == "standby"
    tv.state = "on"  # somebody has switched it on for a film
    facts = power.keep()
    assert (facts["screen.cec"], facts["screen.tries"]) == ("on", 0) and tv.said == [STANDBY] * 4


def test_screen_that_gets_warm_is_waited_for() -> None:
    tv = Tv("standby")
    power = tv.power()
    power.want(Want(True, "cec", 1))
    power.keep()
    power.keep()
    assert tv.said == WAKE and tv.state == "to-on"
    tv.state = "on"
    assert power.keep()["screen.tries"] == 0
    assert tv.said == WAKE


def test_next_occasion_wakes_a_screen_that_somebody_has_switched_off() -> None:
    tv = Tv()
    power = tv.power()
    power.want(Want(True, "cec", 1))
    power.keep()
    tv.state = "standby"
    power.keep()
    assert tv.said == []
    assert power.want(Want(True, "cec", 2))
    power.keep()
    assert tv.said == WAKE


@pytest.mark.parametrize("source", ["2.0.0.0", TUNER], ids=["set-top box", "the TV's own tuner"])
def test_other_source_keeps_its_picture_when_the_room_opens_and_when_it_closes(source: str) -> None:
    tv = Tv(source=source)
    power = tv.power()
    for want in (Want(True, "cec", 1), REST, Want(True, "cec", 2)):
        power.want(want)
        facts = power.keep()
        assert (facts["screen.other_source"], facts["screen.tries"]) == (True, 0)
    assert tv.said == []
    power.want(REST)
    tv.source = "1.0.0.0"
    power.keep()
    assert tv.said == [STANDBY], "once it shows this PC again, it rests"


def test_screen_that_obeyed_without_a_word_is_woken_all_the_same() -> None:
    tv = Tv()
    power = tv.power()
    power.want(Want(True, "cec"))
    power.keep()
    power.want(REST)
    tv.deaf = 1
    power.keep()
    tv.state = "standby"
    power.want(Want(True, "cec"))
    power.keep()
    assert tv.said == [STANDBY, *WAKE]


def test_town_that_goes_back_to_black_at_night_has_the_screen_on_again() -> None:
    tv = Tv()
    power = tv.power()
    power.want(REST)
    power.keep()
    assert tv.state == "standby"
    power.want(Want(False, "black"))
    power.keep()
    assert tv.said[1:] == WAKE
    tv.state = "on"
    assert power.keep()["screen.cec"] == "on"
    assert power.keep()["screen.cec"] is None, "nor is it asked any more"


def test_default_tells_the_screen_nothing() -> None:
    def never(command: Sequence[str]) -> str | None:
        raise AssertionError(command)

    power = ScreenPower(":0", never, lambda: ("/dev/cec0",))
    for on in (True, False, True):
        power.want(Want(on))
        assert power.keep()["screen.tries"] == 0


def test_signal_is_dropped_and_sent_again() -> None:
    tv = Tv(deaf=1)
    power = tv.power()
    power.want(Want(False, "dpms"))
    assert [power.keep()["screen.dpms"] for _ in range(2)] == ["on", "off"]
    tv.monitor = "On"  # a new X server
    assert power.keep()["screen.dpms"] == "off"
    power.want(Want(True, "dpms"))
    power.keep()
    tv.monitor = "in Standby"
    assert power.keep()["screen.dpms"] == "on"
    assert tv.said == ["dpms force off"] * 3 + ["dpms force on"] * 2


@pytest.mark.parametrize(
    ("adapters", "state", "physical"),
    [((), "on", "1.0.0.0"), (("/dev/cec0",), "on", "f.f.f.f"), (("/dev/cec0",), "mute", "1.0.0.0")],
    ids=["no adapter", "no screen at it", "no answer"],
)
def test_what_cannot_be_read_is_not_known_and_counts_as_not_done(
    adapters: tuple[str, ...], state: str, physical: str
) -> None:
    tv = Tv(state)
    tv.physical = physical
    power = tv.power(adapters)
    power.want(REST)
    assert [power.keep()["screen.tries"] for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    assert power.keep()["screen.cec"] is None and tv.said == []


def test_screens_own_word_is_evidence_before_its_link() -> None:
    register = (Equipment(id="tv", kind="screen", name="TV", connector="HDMI-A-1"),)
    linked = {"screen.connectors": "HDMI-A-1=connected"}
    assert screen_evidence({**linked, "screen.cec": None}, register) == "link"
    assert screen_evidence({**linked, "screen.cec": "on", "screen.other_source": False}, register) == "cec"
    assert screen_evidence({**linked, "screen.cec": "on", "screen.other_source": True}, register) == "none"
    assert screen_evidence({**linked, "screen.cec": "standby"}, register) == "none"


def test_program_that_is_missing_or_fails_has_no_answer() -> None:
    assert run(("kiosk-no-such-program",)) is None
    assert run(("false",)) is None
    assert run(("printf", "a\\377b")) == "a�b"
