"""Serve an officer's own page behind a signed link: GET shows it and changes nothing, POST acts.

Links of messages from before the board lead to it; today's lead to the board's own pages.
Mail scanners open every link; none of them posts. The link is the identity: there is no login.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from services.notifications import act_store, read_store
from services.notifications.acknowledging import LONGEST, longest, until_of
from services.notifications.act_store import Author
from services.notifications.decision_words import DecisionError, Decline, Refused, declined
from services.notifications.holding import message_of_link, officer_holding
from services.notifications.links import Holder, LinkError, Links, Purpose
from services.notifications.obligations import change_store
from services.notifications.obligations.decisions import new_deadline, reason_of, who_decides
from services.notifications.pages import page_store
from services.notifications.pages.calendar_feed import calendar, offices, since
from services.notifications.pages.forms import read_form
from services.notifications.pages.html import PageContent, render_mute, render_page, render_refusal, state_words
from services.notifications.refusing import Endpoint, obligation_name, refusal, told_as
from shared.access.acting import ActingError
from shared.access.headers import HeaderError
from shared.database.connections import DATABASE_AWAY, Pool
from shared.http.held_body import BodyLimits
from shared.programme.model import Programme
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry
from shared.wording.language import VIETNAMESE, language_of

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
            Route("/v1/obligations/{name}/extend", self._guarded(self.extend), methods=["POST"]),
            Route("/v1/obligations/{name}/waive", self._guarded(self.waive), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the page: what the message was about, as it stands now, and what can be done."""
        token = request.path_params["token"]
        if self.links().is_for(Purpose.MUTE, token):
            return await self._ask_to_mute(request)
        holder, officer = await self._holder(request, Purpose.PAGE)
        pool, registry, now = self.pool(), self.registry(), self.now()
        message, programme = await self._message(holder, officer)
        obligations = await page_store.page_obligations(pool, message, officer.id)
        problems = await page_store.page_problems(pool, message, officer.id)
        link = self.links().calendar(officer.id, officer.generation, now)
        epoch = await read_store.epoch(pool)
        content = PageContent(officer, programme, obligations, problems, token, link, epoch, now)
        done, language = request.query_params.get("done"), _page_language(request)
        return HTMLResponse(render_page(registry.units, content, done=done, language=language), headers=_HEADERS)

    async def acknowledge(self, request: Request) -> Response:
        """Acknowledge what the message was about, or mute the whole programme, until the morning of a day."""
        token = request.path_params["token"]
        holder, officer = await self._holder(request, Purpose.MUTE, Purpose.PAGE)
        form = await read_form(request, self.body)
        pool, now = self.pool(), self.now()
        message, programme = await self._message(holder, officer)
        author = Author(officer.id, officer.generation)
        if form.get("List-Unsubscribe") == "One-Click":  # a mail program's button, RFC 8058
            until = longest(programme, now)
            await act_store.mute(pool, author, programme.slug, until, now)
            return self._muted(request, programme, until)
        action = form.get("action") if self.links().is_for(Purpose.PAGE, token) else None
        if action == "acknowledge":
            obligations: list[int | None] = [*await page_store.named_obligations(pool, message, officer.id)]
        elif action == "mute":
            obligations = [None]
        else:
            raise declined(Decline.NO_ACTION, "action")
        until = until_of(programme, form.get("until"), now)
        await act_store.acknowledge(pool, author, programme.slug, obligations, until, now)
        return RedirectResponse(f"{token}?done={action}", status_code=303, headers=_HEADERS)

    def _muted(self, request: Request, programme: Programme, until: datetime) -> Response:
        """Answer a mail program's button: mostly nobody looks, and the RFC forbids a redirect."""
        if "text/html" not in request.headers.get("accept", ""):
            return JSONResponse({"programme": programme.slug, "until": until.isoformat()}, headers=_HEADERS)
        language = _page_language(request)
        return HTMLResponse(render_mute(programme, language, days=LONGEST.days, done=True), headers=_HEADERS)

    async def _ask_to_mute(self, request: Request) -> Response:
        """Show a person who opened the address of that button what it does; looking changes nothing."""
        holder, officer = await self._holder(request, Purpose.MUTE)
        _, programme = await self._message(holder, officer)
        language = _page_language(request)
        return HTMLResponse(render_mute(programme, language, days=LONGEST.days, done=False), headers=_HEADERS)

    async def calendar(self, request: Request) -> Response:
        """Serve the officer's deadlines as iCalendar."""
        _, officer = await self._holder(request, Purpose.CALENDAR)
        registry, now = self.registry(), self.now()
        days = {programme.today(now) for programme in registry.programmes.values()}
        theirs = {unit for day in days for unit in offices(registry.units, officer, day)}
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
        by = await who_decides(pool, registry, self.links(), request.scope["headers"], token, now)
        if isinstance(by.right, Officer):
            _note_reader(request, by.right)
        form = await read_form(request, self.body)
        name = obligation_name(request.path_params["name"], await read_store.epoch(pool))
        row = await read_store.find_obligation(pool, name)
        programme = registry.programmes.get(row.programme) if row else None
        if row is None or programme is None:
            raise declined(Decline.NO_OBLIGATION)
        today = programme.today(now)
        if not by.may_decide_for(registry.units, row.unit, row.programme, today):
            raise declined(Decline.NOT_ABOVE)
        reason = reason_of(form.get("reason"), now.year)
        if what == "extend":
            until = new_deadline(programme, form.get("until"), row.due_at, now)
            done = await change_store.extend(pool, row.id, until, by.name, reason, now, key=by.key, device=by.device)
        else:
            done = await change_store.waive(pool, row.id, by.name, reason, now, key=by.key, device=by.device)
        if not done:
            now_is = await read_store.find_obligation(pool, name)  # it changed between the two
            raise declined(Decline.FINISHED, state=state_words((now_is or row).state))
        self.on_changed()
        if token is not None:
            return RedirectResponse(f"/v1/ack/{token}?done={what}", status_code=303, headers=_HEADERS)
        return JSONResponse({"id": str(name), "decided": what, "by": by.name})

    async def _holder(self, request: Request, *purposes: Purpose) -> tuple[Holder, Officer]:
        """Find the holder of the address's token, of the first of these purposes that it is for."""
        token = request.path_params["token"]
        for_which = next((one for one in purposes if self.links().is_for(one, token)), purposes[0])
        try:
            holder = self.links().read(for_which, token, self.now())
        except LinkError as error:
            raise DecisionError(Refused(404, "bad_link", error.words)) from error
        officer = await officer_holding(self.pool(), holder)
        _note_reader(request, officer)
        return holder, officer

    async def _message(self, holder: Holder, officer: Officer) -> tuple[UUID, Programme]:
        """Find the message of a page and its programme. Raises DecisionError."""
        message = await message_of_link(self.pool(), holder, officer)
        programme = self.registry().programmes.get(message.programme)
        if programme is None:
            raise declined(Decline.NO_MESSAGE)
        return message.id, programme

    def _guarded(self, respond: Endpoint) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await respond(request)
            except DecisionError as error:
                return _refused(request, error)
            except (HeaderError, ActingError) as error:
                return _refused(request, told_as(error))
            except DATABASE_AWAY:
                return _refused(request, declined(Decline.NO_DATABASE), {"Retry-After": "2"})

        return endpoint


def _refused(request: Request, error: DecisionError, headers: Mapping[str, str] | None = None) -> Response:
    known = {**_HEADERS, **(headers or {})}
    if "text/html" in request.headers.get("accept", ""):
        language = _page_language(request)
        page = render_refusal(error.words.in_language(language), language)
        return HTMLResponse(page, status_code=error.status, headers=known)
    return refusal(request, error, known)


def _note_reader(request: Request, officer: Officer) -> None:
    """Remember in which language the officer reads: a page and a refusal of it are in the same one."""
    request.state.officer_language = officer.language


def _page_language(request: Request) -> str:
    """Choose Vietnamese where the browser asks for it, else the language that the officer is registered with; the
    browser's of who isn't known.
    """
    asked = language_of(request.scope["headers"])
    known: str = getattr(request.state, "officer_language", asked)
    return asked if asked == VIETNAMESE else known
