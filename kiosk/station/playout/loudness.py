"""Loudness evened out: how much a programme is turned up or down, from what the town measured of it. Pure."""

from kiosk.contract.playlist import Programme

HEADROOM_DB = 1.0
"""What the highest peak is kept below full scale, in dB (EBU R 128: at most -1 dBTP)."""
MOST_DB = 24.0
"""Nothing is turned up further, in dB. A programme that would need it, below -47 LUFS, is mostly the noise of the room
that it was recorded in, and a slip in its recording: that noise would be brought to the level of speech."""


def gain_db(programme: Programme, target_clufs: int) -> float:
    """The gain that brings ``programme`` to the loudness ``target_clufs`` (hundredths of LUFS), in dB.

    Upwards only as far as its true peak leaves room, since nothing here limits peaks: soft speech with a loud clap
    stays softer than the rest. Where the peak is unknown (published before it was measured), never upwards; where the
    loudness is unknown, or in silence, nothing is changed.
    """
    if programme.loudness_clufs is None:
        return 0.0
    wanted = (target_clufs - programme.loudness_clufs) / 100
    room = 0.0 if programme.peak_cdbtp is None else -HEADROOM_DB - programme.peak_cdbtp / 100
    return min(wanted, room, MOST_DB)
