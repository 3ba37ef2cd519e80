"""The HTTP API for stations: enrolment, signed documents, files by hash, reports and heartbeats.

Bodies are read on the event loop, all other work is done in a thread (where Starlette calls handlers that are not
``async``), so that no fsync of the database holds up the other stations. Tokens, secrets and codes are never logged.
"""

import logging
import re
from typing import TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from kiosk.common.web import network_of, read_body
from kiosk.contract.enrolment import EnrolRequest
from kiosk.contract.picture import CONTENT_TYPE, MAX_PHOTO, MAX_PICTURE, problem
from kiosk.contract.reports import Heartbeat, HeartbeatAnswer, Report, ReportAnswer, Signed, read_report
from kiosk.contract.trust import Refused, check_report, digest
from kiosk.contract.wire import MAX_DOCUMENT, Instant, Malformed, Record, decode, encode
from kiosk.town.database.store import now_ms
from kiosk.town.intake import intake
from kiosk.town.intake.complaints import Complaints
from kiosk.town.intake.quota import ALL, AT_ENROLMENT, AT_ONCE, OverQuota, Quotas
from kiosk.town.stations import registry, screenshots
from kiosk.town.stations.registry import Caller, NotEnrolled, Retired, Unknown
from kiosk.town.tickets.pictures import keep_fault_picture
from kiosk.town.town import Town

log = logging.getLogger(__name__)

