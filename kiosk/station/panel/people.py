"""The named administrators, each with a PIN of their own: by it the record has their names.

From the first of them on, the PIN that the installer set opens nothing any more; `kiosk panel-pin` sets one again.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from kiosk.common.files import write_whole
from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.station.panel import pin as pins
from kiosk.station.panel.pin import BadPin, Pin

FILE = "panel-people.json"
MOST = 2
"""The two who share the post."""
MOST_NAME = 40


class Administrator(msgspec.Struct, frozen=True):
    """One of them."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_NAME)]
    pin: Pin


class Refused(ValueError):
    """Why somebody is not named, or a PIN not taken."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


def load(state: Path) -> tuple[Administrator, ...]:
    """Those who are kept in the folder ``state``. Raises ValueError or OSError where they cannot be read."""
    try:
        return msgspec.json.decode((state / FILE).read_bytes(), type=tuple[Administrator, ...])
    except FileNotFoundError:
        return ()
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{state / FILE} cannot be read ({error!r}); remove it, and set a PIN by: kiosk panel-pin"
        ) from None


def is_set(state: Path) -> bool:
    """Whether anybody can log in."""
    return pins.load(state) is not None or bool(load(state))


def name(state: Path, wanted: str, typed: str) -> tuple[str, bool]:
    """Name an administrator, or give a named one another PIN; answers the name, and whether it is a new one.

    The PIN of the installer ends with it. Raises :class:`Refused`, OSError.
    """
    called, people = one_line(wanted), load(state)
    if not called or len(called) > MOST_NAME:
        raise Refused(Message(mark("Write the name, in {most} characters at most."), {"most": str(MOST_NAME)}))
    there = any(one.name == called for one in people)
    if not there and len(people) >= MOST:
        raise Refused(Message(mark("Two are named already; take one out first.")))
    if any(one.pin.fits(typed) for one in people if one.name != called):
        raise Refused(Message(mark("Choose another PIN.")))
    try:
        pin = pins.choose(typed)
    except BadPin:
        text = mark("A PIN is {digits} digits, and not the first that anybody would try; choose another.")
        raise Refused(Message(text, {"digits": str(pins.DIGITS)})) from None
    made = Administrator(called, pin)
    save(state, tuple(made if one.name == called else one for one in people) + (() if there else (made,)))
    (state / pins.FILE).unlink(missing_ok=True)
    return called, not there


def take_out(state: Path, called: str) -> bool:
    """Take an administrator out; the last one stays. Answers whether somebody went. Raises OSError."""
    people = load(state)
    left = tuple(one for one in people if one.name != called)
    if not left or left == people:
        return False
    save(state, left)
    return True


def save(state: Path, people: tuple[Administrator, ...]) -> None:
    """Keep them, readable by the owner only. Raises OSError."""
    write_whole(state / FILE, msgspec.json.encode(people), 0o600)
