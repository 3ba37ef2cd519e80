"""Who is told of faults, and how: the channels of messages, how each stands, a test, and what is overdue when."""

from http import HTTPStatus
from typing import Any

import msgspec
from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import pick
from kiosk.common.messages import mark
from kiosk.town.console.desk import Desk
from kiosk.town.console.forms import Form
from kiosk.town.console.pages.tickets import limits_of
from kiosk.town.database import schema
from kiosk.town.database.store import audit, now_ms
from kiosk.town.tickets import deliveries, gateways
from kiosk.town.tickets.channels import (
    ABOUT,
    FIELDS,
    KINDS,
    Channel,
    ChannelsError,
    Kind,
    Settings,
    check,
    keep_settings,
    read_settings,
)
from kiosk.town.tickets.gateways import trouble_words
from kiosk.town.tickets.life_cycle import Limits

LIMITS = {
    "unseen_hours": mark("A ticket that nobody has looked at"),
    "seen_hours": mark("A ticket that was seen, and nobody was called"),
    "called_hours": mark("A ticket for which the telecom was called"),
    "repaired_hours": mark("A repair that the room has not confirmed"),
}


def routes(desk: Desk) -> list[Route]:
    """The routes of these pages."""

    async def shown(request: Request, problem: str = "") -> Response:
        await desk.officer(request, "officer")
        found = await desk.run(_read, desk)
        return await desk.page(
            request, "channels.html", HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
            **found, problem=problem, kinds=KINDS, abouts=ABOUT, limit_names=LIMITS, at_ms=now_ms(),
            trouble_words=trouble_words,
        )  # fmt: skip

    async def show_all(request: Request) -> Response:
        return await shown(request)

    async def set_limits(request: Request) -> Response:
        form, _ = await desk.form(request), desk.translate(request)
        try:
            limits = Limits(**{name: form.number(name) for name in LIMITS})
        except ValueError:
            return await shown(request, _("Write hours from 0 to 8760; 0 is never."))
        seen = form.number("version")
        try:
            await _keep(desk, request, seen, "limits", "", limits=limits)
        except ChannelsError as error:
            return await shown(request, said(error, request))
        return desk.to("/repairs/messages", request, _("It is kept."))

    async def one(request: Request, channel: Channel, problem: str = "") -> Response:
        """The form of a channel; an id of none is a new one."""
        await desk.officer(request, "officer")
        settings = limits_of(desk)
        return await desk.page(
            request, "channel.html", HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
            channel=channel, fields=FIELDS[channel.kind], kinds=KINDS, problem=problem,
            abouts=ABOUT, groups=await desk.run(_groups, desk),
            known=channel.id in [one.id for one in settings[1]], version=await desk.run(_version, desk),
        )  # fmt: skip

    async def show_new(request: Request) -> Response:
        return await one(request, Channel("new", "", _kind(request.query_params.get("kind", ""))))

    async def show_one(request: Request) -> Response:
        await desk.officer(request, "officer")
        return await one(request, _of(desk, request.path_params["id"]))

    async def change(request: Request) -> Response:
        """Save, test or remove."""
        form, _ = await desk.form(request), desk.translate(request)
        name, button = request.path_params["id"], form.get("button", "")
        if button == "test":
            channel = _of(desk, name)
            await desk.run(_test, desk, channel.id, (await desk.officer(request)).name)
            return desk.to("/repairs/messages", request, _("A test is on its way; look here again in some seconds."))
        old = None if name == "new" else _of(desk, name)
        if button == "remove" and old is not None:
            await _replace(desk, request, form.number("version"), old.id, None, "channel-remove")
            return desk.to("/repairs/messages", request, _("The channel is removed."))
        wanted = _from(form, old)
        try:
            check(wanted)
            await desk.run(gateways.check, wanted)
            await _replace(desk, request, form.number("version"), wanted.id, wanted, "channel-keep")
        except ChannelsError as error:
            return await one(request, msgspec.structs.replace(wanted, id=name), said(error, request))
        return desk.to("/repairs/messages", request, _("The channel is kept. Send a test."))

    def said(error: ChannelsError, request: Request) -> str:
        _, message = desk.translate(request), error.message
        return _(message.text).format_map({name: _(value) for name, value in message.values.items()})

    return [
        Route("/repairs/messages", show_all),
        Route("/repairs/messages", set_limits, methods=["POST"]),
        Route("/repairs/messages/new", show_new),
        Route("/repairs/messages/{id}", show_one),
        Route("/repairs/messages/{id}", change, methods=["POST"]),
    ]


