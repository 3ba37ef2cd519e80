"""The stations' ledger: every room with how it is now, the town's limit of silence, the list to take along."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import Language, day_name
from kiosk.common.messages import mark
from kiosk.contract.instants import to_utc
from kiosk.town.console.desk import Desk
from kiosk.town.console.downloads import download, require_kind, table_of
from kiosk.town.console.room_words import LEVELS, SIGNS, Level, Local, RoomWords, level_of, room_words
from kiosk.town.database.store import now_ms
from kiosk.town.ledger import needs
from kiosk.town.ledger.rooms import rooms
from kiosk.town.stations import registry

COLUMNS = (
    *(
        mark("Station"),
        mark("Name of the room"),
        mark("Place"),
        mark("State"),
        mark("Last heard"),
        mark("On air"),
        mark("Week"),
    ),
    *(mark("Ready"), mark("Kiosk version"), mark("Clock"), mark("Disk"), mark("Screen"), mark("Open faults")),
    *(mark("Refuses"), mark("Recommended programmes"), mark("Administrator"), mark("Telephone")),
)


def local_of(desk: Desk, language: Language) -> Local:
    """Writes an instant (UTC ms) in the town's time zone: of today the time alone."""
    zone, today = desk.zone, desk.now().date()

    def local(instant: int) -> str:
        at = to_utc(instant).astimezone(zone)
        if at.date() == today:
            return f"{at:%H:%M}"
        return f"{day_name(at.date(), language)} {at:%H:%M}" if at.year == today.year else f"{at:%Y-%m-%d %H:%M}"

    return local


def full_times(desk: Desk) -> Local:
    """Writes an instant (UTC ms) in the town's time zone, for a file that is read later."""
    zone = desk.zone
    return lambda instant: f"{to_utc(instant).astimezone(zone):%Y-%m-%d %H:%M}"


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def listed(request: Request) -> Response:
        await desk.officer(request)
        show, wanted = request.query_params.get("show", ""), request.query_params.get("q", "").strip().lower()
        language = desk.language(request)
        local = local_of(desk, language)

        def read() -> tuple[list[RoomWords], dict[Level, int]]:
            found = rooms(desk.town.store, now_ms(), retired=show == "retired")
            numbers = dict.fromkeys(LEVELS, 0)
            for row in found:
                numbers[level_of(row)] += 1
            kept = [row for row in found if show in ("", level_of(row)) and _fits(row, wanted)]
            kept.sort(key=lambda row: ([*SIGNS].index(level_of(row)), natural(row["id"])))
            return [room_words(row, local, language) for row in kept], numbers

        words, numbers = await desk.run(read)
        return await desk.page(
            request, "stations.html", rooms=words, numbers=numbers, levels=LEVELS, show=show, q=wanted,
            silent_minutes=await desk.run(registry.silent_minutes, desk.town), all=sum(numbers.values()),
        )  # fmt: skip

    async def set_limit(request: Request) -> Response:
        form, _ = await desk.form(request), desk.translate(request)
        officer = await desk.officer(request)
        typed = form.get("minutes", "").strip()
        if not typed.isdecimal() or not 1 <= int(typed[:6]) <= 1440:
            return desk.to("/stations", request, _("The limit stays: write 1 to 1440 minutes."))
        seen = form.number("before")
        said = _("A room is silent now after {count} minutes of its opening hours.")
        if not await desk.run(lambda: registry.set_silent_minutes(desk.town, int(typed), seen, by=officer.name)):
            said = _("Somebody else has set another limit meanwhile; it stays. Set yours once more if it is right.")
        return desk.to("/stations", request, said.format(count=typed))

    async def export(request: Request) -> Response:
        await desk.officer(request)
        kind = require_kind(request.path_params["kind"])
        language, local, _ = desk.language(request), full_times(desk), desk.translate(request)

        def made() -> bytes:
            found = sorted(rooms(desk.town.store, now_ms()), key=lambda row: natural(row["id"]))
            lines = [_cells(row, room_words(row, local, language)) for row in found]
            return table_of(kind, _("Stations"), [_(column) for column in COLUMNS], lines)

        return download(kind, "stations", await desk.run(made))

    return [
        Route("/stations", listed),
        Route("/stations/limit", set_limit, methods=["POST"]),
        Route("/stations/list.{kind}", export),
    ]


def natural(text: str) -> list[tuple[int, str]]:
    """Sorts room-2 before room-10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d{1,18})", text) if part]


def _fits(row: dict[str, Any], wanted: str) -> bool:
    people = " ".join(f"{one.name} {one.telephone}" for one in row["people"])
    return wanted in f"{row['id']} {row['name']} {row['place']} {people}".lower()


def _cells(row: dict[str, Any], words: RoomWords) -> list[object]:
    call = next(iter(needs.telephones(row["people"])), None)
    return [
        *(words.id, words.name, words.place, words.state, words.heard, words.on_air, words.week, words.ready),
        *(words.software, words.clock, words.disk, words.screen, words.faults, words.refusing, words.filler),
        *((call.name, call.telephone) if call else ("", "")),
    ]
