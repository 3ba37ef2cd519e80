"""The clips of :mod:`formats` with sounds that a recording tells apart: whose they are, and at which picture.

Each has a tone of its own on its side, the left one where its number is odd; the other side is silent. Programmes that
follow each other are on different sides, so that a cut is heard to the sample, and what is left of the old one beside a
louder new one.
At some of its pictures the tone goes up by an octave for a moment, without a break.
"""

import math
from dataclasses import replace

from formats import FILMS, SOUNDS, Format
from hearing import Voice

LOWEST_HZ, STEP_HZ = 600, 25
BEEP_S, FIRST_BEEP_S, BEEPS_APART_S = 0.12, 0.2, 0.5
CLEAR_S = 0.36
"""No beep is so near to the end of a clip."""
SEPARATE = {"libmp3lame": ("-joint_stereo", "0"), "aac": ("-aac_ms", "0")}
"""What keeps an encoder from putting a part of one side on the other."""


def voice(one: Format) -> Voice:
    """The voice of a clip."""
    latest = one.clip.seconds - CLEAR_S - BEEP_S
    instants = [FIRST_BEEP_S + n * BEEPS_APART_S for n in range(math.ceil(latest / BEEPS_APART_S))]
    beeps = [math.ceil(one.rate * instant) for instant in instants]
    pitch = LOWEST_HZ + STEP_HZ * (one.number // 2 % 20)
    return Voice(1 - one.number % 2, pitch, tuple(beep for beep in beeps if beep / one.rate < latest))


def _voiced(one: Format, number: int) -> Format:
    audio = list(one.clip.audio)
    for encoder, options in SEPARATE.items():
        audio += options if encoder in audio else ()
    one = replace(one, clip=replace(one.clip, number=number, audio=tuple(audio)))
    mine = voice(one)
    octave = "".join(f"+clip(t-{float(beep / one.rate):.6f},0,{BEEP_S})" for beep in mine.beeps)
    tone = f"{one.clip.level}*sin(2*PI*{mine.hertz}*(t{octave}))".replace(",", "\\,")
    sides = [tone, "0"] if mine.side == 0 else ["0", tone]
    return replace(one, voice=f"aevalsrc={'|'.join(sides)}:s=48000:d={one.clip.seconds}")


VOICES = tuple(_voiced(one, 101 + place) for place, one in enumerate((*FILMS, *SOUNDS)))
"""Films and sounds, as many on each side."""
