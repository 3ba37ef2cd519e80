"""What a ticket may be about: the causes that the rooms' kiosks find, and those that only people know. Pure."""

from kiosk.common.messages import mark

BY_HAND = {
    "line-unpaid": mark("Line unpaid"),
    "line-down": mark("Line out of order"),
    "room-moved": mark("Room moved"),
    "device-stolen": mark("Device stolen or lost"),
    "lightning": mark("Damage by lightning"),
    "device-broken": mark("Device broken"),
    "other": mark("Something else"),
}
"""What an officer opens a ticket for."""
FOUND = {
    "reported": mark("Reported by the room"),
    "repair": mark("A repair"),
    "screen-unplugged": mark("Screen not connected"),
    "screen-mode": mark("Wrong display mode"),
    "screen-does-not-answer": mark("TV does not answer"),
    "screen-does-not-rest": mark("TV does not switch off"),
    "screen-does-not-wake": mark("TV does not switch on"),
    "no-screen": mark("PC shows nothing"),
    "poster-fails": mark("The table cannot be shown"),
    "menu-fails": mark("The menu cannot be shown"),
    "no-sound": mark("No sound"),
    "sound-silent": mark("Nothing is heard"),
    "usb-missing": mark("USB device missing"),
    "disk-low": mark("Disk full"),
    "disk-not-writable": mark("Disk cannot be written"),
    "disk-errors": mark("Disk has errors"),
    "disk-failing": mark("Disk is failing"),
    "memory-low": mark("Memory full"),
    "reading-hangs": mark("PC or disk does not answer"),
    "too-hot": mark("PC too hot"),
    "throttled": mark("PC slowed down by heat"),
    "undervoltage": mark("Power too weak"),
    "on-battery": mark("Mains power gone"),
    "line-unplugged": mark("Network cable unplugged"),
    "line-poor": mark("Line is poor"),
    "no-names": mark("Names cannot be resolved"),
    "captive-portal": mark("Line wants a login"),
    "town-silent": mark("Town cannot be reached"),
    "clock-untrusted": mark("Clock not right"),
    "pc-stays-on": mark("PC does not shut down"),
    "journal-trouble": mark("Plays cannot be recorded"),
    "journal-damaged": mark("Record was damaged"),
    "child-restarts": mark("Player fails again and again"),
    "daemon-memory": mark("Kiosk takes too much memory"),
    "inbox-long": mark("Kiosk does not keep up"),
}
PLAN = {
    "plan-running-out": mark("Plan running out"),
    "programme-missing": mark("Programme not here in time"),
    "programmes-do-not-fit": mark("Programmes do not fit"),
    "week-refused": mark("Week refused"),
    "clock-disputed": mark("Network and town tell different times"),
    "freeze": mark("News do not get through"),
}
"""Of these the town is the cause, or the one to act: no device is out of order."""


DEVICES = {
    **dict.fromkeys(("screen-unplugged", "screen-mode", "screen-does-not-answer", "screen-does-not-rest"), "screen"),
    **dict.fromkeys(("screen-does-not-wake", "no-screen", "poster-fails"), "screen"),
    **dict.fromkeys(("no-sound", "sound-silent"), "sound"),
    **dict.fromkeys(("disk-low", "disk-not-writable", "disk-errors", "disk-failing", "memory-low", "too-hot"), "pc"),
    **dict.fromkeys(("throttled", "undervoltage", "pc-stays-on", "child-restarts", "daemon-memory"), "pc"),
    **dict.fromkeys(
        ("line-unplugged", "line-poor", "no-names", "captive-portal", "town-silent", "line-down"), "network"
    ),
    "usb-missing": "usb",
    "on-battery": "ups",
}
"""The kind of equipment that a cause is about, as the register calls it."""


def title(cause: str) -> str:
    """The cause as a text to translate; one that is not known here stays as it is."""
    return BY_HAND.get(cause) or FOUND.get(cause) or PLAN.get(cause) or cause