SMALL_BODY = 64 * 1024
"""The largest enrolment request or heartbeat, in bytes."""
_SHA256 = re.compile("[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_VERSION = re.compile("[1-9][0-9]{0,8}")

T = TypeVar("T", bound=Record)


class NotSigned(Exception):
    """A report that the station of the token has not signed."""

    def __init__(self, station: str, message: str) -> None:
        super().__init__(f"{message}; update the kiosk on that PC, or enrol it again")
        self.station = station


class Desk:
    """What the town keeps of its visitors while it serves."""

    def __init__(self) -> None:
        self.quotas = Quotas()
        self.complaints = Complaints()


def routes() -> list[Route]:
    """The routes of the API."""
    return [
        Route("/healthz", health),
        Route("/v1/enrol", enrol, methods=["POST"]),
        Route("/v1/root/{version}.root.json", root),
        Route("/v1/groups/{group}.json", group),
        Route("/v1/urgent.json", urgent),
        Route("/v1/station.json", station),
        Route("/v1/files/{sha256}", file),
        Route("/v1/reports", reports, methods=["POST"]),
        Route("/v1/heartbeat", heartbeat, methods=["POST"]),
        Route("/v1/picture", screen, methods=["POST"]),
        Route("/v1/photo", photo, methods=["POST"]),
    ]


def health(request: Request) -> Response:
    town = _town(request)
    with town.store.read() as connection:
        connection.exec_driver_sql("SELECT 1")
    return _json({"ok": True, "root_version": town.public.root_version()})


async def enrol(request: Request) -> Response:
    """Anybody may ask. What is refused is counted by address, guesses in all too; a right code from an address that has
    not guessed comes through, whoever else does."""
    quotas, address = _desk(request).quotas, f"address {network_of(request.app.state.visitor(request))}"
    quotas.require(address, "codes")
    try:
        wanted = await _body(request, EnrolRequest, "enrolment request")
        answer = await run_in_threadpool(registry.enrol, _town(request), wanted)
    except (HTTPException, NotEnrolled) as error:
        quotas.spend(address, "codes", 1)
        if isinstance(error, registry.WrongCode):
            quotas.take(ALL, "all-codes")
        raise
    log.info("station %s enrolled from host %r", answer.station, wanted.host)
    return _json(answer)


def root(request: Request) -> Response:
    public, version = _town(request).public, request.path_params["version"]
    if not _VERSION.fullmatch(version):
        raise HTTPException(404, "the town has no root of this number")
    return _document(request, public.read(public.root_path(int(version))), "this root")


def group(request: Request) -> Response:
    public, caller = _town(request).public, _caller(request)
    name = request.path_params["group"]
    if name != caller.group:
        raise HTTPException(403, f"station {caller.station} is in group {caller.group}, not in {name[:64]!r}")
    return _document(request, public.read(public.group_path(name)), f"a week for group {name}")


def urgent(request: Request) -> Response:
    _caller(request)
    public = _town(request).public
    return _document(request, public.read(public.urgent_path), "an urgent notice")


def station(request: Request) -> Response:
    town, caller = _town(request), _caller(request)
    signed = encode(town.signer.vouch(registry.document(town, caller.station)))
    return _document(request, signed, "a station document")


def file(request: Request) -> Response:
    """A file by its hash. Its name is its content, so the ETag is the hash: the same from every mirror."""
    _caller(request)
    sha256 = request.path_params["sha256"]
    path = _town(request).public.file_path(sha256)
    if not _SHA256.fullmatch(sha256) or not path.is_file():
        raise HTTPException(404, "the town has no file of this hash; fetch the newest week")
    etag = f'"{sha256}"'
    if _matches(request, etag):
        return Response(status_code=304, headers={"ETag": etag})
    return FileResponse(path, headers={"ETag": etag}, media_type="application/octet-stream")


async def reports(request: Request) -> Response:
    town, caller, quotas = _town(request), await run_in_threadpool(_caller, request), _desk(request).quotas
    quotas.require(caller.station, "writer")
    body = await read_body(request, MAX_DOCUMENT)
    quotas.take(caller.station, "bytes", len(body))  # also of one that is not signed: to read it takes time

    def receive() -> ReportAnswer:
        report = _signed_report(body, caller)
        with quotas.one_report(caller.station):
            quotas.take(caller.station, "reports")
            quotas.take(caller.station, "day-bytes", len(body))
            receipts, witness = intake.receive(
                town.store, report, now_ms(), quotas, lambda sha256: town.public.file_path(sha256).is_file()
            )
        return ReportAnswer(receipts=receipts, witness=town.signer.vouch(witness))

    answer = await run_in_threadpool(receive)
    for receipt in answer.receipts:
        if receipt.state == "refused":
            log.warning("station %s: entry %d refused: %s", caller.station, receipt.seq, receipt.reason)
    return _json(answer)


def _signed_report(body: bytes, caller: Caller) -> Report:
    """Raises :class:`NotSigned` where the caller's token is all that speaks for it."""
    try:
        report = read_report(body)
        _require_own(caller, report.station)
        check_report(caller.public_key, report)
    except Malformed as error:
        raise HTTPException(400, str(error)) from None
    except Refused as error:
        raise NotSigned(caller.station, str(error)) from None
    return report


async def heartbeat(request: Request) -> Response:
    town, caller = _town(request), await run_in_threadpool(_caller, request)
    beat = await _body(request, Heartbeat, "heartbeat")
    _require_own(caller, beat.station)

    def answer() -> Signed:
        intake.keep_heartbeat(town.store, beat, now_ms())
        public = town.public
        said = HeartbeatAnswer(
            nonce=beat.nonce,
            now_ms=now_ms(),
            root_version=public.root_version(),
            playlist_version=public.version(public.group_path(caller.group)),
            urgent_version=public.version(public.urgent_path),
            station_version=registry.document_version(town, caller.station),
            wait_ms=request.app.state.wait_ms,
            picture_wanted=screenshots.is_wanted(town, caller.station),
        )
        return town.signer.vouch(said)

    return _json(await run_in_threadpool(answer))


async def screen(request: Request) -> Response:
    """A picture of the station's screen. Kept as the bytes it is; nothing here decodes it."""
    town, caller = _town(request), await run_in_threadpool(_caller, request)
    _require_jpeg(request)
    _desk(request).quotas.take(caller.station, "pictures")
    try:
        at_ms = msgspec.convert(request.query_params.get("at_ms"), Instant, strict=False)
    except msgspec.ValidationError:
        raise HTTPException(400, "at_ms: tell in milliseconds since 1970 when the picture was taken") from None
    fault = _fault(request) if "fault" in request.query_params else ""
    jpeg = await read_body(request, MAX_PICTURE)
    if trouble := problem(jpeg):
        raise HTTPException(400, trouble)

    def keep() -> None:
        screenshots.keep(town, caller.station, at_ms, jpeg)
        if fault:
            keep_fault_picture(town.store, caller.station, fault, at_ms, jpeg, now_ms())

    await run_in_threadpool(keep)
    return _json({})


async def photo(request: Request) -> Response:
    """A photo that somebody in the room has taken of a fault that was reported by hand. Nothing here decodes it."""
    town, caller = _town(request), await run_in_threadpool(_caller, request)
    _require_jpeg(request)
    _desk(request).quotas.take(caller.station, "pictures")
    fault = _fault(request)
    jpeg = await read_body(request, MAX_PHOTO)
    if trouble := problem(jpeg, MAX_PHOTO):
        raise HTTPException(400, trouble)
    now = now_ms()
    await run_in_threadpool(keep_fault_picture, town.store, caller.station, fault, now, jpeg, now)
    return _json({})


def _require_jpeg(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise HTTPException(415, f"a picture comes as {CONTENT_TYPE}; send it as that")


def _fault(request: Request) -> str:
    fault = request.query_params.get("fault", "")
    if not _ID.fullmatch(fault):
        raise HTTPException(400, "fault: tell its name, as in the record")
    return fault


async def _on_problem(request: Request, error: Exception) -> Response:
    """Every error as JSON with a sentence; one that was not foreseen tells nothing of itself."""
    if isinstance(error, OverQuota):
        if error.cause not in (AT_ONCE, *AT_ENROLMENT):  # the first is as after a line that broke under a report
            await _complain(request, error.station, error.cause, str(error))
        return _json({"error": str(error)}, 429, {"Retry-After": str(error.wait_s)})
    if isinstance(error, NotSigned):
        await _complain(request, error.station, "unsigned", str(error))
        return _json({"error": str(error)}, 403)
    if isinstance(error, intake.TooMuch):
        return _json({"error": str(error)}, 413)
    if isinstance(error, HTTPException):
        return _json({"error": error.detail}, error.status_code, dict(error.headers or {}))
    if isinstance(error, Unknown):
        return _json({"error": str(error)}, 401, {"WWW-Authenticate": "Bearer"})
    if isinstance(error, Retired | NotEnrolled):
        return _json({"error": str(error)}, 403)
    if isinstance(error, intake.Gap):
        head = {"head_seq": error.head_seq, "head_hash": error.head_hash}
        return _json({"error": str(error), "witness": _town(request).signer.vouch(error.witness), **head}, 409)
    return _json({"error": "the town failed at this request; its log tells why. Try again later"}, 500)


async def _complain(request: Request, station: str, cause: str, detail: str) -> None:
    note = _desk(request).complaints.note
    await run_in_threadpool(note, _town(request).store, station, cause, detail, now_ms())


ERRORS = dict.fromkeys(
    (Unknown, Retired, NotEnrolled, NotSigned, OverQuota, intake.Gap, intake.TooMuch, HTTPException, Exception),
    _on_problem,
)
"""The exceptions that handlers raise, and what answers them."""


def _town(request: Request) -> Town:
    town: Town = request.app.state.town
    return town


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def _caller(request: Request) -> Caller:
    """The station whose token the request shows. Raises :class:`Unknown`, :class:`Retired` or :class:`OverQuota`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unknown("this needs the station's token; enrol the station")
    caller = registry.recognise(_town(request), token.strip())
    if request.client is not None:
        request.app.state.keep(request.client.host)
    _desk(request).quotas.take(caller.station, "requests")
    return caller


def _require_own(caller: Caller, station: str) -> None:
    if station != caller.station:
        raise HTTPException(403, f"this is of station {station}, the token is of station {caller.station}")


async def _body(request: Request, kind: type[T], what: str) -> T:
    try:
        return decode(await read_body(request, SMALL_BODY), kind, what)
    except Malformed as error:
        raise HTTPException(400, str(error)) from None


def _document(request: Request, data: bytes | None, what: str) -> Response:
    if data is None:
        raise HTTPException(404, f"the town has not published {what}")
    etag = f'"{digest(data)}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if _matches(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type="application/json")


def _matches(request: Request, etag: str) -> bool:
    offered = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return etag in offered or "*" in offered


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value, order="sorted"), status, headers, "application/json")
