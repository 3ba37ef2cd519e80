"""A site's templates, style sheets and scripts: read and compiled once for the process."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES = {".css": "text/css", ".js": "text/javascript"}
AGE_S = 86_400
"""How long a browser keeps a style sheet or script: its address changes with its contents."""


@dataclass(frozen=True)
class Templates:
    """What lies in a folder of templates. ``files`` has style sheets and scripts by their names."""

    files: Mapping[str, bytes]
    environment: jinja2.Environment


@cache
def templates_of(folder: Path) -> Templates:
    """The templates of ``folder``, compiled: what is wrong with one is found at the start, and no visitor waits for it.

    In them ``files`` has the address of each style sheet and script.
    """
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in TYPES}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    marks = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in files.items()}
    environment.globals["files"] = {name: f"/{name}?{mark}" for name, mark in marks.items()}
    for name in environment.list_templates(["html"]):
        environment.get_template(name)
    return Templates(files, environment)


def file_routes(folder: Path) -> list[Route]:
    """Routes for the style sheets and scripts of ``folder``."""
    files = templates_of(folder).files

    async def answer(request: Request) -> Response:
        name = request.url.path.removeprefix("/")
        kept = {"Cache-Control": f"max-age={AGE_S}"}
        return Response(files[name], media_type=TYPES[Path(name).suffix], headers=kept)

    return [Route(f"/{name}", answer) for name in files]
