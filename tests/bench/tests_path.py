"""Importing this makes what the tests are made of importable by a bench: a live room, a panel's visitors, a browser."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / name) for name in ("", "station", "station/panel", "station/health")]
