"""Photos from phones: codes in them, made small and upright without what else they say; hostile ones are refused."""

import asyncio
from io import BytesIO

import pytest
import segno
from PIL import Image, ImageFilter

from kiosk.common import photos
from kiosk.common.photo_child import read as read_here
from kiosk.common.photos import MOST_PHOTO, PhotoError, read_photo

CODE = "K482913"


def coded(angle: float = 8, blur: float = 1.5) -> Image.Image:
    """A television in a dim room, photographed askew."""
    file = BytesIO()
    segno.make(CODE, error="h", micro=False).save(file, kind="png", scale=14, border=4)
    code = Image.open(file).convert("RGB")
    photo = Image.effect_noise((1600, 1200), 40).convert("RGB")
    tilted = code.rotate(angle, expand=True, fillcolor="#ffffff")
    photo.paste(tilted, (500, 300))
    return photo.filter(ImageFilter.GaussianBlur(blur))


def saved(picture: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **more)
    return file.getvalue()


def test_code_on_a_photographed_television_is_read_in_the_confined_process() -> None:
    photo = asyncio.run(read_photo(saved(coded())))
    assert photo.codes == (CODE,) and len(photo.jpeg) <= MOST_PHOTO
    with Image.open(BytesIO(photo.jpeg)) as kept:
        assert max(kept.size) == 1280


def test_photo_without_a_code_says_none_and_one_of_noise_is_small() -> None:
    told, jpeg = read_here(saved(Image.effect_noise((3000, 2000), 200).convert("RGB"), quality=95))
    assert told.codes == () and len(jpeg) <= MOST_PHOTO


def test_place_and_camera_stay_out_and_the_photo_stands_upright() -> None:
    marks = Image.Exif()
    marks[0x0112], marks[0x010F] = 6, "Camera of Mrs. Wang"
    _, jpeg = read_here(saved(Image.new("RGB", (400, 200), "red"), exif=marks))
    assert b"Mrs. Wang" not in jpeg
    with Image.open(BytesIO(jpeg)) as kept:
        assert kept.size == (200, 400)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_formats_of_phones_are_read(kind: str) -> None:
    assert read_here(saved(coded(0, 0), kind))[0].codes == (CODE,)


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a" + bytes(100), b"%PDF-1.4", saved(coded())[:2000], saved(Image.new("1", (12000, 12000)), "PNG")],
    ids=["empty", "gif", "pdf", "half", "bomb"],
)
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(PhotoError):
        asyncio.run(read_photo(data))


def test_photo_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "WITHIN_S", 0.01)
    with pytest.raises(PhotoError):
        asyncio.run(read_photo(saved(coded())))


@pytest.mark.parametrize(
    ("child", "why"),
    [
        ("import os\nwhile True: os.write(1, bytes(1 << 20))", "too much"),
        (
            "from kiosk.common import photo_child as c\nc.confine = lambda _: 'no system call filter'\nc.main()",
            "confine",
        ),
    ],
    ids=["endless", "weak"],
)
def test_process_that_was_taken_over_or_is_not_confined_gives_no_photo(
    monkeypatch: pytest.MonkeyPatch, child: str, why: str
) -> None:
    """What it answers is read within bounds, and without a sandbox no stranger's photo is opened at all."""
    monkeypatch.setattr(photos, "CHILD", ("-c", child))
    with pytest.raises(PhotoError, match=why):
        asyncio.run(read_photo(saved(Image.new("RGB", (8, 8)))))
