"""kiosk: the playback controller for the education-room terminal of a village or community station."""

__version__ = "0.1.0"
