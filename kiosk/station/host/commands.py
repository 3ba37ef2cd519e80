"""Runs a program of the system and gives back what it printed."""

from collections.abc import Callable, Sequence

from kiosk.common.programs import output

SECONDS = 10
"""After so many seconds a program that does not end is killed."""
Run = Callable[[Sequence[str]], str | None]


def run(command: Sequence[str]) -> str | None:
    """What ``command`` printed; None where it is not installed, fails, or does not end."""
    said = output(*command, within_s=SECONDS)
    return None if said is None else said.decode(errors="replace")
