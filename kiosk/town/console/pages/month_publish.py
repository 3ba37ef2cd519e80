"""Publishing a month: which groups and weeks, what it changes, who has it when; then it is signed by a passphrase."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.messages import mark, said
from kiosk.contract.instants import to_utc
from kiosk.contract.trust import Refused
from kiosk.town.console.desk import Desk
from kiosk.town.console.signers import NotOpened
from kiosk.town.console.told import told
from kiosk.town.months import books, publication
from kiosk.town.months.books import Month, MonthError, NoSuchMonth
from kiosk.town.months.publication import Choice
from kiosk.town.months.readiness import Expected
from kiosk.town.months.weeks import Week, usual
from kiosk.town.publishing.source import SourceError
from kiosk.town.signing import keys
from kiosk.town.signing.keys import KeyTrouble
from kiosk.town.town import TownError

STATES = {
    "new": mark("new"),
    "changed": mark("changed"),
    "same": mark("as before"),
    "gone": mark("nothing any more"),
    "kept": mark("stays as it is"),
}
"""What becomes of a day."""


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def found(request: Request) -> Month:
        try:
            month = await desk.run(books.load, desk.town.store, request.path_params["id"])
        except NoSuchMonth:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None
        if not month.month:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return month

    async def show(request: Request, problem: str = "", asked: Choice | None = None) -> Response:
        officer, month = await desk.officer(request), await found(request)
        language, now = desk.language(request), desk.now()

        def look() -> dict[str, Any]:
            with desk.town.store.read() as connection:
                groups = publication.groups(connection)
            weeks = publication.month_weeks(month)
            choice = asked or _choice(request, weeks, groups, now.date())
            more: dict[str, Any] = {"plan": None, "for_groups": [], "trouble": ""}
            try:
                draft, more["for_groups"] = publication.look_ahead(desk.town, month, choice, now)
                more["plan"] = draft.plan
            except (MonthError, SourceError) as error:
                more["trouble"] = told(error, translator(language))
            return more | {
                "groups": groups,
                "weeks": weeks,
                "choice": choice,
                "fillable": _fillable(weeks, now.date()),
                "week_name": lambda week: _week_name(week, language),
                "day_of": lambda day: day_name(date.fromisoformat(day), language),
                "states": STATES,
                "unread": publication.UNREAD,
                "in_words": lambda text: said(text, translator(language)),
                "in_force": publication.in_force(desk.town, choice.groups),
                "outlook": lambda one: outlook(one, now, language),
                "is_open": desk.signers.is_open(officer.session),
                "is_locked": keys.is_locked(desk.town.keys_folder),
                "least": keys.SHORTEST_PASSPHRASE,
                "today": now.date().isoformat(),
            }

        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        more = await desk.run(look)
        return await desk.page(
            request, "month_publish.html", status, month=month, step="publish", problem=problem, **more
        )

    async def publish(request: Request) -> Response:
        form = await desk.form(request)
        officer, month, _ = await desk.officer(request, "officer"), await found(request), desk.translate(request)
        choice = Choice(
            tuple(form.every("group")), form.get("from", ""), form.get("to", ""), tuple(form.every("carry"))
        )

        def sign() -> str:
            if form.number("revision") != month.revision:
                raise books.Overtaken(month.by)
            signer = desk.signers.signer(
                officer.session, officer.name, form.get("passphrase", ""), form.get("again", "")
            )
            seen = form.get("in_force", "")
            done = publication.publish(desk.town, month, choice, signer, officer.name, seen)
            return ", ".join(f"{one.playlist.group} ({one.playlist.version})" for one in done)

        try:
            groups = await desk.run(sign)
        except (MonthError, NotOpened, SourceError, KeyTrouble, Refused, TownError) as error:
            return await show(request, told(error, _), choice)
        done = _("Published: {groups}. Each room fetches it at its next call, within some minutes.")
        place = f"/months/{month.id}/publish?{_query(choice)}"
        return desk.to(place, request, done.format(groups=groups))

    return [
        Route("/months/{id}/publish", show),
        Route("/months/{id}/publish", publish, methods=["POST"]),
    ]


def outlook(one: Expected, now: datetime, language: Language) -> tuple[str, str]:
    """When a room will have it, in words, and how that is shown: ``same`` (well), ``late``, or empty (not known)."""
    _ = translator(language)
    size = _("{size} MB to fetch").format(
        size=f"{one.bytes / 1e6:.0f}" if one.bytes >= 5e5 else f"{one.bytes / 1e6:.1f}"
    )
    if one.at_most:
        size = _("at most {size}").format(size=size)

    def at(instant: datetime) -> str:
        local = instant.astimezone(now.tzinfo)
        return f"{day_name(local.date(), language)} {local:%H:%M}"

    heard = at(to_utc(one.room.heard_ms)) if one.room.heard_ms is not None else ""
    match one.outlook:
        case "ready":
            text, shown = _("all is there already"), "same"
        case "in time":
            text, shown = _("ready about {at} ({size})").format(at=at(one.ready or now), size=size), "same"
        case "late":
            slow = _("the line is too slow: 《{title}》 is due {due}, all is there about {at} ({size})")
            due = at(one.due or now)
            text, shown = slow.format(title=one.first_late, due=due, at=at(one.ready or now), size=size), "late"
        case "silent":
            text, shown = _("not known: not heard since {at} ({size})").format(at=heard, size=size), ""
        case "never heard":
            text, shown = _("not known: never heard"), ""
        case _:
            text, shown = _("not known: its line has not been measured yet ({size})").format(size=size), ""
    if one.disk_lacks_mb:
        text += "; " + _("its disk may lack {size} MB").format(size=one.disk_lacks_mb)
        shown = "late"
    return text, shown


def _choice(request: Request, weeks: list[Week], groups: dict[str, int], today: date) -> Choice:
    """What the address asks for; by default all groups with stations, the weeks that can be published, gaps filled."""
    asked = request.query_params
    if "from" in asked:
        return Choice(tuple(asked.getlist("group")), asked["from"], asked.get("to", ""), tuple(asked.getlist("carry")))
    ahead = [week for week in weeks if week.rows and week.last_day >= today.isoformat()]
    first, last = (ahead[0].first_day, ahead[-1].last_day) if ahead else ("", "")
    if far := usual(weeks, today)[1]:
        last = min(last, far)
    gaps = tuple(one.first_day for one in _fillable(weeks, today) if first <= one.first_day and one.last_day <= last)
    return Choice(tuple(name for name, count in groups.items() if count), first, last, gaps)


def _fillable(weeks: list[Week], today: date) -> list[Week]:
    """The empty weeks from today on that have a week before them to take over."""
    filled = next((n for n, week in enumerate(weeks) if week.rows), len(weeks))
    return [week for week in weeks[filled:] if week.empty and week.last_day >= today.isoformat()]


def _query(choice: Choice) -> str:
    pairs = [("from", choice.first_day), ("to", choice.last_day)]
    pairs += [("group", group) for group in choice.groups] + [("carry", day) for day in choice.carry]
    return urlencode(pairs)


def _week_name(week: Week, language: Language) -> str:
    first, last = date.fromisoformat(week.first_day), date.fromisoformat(week.last_day)
    if language == "zh":
        return f"{first.month}月{first.day}日—{last.month}月{last.day}日"
    return f"{first.day}/{first.month} – {last.day}/{last.month}"
