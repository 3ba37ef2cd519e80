"""Lets the fault runs import the benches' modules by plain name, as those do each other. Imported for that alone."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "bench"))
