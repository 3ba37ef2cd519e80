"""The small picture of a room's screen that a town may ask for: what it may be."""

CONTENT_TYPE = "image/jpeg"
MAX_PICTURE = 60_000
"""In bytes."""
MAX_PHOTO = 300_000
"""In bytes, of a photo that somebody in the room has taken of a fault."""
_BEGINNING, _END = b"\xff\xd8\xff", b"\xff\xd9"


def problem(data: bytes, most: int = MAX_PICTURE) -> str:
    """What is wrong with ``data`` as a picture; empty for what looks like a whole JPEG file of a size that is allowed.

    It is not decoded: whoever shows it must not trust it any further than any picture from elsewhere.
    """
    if len(data) > most:
        return f"the picture has {len(data)} bytes, more than the {most} allowed"
    if not data.startswith(_BEGINNING) or not data.endswith(_END):
        return "the picture is not a whole JPEG file"
    return ""
