"""What probes, udev and people say of the room's equipment, on its way to the inbox."""

from collections.abc import Mapping
from dataclasses import dataclass

Fact = str | int | bool | None
"""What a probe reads. None: the machine does not say, or has no such thing; the rules then neither raise nor clear."""


@dataclass(frozen=True)
class FactsRead:
    """The probes have read the devices, beginning at ``monotonic``. Keys are fact names (``disk.free_mb``)."""

    facts: Mapping[str, Fact]
    monotonic: float


@dataclass(frozen=True)
class DeviceChanged:
    """udev reports a change; the probes are asked to look."""

    subsystem: str
    action: str
    name: str


@dataclass(frozen=True)
class CheckAgain:
    """Somebody has mended something: the problem of this name (``cause/device``) is to be looked at now."""

    by: str
    problem: str


@dataclass(frozen=True)
class KnownSet:
    """Somebody knows of a problem and wants to hear no more of it until ``until_ms`` (UTC); 0: wants to again."""

    by: str
    problem: str
    until_ms: int


@dataclass(frozen=True)
class RepairConfirmed:
    """Somebody says that what the town's ticket of this fault is about is repaired."""

    by: str
    fault: str
    """As the station document names it."""


@dataclass(frozen=True)
class FaultReported:
    """Somebody reports a fault by hand: of which device, what is seen, answers to questions, and the SHA-256 of a
    photo (empty for none)."""

    by: str
    device: str
    text: str
    facts: Mapping[str, str]
    picture: str = ""
    press: str = ""


@dataclass(frozen=True)
class FaultMended:
    """Somebody says that a fault reported by hand is mended."""

    by: str
    fault: str
    press: str = ""


@dataclass(frozen=True)
class MaintenanceSet:
    """Somebody works on the room's devices until ``until_ms`` (UTC); None: no more."""

    by: str
    until_ms: int | None
    press: str = ""
