"""Serve an officer's own page behind the signed link in a message: GET shows it and changes nothing, POST acts.

Mail scanners open every link; none of them posts. The link is the identity: there is no login.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.notifications import read_store
from services.notifications.alerts import alert_store
from services.notifications.alerts.escalation import policy_of
from services.notifications.decision_words import Decline, Refused
from services.notifications.links import Holder, LinkError, Links, Purpose
from services.notifications.obligations import change_store
from services.notifications.obligations.decisions import DecisionError, declined, new_deadline, reason_of, who_decides
from services.notifications.pages import page_store
from services.notifications.pages.calendar_feed import calendar, since
from services.notifications.pages.forms import read_form
from services.notifications.pages.html import PageContent, render_page, render_refusal, state_words
from shared.access.authentication import authorization_of
from shared.database.connections import DATABASE_AWAY, Pool
from shared.http.held_body import BodyLimits
from shared.registry.officer_store import find_officer
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry
from shared.values.scalars import ScalarError, day, whole_number
from shared.wording.language import VIETNAMESE, language_of

Endpoint = Callable[[Request], Awaitable[Response]]
LONGEST_ACKNOWLEDGEMENT = timedelta(days=31)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    ),
}


@dataclass(frozen=True, slots=True)
class Pages:
    """The endpoints, with what they need. `body` bounds what is posted; `on_changed` hears of a changed obligation."""

    registry: Callable[[], Registry]
    pool: Callable[[], Pool]
    links: Callable[[], Links]
    now: Callable[[], datetime]
    body: BodyLimits
    on_changed: Callable[[], None]

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/v1/ack/{token}", self._guarded(self.show), methods=["GET"]),
            Route("/v1/ack/{token}", self._guarded(self.acknowledge), methods=["POST"]),
            Route("/v1/calendar/{token}.ics", self._guarded(self.calendar), methods=["GET"]),
            Route("/v1/obligations/{id}/extend", self._guarded(self.extend), methods=["POST"]),
            Route("/v1/obligations/{id}/waive", self._guarded(self.waive), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the page: what the message was about, as it stands now, and what can be done."""
        token = request.path_params["token"]
        holder, officer = await self._holder(token, Purpose.PAGE)
        pool, registry, now = self.pool(), self.registry(), self.now()
        assert holder.message is not None  # noqa: S101 - a page's link always has one
        slug = await page_store.programme_of(pool, holder.message, officer.id)
        programme = registry.programmes.get(slug or "")
        if programme is None:
            raise declined(Decline.NO_MESSAGE)
        obligations = await page_store.page_obligations(pool, holder.message, officer.id)
        problems = await page_store.page_problems(pool, holder.message, officer.id)
        link = self.links().calendar(officer.id, now)
        content = PageContent(officer, programme, obligations, problems, token, link, now)
        done, language = request.query_params.get("done"), _language_for(request, officer)
        return HTMLResponse(render_page(registry.units, content, done=done, language=language), headers=_HEADERS)

    async def acknowledge(self, request: Request) -> Response:
        """Acknowledge what the message was about, or mute the whole programme, until the morning of a day."""
        token = request.path_params["token"]
        holder, officer = await self._holder(token, Purpose.PAGE)
        form = await read_form(request, self.body)
        pool, now = self.pool(), self.now()
        assert holder.message is not None  # noqa: S101 - a page's link always has one
        slug = await page_store.programme_of(pool, holder.message, officer.id)
        programme = self.registry().programmes.get(slug or "")
        if programme is None or slug is None:
            raise declined(Decline.NO_MESSAGE)
        hours = policy_of(programme).hours
        today = now.astimezone(hours.zone).date()
        one_click = form.get("List-Unsubscribe") == "One-Click"  # a mail program's button, RFC 8058
        until = hours.opening(today + LONGEST_ACKNOWLEDGEMENT if one_click else _day(form.get("until"), today))
        action = "mute" if one_click else form.get("action")
        if action == "acknowledge":
            rows = await page_store.page_obligations(pool, holder.message, officer.id)
            obligations: list[int | None] = [row.id for row in rows]
        elif action == "mute":
            obligations = [None]
        else:
            raise declined(Decline.NO_ACTION, "action")
        async with pool.acquire() as connection:
            await alert_store.acknowledge(connection, officer.id, slug, obligations, until, now)
        if one_click:
            return Response(headers=_HEADERS)  # nobody looks, and the RFC forbids a redirect
        return RedirectResponse(f"{token}?done={action}", status_code=303, headers=_HEADERS)

    async def calendar(self, request: Request) -> Response:
        """Serve the officer's deadlines as iCalendar."""
        _, officer = await self._holder(request.path_params["token"], Purpose.CALENDAR)
        registry, now = self.registry(), self.now()
        units = registry.units
        own = units.today(officer.unit).uid  # of an old district its province's, which isn't theirs
        offices = {officer.unit, own, *(former.uid for former in units.predecessors(own))}
        theirs = offices & units.reached_by(officer.unit)
        rows = await page_store.calendar_obligations(self.pool(), sorted(theirs), since(now))
        return Response(
            calendar(registry, officer, rows, now), media_type="text/calendar; charset=utf-8", headers=_HEADERS
        )

    async def extend(self, request: Request) -> Response:
        """Give an obligation a later deadline: `until` (a working day) and `reason`."""
        return await self._decide(request, "extend")

    async def waive(self, request: Request) -> Response:
        """Expect an obligation no more: `reason`."""
        return await self._decide(request, "waive")

    async def _decide(self, request: Request, what: str) -> Response:
        pool, registry, now = self.pool(), self.registry(), self.now()
        token = request.query_params.get("token")
        by = await who_decides(pool, registry, self.links(), authorization_of(request.scope["headers"]), token, now)
        form = await read_form(request, self.body)
        row = await read_store.find_obligation(pool, _id_of(request))
        programme = registry.programmes.get(row.programme) if row else None
        if row is None or programme is None:
            raise declined(Decline.NO_OBLIGATION)
        today = now.astimezone(ZoneInfo(programme.timezone)).date()
        if not by.may_decide_for(registry.units, row.unit, row.programme, today):
            raise declined(Decline.NOT_ABOVE)
        reason = reason_of(form.get("reason"), now.year)
        if what == "extend":
            until = new_deadline(programme, form.get("until"), row.due_at, now)
            done = await change_store.extend(pool, row.id, until, by.name, reason, now)
        else:
            done = await change_store.waive(pool, row.id, by.name, reason, now)
        if not done:
            now_is = await read_store.find_obligation(pool, row.id)  # it changed between the two
            raise declined(Decline.FINISHED, state=state_words((now_is or row).state))
        self.on_changed()
        if token is not None:
            return RedirectResponse(f"/v1/ack/{token}?done={what}", status_code=303, headers=_HEADERS)
        return JSONResponse({"id": row.id, "decided": what, "by": by.name})

    async def _holder(self, token: str, purpose: Purpose) -> tuple[Holder, Officer]:
        try:
            holder = self.links().read(purpose, token, self.now())
        except LinkError as error:
            raise DecisionError(Refused(404, "bad_link", error.words)) from error
        officer = await find_officer(self.pool(), holder.officer)
        if officer is None:
            raise declined(Decline.OFFICER_GONE)
        return holder, officer

    def _guarded(self, respond: Endpoint) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await respond(request)
            except DecisionError as error:
                return _refused(request, error)
            except DATABASE_AWAY:
                return _refused(request, declined(Decline.NO_DATABASE), {"Retry-After": "2"})

        return endpoint


def _refused(request: Request, error: DecisionError, headers: Mapping[str, str] | None = None) -> Response:
    known = {**_HEADERS, **(headers or {})}
    language = language_of(request.scope["headers"])
    message = error.words.in_language(language)
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(render_refusal(message, language), status_code=error.status, headers=known)
    body = {"error": error.error, "message": message, **({"field": error.field} if error.field else {})}
    return JSONResponse(body, status_code=error.status, headers=known)


def _language_for(request: Request, officer: Officer) -> str:
    """Choose Vietnamese where the browser asks for it, else the language that the officer is registered with."""
    asked = language_of(request.scope["headers"])
    return asked if asked == VIETNAMESE else officer.language


def _id_of(request: Request) -> int:
    try:
        return whole_number(request.path_params["id"])
    except ScalarError:
        raise declined(Decline.NO_OBLIGATION) from None


def _day(written: object, today: date) -> date:
    try:
        until = day(written)
    except ScalarError as error:
        raise DecisionError(Refused(422, "value_invalid", error.words), "until") from None
    if not today < until <= today + LONGEST_ACKNOWLEDGEMENT:
        raise declined(Decline.NO_COMING_DAY, "until", days=LONGEST_ACKNOWLEDGEMENT.days)
    return until
