"""Pictures as a room is to see them: every common kind, right; cut or damaged ones refused."""

import os
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from kiosk.common.ffmpeg import MediaError
from kiosk.common.media import measure
from kiosk.common.stills import StillError, is_still, moves, read_animation, read_still

SIZE = (120, 90)


def whole(path: Path) -> list[tuple[int, int]]:
    """The size of each picture, all of them read, as at publication."""
    return [picture.size for picture, _ in read_animation(path)]


def noise(mode: str = "RGB") -> Image.Image:
    return Image.frombytes("RGB", SIZE, os.urandom(SIZE[0] * SIZE[1] * 3)).convert(mode)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_e4_common_kinds_of_pictures_are_taken_as_stills(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "still"
    Image.new("RGB", SIZE, (200, 30, 30)).save(path, kind)
    assert is_still(path.read_bytes()[:16])
    assert whole(path) == [SIZE]
    assert read_still(path).getpixel((5, 5)) == pytest.approx((200, 30, 30), abs=3)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_e4_picture_that_is_cut_short_is_refused(tmp_path: Path, kind: str, share: float) -> None:
    path = tmp_path / "still"
    noise().save(path, kind)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(StillError, match=r"the picture .*save it"):
        whole(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_e4_picture_whose_end_was_never_fetched_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "still"
    noise().save(path, kind)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) // 2))
    with pytest.raises(StillError, match="save it"):
        whole(path)
    path.write_bytes(data + bytes(1000))
    if kind != "WEBP":
        assert whole(path) == [SIZE], "what is whole may be followed by noughts"


def test_e4_sixteen_bits_of_grey_are_no_white_screen(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    grey = Image.new("I;16", SIZE)
    grey.putdata([x * 65_535 // (SIZE[0] - 1) for _ in range(SIZE[1]) for x in range(SIZE[0])])
    grey.save(path)
    seen = read_still(path)
    for x in (0, 30, 60, 119):
        assert seen.getpixel((x, 40)) == pytest.approx((x * 255 // 119,) * 3, abs=2)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize(("ink", "ground"), [("black", 255), ("white", 0)])
def test_e4_letters_on_clear_ground_are_readable(tmp_path: Path, mode: str, ink: str, ground: int) -> None:
    path = tmp_path / "clear.png"
    picture = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((20, 20, 60, 60), fill=ink)
    picture.convert(mode).save(path)
    seen = read_still(path)
    assert seen.getpixel((5, 5)) == (ground,) * 3
    assert seen.getpixel((40, 40)) == (255 - ground,) * 3


def test_e4_cmyk_is_shown_in_its_colours(tmp_path: Path) -> None:
    Image.new("CMYK", SIZE, (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert read_still(tmp_path / "a.jpg").getpixel((5, 5)) == pytest.approx((255, 0, 0), abs=40)


def test_e4_phone_picture_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", SIZE).save(tmp_path / "a.jpg", exif=exif)
    assert read_still(tmp_path / "a.jpg").size == (SIZE[1], SIZE[0])


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_e4_animated_picture_is_read_picture_by_picture(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "moving"
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200)]
    pictures = [Image.new("RGB", SIZE, colour) for colour in colours]
    pictures[0].save(path, kind, save_all=True, append_images=pictures[1:], duration=[1000, 500, 5])
    assert moves(path) and measure(path).duration_ms is None
    read = list(read_animation(path))
    assert [lasts for _, lasts in read] == [1.0, 0.5, 0.1], "one that is due for less than 20 ms, as in browsers"
    for (picture, _), colour in zip(read, colours, strict=True):
        assert picture.getpixel((5, 5)) == pytest.approx(colour, abs=8)
    assert read_still(path).getpixel((5, 5)) == pytest.approx(colours[0], abs=8)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_e4_animated_picture_that_is_cut_short_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "moving"
    noise().save(path, kind, save_all=True, append_images=[noise(), noise()], duration=1000)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 8 // 10])
    with pytest.raises(StillError, match="save it"):
        whole(path)


def test_e4_animated_picture_too_large_to_turn_in_time_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    pictures = [Image.new("1", (2000, 1200), shade) for shade in (0, 1)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=1000)
    with pytest.raises(MediaError, match="an animated picture of more than 1920 x 1080 pixels is not taken"):
        measure(path)  # in the confined process, which hands the cause on


def test_e4_animated_picture_that_is_a_film_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "moving.gif"
    pictures = [noise() for _ in range(4)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    monkeypatch.setattr("kiosk.common.stills.MOST_TURNS", 3)
    with pytest.raises(StillError, match="an animated picture of more than 3 pictures is not taken"):
        whole(path)


def test_e4_picture_too_large_for_a_room_is_refused_at_publication(tmp_path: Path) -> None:
    Image.new("1", (9000, 9000)).save(tmp_path / "a.png")
    with pytest.raises(StillError, match="9000x9000"):
        read_still(tmp_path / "a.png")