def _read(desk: Desk) -> dict[str, Any]:
    limits, channels, unusable = limits_of(desk)
    with desk.town.store.read() as connection:
        standing, attempts = deliveries.standing(connection), deliveries.attempts(connection)
    names = {one.id: one.name for one in channels}
    blank = {"failures": 0, "next_ms": 0, "sent_ms": None, "trouble": "", "waiting": 0}
    return {
        "limits": msgspec.structs.asdict(limits),
        "channels": channels,
        "unusable": unusable,
        "standing": {one.id: standing.get(one.id, blank) for one in channels},
        "attempts": [one | {"name": names.get(one["channel"], one["channel"])} for one in attempts],
        "version": _version(desk),
    }


def _groups(desk: Desk) -> list[str]:
    """The groups of stations that there are."""
    table = schema.station
    with desk.town.store.read() as connection:
        return list(connection.execute(select(table.c.group_id).distinct().order_by(table.c.group_id)).scalars())


def _version(desk: Desk) -> int:
    try:
        return read_settings(desk.town.folder).version
    except ChannelsError:
        return 0


def _kind(text: str) -> Kind:
    return next((kind for kind in KINDS if kind == text), "wecom")


def _of(desk: Desk, name: str) -> Channel:
    found = next((one for one in limits_of(desk)[1] if one.id == name), None)
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


def _from(form: Form, old: Channel | None) -> Channel:
    """The channel as the form has it; a secret that was left empty stays as it was."""
    kind = old.kind if old else _kind(form.get("kind", ""))
    settings = {}
    for field in FIELDS[kind]:
        typed = form.get(f"set-{field.name}", "").strip()
        kept = old.settings.get(field.name, "") if old and field.secret else ""
        settings[field.name] = typed or kept
    return Channel(
        id=old.id if old else f"{kind}-{now_ms():x}",
        name=form.get("name", "").strip()[:100],
        kind=kind,
        settings={name: value for name, value in settings.items() if value},
        language=pick(form.get("language")),
        quiet_from=form.get("quiet_from", "").strip()[:5],
        quiet_to=form.get("quiet_to", "").strip()[:5],
        active="active" in form,
        about=next((about for about in ABOUT if about == form.get("about")), "faults"),
        group=form.get("group", "").strip()[:64],
    )


async def _replace(desk: Desk, request: Request, seen: int, name: str, channel: Channel | None, deed: str) -> None:
    """Put ``channel`` in the place of the one of this id; None removes it. Raises :class:`ChannelsError`."""
    held = limits_of(desk)[1]
    if channel is None:
        channels = tuple(one for one in held if one.id != name)
    elif any(one.id == name for one in held):
        channels = tuple(channel if one.id == name else one for one in held)
    else:
        channels = (*held, channel)
    await _keep(desk, request, seen, deed, name, channels=channels)


async def _keep(desk: Desk, request: Request, seen: int, deed: str, subject: str, **changes: Any) -> None:
    officer = await desk.officer(request)

    def written() -> None:
        settings: Settings = msgspec.structs.replace(read_settings(desk.town.folder), **changes)
        keep_settings(desk.town.folder, settings, seen)
        with desk.town.store.write() as connection:
            audit(connection, officer.name, deed, subject)
            if deed == "channel-remove":
                deliveries.forget_channel(connection, subject)

    await desk.run(written)


def _test(desk: Desk, channel: str, who: str) -> None:
    with desk.town.store.write() as connection:
        deliveries.test_message(connection, channel, now_ms())
        audit(connection, who, "channel-test", channel)
