"""The house profile: what of a file is not of it, and the ffmpeg command that makes it so. Pure.

MP4 with its index first; H.264 High of at most 1920 x 1080 square pixels, 4:2:0 in 8 bits, whole pictures at a steady
rate, upright; AAC-LC in stereo; at most 2.5 Mbit/s. A programme may be sound alone.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

import msgspec

from kiosk.common.messages import Message, mark

WIDEST, HIGHEST = 1920, 1080
MOST_BITS = 2_500_000
"""Of picture and sound together, in bits a second."""
SOUND_BITS = 128_000
PICTURE_BITS = 2_300_000
"""The most that the encoder is told, in bits a second, for a long film."""
BURST_S = 0.9
"""So much of a second's bits an encoder may spend at once, at the beginning."""
USUAL_RATE = Fraction(25)
FASTEST = 60
"""Pictures a second; a faster one, as of slow motion, is brought to the usual rate."""
STEADY = 0.02
"""Share by which the mean rate may differ from the nominal one where pictures come at a steady rate."""
NEAR_STEADY = 0.12
"""Share below which the nominal rate is kept where pictures do not come at a steady rate, as of telephones."""
LONGEST_PICTURE = 2.5
"""Times its share of a second that one picture may stand."""
SOUND_RATES = ("44100", "48000")
INTERLACED = ("tt", "bb", "tb", "bt")
HIGH_RANGE = ("smpte2084", "arib-std-b67")


class Disposition(msgspec.Struct, frozen=True):
    """ffprobe's flags of a stream."""

    attached_pic: int = 0
    default: int = 0


class SideData(msgspec.Struct, frozen=True):
    """ffprobe's side data of a stream."""

    rotation: float = 0


class Stream(msgspec.Struct, frozen=True):
    """A stream, as ffprobe describes it."""

    index: int
    codec_type: str = ""
    codec_name: str = "?"
    profile: str = ""
    width: int = 0
    height: int = 0
    pix_fmt: str = ""
    sample_aspect_ratio: str = ""
    field_order: str = ""
    r_frame_rate: str = ""
    avg_frame_rate: str = ""
    color_range: str = ""
    color_transfer: str = ""
    sample_rate: str = ""
    channels: int = 0
    disposition: Disposition = Disposition()
    side_data_list: tuple[SideData, ...] = ()
    tags: dict[str, str] = {}


class Container(msgspec.Struct, frozen=True):
    """A file, as ffprobe describes it."""

    format_name: str = ""
    tags: dict[str, str] = {}


class Probe(msgspec.Struct, frozen=True):
    """ffprobe's answer."""

    streams: tuple[Stream, ...] = ()
    format: Container = Container()


@dataclass(frozen=True)
class Source:
    """A file that was measured, with what the profile asks of it."""

    probe: Probe
    duration_ms: int
    end_ms: int
    """When picture and sound are over, from the first of both on."""
    size: int
    """In bytes."""
    audio_track: int
    """Which of its sound tracks is played, from 0."""
    still_ms: int | None
    """The longest that one picture stands; None where that is not known."""
    fast_start: bool

    @property
    def picture(self) -> Stream | None:
        """The picture's stream, which is no cover."""
        films = (s for s in self.probe.streams if s.codec_type == "video" and not s.disposition.attached_pic)
        return next(films, None)

    @property
    def sound(self) -> Stream | None:
        """The stream of the sound that is played."""
        tracks = [s for s in self.probe.streams if s.codec_type == "audio"]
        return tracks[min(self.audio_track, len(tracks) - 1)] if tracks else None

    @property
    def words(self) -> Stream | None:
        """The first subtitles that are text."""
        texts = ("subrip", "ass", "ssa", "webvtt", "mov_text", "text")
        return next((s for s in self.probe.streams if s.codec_type == "subtitle" and s.codec_name in texts), None)


