"""Repairs: the open tickets and how many rooms are in order, one ticket with its life, and the order to print."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import msgspec
from sqlalchemy import Connection, select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import line_in
from kiosk.common.messages import mark
from kiosk.contract.instants import to_ms
from kiosk.contract.picture import CONTENT_TYPE
from kiosk.contract.station import Equipment, Person
from kiosk.town.accounts.accounts import Role
from kiosk.town.console.desk import Desk
from kiosk.town.console.forms import Form
from kiosk.town.database import schema
from kiosk.town.database.store import audit, now_ms
from kiosk.town.tickets import by_hand, deliveries, queries, tickets
from kiosk.town.tickets.by_hand import STEPS, Refused
from kiosk.town.tickets.causes import BY_HAND, DEVICES, title
from kiosk.town.tickets.channels import Channel, ChannelsError, Settings, read_settings
from kiosk.town.tickets.gateways import trouble_words
from kiosk.town.tickets.life_cycle import BY_OFFICER, Limits
from kiosk.town.tickets.room import work_until
from kiosk.town.tickets.wording import STATES

SEES: tuple[Role, ...] = ("officer", "viewer", "repair")
MOVES: tuple[Role, ...] = ("officer", "repair")
WORK_HOURS = (2, 8, 24, 72)
WHO = {"panel": mark("The room, on its panel")}
"""Who has said it, where the record has a word of the kiosk's."""


class _Room(msgspec.Struct):
    """Of a room's document what a repairer needs."""

    place: str = ""
    town_telephone: str = ""
    equipment: tuple[Equipment, ...] = ()
    people: tuple[Person, ...] = ()


def routes(desk: Desk) -> list[Route]:
    """The routes of these pages."""

    async def listed(request: Request, problem: str = "", typed: Form | None = None) -> Response:
        await desk.officer(request, *SEES)
        past = "closed" in request.query_params
        found = await desk.run(_read_list, desk, past)
        return await desk.page(
            request, "repairs.html", HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
            **found, past=past, problem=problem, typed=typed or {}, causes=BY_HAND, states=STATES, cause=title,
            trouble_words=trouble_words,
        )  # fmt: skip

    async def show_list(request: Request) -> Response:
        asked = Form([(name, request.query_params.get(name, "")[:100]) for name in ("station", "device")])
        return await listed(request, typed=asked)

    async def open_one(request: Request) -> Response:
        form, officer = await desk.form(request), await desk.officer(request)

        def written() -> int:
            with desk.town.store.write() as connection:
                number = by_hand.open_by_hand(
                    connection, form.get("station", ""), form.get("cause", ""), form.get("device", ""),
                    form.get("text", ""), who=officer.name, now_ms=now_ms(),
                )  # fmt: skip
                audit(connection, officer.name, "ticket-open", form["station"], f"{number} {form['cause']}")
                return number

        try:
            number = await desk.run(written)
        except Refused as error:
            return await listed(request, error.message.render(desk.translate(request)), form)
        return desk.to(f"/repairs/{number}")

    async def one(request: Request, problem: str = "", template: str = "repair.html") -> Response:
        await desk.officer(request, *SEES)
        row, room, until_ms = await desk.run(_read_one, desk, request.path_params["number"])
        language = desk.language(request)
        return await desk.page(
            request, template, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
            ticket=row, room=room, problem=problem, states=STATES, steps=STEPS, cause=title, who=WHO,
            next_states=BY_OFFICER[row["state"]], work_hours=WORK_HOURS,
            work_ms=until_ms if until_ms and until_ms > now_ms() else None,
            equipment=equipment_of(room.equipment, row["device"], row["cause"]), people=_administrators(room),
            at_ms=now_ms(), line=lambda text: line_in(text, language),
        )  # fmt: skip

    async def show_one(request: Request) -> Response:
        return await one(request)

    async def order(request: Request) -> Response:
        return await one(request, template="repair_order.html")

    async def change(request: Request) -> Response:
        """One of the forms on the page of a ticket."""
        form, number = await desk.form(request, MOVES), request.path_params["number"]
        officer = await desk.officer(request, *MOVES)
        if form.get("button") in ("note", "work", "work-over") and officer.role != "officer":
            raise HTTPException(HTTPStatus.FORBIDDEN, "role")
        try:
            await desk.run(_change, desk, number, form, form.number("version"), officer.name)
        except Refused as error:
            return await one(request, error.message.render(desk.translate(request)))
        return desk.to(
            f"/repairs/{number}", request, desk.translate(request)(mark("It is noted, and the room is told."))
        )

    async def picture(request: Request) -> Response:
        await desk.officer(request, *SEES)

        def read() -> bytes | None:
            with desk.town.store.read() as connection:
                return queries.picture_of(connection, _bounded(request.path_params["number"]))

        if (jpeg := await desk.run(read)) is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(jpeg, media_type=CONTENT_TYPE, headers={"Cache-Control": "private, no-store"})

    return [
        Route("/repairs", show_list),
        Route("/repairs", open_one, methods=["POST"]),
        Route("/repairs/{number:int}", show_one),
        Route("/repairs/{number:int}", change, methods=["POST"]),
        Route("/repairs/{number:int}/order", order),
        Route("/repairs/{number:int}/picture.jpg", picture),
    ]


