"""Reads a form with a file in it: bounded, the file into a temporary one, and refused as early as it can be told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field as FormField
from python_multipart.multipart import File, FormParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

MOST_OTHERS = 64 * 1024
"""Bytes of everything beside the file."""
IN_MEMORY = 256 * 1024
"""Bytes of a file that are kept in memory; a longer one goes to the disk."""


@dataclass
class Upload:
    """The fields of a form, and the file in it; ``data`` is empty where none was chosen."""

    fields: dict[str, str] = field(default_factory=dict)
    name: str = ""
    data: bytes = b""


async def read_upload(request: Request, most: int) -> Upload:
    """The form that ``request`` brings, with a file of at most ``most`` bytes.

    Raises :class:`HTTPException`: 413 for a longer one, before it is read where its length is told; 415 for another
    kind of form, 400 for one that is cut short or none.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    told = request.headers.get("content-length", "")
    limit = most + MOST_OTHERS
    if told.isdigit() and len(told) < 19 and int(told) > limit:
        raise _too_long()
    found, files, came = Upload(), list[File](), 0

    def keep_field(one: FormField) -> None:
        name, value = (one.field_name or b"").decode("utf-8", "replace"), (one.value or b"").decode("utf-8", "replace")
        if len(found.fields) < 50:
            found.fields[name] = value

    parser = _parser(options[b"boundary"], keep_field, files.append)
    try:
        async for chunk in request.stream():
            came += len(chunk)
            if came > limit:
                raise _too_long()
            parser.write(chunk)
        parser.finalize()
        for file in files[:1]:
            file.file_object.seek(0)
            found.name = (file.file_name or b"").decode("utf-8", "replace")
            found.data = file.file_object.read(most + 1)
    except (FormParserError, ClientDisconnect):
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    finally:
        parser.close()
        for file in files:
            file.close()
    if len(found.data) > most:
        raise _too_long()
    return found


def _parser(boundary: bytes, on_field: Callable[[FormField], None], on_file: Callable[[File], None]) -> FormParser:
    config = {"MAX_MEMORY_FILE_SIZE": IN_MEMORY, "UPLOAD_DELETE_TMP": True}
    return FormParser("multipart/form-data", on_field, on_file, boundary=boundary, config=config)


def _too_long() -> HTTPException:
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"Connection": "close"})