@dataclass(frozen=True)
class Deviations:
    """What is not of the profile, in words: of the picture, the sound, the container."""

    picture: tuple[Message, ...]
    sound: tuple[Message, ...]
    container: tuple[Message, ...]

    @property
    def all(self) -> tuple[Message, ...]:
        """All of them; none where the file is of the profile."""
        return (*self.picture, *self.sound, *self.container)


def deviations(source: Source) -> Deviations:
    """What of a file is not of the profile."""
    return Deviations(tuple(_picture(source)), tuple(_sound(source)), tuple(_container(source)))


def _picture(source: Source) -> list[Message]:
    film = source.picture
    if film is None:
        return []
    found = []
    if (film.codec_name, film.profile) != ("h264", "High"):
        name = f"{film.codec_name} {film.profile}".strip()
        found.append(Message(mark("picture made H.264 High, it was {codec}"), {"codec": name}))
    if film.pix_fmt != "yuv420p" or film.color_range == "pc":
        was = {"format": film.pix_fmt}
        found.append(Message(mark("colours made 4:2:0 in 8 bits of the usual range, they were {format}"), was))
    if film.field_order in INTERLACED:
        found.append(Message(mark("half pictures (interlaced) made whole ones")))
    if turned(film):
        found.append(Message(mark("turned upright")))
    if aspect(film) != 1:
        found.append(Message(mark("pixels made square")))
    size = target_size(film)
    if film.width > WIDEST or film.height > HIGHEST or film.width % 2 or film.height % 2:
        was = {"was": f"{film.width}x{film.height}", "now": f"{size[0]}x{size[1]}"}
        found.append(Message(mark("made {now}, it was {was}"), was))
    if not _is_steady(film, source.still_ms):
        now = {"rate": f"{float(target_rate(film, source.still_ms)):.5g}"}
        found.append(Message(mark("brought to a steady rate of {rate} pictures a second"), now))
    bits = source.size * 8000 // max(1, source.duration_ms)
    if bits > MOST_BITS:
        was = {"was": f"{bits / 1e6:.1f}"}
        found.append(Message(mark("brought to at most 2.5 Mbit/s, it had {was}"), was))
    return found


def _sound(source: Source) -> list[Message]:
    sound = source.sound
    if sound is None:
        return []
    found = []
    if (sound.codec_name, sound.profile) != ("aac", "LC") or sound.sample_rate not in SOUND_RATES:
        name = f"{sound.codec_name} {sound.profile}".strip()
        found.append(Message(mark("sound made AAC, it was {codec}"), {"codec": name}))
    if sound.channels != 2:
        found.append(Message(mark("sound made stereo, it had {count} channels"), {"count": str(sound.channels)}))
    if source.picture is None and not found and source.size * 8000 // max(1, source.duration_ms) > MOST_BITS:
        found.append(Message(mark("brought to at most 2.5 Mbit/s, it had {was}"), {"was": "?"}))
    return found


def _container(source: Source) -> list[Message]:
    probe = source.probe
    if "mp4" not in probe.format.format_name.split(",") or probe.format.tags.get("major_brand", "").startswith("qt"):
        was = probe.format.format_name.split(",")[0]
        return [Message(mark("put into MP4, it was {format}"), {"format": was})]
    found = []
    if not source.fast_start:
        found.append(Message(mark("its index put at the beginning")))
    if len(probe.streams) > (source.picture is not None) + (source.sound is not None):
        found.append(Message(mark("further tracks left out: other sound, cover, data")))
    return found


def turned(film: Stream) -> bool:
    """Whether it is to be shown lying on its side, or upside down."""
    return any(round(one.rotation) % 360 for one in film.side_data_list)


def aspect(film: Stream) -> Fraction:
    """A pixel's width to its height; 1 where nothing sensible is said."""
    above, _, below = film.sample_aspect_ratio.partition(":")
    try:
        found = Fraction(int(above), int(below))
    except (ValueError, ZeroDivisionError):
        return Fraction(1)
    return found if Fraction(1, 8) <= found <= 8 else Fraction(1)


