"""A screen with CEC and DPMS, as ``cec-ctl`` (v4l-utils 1.22) and ``xset`` tell of it: none is to be had here."""

from collections.abc import Sequence

from kiosk.station.host.screen_power import ScreenPower

ADAPTER = """\
Driver Info:
\tDriver Name                : pulse8-cec
\tAdapter Name               : serio0
\tDriver version             : 6.1.0
\tAvailable Logical Addresses: 1
\tPhysical Address           : {physical}
\tLogical Address Mask       : {mask}
\tCEC Version                : 2.0
"""
POWER_ANSWER = """
Transmit from Playback Device 1 to TV (4 to 0):
GIVE_DEVICE_POWER_STATUS (0x8f)
    Received from TV (0):
    REPORT_POWER_STATUS (0x90):
\tpwr-state: {state} (0x0{code})
\tSequence: 9 Tx Timestamp: 511.211s Rx Timestamp: 511.282s
"""
SOURCE_ANSWER = """
Transmit from Playback Device 1 to all (4 to 15):
REQUEST_ACTIVE_SOURCE (0x85)
    Received from Playback Device 2 (8):
    ACTIVE_SOURCE (0x82):
\tphys-addr: {source}
"""
TUNER = ".".join("0000")
STATES = ("on", "standby", "to-on", "to-standby")


class Tv:
    """A screen at HDMI 1 of which each word costs a look: ``deaf`` many are not heard."""

    def __init__(self, state: str = "on", deaf: int = 0, source: str | None = None) -> None:
        self.state, self.deaf, self.source = state, deaf, source
        self.physical, self.mask = "1.0.0.0", "0x0000"
        self.said: list[str] = []
        self.monitor = "On"

    def run(self, command: Sequence[str]) -> str | None:
        if command[0] == "xset":
            return self._xset(command[3:])
        device, words = command[2], " ".join(command[3:])
        assert command[:2] == ("cec-ctl", "-d") and device == "/dev/cec0"
        if not words:
            return ADAPTER.format(physical=self.physical, mask=self.mask)
        if words.startswith("--playback"):
            self.mask = "0x0010"
            return ""
        assert self.mask != "0x0000", "no message from an adapter without a logical address"
        assert words.startswith("--to 0 "), words
        words = words.removeprefix("--to 0 ")
        if words == "--give-device-power-status":
            if self.state not in STATES:
                return "Transmit from Playback Device 1 to TV (4 to 0):\n\tTx, Not Acknowledged (4), Max Retries\n"
            return POWER_ANSWER.format(state=self.state, code=STATES.index(self.state))
        if words == "--request-active-source":
            return SOURCE_ANSWER.format(source=self.source) if self.source else "\tRx, Timeout\n"
        self.said.append(words)
        if self.deaf:
            self.deaf -= 1
        else:
            self.state = {"--standby": "standby", "--image-view-on": "to-on"}.get(words, self.state)
        return ""

    def _xset(self, words: Sequence[str]) -> str:
        if words[0] == "q":
            return f"DPMS (Energy Star):\n  Standby: 0    Suspend: 0    Off: 0\n  Monitor is {self.monitor}\n"
        self.said.append(" ".join(words))
        if self.deaf:
            self.deaf -= 1
        else:
            self.monitor = {"on": "On", "off": "Off"}[words[2]]
        return ""

    def power(self, adapters: Sequence[str] = ("/dev/cec0",)) -> ScreenPower:
        return ScreenPower(":0", self.run, lambda: adapters)
