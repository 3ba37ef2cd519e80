"""The devices of the register: screens and what is plugged into the USB. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.contract.station import Equipment
from kiosk.station.health.observation import Finding, Observation, statuses


def check_screens(
    observation: Observation, equipment: tuple[Equipment, ...], open_hours: bool, last_connector: str
) -> Iterator[Finding]:
    """Each connector that the register names; where it names none: any screen at all, once there has been one."""
    status_of = statuses(observation)
    named = [(item.id, item.name, item.connector) for item in equipment if item.connector]
    for device, name, connector in named:
        status = status_of.get(connector)
        yield _screen(device, name, connector, None if status is None else status != "connected", open_hours)
    if not named and last_connector:
        wrong = "connected" not in status_of.values() if status_of else None
        yield _screen("screen", "", last_connector, wrong, open_hours)


def check_usb(observation: Observation, equipment: tuple[Equipment, ...], open_hours: bool) -> Iterator[Finding]:
    listed = observation.facts.get("usb.present")
    for item in equipment:
        if not item.usb:
            continue
        wrong = item.usb.lower() not in listed.split(",") if isinstance(listed, str) else None
        yield Finding(
            cause="usb-missing",
            device=item.id,
            wrong=None if wrong and not open_hours else wrong,
            text=Message(mark("The device {name} is not found on the USB."), {"name": item.name}),
            remedy=Message(mark("Plug it in again, into another socket of the PC; if it stays away, it is broken.")),
            facts={"usb": item.usb},
        )


def _screen(device: str, name: str, connector: str, wrong: bool | None, open_hours: bool) -> Finding:
    return Finding(
        cause="screen-unplugged",
        device=device,
        wrong=None if wrong and not open_hours else wrong,
        text=Message(mark("The screen {name} is not connected."), {"name": name or connector}),
        remedy=Message(mark("Check that the screen has power and that its cable sits firmly at both ends.")),
        facts={"connector": connector},
        explains=("no-sound", "screen-mode", "sound-silent", "screen-does-not-wake"),
    )