def limits_of(desk: Desk) -> tuple[Limits, Sequence[Channel], ChannelsError | None]:
    """The limits and channels in force; the usual limits and no channel where their file cannot be used, and why."""
    try:
        settings = read_settings(desk.town.folder)
    except ChannelsError as error:
        return Settings().limits, (), error
    return settings.limits, settings.channels, None


def _read_list(desk: Desk, past: bool) -> dict[str, Any]:
    limits, channels, unusable = limits_of(desk)
    now = now_ms()
    with desk.town.store.read() as connection:
        read: Callable[..., list[queries.Row]] = queries.closed_tickets if past else queries.open_tickets
        standing = deliveries.standing(connection)
        return {
            "tickets": read(connection, now, limits),
            "serviceability": queries.serviceability(connection, now),
            "works": queries.works(connection, now),
            "rooms": _rooms(connection),
            "channels": channels,
            "unusable": unusable,
            "failing": [one for one in channels if one.active and standing.get(one.id, {}).get("failures")],
            "standing": standing,
        }


def _rooms(connection: Connection) -> list[tuple[str, str]]:
    """Id and name of every room that is not retired."""
    table = schema.station
    question = select(table.c.id, table.c.name).where(table.c.retired_ms.is_(None)).order_by(table.c.id)
    return [(row.id, row.name) for row in connection.execute(question)]


def _bounded(number: int) -> int:
    if number >= 1 << 62:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return number


def _read_one(desk: Desk, number: int) -> tuple[queries.Row, _Room, int | None]:
    with desk.town.store.read() as connection:
        row = queries.one_ticket(connection, _bounded(number), now_ms(), limits_of(desk)[0])
        if row is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        until_ms = work_until(connection, row["station"])
    return row, msgspec.json.decode(row["settings"], type=_Room), until_ms


def _change(desk: Desk, number: int, form: Form, version: int, who: str) -> None:
    button, now = form.get("button", ""), now_ms()
    with desk.town.store.write() as connection:
        row = tickets.of_number(connection, _bounded(number))
        if row is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if button == "note":
            by_hand.keep_note(connection, number, version, form.get("note", ""), now_ms=now)
        elif button in ("work", "work-over"):
            hours = form.number("hours") if button == "work" else 0
            until = to_ms(datetime.now(desk.zone) + timedelta(hours=min(hours, 1000))) if hours > 0 else None
            seen = form.number("work_ms") or None
            by_hand.set_work(connection, row.station, until, seen_ms=seen, who=who, now_ms=now)
        else:
            by_hand.move(
                connection, number, button, version, who=who, now_ms=now, work_order=form.get("work_order", ""),
                contact=form.get("contact", ""), detail=form.get("detail", ""),
            )  # fmt: skip
        audit(connection, who, f"ticket-{button}"[:64], row.station, str(number))


def equipment_of(equipment: Sequence[Equipment], device: str, cause: str) -> list[Equipment]:
    """The lines of the register that a ticket is about: the device that it names, else those of the cause's kind."""
    named = [one for one in equipment if device and device in (one.id, one.name, one.connector, one.usb)]
    return named or [one for one in equipment if one.kind == DEVICES.get(cause)]


def _administrators(room: _Room) -> list[Person]:
    return [one for one in room.people if one.post in ("A", "B")]