def target_size(film: Stream) -> tuple[int, int]:
    """Width and height as people will see it: upright, in square pixels, never made larger than it needs to be."""
    width, height = film.width * max(Fraction(1), aspect(film)), film.height / min(Fraction(1), aspect(film))
    if any(round(one.rotation) % 180 for one in film.side_data_list):
        width, height = height, width
    share = min(Fraction(1), WIDEST / width, HIGHEST / height) if width and height else Fraction(1)
    return max(2, floor(width * share / 2) * 2), max(2, floor(height * share / 2) * 2)


def _rate(text: str) -> Fraction | None:
    above, _, below = text.partition("/")
    try:
        found = Fraction(int(above), int(below or 1))
    except (ValueError, ZeroDivisionError):
        return None
    return found if found > 0 else None


def _differs(film: Stream) -> float:
    """By what share the mean rate differs from the nominal one; 1 where one is not told."""
    nominal, mean = _rate(film.r_frame_rate), _rate(film.avg_frame_rate)
    return float(abs(nominal - mean) / nominal) if nominal and mean else 1.0


def _is_steady(film: Stream, still_ms: int | None) -> bool:
    nominal = _rate(film.r_frame_rate)
    if nominal is None or nominal > FASTEST or _differs(film) > STEADY:
        return False
    return still_ms is None or still_ms * nominal <= 1000 * LONGEST_PICTURE


def target_rate(film: Stream, still_ms: int | None) -> Fraction:
    """Its own rate where it has one, else the usual one."""
    nominal = _rate(film.r_frame_rate)
    if nominal and 10 <= nominal <= FASTEST and (_is_steady(film, still_ms) or _differs(film) < NEAR_STEADY):
        return nominal
    return nominal if nominal and _is_steady(film, still_ms) else USUAL_RATE


def picture_bits(duration_ms: int) -> int:
    """The most that the encoder may use a second: less for a short film, whose beginning weighs more."""
    seconds = max(0.2, duration_ms / 1000)
    return round(PICTURE_BITS * seconds / (seconds + BURST_S))


def command(source: Source, found: Deviations) -> list[str]:
    """ffmpeg's words behind ``-i FILE``, up to the name of the file that is made."""
    words = ["-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn"]
    if film := source.picture:
        words += ["-map", f"0:{film.index}"]
        words += encoding(source, film) if found.picture else ["-c:v", "copy"]
    if sound := source.sound:
        words += ["-map", f"0:{sound.index}"]
        again = found.sound or found.picture
        words += SOUND_WORDS if again else ["-c:a", "copy"]
    return [*words, "-max_muxing_queue_size", "4096", "-movflags", "+faststart", "-f", "mp4"]


SOUND_WORDS = ["-c:a", "aac", "-profile:a", "aac_low", "-b:a", str(SOUND_BITS), "-ac", "2", "-ar", "48000"] + [
    *("-af", "aresample=async=1"),
]


def encoding(source: Source, film: Stream) -> list[str]:
    """The words that make the picture."""
    width, height = target_size(film)
    filters = []
    if film.field_order != "progressive":
        filters.append("bwdif=mode=send_frame:deint=" + ("all" if film.field_order in INTERLACED else "interlaced"))
    if film.color_transfer in HIGH_RANGE:
        linear = "zscale=t=linear:npl=203,format=gbrpf32le,tonemap=mobius:desat=0"
        filters += [linear, "zscale=p=bt709:t=bt709:m=bt709:r=tv"]
    filters += [f"scale={width}:{height}:flags=bicubic:out_range=tv", "setsar=1"]
    filters += [f"fps={target_rate(film, source.still_ms)}", "format=yuv420p"]
    filters += ["tpad=stop=-1:stop_mode=clone"]  # the last picture stands to the end: of slides, of a longer sound
    bits = str(picture_bits(source.duration_ms))
    return [
        *("-vf", ",".join(filters), "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", "21"),
        *("-t", f"{source.end_ms / 1000:.3f}"),
        *("-maxrate", bits, "-bufsize", bits, "-g", "50", "-color_range", "tv"),
    ]
