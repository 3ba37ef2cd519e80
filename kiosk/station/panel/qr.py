"""A QR code as an image that stands in the page itself."""

import segno


def qr_image(text: str, scale: int = 4) -> str:
    """The address of an SVG drawing of the code, as ``data:``; with room for a scratch where the code is short."""
    made = segno.make(text, error="m" if len(text) < 200 else "l", micro=False, boost_error=False)
    drawn: str = made.svg_data_uri(scale=scale, border=4, dark="#000", light="#fff")
    return drawn
