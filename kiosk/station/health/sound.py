"""Where sound goes: the sound server's default sink, or the sound card. Read from the server; nothing is played."""

import json
import logging
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kiosk.common.programs import output as _run

log = logging.getLogger(__name__)

PACTL_S = 5
DEVICES = Path("/dev/snd")
NOBODY_HEARS = ("module-null-sink", "auto_null", "support.null-audio-sink")
"""How a sink that leads nowhere is called, by PulseAudio and by PipeWire."""


def read_sink(output: str, environment: Mapping[str, str] | None = None, **more: Any) -> str | None:
    """``device``, ``null`` (a sink that leads nowhere), ``astray`` (so, though there is a device), ``muted``, ``none``
    (no server, no sink, no card); None where the machine does not say. ``output`` is as in the settings; ``more`` goes
    to :class:`subprocess.Popen`."""
    if output == "alsa":
        return "device" if any(DEVICES.glob("pcmC*D*p")) else "none"
    if output != "pulse":
        return "none"
    try:
        name = _pactl(environment, more, "info")["default_sink_name"]
        kinds = {sink["name"]: _kind(sink) for sink in _pactl(environment, more, "list", "sinks")}
        kind = kinds.get(name, "none")
        return "astray" if kind == "null" and set(kinds.values()) - {"null"} else kind
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return "none"
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        log.debug("cannot ask the sound server: %r", error)
        return None


def unmute() -> None:
    """The default sink sounds again; one at volume 0 is turned up. What goes wrong shows at the next look."""
    server = {"PULSE_SERVER": servers(os.environ)}
    _run("pactl", "set-sink-mute", "@DEFAULT_SINK@", "0", environment=server)
    if b" 0%" in (_run("pactl", "get-sink-volume", "@DEFAULT_SINK@", environment=server) or b""):
        _run("pactl", "set-sink-volume", "@DEFAULT_SINK@", "100%", environment=server)


def use_device() -> None:
    """The first sink that is a device becomes the default one, and what plays moves there."""
    server = {"PULSE_SERVER": servers(os.environ)}
    try:
        sinks = [sink for sink in _pactl(None, {}, "list", "sinks") if _kind(sink) != "null"]
        playing = _pactl(None, {}, "list", "sink-inputs") if sinks else []
        for sink in sinks[:1]:
            _run("pactl", "set-default-sink", sink["name"], environment=server)
            for one in playing:
                _run("pactl", "move-sink-input", str(one["index"]), sink["name"], environment=server)
    except (subprocess.SubprocessError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        log.debug("cannot ask the sound server: %r", error)


def servers(environment: Mapping[str, str]) -> str:
    """The sound servers that a player tries, in its order: where none is named, libpulse would start one."""
    runtime = environment.get("XDG_RUNTIME_DIR", "/tmp")  # noqa: S108 - as the players' environment has it
    return environment.get("PULSE_SERVER") or f"unix:{runtime}/pulse/native unix:/run/pulse/native"


def _kind(sink: dict[str, Any]) -> str:
    names = (sink["driver"], sink["name"], sink.get("properties", {}).get("factory.name", ""))
    if any(name.startswith(NOBODY_HEARS) for name in names):
        return "null"
    silent = sink["mute"] or not any(channel["value"] for channel in sink["volume"].values())
    return "muted" if silent else "device"


def _pactl(environment: Mapping[str, str] | None, more: dict[str, Any], *words: str) -> Any:
    env = dict(os.environ if environment is None else environment)
    env |= {"LC_ALL": "C.UTF-8", "PULSE_SERVER": servers(env)}
    said = subprocess.run(
        ["pactl", "--format=json", *words], capture_output=True, timeout=PACTL_S, check=True, env=env, **more
    ).stdout
    return json.loads(said)
