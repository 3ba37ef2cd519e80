"""The register of a station in the console: a part changed, with what another officer did meanwhile; its history."""

import secrets
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import WEEKDAYS
from kiosk.common.messages import mark
from kiosk.town.console.desk import Desk
from kiosk.town.console.pages.enrol import registered_of
from kiosk.town.console.told import told
from kiosk.town.sheets.holidays import special_days
from kiosk.town.stations import forms, register
from kiosk.town.stations.editing import Overtaken, change_everywhere, change_part
from kiosk.town.stations.parts import PARTS, Field
from kiosk.town.town import TownError

RETIRED = mark("retired: its token was revoked")


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def show(request: Request) -> Response:
        await desk.officer(request, "officer")
        found, part = await desk.run(registered_of, desk, request.path_params["id"]), _part(request)
        return await form_page(request, found, part, forms.written(part, found.part(part)))

    async def form_page(
        request: Request, found: register.Registered, part: str, typed: dict[str, str], **more: Any
    ) -> Response:
        counts = {rows.name: forms.row_count(rows, typed) for rows in PARTS[part].rows}
        status = more.pop("status", HTTPStatus.UNPROCESSABLE_ENTITY if more else HTTPStatus.OK)
        version = more.pop("version", found.version(part))
        about: dict[str, Any] = {"problems": {}, "trouble": "", "overtaken": None} | more
        years = [year for year in (desk.now().year, desk.now().year + 1) if part == "hours" and special_days(year)]
        return await desk.page(
            request, "station_part.html", status, room=found, name=part, part=PARTS[part], typed=typed, counts=counts,
            version=version, weekdays=WEEKDAYS, years=years, **about,
        )  # fmt: skip

    async def change(request: Request) -> Response:
        form, _ = await desk.form(request), desk.translate(request)
        officer = await desk.officer(request, "officer")
        found, part = await desk.run(registered_of, desk, request.path_params["id"]), _part(request)
        if part == "hours" and (year := form.get("fill", "")).isdecimal():
            days = [(one.date, one.name, one.off) for one in special_days(max(1, int(year[:4])))]
            return await form_page(
                request, found, part, forms.with_days(form, days), version=form.get("version", ""), status=HTTPStatus.OK
            )
        values, problems = forms.read(part, form, lambda: secrets.token_hex(4))
        if problems:
            wrong = {one.field: one.message.render(_) for one in reversed(problems)}
            return await form_page(request, found, part, form, problems=wrong)
        try:
            changed = await desk.run(
                lambda: change_part(desk.town, found.id, part, values, form.get("version", ""), by=officer.name)
            )
        except Overtaken as error:
            rows = forms.changed_fields(part, values, error.now.part(part))
            differs = _in_words(part, rows, _)
            return await form_page(request, error.now, part, form, overtaken=error.last, differs=differs)
        except TownError as error:
            return await form_page(request, found, part, form, trouble=told(error, _))
        if PARTS[part].for_all and form.get("everywhere") == "on":
            count = await desk.run(lambda: change_everywhere(desk.town, found.id, part, by=officer.name))
            said = _("Saved, and {count} other rooms of the group have the same now.").format(count=count)
            return desk.to(f"/stations/room/{found.id}", request, said)
        said = _("Saved. The room gets it with its next heartbeat.") if changed else _("Nothing was changed.")
        return desk.to(f"/stations/room/{found.id}", request, said)

    async def history(request: Request) -> Response:
        await desk.officer(request)
        found, _ = await desk.run(registered_of, desk, request.path_params["id"]), desk.translate(request)

        def read() -> list[dict[str, Any]]:
            with desk.town.store.read() as connection:
                changes = register.history(connection, found.id)
            return [{"change": one, "part": _title(one.part, _), "fields": _differences(one, _)} for one in changes]

        return await desk.page(request, "station_history.html", room=found, changes=await desk.run(read))

    return [
        Route("/stations/room/{id}/edit/{part}", show),
        Route("/stations/room/{id}/edit/{part}", change, methods=["POST"]),
        Route("/stations/room/{id}/history", history),
    ]


def _part(request: Request) -> str:
    part: str = request.path_params["part"]
    if part not in PARTS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return part


def _title(part: str, _: Any) -> str:
    return _(PARTS[part].title) if part in PARTS else _(RETIRED) if part == register.RETIRED else part


def _differences(change: register.Change, _: Any) -> list[tuple[str, str, str]]:
    """What a change did: the field, what stood there, what stands there."""
    if change.part not in PARTS:
        return []
    rows = forms.changed_fields(change.part, change.before, change.after)
    return _in_words(change.part, rows, _)


def _in_words(part: str, rows: Iterable[tuple[str, str, str]], _: Any) -> list[tuple[str, str, str]]:
    """Fields that differ, with their names and values as people read them."""
    return [
        (field_label(part, name, _), value_label(part, name, one, _), value_label(part, name, other, _))
        for name, one, other in rows
    ]


def value_label(part: str, name: str, text: str, _: Any) -> str:
    """What a form shows for the value of a field: of a choice its title."""
    fields = [*PARTS[part].fields, *(field for rows in PARTS[part].rows for field in rows.fields)]
    last = name.rpartition("-")[2]
    titles = next((dict(one.choices) for one in fields if one.kind == "choice" and one.name in (name, last)), {})
    return str(_(titles[text])) if text in titles else text


def field_label(part: str, name: str, _: Any) -> str:
    """What people call a field of a form: ``people-1-telephone`` is the telephone in the second row."""
    for field in PARTS[part].fields:
        if name == field.name:
            return str(_(field.label))
        if name.startswith(f"{field.name}-"):
            return f"{_(field.label)}: {_(WEEKDAYS[int(name.rpartition('-')[2])])}"
    for rows in PARTS[part].rows:
        if name.startswith(f"{rows.name}-"):
            number, _dash, rest = name.removeprefix(f"{rows.name}-").partition("-")
            field = _row_field(rows.fields, rest)
            day = f" {_(WEEKDAYS[int(rest.rpartition('-')[2])])}" if field.kind == "week" else ""
            said = _("{list}, row {number}: {field}")
            return str(said.format(list=_(rows.title), number=int(number) + 1, field=_(field.label) + day))
    return name


def _row_field(fields: tuple[Field, ...], rest: str) -> Field:
    return next(field for field in fields if rest == field.name or rest.startswith(f"{field.name}-"))
