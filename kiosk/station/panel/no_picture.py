"""What is wrong where the television shows no picture: told from three answers, or from one photo. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kiosk.common.messages import mark

Kind = Literal["none", "pc", "power", "standby", "cable", "input", "signal", "unknown"]
QUESTIONS: dict[str, str] = {
    "shows": mark("What does the television show?"),
    "cable": mark("Is the picture cable in, at the PC and at the television?"),
    "input": mark("Which input is chosen on the television?"),
}
ANSWERS: dict[str, dict[str, str]] = {
    "shows": {
        "dark": mark("Nothing, and no light is on at it"),
        "standby": mark("Nothing, but a light is on at it"),
        "no-signal": mark("Words such as “No signal”"),
        "other": mark("Another picture"),
        "test": mark("The test picture"),
    },
    "cable": {"in": mark("Yes, both ends"), "out": mark("No, it was loose"), "unseen": mark("I cannot see it")},
    "input": {"pc": mark("That of the PC"), "other": mark("Another one"), "unseen": mark("I do not know")},
}
"""The answers to each question, by the names under which they are recorded."""
TEXTS: dict[Kind, tuple[str, str]] = {
    "none": (
        mark("The television shows what this PC sends: PC, cable and input are right."),
        mark("If a programme stays dark all the same, report that."),
    ),
    "pc": (mark("This PC sends no picture."), mark("Restart the PC; if that does not help, report it.")),
    "power": (
        mark("The television seems to have no power."),
        mark("Look at its plug, the socket and the switch of the socket; then switch it on."),
    ),
    "standby": (
        mark("The television seems to be in standby."),
        mark("Switch it on with its own remote or with the button on it."),
    ),
    "cable": (
        mark("The picture cable was loose."),
        mark("Push it in at both ends until it sits firmly, then look again."),
    ),
    "input": (
        mark("The television seems to show another input."),
        mark("Press “Input” or “Source” on its own remote until the test picture comes."),
    ),
    "signal": (
        mark("The picture of the PC does not reach the television."),
        mark("Try the other socket of the television, or another cable; if that does not help, report it."),
    ),
    "unknown": (
        mark("The answers do not tell what is wrong."),
        mark("Report it as it is, with a photo of the television."),
    ),
}
"""What is wrong, and what to do."""


@dataclass(frozen=True)
class Verdict:
    """What is wrong, as far as it can be told. ``photo``: what the photo has shown of the code; empty without one."""

    kind: Kind
    photo: Literal["", "code", "no-code", "not-shown", "unread"] = ""


def read_answers(form: Mapping[str, str]) -> dict[str, str]:
    """The answers that were given, of those that there are."""
    return {name: form[name] for name, known in ANSWERS.items() if form.get(name) in known}


def judge(
    answers: Mapping[str, str], sends: bool, shown: str = "", codes: tuple[str, ...] | None = None, unread: bool = False
) -> Verdict:
    """``sends``: whether this PC has a picture; ``shown``: the code of the test picture that is on the screen, empty
    for none; ``codes``: those found in the photo, None without a photo; ``unread``: the photo could not be read."""
    photo: Literal["", "code", "no-code", "not-shown", "unread"] = "unread" if unread else ""
    if codes is not None:
        photo = "not-shown" if not shown else "code" if shown in codes else "no-code"
    return Verdict(_kind(answers, sends, photo == "code"), photo)


def _kind(answers: Mapping[str, str], sends: bool, seen: bool) -> Kind:
    if seen:
        return "none"
    if not sends:
        return "pc"
    if answers.get("cable") == "out":
        return "cable"
    match answers.get("shows"):
        case "test":
            return "none"
        case "dark":
            return "power"
        case "standby":
            return "standby"
        case "other":
            return "input"
        case "no-signal":
            return "signal" if answers.get("input") == "pc" and answers.get("cable") == "in" else "input"
    return "input" if answers.get("input") == "other" else "unknown"
