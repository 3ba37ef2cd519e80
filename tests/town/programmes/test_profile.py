"""The house profile: what of a file is not of it, and what is made of it. Pure."""

from fractions import Fraction

import pytest
from msgspec.structs import replace

from kiosk.town.programmes import profile
from kiosk.town.programmes.profile import Container, Probe, SideData, Source, Stream, deviations

FILM = Stream(
    index=0, codec_type="video", codec_name="h264", profile="High", width=1280, height=720, pix_fmt="yuv420p",
    sample_aspect_ratio="1:1", field_order="progressive", r_frame_rate="25/1", avg_frame_rate="25/1",
)  # fmt: skip
SOUND = Stream(index=1, codec_type="audio", codec_name="aac", profile="LC", sample_rate="48000", channels=2)
MP4 = Container(format_name="mov,mp4,m4a,3gp,3g2,mj2", tags={"major_brand": "isom"})


def source(film=FILM, sound=SOUND, container=MP4, size=1_000_000, fast_start=True, still_ms=40, more=()):
    streams = tuple(one for one in (film, sound, *more) if one)
    return Source(Probe(streams, container), 10_000, 10_000, size, 0, still_ms, fast_start)


def words(one):
    return [message.render(str) for message in deviations(one).all]


def test_what_is_of_the_profile_stays_as_it_is():
    assert words(source()) == []
    assert words(source(film=replace(FILM, r_frame_rate="30000/1001", avg_frame_rate="30000/1001"))) == []
    assert words(source(sound=None)) == []
    assert words(source(film=None)) == []
    assert words(source(sound=replace(SOUND, sample_rate="44100"))) == []


@pytest.mark.parametrize(
    ("film", "said"),
    [
        (replace(FILM, codec_name="hevc", profile="Main 10", pix_fmt="yuv420p10le"), "H.264 High, it was hevc Main 10"),
        (replace(FILM, profile="Main"), "it was h264 Main"),
        (replace(FILM, pix_fmt="yuv444p"), "4:2:0 in 8 bits"),
        (replace(FILM, color_range="pc"), "4:2:0 in 8 bits"),
        (replace(FILM, field_order="tt"), "interlaced"),
        (replace(FILM, side_data_list=(SideData(rotation=-90),)), "turned upright"),
        (replace(FILM, sample_aspect_ratio="64:45"), "pixels made square"),
        (replace(FILM, width=3840, height=2160), "made 1920x1080, it was 3840x2160"),
        (replace(FILM, width=1080, height=1920), "made 606x1080, it was 1080x1920"),
        (replace(FILM, width=321, height=181), "made 320x180, it was 321x181"),
        (replace(FILM, avg_frame_rate="21/1"), "steady rate of 25"),
        (replace(FILM, r_frame_rate="120/1", avg_frame_rate="120/1"), "steady rate of 25"),
        (replace(FILM, r_frame_rate="30/1", avg_frame_rate="2970/100"), None),
        (replace(FILM, r_frame_rate="30/1", avg_frame_rate="28/1"), "steady rate of 30"),
        (replace(FILM, r_frame_rate="0/0", avg_frame_rate="0/0"), "steady rate of 25"),
    ],
)
def test_picture_that_is_not_of_the_profile_is_named(film, said):
    found = words(source(film=film))
    assert found == [] if said is None else said in " ".join(found), found


def test_slides_get_a_steady_rate_though_their_mean_is_their_nominal_one():
    assert "steady rate of 25" in words(source(still_ms=8000))[0]


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (replace(SOUND, codec_name="mp2", profile=""), "sound made AAC, it was mp2"),
        (replace(SOUND, profile="HE-AAC"), "sound made AAC, it was aac HE-AAC"),
        (replace(SOUND, channels=6), "sound made stereo, it had 6 channels"),
        (replace(SOUND, channels=1), "sound made stereo, it had 1 channels"),
        (replace(SOUND, sample_rate="22050"), "sound made AAC"),
    ],
)
def test_sound_alone_is_made_anew_and_the_picture_is_copied(sound, said):
    one = source(sound=sound)
    assert said in " ".join(words(one))
    made = profile.command(one, deviations(one))
    assert made[made.index("-c:v") + 1] == "copy"
    assert made[made.index("-c:a") + 1] == "aac"


def test_container_alone_is_made_anew_and_nothing_is_coded_again():
    for one in (
        source(container=Container("matroska,webm")),
        source(fast_start=False),
        source(container=replace(MP4, tags={"major_brand": "qt  "})),
        source(more=(replace(SOUND, index=2),)),
    ):
        assert words(one)
        made = profile.command(one, deviations(one))
        assert (made[made.index("-c:v") + 1], made[made.index("-c:a") + 1]) == ("copy", "copy")
        assert "+faststart" in made


def test_too_many_bits_are_a_reason_to_code_it_again():
    assert words(source(size=5_000_000)) == ["brought to at most 2.5 Mbit/s, it had 4.0"]


@pytest.mark.parametrize(
    ("film", "size"),
    [
        (replace(FILM, width=720, height=576, sample_aspect_ratio="64:45"), (1024, 576)),
        (replace(FILM, width=720, height=576, sample_aspect_ratio="16:15"), (768, 576)),
        (replace(FILM, width=720, height=576, sample_aspect_ratio="1:2"), (674, 1080)),
        (replace(FILM, width=1440, height=1080, sample_aspect_ratio="4:3"), (1920, 1080)),
        (replace(FILM, width=1920, height=1080, side_data_list=(SideData(90),)), (606, 1080)),
        (replace(FILM, width=1, height=1), (2, 2)),
        (replace(FILM, sample_aspect_ratio="0:1"), (1280, 720)),
        (replace(FILM, sample_aspect_ratio="9999:1"), (1280, 720)),
    ],
)
def test_size_is_what_people_see(film, size):
    width, height = profile.target_size(film)
    assert (width, height) == pytest.approx(size, abs=2)
    assert width % 2 == height % 2 == 0


def test_short_film_may_not_spend_a_long_ones_beginning():
    for seconds in (0.2, 1, 2, 10, 3600):
        bits = profile.picture_bits(int(seconds * 1000))
        assert bits * (seconds + profile.BURST_S) / seconds <= profile.PICTURE_BITS + 1
    assert profile.target_rate(replace(FILM, r_frame_rate="50/1", avg_frame_rate="50/1"), 20) == Fraction(50)


def test_sound_that_is_played_is_the_one_that_was_measured():
    second = replace(SOUND, index=2, codec_name="mp3", profile="")
    one = Source(Probe((FILM, SOUND, second), MP4), 10_000, 10_000, 1, 1, 40, True)
    assert one.sound == second
    made = profile.command(one, deviations(one))
    assert "0:2" in made
    assert "0:1" not in made
