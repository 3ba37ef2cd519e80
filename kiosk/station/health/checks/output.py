"""What the room sees and hears: the X server, and where sound goes. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding, Observation

_SCREEN = {
    "none": mark("This PC shows nothing: its X server does not answer."),
    "denied": mark("This PC shows nothing: its X server does not let the kiosk in."),
}
_SCREEN_REMEDY = {
    "none": mark("Restart the PC; if that does not help, tell the town."),
    "denied": mark("Tell the town: the X server does not let the kiosk in; run install.sh station again."),
}
_SOUND = {
    "none": mark("Nothing is heard: the sound server does not answer, or there is no sound device."),
    "null": mark("Nothing is heard: no loudspeaker is connected, or the sound of the PC is muted."),
}
_SOUND_REMEDY = {
    "none": mark("Restart the PC; if that does not help, tell the town."),
    "null": mark("Check the loudspeaker's cable and the volume of the PC; then restart the PC."),
}


def check_output(observation: Observation, open_hours: bool) -> Iterator[Finding]:
    """Outside ``open_hours`` no sound is no fault: a television that is off takes the sound device with it."""
    screen = observation.screen
    yield Finding(
        cause="no-screen",
        device="screen",
        wrong=None if screen is None else screen != "up",
        text=Message(_SCREEN.get(screen or "", _SCREEN["none"])),
        remedy=Message(_SCREEN_REMEDY.get(screen or "", _SCREEN_REMEDY["none"])),
        facts={"screen": str(screen)},
        explains=("child-restarts", "poster-fails", "screen-mode", "sound-silent"),
    )
    sound = observation.sound if observation.sound_wanted else None
    wrong = None if sound is None else sound != "device"
    yield Finding(
        cause="no-sound",
        device="sound",
        wrong=None if wrong and not open_hours else wrong,
        text=Message(_SOUND.get(sound or "", _SOUND["none"])),
        remedy=Message(_SOUND_REMEDY.get(sound or "", _SOUND_REMEDY["none"])),
        facts={"sound": str(sound), "sink": str(observation.facts.get("sound.sink"))},
        explains=("sound-silent",),
    )
