"""The console's templates, style sheet and script: read and compiled once for the process."""

import hashlib
from functools import cache
from pathlib import Path

import jinja2

FOLDER = Path(__file__).parent / "templates"
FILES = {"console.css": "text/css", "console.js": "text/javascript"}
"""Style sheet and script, and their media types."""


@cache
def file(name: str) -> bytes:
    """The contents of one of :data:`FILES`."""
    return (FOLDER / name).read_bytes()


@cache
def templates() -> jinja2.Environment:
    """All templates, compiled: what is wrong with one is found at the start, and no visitor waits for it."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.globals["files"] = {name: f"/{name}?{hashlib.sha256(file(name)).hexdigest()[:12]}" for name in FILES}
    for name in found.list_templates(["html"]):
        found.get_template(name)
    return found
